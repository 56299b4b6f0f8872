// SPDX-License-Identifier: Apache-2.0
// What every sampler must do, whatever its order: the final jump, counted calls, noise that no batch split changes,
// float32, any number of steps.
#include "roulade/core/error.hpp"
#include "roulade/denoiser/network_denoiser.hpp"
#include "roulade/grid/grid.hpp"
#include "roulade/schedule/forward.hpp"
#include "tests/conformance/sampler_cases.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/ops/cat.h>
#include <gtest/gtest.h>

namespace roulade::testing {
namespace {

/// Counts calls, as a network would see them.
class Counting final : public Denoiser {
 public:
  explicit Counting(std::shared_ptr<const Denoiser> inner) : inner_(std::move(inner)) {}
  const Schedule& schedule() const override { return inner_->schedule(); }
  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    ++calls;
    return inner_->denoise(x_t, t, condition);
  }
  mutable int64_t calls = 0;

 private:
  std::shared_ptr<const Denoiser> inner_;
};

/// Whole walks, from the prior to the data: a discrete schedule and the continuous families, with a grid that suits
/// each.
struct Walk {
  std::string name;
  std::shared_ptr<const Schedule> schedule;
  std::shared_ptr<const Grid> grid;

  std::vector<double> times(int64_t n) const { return grid->times(*schedule, n); }
  Tensor prior(int64_t first, int64_t count) const {
    return prior_noise(3, first, count, std::vector<int64_t>{2}, schedule->prior_deviation());
  }
};

const std::vector<Walk>& walks() {
  static const std::vector<Walk> all{
      {"linear", schedule::registry().make("linear"), grid::registry().make("uniform")},
      {"cosine", schedule::registry().make("cosine"), grid::registry().make("uniform")},
      {"edm", schedule::registry().make("edm"), grid::registry().make("karras")},
      {"flow", schedule::registry().make("flow"), grid::registry().make("uniform")},
  };
  return all;
}

template <class Body>
void everywhere(Body body) {
  for (const SamplerCase& c : all_samplers())
    for (const Walk& walk : walks()) {
      SCOPED_TRACE(c.label + " on " + walk.name);
      body(c, walk, mixture().denoiser(walk.schedule));
    }
}

/// Settings that some tens of steps do not bring to the data, as their formulas have it.
bool strays(const SamplerCase& c, const Walk& walk) {
  // The last step, to state 1, is of h = 2.3 in log(alpha / sigma), and B(h) = h is far from 1 - e^-h.
  if (c.label == "unipc_2_bh1") return walk.name == "linear";
  // A Runge-Kutta step from sigma / alpha = 2e4 multiplies errors by as much; the paper's begin at 157.
  return c.label == "pndm_prk" && walk.name == "cosine";
}

double largest(const Tensor& x) { return x.abs().max().item<double>(); }

TEST(SamplerConformance, TheFinalJumpReturnsTheDenoisedX0) {
  for (const SamplerCase& c : all_samplers()) {
    if (c.options.count("s_churn")) continue;  // denoises a noisier x than it was given
    for (const Path& path : paths()) {
      SCOPED_TRACE(c.label + " on " + path.name);
      const double t = path.t_min;
      const Tensor x = start_points(*path.schedule, t);
      const std::shared_ptr<const Denoiser> exact = mixture().denoiser(path.schedule);
      for (const auto& denoiser : {exact, std::shared_ptr<const Denoiser>(make_clipped(exact, 0.5))}) {
        const SampleRun run = sample(*c.make(), *denoiser, {}, std::vector<double>{t, 0}, x, counter_noise(1, 0));
        EXPECT_TRUE(run.x.equal(denoiser->denoise(x, std::vector<double>{t}, {}).x0));
        EXPECT_EQ(run.calls, c.facts.last_calls);
      }
      if (!c.facts.jumps_to_x0) continue;
      // After other steps too, when a multistep method has a history.
      Tensor before;
      const std::vector<double> times{path.t_max, (path.t_min + path.t_max) / 2, path.t_min, 0};
      const SampleRun run = sample(*c.make(), *exact, {}, times, start_points(*path.schedule, path.t_max),
                                   counter_noise(1, 0), [&](int64_t step, double, const Tensor& now) {
                                     if (step == 1) before = now;
                                   });
      EXPECT_TRUE(run.x.equal(exact->denoise(before, std::vector<double>{path.t_min}, {}).x0));
    }
  }
}

TEST(SamplerConformance, NetworkCallsAreAsDeclared) {
  everywhere([](const SamplerCase& c, const Walk& walk, const std::shared_ptr<const Denoiser>& denoiser) {
    if (c.options.count("space") && walk.schedule->alpha(1) == 0) return;  // ve from alpha = 0 falls back to Euler
    for (const int64_t n : {1, 2, 9}) {
      const Counting counting(denoiser);
      const std::vector<double> times = walk.times(n);
      const SampleRun run = sample(*c.make(), counting, {}, times, walk.prior(0, 2), counter_noise(3, 0));
      EXPECT_EQ(run.calls, counting.calls);
      if (c.facts.calls == 0) {
        EXPECT_GE(run.calls, n);
        continue;
      }
      const bool as_euler = c.facts.starts_as_euler && n > 1 && walk.schedule->alpha(times.front()) == 0;
      const int64_t declared = c.facts.calls_of(n) - (as_euler ? c.facts.calls - 1 : 0);
      if (c.facts.more_calls) {
        EXPECT_GE(run.calls, declared) << n;
      } else {
        EXPECT_EQ(run.calls, declared) << n;
      }
    }
  });
}

TEST(SamplerConformance, TheBatchSplitChangesNothing) {
  constexpr int64_t kCount = 64;
  everywhere([](const SamplerCase& c, const Walk& walk, const std::shared_ptr<const Denoiser>& denoiser) {
    const auto method = c.make();
    const std::vector<double> times = walk.times(5);
    Tensor whole;
    for (const int64_t batch : {64, 7, 1}) {
      std::vector<Tensor> parts;
      for (int64_t first = 0; first < kCount; first += batch) {
        const int64_t count = std::min(batch, kCount - first);
        parts.push_back(sample(*method, *denoiser, {}, times, walk.prior(first, count), counter_noise(3, first)).x);
      }
      const Tensor x = at::cat(parts, 0);
      if (batch == kCount) {
        whole = x;
      } else {
        EXPECT_LE(largest(x.sub(whole)), 1e-5 * largest(whole)) << "batches of " << batch;
      }
    }
  });
}

TEST(SamplerConformance, Float32IsCloseToFloat64) {
  everywhere([](const SamplerCase& c, const Walk& walk, const std::shared_ptr<const Denoiser>& denoiser) {
    if (strays(c, walk)) return;
    const auto method = c.make();
    const std::vector<double> times = walk.times(20);
    const Tensor prior = walk.prior(0, 64);
    const Tensor single = sample(*method, *denoiser, {}, times, prior, counter_noise(3, 0)).x;
    const Tensor twice = sample(*method, *denoiser, {}, times, prior.to(at::kDouble), counter_noise(3, 0)).x;
    EXPECT_EQ(single.scalar_type(), at::kFloat);
    EXPECT_EQ(twice.scalar_type(), at::kDouble);
    EXPECT_LE(largest(single.to(at::kDouble).sub(twice)), 1e-4 * largest(twice));
  });
}

/// x0 = E[x_0 | x_t] of data N(0.5, 0.36), in two operations: thousands of steps are cheap.
class QuickGaussian final : public Denoiser {
 public:
  explicit QuickGaussian(std::shared_ptr<const Schedule> schedule) : schedule_(std::move(schedule)) {}
  const Schedule& schedule() const override { return *schedule_; }
  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition&) const override {
    std::vector<double> gain, shift;
    for (const double time : t) {
      const double alpha = schedule_->alpha(time), sigma = schedule_->sigma(time);
      gain.push_back(alpha * 0.36 / (alpha * alpha * 0.36 + sigma * sigma));
      shift.push_back(0.5 * (1 - gain.back() * alpha));
    }
    return {x_t.mul(broadcast(gain, x_t)).add_(broadcast(shift, x_t)), {}, {}};
  }

