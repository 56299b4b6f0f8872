// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/parts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace roulade {

/// What a training will take of this machine.
struct TrainEstimate {
  int64_t memory = 0;                                     ///< bytes of all processes at their peak
  int64_t free = 0;                                       ///< bytes that they can have in all
  std::vector<std::pair<std::string, int64_t>> portions;  ///< of one process, by what takes them
  double step_seconds = 0;                                ///< one optimiser step
  double seconds = 0;                                     ///< all steps
  int64_t batch = 0;                                      ///< the batch that it is for
  int64_t fitting = 0;  ///< the largest whole half, quarter, ... of it that would fit; 0 = none

  bool fits() const { return memory <= free; }
};

/// From the cost of gradients of a few samples, scaled to the batch along a line, and from what is known: optimiser,
/// averages, networks for validation and previews, data. Takes about a second beside the network's own slowness.
/// networks: further copies of the weights that the run will hold; processes: that share out each batch, taken to be on
/// this machine all.
/// Of pictures in buckets by the square one, whose area no other exceeds.
TrainEstimate estimate_training(const TrainParts& parts, int64_t networks, int64_t processes = 1);

/// Throws Error(device) with what to change where an estimate exceeds the machine.
void check_estimate(const TrainEstimate& estimate);

}  // namespace roulade
