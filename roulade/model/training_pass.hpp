// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <cstdint>
#include <functional>

namespace roulade {

/// Says to the networks that run in this thread, for as long as it lives, that they are being trained: values are then
/// dropped where a configuration has dropout. Sample i of a batch is number first + i of this seed and step, so what is
/// dropped depends neither on the size of the batches nor on who computes them.
class TrainingPass {
 public:
  TrainingPass(uint64_t seed, int64_t step, int64_t first);
  TrainingPass(const TrainingPass&) = delete;
  TrainingPass& operator=(const TrainingPass&) = delete;
  ~TrainingPass();
  static TrainingPass* current();  ///< null outside training

  /// x with a share p of its values 0 and the others divided by 1 - p.   x: [B, ...]; p in [0, 1].
  Tensor drop(const Tensor& x, double p);
  /// Calls of drop() so far, by which each draws numbers of its own; setting it back repeats them.
  int64_t drops() const { return drops_; }
  void repeat_from(int64_t drops) { drops_ = drops; }

 private:
  uint64_t seed_;
  int64_t step_, first_, drops_ = 0;
  TrainingPass* before_;
};

/// In training TrainingPass::drop(), otherwise x. Source: Srivastava et al. 2014, section 10 (scaled in training).
Tensor dropout(const Tensor& x, double p);

/// What recipes say of gradient_checkpointing.
constexpr const char* kCheckpointingHelp = "compute each block again for its gradients: less memory, a third more work";

/// body(a, b, c), but for the gradients nothing is kept of it save a, b and c: it is run a second time when they are
/// asked for. The answer is the same and the gradients are, but for the order of sums, in less memory and with a third
/// more work. What `body` refers to must live until then; c may be undefined. Source: Chen et al. 2016, "Training deep
/// nets with sublinear memory cost", section 3.
using Recomputed = std::function<Tensor(const Tensor& a, const Tensor& b, const Tensor& c)>;
Tensor recompute(const Recomputed& body, const Tensor& a, const Tensor& b, const Tensor& c = {});

}  // namespace roulade
