// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/objective/objective.hpp"
#include "roulade/train/optimiser.hpp"

#include <map>
#include <string>
#include <vector>

namespace roulade {

/// An exponential moving average of weights with warm-up:  a += (1 - d_n)(w - a),  d_n = min(decay, (1 + n) / (10 + n))
/// after n updates, so that early averages do not cling to the start. Source: Polyak and Juditsky 1992; the warm-up is
/// TensorFlow's.
class Ema {
 public:
  /// Starts at the weights' values. decay in [0, 1).
  Ema(double decay, const NamedWeights& weights);
  void update(int64_t updates_before);
  /// d_n.
  double decay_after(int64_t updates_before) const;
  /// One update with a decay of the caller's.
  void move(double decay);
  /// The averages of the weights that are trained, in their order: an optimiser moves them with the weights.
  AverageStep step(double decay) const;
  double decay() const { return decay_; }
  /// Averages by the weights' names; weights that are not trained appear as they are.
  std::map<std::string, Tensor> values() const;

  void save(std::map<std::string, Tensor>& to, const std::string& prefix) const;
  void load(const std::map<std::string, Tensor>& from, const std::string& prefix);

 private:
  struct Slot {
    std::string name;
    Weight weight;
    Tensor average;  // undefined for a weight that is not trained
  };
  double decay_;
  std::vector<Slot> slots_;
};

}  // namespace roulade
