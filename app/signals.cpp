// SPDX-License-Identifier: Apache-2.0
#include "app/signals.hpp"

#include <cerrno>
#include <csignal>
#include <string_view>

#include <unistd.h>

namespace roulade::app {
namespace {

volatile std::sig_atomic_t g_signal = 0;
volatile std::sig_atomic_t g_quiet = 0;
volatile std::sig_atomic_t g_terminal = 0;
Cancel* g_cancel = nullptr;

// Only what a handler may do: set flags, write(2), _exit.
extern "C" void on_signal(int number) {
  const int error = errno;
  if (is_deliberate(number) && is_deliberate(g_signal)) _exit(128 + number);
  if (g_signal == 0 || is_deliberate(number)) g_signal = number;
  g_cancel->request();
  std::string_view text = "\nstopping after this step (once more: at once)\n";
  if (g_terminal == 0) text.remove_prefix(1);  // no line of progress stands open
  if (is_deliberate(number) && g_quiet == 0 && write(STDERR_FILENO, text.data(), text.size()) < 0) g_quiet = 1;
  errno = error;
}

}  // namespace

bool is_deliberate(int number) { return number == SIGINT || number == SIGTERM; }

void call_on_signals(void (*handler)(int), std::initializer_list<int> numbers, int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  for (const int number : numbers) {
    struct sigaction before {};
    sigaction(number, nullptr, &before);
    if (is_deliberate(number) || before.sa_handler != SIG_IGN) sigaction(number, &action, nullptr);
  }
}

void cancel_on_signal(const Cancel& cancel, bool quiet) {
  g_quiet = quiet ? 1 : 0;
  g_terminal = isatty(STDERR_FILENO);
  if (g_cancel == nullptr) g_cancel = new Cancel(cancel);
  call_on_signals(on_signal, {SIGINT, SIGTERM, SIGHUP, SIGPIPE}, SA_RESTART);
}

int caught_signal() { return g_signal; }

}  // namespace roulade::app
