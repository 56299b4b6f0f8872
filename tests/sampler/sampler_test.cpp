// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sampler.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/core/rng.hpp"
#include "tests/sampler/function_denoiser.hpp"

#include <cmath>
#include <limits>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using testing::FunctionDenoiser;

const auto kFlow = std::shared_ptr<const Schedule>(schedule::registry().make("flow"));
const NoiseFn kNoNoise = [](int64_t, int64_t, const Tensor& like) { return at::zeros(like.sizes(), like.options()); };

/// Notes what each step was given and adds 1.
class Recorder final : public Sampler {
 public:
  struct Seen {
    double t, s;
    int64_t index, count;
    bool grad;
  };
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    seen.push_back({t, s, context.index, context.count, at::GradMode::is_enabled()});
    context.denoise(x_t, t);
    return x_t.add(1);
  }
  mutable std::vector<Seen> seen;
};

FunctionDenoiser constant(double value) {
  return FunctionDenoiser(kFlow, [value](const Tensor& x, double) {
    return Denoised{at::full(x.sizes(), value, x.options()), {}, {}};
  });
}

TEST(Sample, WalksTheTimesAndCountsCalls) {
  const Recorder recorder;
  const auto denoiser = constant(0);
  std::vector<std::pair<double, double>> observed;
  const std::vector<double> times{1, 0.5, 0.25, 0};
  const SampleRun run =
      sample(recorder, denoiser, {}, times, at::zeros({2, 3}), kNoNoise, [&](int64_t step, double t, const Tensor& x) {
        EXPECT_EQ(step, static_cast<int64_t>(observed.size()));
        observed.emplace_back(t, x.select(0, 0).select(0, 0).item<double>());
      });
  ASSERT_EQ(recorder.seen.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(recorder.seen[i].t, times[i]);
    EXPECT_EQ(recorder.seen[i].s, times[i + 1]);
    EXPECT_EQ(recorder.seen[i].index, static_cast<int64_t>(i));
    EXPECT_EQ(recorder.seen[i].count, 3);
    EXPECT_FALSE(recorder.seen[i].grad);
  }
  EXPECT_TRUE(at::GradMode::is_enabled());
  EXPECT_EQ(run.calls, 3);
  EXPECT_EQ(denoiser.times, std::vector<double>({1, 0.5, 0.25}));
  EXPECT_EQ(observed, (std::vector<std::pair<double, double>>{{0.5, 1}, {0.25, 2}, {0, 3}}));
  EXPECT_EQ(run.x.sum().item<double>(), 18);
}

TEST(Sample, CancelKeepsWhatItHas) {
  const Recorder recorder;
  const auto denoiser = constant(0);
  Cancel cancel;
  const SampleRun run = sample(
      recorder, denoiser, {}, std::vector<double>{1, 0.5, 0.25, 0}, at::zeros({1, 1}), kNoNoise,
      [&](int64_t step, double, const Tensor&) {
        if (step == 1) cancel.request();
      },
      cancel);
  EXPECT_EQ(run.calls, 2);
  EXPECT_EQ(run.x.item<double>(), 2);
}

template <class Act>
std::string failure(Code code, Act act) {
  try {
    act();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code);
    return e.what();
  }
  ADD_FAILURE() << "no Error";
  return "";
}

TEST(Sample, TimesMustFallStrictlyWithinZeroToOne) {
  const Recorder recorder;
  const auto denoiser = constant(0);
  for (const std::vector<double>& times : std::vector<std::vector<double>>{
           {1, 0.5, 0.5, 0}, {0.2, 0.5}, {1}, {}, {1.5, 0}, {1, -0.1}, {1, std::nan(""), 0}, {std::nan(""), 0}}) {
    failure(Code::usage, [&] { sample(recorder, denoiser, {}, times, at::zeros({1, 1}), kNoNoise); });
  }
  failure(Code::usage, [&] { sample(recorder, denoiser, {}, std::vector<double>{1, 0}, at::zeros({}), kNoNoise); });
  EXPECT_TRUE(recorder.seen.empty());
}

