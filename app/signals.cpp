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
Cancel* g_cancel = nullptr;

// Only what a handler may do: set flags, write(2), _exit.
extern "C" void on_signal(int number) {
  const int error = errno;
  if (g_signal != 0) _exit(128 + number);
  g_signal = number;
  g_cancel->request();
  constexpr std::string_view text = "\nstopping after this step (once more: at once)\n";
  if (g_quiet == 0 && write(STDERR_FILENO, text.data(), text.size()) < 0) g_quiet = 1;
  errno = error;
}

}  // namespace

void cancel_on_signal(const Cancel& cancel, bool quiet) {
  g_quiet = quiet ? 1 : 0;
  if (g_cancel == nullptr) g_cancel = new Cancel(cancel);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int caught_signal() { return g_signal; }

}  // namespace roulade::app
