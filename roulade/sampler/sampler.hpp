// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/condition.hpp"
#include "roulade/core/registry.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/denoiser/denoiser.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace roulade {

/// Noise for step `index` of the shape of `like`: N(0, 1), independent of how samples are split into batches.
/// `part` tells several draws of one step apart.
using NoiseFn = std::function<Tensor(int64_t index, int64_t part, const Tensor& like)>;

/// What a method keeps of an earlier step, newest last: whatever it needs of these.
struct Past {
  double t = 0;
  Tensor x0{};
  Tensor x{};      ///< x at t that the method went on from, where it is not the one that it was given
  Tensor slope{};  ///< dy/du at t in the method's coordinates (space.hpp)
};

/// What one step may use.
class StepContext {
 public:
  StepContext(const Denoiser& denoiser, const Condition& condition, const NoiseFn& noise)
      : denoiser_(denoiser), condition_(condition), noise_(noise) {}

  const Schedule& schedule() const { return denoiser_.schedule(); }
  /// Calls the denoiser and counts the call.
  Denoised denoise(const Tensor& x, double t);
  /// The same with a time for each sample.
  Denoised denoise(const Tensor& x, std::span<const double> t);
  /// N(0, 1) of x's shape for this step.
  Tensor noise(const Tensor& like, int64_t part = 0) const { return noise_(index, part, like); }

  int64_t index = 0;           ///< of this step, from 0
  int64_t count = 0;           ///< steps in all
  std::vector<Past> history;   ///< what the method itself stored in earlier steps
  std::vector<double> memory;  ///< numbers that it stored
  int64_t calls = 0;           ///< network calls so far

 private:
  const Denoiser& denoiser_;
  const Condition& condition_;
  const NoiseFn& noise_;
};

/// What a sampler declares of itself, each held to it by the conformance tests.
struct SamplerFacts {
  bool stochastic = false;
  double local_order = 2;  ///< error of one step from exact values (and exact history) ~ h^local_order
  double start_order = 2;  ///< error of the first step ~ h^start_order
  /// Error over a fixed interval ~ h^global_order; stochastic: of mean and covariance. Where it is above start_order,
  /// from exact starting values: after the method's own first step it may be as low as that.
  double global_order = 1;
  int64_t calls = 1;         ///< network calls of a step; 0 = as many as its tolerance asks for
  int64_t last_calls = 1;    ///< network calls of the final jump to sigma 0
  int64_t start_steps = 0;   ///< this many first steps ...
  int64_t start_calls = 0;   ///< ... take so many calls each instead
  bool equal_steps = false;  ///< its weights are those of equal steps in t; the orders hold where steps change smoothly
  bool starts_as_euler = false;  ///< from alpha = 0 it takes Euler's step, with one call
  bool jumps_to_x0 = true;       ///< the final jump returns the denoised x_0; else earlier estimates may have a share
  bool consistency = false;  ///< x0 is taken for the end of x_t's trajectory (a consistency function), not for a mean

  /// Network calls of `steps` steps, the last of them the final jump; calls > 0.
  int64_t calls_of(int64_t steps) const {
    const int64_t start = std::min(start_steps, steps - 1);
    return start * start_calls + (steps - 1 - start) * calls + last_calls;
  }
};

/// How x_t becomes x_s. Holds options only: everything that changes is in the context. Const calls are thread-safe.
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// x_t: [B, ...]; times s < t in [0, 1]. Returns x_s. s with sigma(s) = 0 is the final jump: it returns an estimate
  /// of x_0.
  virtual Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const = 0;
};

struct SamplerEntry : Factory<Sampler> {
  SamplerFacts facts;  ///< at default options
};

/// Called after each step with its number from 0, the new x and the new x's time.
using StepObserver = std::function<void(int64_t step, double t, const Tensor& x)>;

struct SampleRun {
  Tensor x;           ///< [B, ...]
  int64_t calls = 0;  ///< network calls
};

/// Walks x_T down the grid.   x: [B, ...] at times.front(), already scaled by the prior's deviation; times strictly
/// falling. Stops early (returning what it has) when `cancel` is requested. Throws Error(numeric) naming the step when
/// x is not finite, Error(usage) when times do not fall strictly.
SampleRun sample(const Sampler& sampler, const Denoiser& denoiser, const Condition& condition,
                 std::span<const double> times, Tensor x, const NoiseFn& noise, const StepObserver& observer = {},
                 const Cancel& cancel = {});

/// Counter-based noise: sample i of the batch is number first + i of (seed, stream sampler).
NoiseFn counter_noise(uint64_t seed, int64_t first);

/// x_T = deviation * N(0, 1) for samples first..first+count-1 of (seed, stream prior).   Returns [count, shape...]
/// float.
Tensor prior_noise(uint64_t seed, int64_t first, int64_t count, std::span<const int64_t> shape, double deviation);

/// Standard deviation of noise to start from at time t: the schedule's own at t = 1; on a grid that starts lower,
/// sqrt(alpha^2 + sigma^2), that of x_t when the data have deviation 1.
double prior_deviation(const Schedule& schedule, double t);

namespace sampler {

using Entry = SamplerEntry;
const Registry<Entry>& registry();

#define ADD(name) Entry name();
#include "roulade/sampler/list.hpp"
#undef ADD

}  // namespace sampler
}  // namespace roulade