TEST(Sample, NamesTheStepThatIsNotFinite) {
  const auto euler = sampler::registry().make("euler");
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    const FunctionDenoiser denoiser(kFlow, [bad](const Tensor& x, double t) {
      Tensor x0 = at::zeros(x.sizes(), x.options());
      if (t < 0.4) x0.select(0, 1).fill_(bad);
      return Denoised{x0, {}, {}};
    });
    const std::string said = failure(Code::numeric, [&] {
      sample(*euler, denoiser, {}, std::vector<double>{1, 0.5, 0.25, 0.1, 0}, at::zeros({2, 2}), kNoNoise);
    });
    EXPECT_NE(said.find("step 3 of 4"), std::string::npos) << said;
  }
}

TEST(Sample, FiniteValuesWhoseSumOverflowsArePassed) {
  const auto denoiser = constant(3e38);
  const auto euler = sampler::registry().make("euler");
  EXPECT_EQ(sample(*euler, denoiser, {}, std::vector<double>{1, 0}, at::zeros({4, 1}), kNoNoise).calls, 1);
}

TEST(Noise, IsTheKeysSequenceWhateverTheSplit) {
  const Tensor like = at::zeros({5, 2, 3}, at::TensorOptions(at::kDouble));
  const Tensor whole = counter_noise(9, 100)(3, 0, like);
  std::vector<double> expected(30);
  fill_normal({9, Stream::sampler, 3}, 100, 6, std::span<double>(expected));
  for (int64_t i = 0; i < 30; ++i) EXPECT_EQ(whole.view({-1})[i].item<double>(), expected[static_cast<size_t>(i)]);
  const Tensor tail = counter_noise(9, 102)(3, 0, like.narrow(0, 2, 3));
  EXPECT_TRUE(tail.equal(whole.narrow(0, 2, 3)));
  const Tensor single = counter_noise(9, 100)(3, 0, like.to(at::kFloat));
  EXPECT_EQ(single.scalar_type(), at::kFloat);
  EXPECT_TRUE(single.equal(whole.to(at::kFloat)));
  EXPECT_EQ(counter_noise(9, 0)(0, 0, like.to(at::kBFloat16)).scalar_type(), at::kBFloat16);
  EXPECT_EQ(counter_noise(9, 0)(0, 0, like.narrow(0, 0, 0)).numel(), 0);
}

TEST(Noise, DiffersByStepPartSeedAndStream) {
  const Tensor like = at::zeros({4, 4});
  const std::vector<Tensor> all{counter_noise(1, 0)(0, 0, like), counter_noise(1, 0)(1, 0, like),
                                counter_noise(1, 0)(0, 1, like), counter_noise(2, 0)(0, 0, like),
                                prior_noise(1, 0, 4, std::vector<int64_t>{4}, 1)};
  for (size_t i = 0; i < all.size(); ++i)
    for (size_t j = 0; j < i; ++j) EXPECT_FALSE(all[i].eq(all[j]).any().item<bool>()) << i << ", " << j;
  EXPECT_THROW(counter_noise(1, 0)(int64_t{1} << 28, 0, like), Error);
  EXPECT_THROW(counter_noise(1, 0)(0, 16, like), Error);
}

TEST(Noise, LargeDrawsAcrossThreadsEqualSmallOnes) {
  const int before = threads();
  set_threads(3);
  const Tensor whole = prior_noise(4, 10, 40000, std::vector<int64_t>{2}, 1);
  const Tensor part = prior_noise(4, 10 + 33000, 50, std::vector<int64_t>{2}, 1);
  set_threads(before);
  EXPECT_TRUE(whole.narrow(0, 33000, 50).equal(part));
}

TEST(Noise, PriorHasTheDeviationAndShape) {
  const std::vector<int64_t> shape{3, 2};
  const Tensor unit = prior_noise(5, 7, 4, shape, 1), wide = prior_noise(5, 7, 4, shape, 80);
  EXPECT_EQ(wide.sizes(), at::IntArrayRef({4, 3, 2}));
  EXPECT_EQ(wide.scalar_type(), at::kFloat);
  EXPECT_TRUE(wide.equal(unit.mul(80)));
}

}  // namespace
}  // namespace roulade
