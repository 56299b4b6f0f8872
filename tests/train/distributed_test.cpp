// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/distributed.hpp"

#include "roulade/core/process.hpp"

#include <array>
#include <csignal>
#include <functional>
#include <limits>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <arpa/inet.h>
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
