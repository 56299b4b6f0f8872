// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/error.hpp"
#include "roulade/core/tensor.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace roulade {

/// Where the processes of one training meet, and which one this is.
struct Meeting {
  int rank = 0, size = 1;
  std::string address = "127.0.0.1";  ///< rank 0's machine
  int port = 29500;
  bool serve = true;    ///< rank 0 opens the port; false where the starting program holds it already
  int listening = -1;   ///< a socket that listens at the port, for rank 0 to take over; -1 = none
  std::string attempt;  ///< sets one meeting apart from an earlier one at the same port
};

/// Another process ended or does not answer. The tensors of the call that threw may be spoiled.
class RankLost final : public Error {
 public:
  explicit RankLost(const std::string& sentence) : Error(Code::device, sentence) {}
};

/// The processes that train one network together, seen from one of them. All of them must make the same calls in the
/// same order with the same shapes; each call but rank() and size() throws RankLost. The transport is c10d's Gloo over
/// TCP: with the same processes a sum has the same bits each time, on every rank.
class Ranks {
 public:
  /// One process by itself: calls return at once.
  Ranks();
  /// Waits until all have come. Throws Error(usage) for a rank that cannot be, Error(io) when they do not meet within
  /// five minutes or `cancel` ends the waiting.
  explicit Ranks(const Meeting& meeting, const Cancel& cancel = {});
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  /// Each tensor becomes its sum over the ranks. Contiguous float32 in memory; sent in pieces of 32 MiB.
  void all_reduce_sum(std::span<const Tensor> tensors);
  /// Each tensor becomes rank 0's. Contiguous, of any dtype.
  void broadcast(std::span<const Tensor> tensors);
  /// Returns when all have called it.
  void barrier();
  /// Everybody's value, by rank.
  std::vector<double> all_gather(double value);

 private:
  struct Group;
  int rank_ = 0, size_ = 1;
  std::unique_ptr<Group> group_;  ///< null where size is 1
};

/// True when LibTorch's own objects are as large as the headers that this file was compiled with say: Gloo's come from
/// another package.
bool gloo_headers_fit();

}  // namespace roulade