 private:
  std::shared_ptr<const Schedule> schedule_;
};

TEST(SamplerConformance, AnyNumberOfStepsIsFinite) {
  everywhere([](const SamplerCase& c, const Walk& walk, const std::shared_ptr<const Denoiser>&) {
    const QuickGaussian denoiser(walk.schedule);
    for (const int64_t n : {1, 2, 3, 1000}) {
      const Tensor x = sample(*c.make(), denoiser, {}, walk.times(n), walk.prior(0, 8), counter_noise(3, 0)).x;
      EXPECT_TRUE(x.isfinite().all().item<bool>()) << n;
      // One step is a mean of data and a thousand are data, within six deviations. Between them a method may be far
      // off: heun's second step from sigma / alpha = 2e4 multiplies its slope's error by as much.
      if (n == 1 || n == 1000) {
        EXPECT_LE(largest(x.sub(0.5)), 6 * 0.6) << n;
      }
    }
  });
}

TEST(SamplerConformance, FromNoSignalAtAllIsFinite) {
  const Walk walk{"linear zero_terminal_snr", schedule::registry().make("linear", {{"zero_terminal_snr", true}}),
                  grid::registry().make("trailing")};
  ASSERT_EQ(walk.schedule->alpha(1), 0);
  const QuickGaussian denoiser(walk.schedule);
  for (const SamplerCase& c : all_samplers()) {
    SCOPED_TRACE(c.label);
    for (const int64_t n : {1, 2, 3, 1000}) {
      const Tensor x = sample(*c.make(), denoiser, {}, walk.times(n), walk.prior(0, 8), counter_noise(3, 0)).x;
      EXPECT_TRUE(x.isfinite().all().item<bool>()) << n;
    }
  }
}

