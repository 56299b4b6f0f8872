// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/distributed.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <stdexcept>
#include <thread>

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>
#include <malloc.h>
#define USE_C10D_GLOO  // the wheel has it
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace roulade {
namespace {

using Gloo = c10d::ProcessGroupGloo;

constexpr std::chrono::seconds kMeeting{300};
constexpr std::chrono::minutes kAnswer{30};   // rank 0 may validate, preview and save between two steps
constexpr int64_t kPiece = int64_t{1} << 23;  // numbers in a message

/// While it lives, SIGPIPE does not end the process where this thread, or one that is begun meanwhile, writes to a rank
/// that is gone: Gloo's sockets raise it. The write then fails with EPIPE, which Gloo tells.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    const timespec at_once{};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &at_once);  // else it would come when it is let through
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

/// The first sentence of a message, without the place in LibTorch's source that it begins with.
std::string reason(const std::exception& e) {
  std::string text = e.what();
  text = text.substr(0, text.find('\n'));
  if (const size_t end = text.find("] "); !text.empty() && text[0] == '[' && end != std::string::npos)
    text = text.substr(end + 2);
  return text.substr(0, text.find(". "));
}

bool on_this_machine(const std::string& address) { return address == "127.0.0.1" || address == "localhost"; }

void check(const Meeting& m) {
  if (m.size < 1) fail(Code::usage, "ranks", "processes", "at least 1", fmt::format("{}", m.size));
  if (m.rank < 0 || m.rank >= m.size)
    fail(Code::usage, "ranks", "rank", fmt::format("0 to {}", m.size - 1), fmt::format("{}", m.rank));
  if (m.port < 1 || m.port > 65535) fail(Code::usage, "ranks", "port", "1 to 65535", fmt::format("{}", m.port));
}

c10::intrusive_ptr<c10d::Store> open_store(const Meeting& m) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(m.port);
  options.isServer = m.rank == 0 && m.serve;
  options.numWorkers = static_cast<size_t>(m.size);
  options.waitWorkers = false;  // cancellable, below
  options.timeout = kMeeting;
  if (options.isServer && m.listening >= 0) options.masterListenFd = m.listening;
  return c10::make_intrusive<c10d::PrefixStore>("roulade" + m.attempt,
                                                c10::make_intrusive<c10d::TCPStore>(m.address, options));
}

std::string key_of(int rank) { return fmt::format("here/{}", rank); }

/// Until all have written their key.
void wait_for_all(c10d::Store& store, const Meeting& m, const Cancel& cancel) {
  store.set(key_of(m.rank), std::vector<uint8_t>{1});
  const auto end = std::chrono::steady_clock::now() + kMeeting;
  for (int rank = 0; rank < m.size;) {
    if (store.check({key_of(rank)})) {
      ++rank;
      continue;
    }
    if (cancel.requested()) throw std::runtime_error("stopped");
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error(fmt::format("rank {} did not come within {} s", rank, kMeeting.count()));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

struct Ranks::Group {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<Gloo> gloo;

  template <class Start>
  void run(const Start& start) {
    const NoBrokenPipe guard;
    try {
      start()->wait();
    } catch (const std::exception& e) {
      throw RankLost(fmt::format("[train] another process was lost: {}", reason(e)));
    }
  }
  void sum(const Tensor& tensor) {
    std::vector<Tensor> one{tensor};
    run([&] { return gloo->allreduce(one); });
  }
};

Ranks::Ranks() = default;
Ranks::~Ranks() {
  const NoBrokenPipe guard;
  group_.reset();
}

Ranks::Ranks(const Meeting& meeting, const Cancel& cancel) : rank_(meeting.rank), size_(meeting.size) {
  check(meeting);
  if (size_ == 1) return;
  const NoBrokenPipe guard;
  try {
    group_ = std::make_unique<Group>();
    group_->store = open_store(meeting);
    wait_for_all(*group_->store, meeting, cancel);
    // Elsewhere GLOO_SOCKET_IFNAME names the network, or else the machine's own name does.
    auto options = on_this_machine(meeting.address) ? Gloo::Options::create() : Gloo::Options::create_default();
    if (options->devices.empty()) options->devices.push_back(Gloo::createDeviceForHostname(meeting.address));
    options->timeout = kAnswer;
    group_->gloo = c10::make_intrusive<Gloo>(group_->store, rank_, size_, options);
  } catch (const std::exception& e) {
    group_.reset();
    fail(Code::io, fmt::format("{}:{}", meeting.address, meeting.port),
         fmt::format("rank {} of {} cannot join: {}", meeting.rank, meeting.size, reason(e)));
  }
}

void Ranks::all_reduce_sum(std::span<const Tensor> tensors) {
  if (!group_) return;
  Tensor piece;
  for (size_t first = 0, last; first < tensors.size(); first = last) {
    int64_t numbers = tensors[first].numel();
    for (last = first + 1; last < tensors.size() && numbers + tensors[last].numel() <= kPiece; ++last)
      numbers += tensors[last].numel();
    if (last == first + 1) {
      group_->sum(tensors[first]);
      continue;
    }
    piece = at::empty({numbers}, at::kFloat);
    float* to = piece.mutable_data_ptr<float>();
    for (size_t i = first; i < last; ++i) {
      to = std::copy_n(tensors[i].const_data_ptr<float>(), tensors[i].numel(), to);
    }
    group_->sum(piece);
    const float* from = piece.const_data_ptr<float>();
    for (size_t i = first; i < last; ++i) {
      std::copy_n(from, tensors[i].numel(), tensors[i].mutable_data_ptr<float>());
      from += tensors[i].numel();
    }
  }
}

void Ranks::broadcast(std::span<const Tensor> tensors) {
  if (!group_) return;
  for (const Tensor& tensor : tensors) {
    if (tensor.numel() == 0) continue;
    std::vector<Tensor> one{tensor};
    group_->run([&] { return group_->gloo->broadcast(one); });
  }
}

void Ranks::barrier() { all_gather(0); }

std::vector<double> Ranks::all_gather(double value) {
  if (!group_) return {value};
  std::vector<Tensor> own{at::full({1}, value, at::kDouble)};
  std::vector<std::vector<Tensor>> all(1);
  for (int i = 0; i < size_; ++i) all[0].push_back(at::empty({1}, at::kDouble));
  group_->run([&] { return group_->gloo->allgather(all, own); });
  std::vector<double> out;
  for (const Tensor& t : all[0]) out.push_back(*t.const_data_ptr<double>());
  return out;
}

bool gloo_headers_fit() {
  const auto same = [](const void* ours, const void* theirs) {
    return malloc_usable_size(const_cast<void*>(ours)) == malloc_usable_size(const_cast<void*>(theirs));
  };
  const auto options = Gloo::Options::create(), theirs = Gloo::Options::create_default();
  if (!same(options.get(), theirs.get())) return false;
  options->devices.push_back(Gloo::createDeviceForHostname("127.0.0.1"));
  const c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::HashStore>();
  const auto gloo = c10::make_intrusive<Gloo>(store, 0, 1, options);
  return same(gloo.get(), gloo->split(store, {0}, options).get());
}

}  // namespace roulade
