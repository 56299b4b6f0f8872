// SPDX-License-Identifier: Apache-2.0
#include "app/processes.hpp"

#include "app/signals.hpp"
#include "roulade/core/error.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace roulade::app {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr const char* kSocket = "ROULADE_MASTER_SOCKET";  ///< rank 0's listening socket, so that nobody takes the port

int number_in(const char* name, int least, std::optional<int> otherwise = std::nullopt) {
  const char* text = std::getenv(name);
  if (text == nullptr && otherwise) return *otherwise;
  char* end = nullptr;
  errno = 0;
  const long value = text == nullptr ? 0 : std::strtol(text, &end, 10);
  if (text == nullptr || *text == '\0' || *end != '\0' || errno != 0 || value < least || value > 1 << 20)
    fail(Code::usage, name, "environment variable", fmt::format("a whole number, at least {}", least),
         text == nullptr ? "none" : fmt::format("'{}'", text));
  return static_cast<int>(value);
}

[[noreturn]] void fail_system(std::string_view what) {
  fail(Code::device, "processes", fmt::format("{}: {}", what, std::strerror(errno)));
}

struct Listener {
  int socket = -1, port = 0;
};

/// A socket that only this machine can reach.
Listener listen_here() {
  Listener out;
  out.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (out.socket < 0 || bind(out.socket, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
      listen(out.socket, SOMAXCONN) != 0 || getsockname(out.socket, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    fail_system("cannot open a port of 127.0.0.1");
  out.port = ntohs(at.sin_port);
  return out;
}

std::vector<std::string> own_words() {
  std::vector<std::string> out;
  std::string word;
  FILE* file = std::fopen("/proc/self/cmdline", "rb");
  if (file == nullptr) fail_system("cannot read /proc/self/cmdline");
  for (int c; (c = std::fgetc(file)) != EOF;) {
    if (c != 0) {
      word += static_cast<char>(c);
      continue;
    }
    out.push_back(word);
    word.clear();
  }
  std::fclose(file);
  return out;
}

std::vector<std::string> environment_of(int rank, int count, const Listener& listener) {
  std::vector<std::string> out;
  const std::vector<std::string> own = {fmt::format("RANK={}", rank),
                                        fmt::format("LOCAL_RANK={}", rank),
                                        fmt::format("WORLD_SIZE={}", count),
                                        fmt::format("LOCAL_WORLD_SIZE={}", count),
                                        "MASTER_ADDR=127.0.0.1",
                                        fmt::format("MASTER_PORT={}", listener.port),
                                        fmt::format("{}={}", kSocket, rank == 0 ? listener.socket : -1)};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const bool ours = std::any_of(own.begin(), own.end(), [&](const std::string& one) {
      return text.compare(0, one.find('=') + 1, one, 0, one.find('=') + 1) == 0;
    });
    if (!ours) out.push_back(text);
  }
  out.insert(out.end(), own.begin(), own.end());
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

volatile std::sig_atomic_t g_deliberate = 0;
volatile std::sig_atomic_t g_last = 0;

extern "C" void on_launcher_signal(int number) {
  if (g_last == 0 || is_deliberate(number)) g_last = number;
  if (is_deliberate(number)) g_deliberate = g_deliberate + 1;
}

class Processes {
 public:
  explicit Processes(int count) : listener_(listen_here()) {
    call_on_signals(on_launcher_signal, {SIGINT, SIGTERM, SIGHUP}, 0);
    words_ = own_words();
    try {
      for (int rank = 0; rank < count; ++rank) start(rank, count);
    } catch (...) {
      kill_all();  // no destructor runs
      throw;
    }
    close(listener_.socket);
  }
  ~Processes() { kill_all(); }
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  int wait() {
    std::optional<Clock::time_point> failed, ended;  // when the first one did; when rank 0 did
    bool asked = false;
    while (look() > 0) {
      const auto now = Clock::now();
      if (g_deliberate >= 2 && passed_on_ != 0) {
        kill_all();
        return 128 + g_last;
      }
      if (g_last != 0 && passed_on_ == 0) {
        passed_on_ = g_last;
        if (!children_[0].status && !asked) kill(children_[0].pid, passed_on_);
      }
      const bool one_failed =
          std::any_of(children_.begin(), children_.end(), [](const Child& c) { return c.status && *c.status != 0; });
      if (one_failed && !failed) failed = now;
      if (children_[0].status && !ended) ended = now;
      // Rank 0 notices at its next exchange with the others; where it waits for them to come, it must be told.
      if (failed && !children_[0].status && !asked && passed_on_ == 0 && now - *failed > 20s) {
        asked = true;
        kill(children_[0].pid, SIGTERM);
      }
      if (failed && !children_[0].status && now - *failed > 15min) end(children_[0]);
      if (ended && now - *ended > (*children_[0].status == 0 ? 60s : 3s))
        for (Child& child : children_) end(child);
      usleep(20000);
    }
    return conclude();
  }

 private:
  struct Child {
    pid_t pid = 0;
    int says = -1;  ///< memory that its standard error goes to
    std::optional<int> status;
    bool ended_here = false;
  };

  void start(int rank, int count) {
    Child child;
    if (rank > 0) {
      child.says = memfd_create("rank", MFD_CLOEXEC);
      if (child.says < 0) fail_system("cannot hold what a rank says");
    }
    std::vector<std::string> environment = environment_of(rank, count, listener_);
    const std::vector<char*> argv = pointers(words_), envp = pointers(environment);
    const pid_t parent = getpid();
    child.pid = fork();
    if (child.pid < 0) fail_system(fmt::format("cannot start rank {}", rank));
    if (child.pid == 0) {  // only system calls: other threads of the parent may hold locks
      setpgid(0, 0);       // a terminal's signals reach the parent alone
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (getppid() != parent) _exit(143);
      if (rank == 0) fcntl(listener_.socket, F_SETFD, 0);
      if (rank > 0) dup2(child.says, STDERR_FILENO);
      execve("/proc/self/exe", argv.data(), envp.data());
      _exit(70);
    }
    children_.push_back(child);
  }

  /// Notes who has ended; returns how many run.
  int look() {
    int running = 0;
    for (Child& child : children_) {
      if (child.status) continue;
      int status = 0;
      if (waitpid(child.pid, &status, WNOHANG) == child.pid)
        child.status = status;
      else
        ++running;
    }
    return running;
  }

  void end(Child& child) {
    if (child.status) return;
    child.ended_here = true;
    kill(child.pid, SIGKILL);
  }

  void kill_all() {
    for (Child& child : children_) {
      if (child.status) continue;
      end(child);
      int status = 0;
      if (waitpid(child.pid, &status, 0) == child.pid) child.status = status;
    }
  }

  static std::string said(const Child& child) {
    std::string text;
    char buffer[4096];
    for (off_t at = 0; child.says >= 0 && at < 1 << 16;) {
      const ssize_t n = pread(child.says, buffer, sizeof buffer, at);
      if (n <= 0) break;
      text.append(buffer, static_cast<size_t>(n));
      at += n;
    }
    return text;
  }

  /// Of one that a passed on signal ended while it was still loading, what it would have returned later.
  int code_of(const Child& child) const {
    if (WIFEXITED(*child.status)) return WEXITSTATUS(*child.status);
    return passed_on_ != 0 && WTERMSIG(*child.status) == passed_on_ ? 128 + passed_on_ : 5;
  }

  /// Says who failed, and returns the exit code: rank 0's, unless it is 0 and another's is not.
  int conclude() const {
    const int first = code_of(children_[0]);
    int code = first;
    for (size_t rank = 0; rank < children_.size(); ++rank) {
      const Child& child = children_[rank];
      if (WIFSIGNALED(*child.status) && !child.ended_here && code_of(child) == 5) {
        const int number = WTERMSIG(*child.status);
        std::fputs(fmt::format("roulade: [rank {}] ended by signal {} ({}){}\n", rank, number, strsignal(number),
                               number == SIGKILL ? "; where memory runs out, the system does that" : "")
                       .c_str(),
                   stderr);
        if (code == 0) code = 5;
      } else if (rank > 0 && WIFEXITED(*child.status) && code_of(child) != 0) {
        const std::string text = said(child);  // rank 0 has said it itself if it met the same fault
        if (!text.empty() && (code_of(child) != first || first == 5))
          std::fputs(
              fmt::format("roulade: [rank {}] {}", rank, text.substr(text.rfind("roulade: ", 0) == 0 ? 9 : 0)).c_str(),
              stderr);
        if (code == 0) code = code_of(child);
      }
    }
    return code;
  }

  Listener listener_;
  std::vector<std::string> words_;
  std::vector<Child> children_;
  int passed_on_ = 0;  ///< the signal that rank 0 was sent
};

}  // namespace

std::optional<Meeting> meeting_from_environment() {
  if (std::getenv("WORLD_SIZE") == nullptr) return std::nullopt;
  Meeting out;
  out.size = number_in("WORLD_SIZE", 1);
  out.rank = number_in("RANK", 0);
  if (out.rank >= out.size)
    fail(Code::usage, "RANK", "environment variable", fmt::format("0 to {}, below WORLD_SIZE", out.size - 1),
         fmt::format("{}", out.rank));
  if (out.size == 1) return std::nullopt;
  const char* address = std::getenv("MASTER_ADDR");
  if (address == nullptr || *address == '\0')
    fail(Code::usage, "MASTER_ADDR", "environment variable", "the address of rank 0's machine", "none");
  out.address = address;
  out.port = number_in("MASTER_PORT", 1);
  out.listening = number_in(kSocket, -1, -1);
  // torchrun's own process holds the port.
  if (const char* agent = std::getenv("TORCHELASTIC_USE_AGENT_STORE"); agent != nullptr && !is_started_here())
    out.serve = std::strcmp(agent, "True") != 0;
  if (const char* attempt = std::getenv("TORCHELASTIC_RESTART_COUNT")) out.attempt = attempt;
  return out;
}

bool is_started_here() { return std::getenv(kSocket) != nullptr; }

int processes_here() { return number_in("LOCAL_WORLD_SIZE", 1, 1); }

int run_processes(int count) { return Processes(count).wait(); }

}  // namespace roulade::app
