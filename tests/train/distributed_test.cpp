// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/distributed.hpp"

#include "roulade/core/process.hpp"
#include "roulade/io/file.hpp"
#include "roulade/objective/objective.hpp"
#include "roulade/train/trainer.hpp"

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace roulade {
namespace {

/// Runs `work` as rank 1 in another process and as rank 0 here; returns how the other one ended.
int with_two(const std::function<void(Ranks&)>& work) {
  Meeting meeting;
  meeting.size = 2;
  meeting.listening = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  EXPECT_EQ(bind(meeting.listening, reinterpret_cast<sockaddr*>(&at), size), 0);
  EXPECT_EQ(listen(meeting.listening, 8), 0);
  EXPECT_EQ(getsockname(meeting.listening, reinterpret_cast<sockaddr*>(&at), &size), 0);
  meeting.port = ntohs(at.sin_port);
  const pid_t other = fork();
  if (other == 0) {
    close(meeting.listening);
    meeting.rank = 1;
    meeting.listening = -1;
    set_threads(1);  // the parent's threads are not in this process
    try {
      Ranks ranks(meeting);
      work(ranks);
    } catch (const std::exception&) {
      _exit(1);
    }
    _exit(testing::Test::HasFailure() ? 2 : 0);
  }
  {
    Ranks ranks(meeting);
    work(ranks);
  }
  int status = 0;
  EXPECT_EQ(waitpid(other, &status, 0), other);
  return status;
}

TEST(Ranks, HeadersFitTheLibrary) { EXPECT_TRUE(gloo_headers_fit()); }

TEST(Ranks, AloneNothingHappens) {
  Ranks ranks;
  const Tensor t = at::full({3}, 2.0F);
  ranks.all_reduce_sum(std::array{t});
  ranks.broadcast(std::array{t});
  ranks.barrier();
  EXPECT_TRUE(at::equal(t, at::full({3}, 2.0F)));
  EXPECT_EQ(ranks.all_gather(7), std::vector<double>{7});
}

TEST(Ranks, TwoProcessesSumAndSend) {
  const int status = with_two([](Ranks& ranks) {
    const float own = ranks.rank() == 0 ? 1 : 10;
    const Tensor a = at::full({2, 3}, own), none = at::full({0}, own), b = at::arange(5, at::kFloat) * own;
    // One that is sent by itself, since no piece holds it beside another.
    const Tensor large = at::full({(int64_t{1} << 23) + 1}, own);
    ranks.all_reduce_sum(std::array{a, none, b, large});
    EXPECT_TRUE(at::equal(a, at::full({2, 3}, 11.0F)));
    EXPECT_TRUE(at::equal(b, at::arange(5, at::kFloat) * 11));
    EXPECT_TRUE(at::equal(large, at::full({(int64_t{1} << 23) + 1}, 11.0F)));
    const Tensor sent = at::full({2}, static_cast<double>(own), at::kDouble);
    ranks.broadcast(std::array{sent, none});
    EXPECT_TRUE(at::equal(sent, at::full({2}, 1.0, at::kDouble)));
    ranks.barrier();
    constexpr double kInfinite = std::numeric_limits<double>::infinity();
    EXPECT_EQ(ranks.all_gather(ranks.rank() == 0 ? 0.1 : kInfinite), (std::vector<double>{0.1, kInfinite}));
  });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(Ranks, ALostProcessIsTold) {
  const Tensor a = at::full({4}, 3.0F), b = at::full({4}, 3.0F);
  const int status = with_two([&](Ranks& ranks) {
    ranks.barrier();
    if (ranks.rank() == 1) raise(SIGKILL);
    EXPECT_THROW(ranks.all_reduce_sum(std::array{a, b}), RankLost);
    EXPECT_THROW(ranks.all_gather(0), RankLost);
  });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
}

/// Whether a thread of this process lets SIGPIPE through, by its number.
std::map<std::string, bool> hears_broken_pipes() {
  std::map<std::string, bool> out;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(thread.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("SigBlk:"))
        out[thread.path().filename()] = (std::stoull(line.substr(7), nullptr, 16) >> (SIGPIPE - 1) & 1) == 0;
    }
  }
  return out;
}

// A write to a rank that is gone raises SIGPIPE in the thread that writes, now and then before the loss is noticed.
TEST(Ranks, ABrokenPipeEndsNothing) {
  const auto before = hears_broken_pipes();
  const int status = with_two([&](Ranks& ranks) {
    int own = 0;
    for (const auto& [thread, hears] : hears_broken_pipes()) {
      if (before.contains(thread)) {
        if (ranks.rank() == 0) {
          EXPECT_EQ(hears, before.at(thread)) << thread;
        }
      } else if (thread != std::to_string(getpid())) {
        EXPECT_FALSE(hears) << thread;
        ++own;
      }
    }
    EXPECT_GT(own, 0);
  });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  for (int time = 0; time < 20; ++time) {
    with_two([](Ranks& ranks) {
      ranks.barrier();
      if (ranks.rank() == 1) raise(SIGKILL);
      const Tensor a = at::full({4}, 3.0F);
      for (int again = 0; again < 3; ++again) EXPECT_THROW(ranks.all_reduce_sum(std::array{a}), RankLost);
    });
  }
}

/// One weight; each rank has a loss of its own. Rank 1 ends in its third step, before or after the weight has moved.
class Ending final : public Objective {
 public:
  Ending(int rank, bool ends, bool moved) : rank_(rank), ends_(ends), moved_(moved) {}
  std::vector<ParameterGroup> groups() const override { return {{"denoiser", {{"w", weight_}}}}; }
  Tensor loss(const Batch&, const StepKey&, size_t) const override { return {}; }
  double step(std::span<const Batch>, const StepKey& key, Update& update) const override {
    const double loss = 1.0 / static_cast<double>(3 * key.step + rank_ + 1);
    weight_.stored().mutable_grad() = at::full({4}, loss);
    const bool ends = ends_ && rank_ == 1 && key.step == 2;
    if (ends && !moved_) raise(SIGKILL);
    update.apply(0, loss);
    if (ends) raise(SIGKILL);
    return loss;
  }

 private:
  int rank_;
  bool ends_, moved_;
  Weight weight_{at::full({4}, 0.5F).requires_grad_(true)};
};

TEST(Ranks, AStepIsDoneWithItsLossOrNotAtAll) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("roulade-ranks-{}", getpid());
  /// The state of rank 0 after `steps`, or where it lost rank 1.
  const auto state = [&](int64_t steps, bool ends, bool moved) {
    const auto at = folder / fmt::format("{}-{}-{}", steps, ends, moved);
    std::filesystem::create_directories(at);
    with_two([&](Ranks& ranks) {
      TrainSettings settings;
      settings.batch = 2;
      settings.ema = {0.9};
      Trainer trainer(std::make_shared<Ending>(ranks.rank(), ends, moved), settings, 0,
                      std::shared_ptr<Ranks>(std::shared_ptr<void>(), &ranks));
      try {
        while (trainer.done() < steps) trainer.step([](int64_t) { return Batch{}; });
        EXPECT_FALSE(ends);
      } catch (const RankLost&) {
        EXPECT_TRUE(ends && trainer.whole());
        EXPECT_EQ(trainer.done(), moved ? 3 : 2);
      }
      if (ranks.rank() == 0) trainer.save(at);
    });
    return read_file(at / Trainer::kStateFile, 1 << 20) + read_file(at / Trainer::kTensorsFile, 1 << 20);
  };
  EXPECT_EQ(state(9, true, false), state(2, false, false));
  EXPECT_EQ(state(9, true, true), state(3, false, false));
  std::filesystem::remove_all(folder);
}

TEST(Ranks, RefusesRanksThatCannotBe) {
  Meeting meeting;
  for (const auto& [rank, size] : {std::pair(2, 2), std::pair(-1, 2), std::pair(0, 0)}) {
    meeting.rank = rank;
    meeting.size = size;
    try {
      Ranks ranks(meeting);
      FAIL();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::usage);
    }
  }
  Cancel cancel;
  cancel.request();
  meeting.size = 2;
  meeting.port = 29871;
  try {
    Ranks ranks(meeting, cancel);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::io);
  }
}

}  // namespace
}  // namespace roulade