TEST(SamplerConformance, FromThePriorToTheLabelledData) {
  everywhere([](const SamplerCase& c, const Walk& walk, const std::shared_ptr<const Denoiser>& denoiser) {
    if (strays(c, walk)) return;
    if (c.facts.consistency) return;  // asks for the end of a trajectory, not for a mean: consistency_test.cpp
    constexpr int64_t kCount = 400;
    Condition first;
    first.label = walk.prior(0, kCount).select(1, 0).mul(0).to(at::kLong);
    // Methods that extrapolate estimates far, or through fresh noise, need the shorter steps.
    const int64_t steps = c.facts.local_order > 3 || c.facts.strong_order > 0 ? 200 : 40;
    const Tensor x =
        sample(*c.make(), *denoiser, first, walk.times(steps), walk.prior(0, kCount), counter_noise(3, 0)).x;
    // Component 0 is N((-0.8, 0.5), 0.4^2). Five standard errors, and what 40 steps leave: 0.05, found from 200 steps.
    const double share = 0.4 / std::sqrt(double{kCount});
    EXPECT_NEAR(x.select(1, 0).mean().item<double>(), -0.8, 0.05 + 5 * share);
    EXPECT_NEAR(x.select(1, 1).mean().item<double>(), 0.5, 0.05 + 5 * share);
    EXPECT_NEAR(x.std(0).mean().item<double>(), 0.4, 0.05 + 5 * share / 2);
  });
}

TEST(SamplerConformance, EqualNeighboursAreRefused) {
  everywhere([](const SamplerCase& c, const Walk& walk, const std::shared_ptr<const Denoiser>& denoiser) {
    try {
      sample(*c.make(), *denoiser, {}, std::vector<double>{0.9, 0.5, 0.5, 0}, walk.prior(0, 2), counter_noise(3, 0));
      ADD_FAILURE() << "no Error";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::usage);
    }
  });
}

TEST(SamplerConformance, EveryEntrySaysWhatItIs) {
  for (const auto& entry : sampler::registry().entries()) {
    EXPECT_FALSE(entry.summary.empty()) << entry.name;
    EXPECT_FALSE(entry.source.empty()) << entry.name;
    for (const OptionInfo& option : entry.options())
      EXPECT_FALSE(option.help.empty()) << entry.name << "." << option.key;
  }
}

}  // namespace
}  // namespace roulade::testing
