// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/condition.hpp"
#include "roulade/core/registry.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/denoiser/denoiser.hpp"
#include "roulade/sampler/sum.hpp"

#include <algorithm>
#include <concepts>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace roulade {

/// Parts that a sampler may use in one step. counter_noise has two more, which are sample_masked's.
constexpr int64_t kSamplerDraws = 14;

/// Noise for step `index` of the shape of `like`: N(0, 1), independent of how samples are split into batches.
/// `part` tells several draws of one step apart.
using NoiseFn = std::function<Tensor(int64_t index, int64_t part, const Tensor& like)>;

/// One point of a Brownian motion B with B(0) = 0, a motion of its own for each component of each sample.
struct BrownianPoint {
  double snr = 0;  ///< where the value was taken: the one asked for, up to the path's resolution
  Tensor value;    ///< B(snr), of like's shape, float64
};
/// B at alpha^2 / sigma^2 = snr in [0, inf), whatever was asked before and however samples are split into batches.
using BrownianFn = std::function<BrownianPoint(double snr, const Tensor& like)>;

/// Where a walk's random numbers come from.
struct Noise {
  NoiseFn draw;
  BrownianFn path;  ///< empty: increments are drawn independently, right in law but not the same for other steps

  Noise() = default;
  Noise(NoiseFn independent, BrownianFn brownian) : draw(std::move(independent)), path(std::move(brownian)) {}
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Noise> &&
           std::is_invocable_r_v<Tensor, const F&, int64_t, int64_t, const Tensor&>) Noise(F&& independent)
      : draw(std::forward<F>(independent)) {}

  Tensor operator()(int64_t index, int64_t part, const Tensor& like) const { return draw(index, part, like); }
};

/// What a method keeps of an earlier step, newest last: whatever it needs of these.
struct Past {
  double t = 0;
  Tensor x0{};
  Tensor x{};      ///< x at t that the method went on from, where it is not the one that it was given
  Tensor slope{};  ///< dy/du at t in the method's coordinates (space.hpp)
  Tensor noise{};  ///< that of the step from t
};

/// What one step may use.
class StepContext {
 public:
  StepContext(const Denoiser& denoiser, const Condition& condition, Noise noise)
      : denoiser_(denoiser), condition_(condition), noise_(std::move(noise)) {}

  const Schedule& schedule() const { return denoiser_.schedule(); }
  /// Calls the denoiser and counts the call.
  Denoised denoise(const Tensor& x, double t);
  /// The same with a time for each sample.
  Denoised denoise(const Tensor& x, std::span<const double> t);
  /// N(0, 1) of x's shape for this step.
  Tensor noise(const Tensor& like, int64_t part = 0) const { return noise_(index, part, like); }
  /// (B(snr_s) - B(snr_t)) / sqrt(snr_s - snr_t) of the samples' Brownian paths: N(0, 1) of x's shape, the same motion
  /// whatever the steps, so that results converge as steps grow in number. sigma(s) > 0. Increments of one step must
  /// not overlap and are told apart by `part`: without paths, and below their resolution, they are that step's noise.
  /// Linear equations are solved exactly in this clock: int_t^s sqrt(2) exp(lambda) dW = B(snr_s) - B(snr_t), with
  /// lambda = log(alpha / sigma).
  Tensor brownian(const Tensor& like, double t, double s, int64_t part = 0);
  /// The sum, in memory that is used again once nobody holds the result: not to be changed in place.
  Tensor make(const Sum& sum) { return maker_.make(sum); }
  /// Two sums in one pass: what x becomes first, then what is kept beside it.
  std::pair<Tensor, Tensor> make(const Sum& first, const Sum& second) { return maker_.make(first, second); }
  const SumMaker& maker() const { return maker_; }

  int64_t index = 0;           ///< of this step, from 0
  int64_t count = 0;           ///< steps in all
  std::vector<Past> history;   ///< what the method itself stored in earlier steps
  std::vector<double> memory;  ///< numbers that it stored
  int64_t calls = 0;           ///< network calls so far

 private:
  const Denoiser& denoiser_;
  BrownianPoint point(double t, const Tensor& like);

  const Condition& condition_;
  Noise noise_;
  SumMaker maker_;
  std::vector<std::pair<double, BrownianPoint>> points_;  // the last few: a step begins where the one before ended
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
  double strong_order = 0;   ///< along one Brownian path, error of each sample ~ h^strong_order; 0 = takes no path
  bool more_calls = false;   ///< some steps take more calls than `calls`

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
/// x is not finite, Error(usage) when times do not fall strictly. A NoiseFn alone will do for `noise`.
SampleRun sample(const Sampler& sampler, const Denoiser& denoiser, const Condition& condition,
                 std::span<const double> times, Tensor x, const Noise& noise, const StepObserver& observer = {},
                 const Cancel& cancel = {});

/// Counter-based noise: sample i of the batch is number first + i of (seed, stream sampler), and its paths those of
/// counter_brownian. A tensor that it gave is filled again once nobody holds it or a view of it.
Noise counter_noise(uint64_t seed, int64_t first);

/// Brownian paths of samples first.. of (seed, stream brownian), each a function of (seed, sample, component, snr)
/// alone. With v = snr / (1 + snr), B(snr) = (1 + snr) b(v) of a Brownian bridge b on [0, 1], whose values at multiples
/// of 2^-40 come from at most 40 midpoints, each N(mean of the ends, length / 4) with a key of its own. Source: the
/// tree: Gaines and Lyons 1997; keys in place of memory: Li et al. 2020, section 4; the half-line from the bridge: Doob
/// 1949.
BrownianFn counter_brownian(uint64_t seed, int64_t first);

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
