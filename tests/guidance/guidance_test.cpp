// SPDX-License-Identifier: Apache-2.0
#include "roulade/guidance/guidance.hpp"

#include "mixture.hpp"
#include "roulade/core/error.hpp"
#include "roulade/denoiser/network_denoiser.hpp"

#include <ATen/ops/allclose.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using namespace test;

using Guidance = MixtureTest;

TEST_F(Guidance, CfgEqualsTheGuidedMeanWorkedOutByHandInOneCall) {
  for (const double scale : {2.0, 7.5, 0.5, -1.0}) {
    exact->calls = 0;
    const auto guided = make_guided("cfg", {{"scale", scale}}, {exact, {}});
    expect_guided(guided->denoise(x, std::vector<double>{0.6}, labels).x0, {0.6}, scale, -1);
    EXPECT_EQ(exact->calls, 1);
    EXPECT_EQ(exact->rows, 8);
  }
}

TEST_F(Guidance, CfgTakesATimeForEachSample) {
  const std::vector<double> t{0.9, 0.5, 0.3, 0.7};
  expect_guided(make_guided("cfg", {{"scale", 3.0}}, {exact, {}})->denoise(x, t, labels).x0, t, 3, -1);
}

TEST_F(Guidance, CfgSteersAwayFromTheNegativeCondition) {
  const Condition negative{at::tensor(std::vector<int64_t>{2}), {}, {}, {}, {}};
  const auto guided = make_guided("cfg", {{"scale", 3.0}}, {exact, negative});
  expect_guided(guided->denoise(x, std::vector<double>{0.6}, labels).x0, {0.6}, 3, 2);
}

TEST_F(Guidance, EachSampleMayHaveItsOwnNegative) {
  const std::vector<int64_t> away{2, -1, 0, 0};
  const Condition negatives{at::tensor(away), {}, {}, {}, {}};
  const std::vector<double> t{0.6, 0.6, 0.1, 0.6};  // the third lies outside of the interval below
  const auto everywhere = make_guided("cfg", {{"scale", 3.0}}, {exact, negatives});
  const auto inside = make_guided("cfg", {{"scale", 3.0}, {"noise_low", 0.5}}, {exact, negatives});
  const Tensor all = everywhere->denoise(x, t, labels).x0, some = inside->denoise(x, t, labels).x0;
  for (int64_t i = 0; i < 4; ++i) {
    const double* row = x.data_ptr<double>() + 2 * i;
    const double time = t[static_cast<size_t>(i)];
    const int64_t label = (*labels.label)[i].item<int64_t>();
    for (int64_t j = 0; j < 2; ++j) {
      const double from = by_hand(row, j, time, away[static_cast<size_t>(i)]), toward = by_hand(row, j, time, label);
      EXPECT_NEAR(all[i][j].item<double>(), from + 3 * (toward - from), 1e-12) << i;
      EXPECT_NEAR(some[i][j].item<double>(), i == 2 ? toward : from + 3 * (toward - from), 1e-12) << i;
    }
  }
}

TEST_F(Guidance, ScaleOneAndZeroCostHalf) {
  const std::vector<double> t{0.6};
  expect_guided(make_guided("cfg", {}, {exact, {}})->denoise(x, t, labels).x0, t, 1, -1);
  EXPECT_EQ(exact->calls, 1);
  EXPECT_EQ(exact->rows, 4);
  expect_guided(make_guided("cfg", {{"scale", 0.0}}, {exact, {}})->denoise(x, t, labels).x0, t, 0, -1);
  EXPECT_EQ(exact->calls, 2);
  EXPECT_EQ(exact->rows, 4);
}

TEST_F(Guidance, TheDirectionIsGuidedLikeTheEstimate) {
  const std::vector<double> t{0.6};
  const auto guided = make_guided("cfg", {{"scale", 3.0}}, {make_clipped(exact, 0.5), {}});
  expect_guided(guided->denoise(x, t, labels).direction(), t, 3, -1);
  EXPECT_FALSE(make_guided("cfg", {{"scale", 3.0}}, {exact, {}})->denoise(x, t, labels).x0_direction);
  // Clipped on the outside, a guided estimate stays in range.
  const Denoised outside = make_clipped(make_guided("cfg", {{"scale", 30.0}}, {exact, {}}), 0.5)->denoise(x, t, labels);
  EXPECT_EQ(outside.x0.abs().max().item<double>(), 0.5);
}

TEST_F(Guidance, NoneIsTheDenoiserItself) { EXPECT_EQ(make_guided("none", {}, {exact, {}}).get(), exact.get()); }

TEST(NegativeLike, KeepsWhatIsNoTextUnlessAnotherIsGiven) {
  Condition positive, negative;
  positive.tokens = at::ones({4, 2, 3});
  positive.sizes = at::full({4, 6}, 512);
  positive.beside_time = at::ones({4, 8});
  negative.tokens = at::zeros({1, 2, 3});
  const Condition both = concatenate(positive, negative_like(positive, negative, 4));
  EXPECT_EQ(both.tokens->sizes(), (at::IntArrayRef{8, 2, 3}));
  EXPECT_TRUE(both.sizes->equal(at::full({8, 6}, 512)));
  EXPECT_TRUE(both.beside_time->equal(at::ones({8, 8})));
  negative.sizes = at::full({1, 6}, 64);
  EXPECT_TRUE(negative_like(positive, negative, 4).sizes->equal(at::full({4, 6}, 64)));
}

TEST(NegativeLike, OfATextIsTheEmptyOneOrAnother) {
  Condition positive;
  positive.text = at::tensor(std::vector<int64_t>{4, 5});
  positive.label = at::tensor(std::vector<int64_t>{1, 2});
  const Condition none = negative_like(positive, {}, 2);
  EXPECT_TRUE(none.text->equal(at::full({2}, -1, at::kLong)));
  EXPECT_TRUE(none.label->equal(at::full({2}, -1, at::kLong)));
  Condition negative;
  negative.text = at::full({1}, 9, at::kLong);
  const Condition both = concatenate(positive, negative_like(positive, negative, 2));
  EXPECT_TRUE(both.text->equal(at::tensor(std::vector<int64_t>{4, 5, 9, 9})));
  EXPECT_TRUE(both.label->equal(at::tensor(std::vector<int64_t>{1, 2, -1, -1})));
}

TEST_F(Guidance, RefusesWhatItCannotGuide) {
  const std::vector<double> t{0.6};
  const auto guided = make_guided("cfg", {{"scale", 3.0}}, {exact, {}});
  EXPECT_THROW(guided->denoise(x, t, {}), Error);
  Condition tokens = labels;
  tokens.tokens = at::ones({4, 2, 3});
  EXPECT_THROW(guided->denoise(x, t, tokens), Error);  // no negative tokens were given
  const Condition two_rows{at::tensor(std::vector<int64_t>{0, 1}), {}, {}, {}, {}};
  EXPECT_THROW(make_guided("cfg", {{"scale", 3.0}}, {exact, two_rows})->denoise(x, t, labels), Error);
  EXPECT_THROW(make_guided("cfg", {{"skale", 3.0}}, {exact, {}}), Error);
  EXPECT_THROW(make_guided("cfq", {}, {exact, {}}), Error);
}

TEST_F(Guidance, CfgPlusPlusKeepsTheDirectionUnconditional) {
  const std::vector<double> t{0.6};
  const Condition negative{at::tensor(std::vector<int64_t>{2}), {}, {}, {}, {}};
  for (const double scale : {0.6, 1.0, 0.0, 2.0}) {
    exact->calls = 0;
    const Denoised guided = make_guided("cfg_pp", {{"scale", scale}}, {exact, {}})->denoise(x, t, labels);
    expect_guided(guided.x0, t, scale, -1);
    expect_guided(guided.direction(), t, 0, -1);
    EXPECT_EQ(exact->calls, 1);
    EXPECT_EQ(exact->rows, 8);
  }
  const Denoised away = make_guided("cfg_pp", {}, {exact, negative})->denoise(x, t, labels);
  expect_guided(away.x0, t, 0.6, 2);
  expect_guided(away.direction(), t, 0, 2);
  // Of a clipped estimate the direction is the unclipped one, on either side of the guidance.
  const auto inside = make_guided("cfg_pp", {}, {make_clipped(exact, 0.5), {}});
  expect_guided(inside->denoise(x, t, labels).direction(), t, 0, -1);
  const auto outside = make_clipped(make_guided("cfg_pp", {}, {exact, {}}), 0.5);
  expect_guided(outside->denoise(x, t, labels).direction(), t, 0, -1);
  EXPECT_THROW(make_guided("cfg_pp", {}, {exact, {}})->denoise(x, t, {}), Error);
}

TEST_F(Guidance, GuidesInTheIntervalAloneAndCallsOnceOutside) {
  // The schedule "flow": sigma / alpha = t / (1 - t).
  const auto guided = make_guided("cfg", {{"scale", 3.0}, {"noise_low", 0.5}, {"noise_high", 2.0}}, {exact, {}});
  const auto at_time = [&](double t, double scale, int64_t rows) {
    expect_guided(guided->denoise(x, std::vector<double>{t}, labels).x0, {t}, scale, -1);
    EXPECT_EQ(exact->rows, rows) << t;
  };
  at_time(0.3, 1, 4);   // 0.43
  at_time(0.4, 3, 8);   // 0.67
  at_time(0.66, 3, 8);  // 1.94
  at_time(0.67, 1, 4);  // 2.03
  at_time(1, 1, 4);
  // A time for each sample: the first and the third lie inside.
  const std::vector<double> t{0.5, 0.9, 0.6, 0.2};
  const Tensor mixed = guided->denoise(x, t, labels).x0;
  for (int64_t i = 0; i < 4; ++i) {
    const bool inside = i % 2 == 0;
    const Condition own = select(labels, at::tensor(std::vector<int64_t>{i}));
    const auto alone = make_guided("cfg", {{"scale", inside ? 3.0 : 1.0}}, {exact, {}});
    const Tensor wanted = alone->denoise(x.narrow(0, i, 1), std::vector<double>{t[static_cast<size_t>(i)]}, own).x0;
    EXPECT_TRUE(at::allclose(mixed.narrow(0, i, 1), wanted, 1e-12, 1e-12)) << i;
  }
  // The directions of both ways come along where one has its own.
  const auto pp = make_guided("cfg_pp", {{"noise_low", 0.5}}, {exact, {}});
  const Denoised some = pp->denoise(x, t, labels);
  const Tensor unconditional = make_guided("cfg", {{"scale", 0.0}}, {exact, {}})->denoise(x, t, labels).x0;
  const Tensor conditional = exact->denoise(x, t, labels).x0;
  for (int64_t i = 0; i < 4; ++i) {
    const Tensor& wanted = i == 3 ? conditional : unconditional;
    EXPECT_TRUE(at::allclose(some.direction().narrow(0, i, 1), wanted.narrow(0, i, 1), 1e-12, 1e-12)) << i;
  }
  EXPECT_NO_THROW(make_guided("cfg", {{"noise_low", 1.0}}, {exact, {}}));
  EXPECT_THROW(make_guided("cfg", {{"noise_low", 1.0}, {"noise_high", 1.0}}, {exact, {}}), Error);
  EXPECT_THROW(make_guided("cfg", {{"noise_low", -1.0}}, {exact, {}}), Error);
}

TEST_F(Guidance, AutoguidanceIsTheSumWorkedOutByHand) {
  const std::vector<double> t{0.6};
  for (const auto& [scale, condition_scale] : {std::pair{2.0, 1.0}, {0.0, 1.0}, {3.0, 4.0}, {1.0, 4.0}, {-0.5, 0.0}}) {
    exact->calls = 0;
    const auto guided =
        make_guided("autoguidance", {{"scale", scale}, {"condition_scale", condition_scale}}, {exact, {}, weak()});
    const Tensor x0 = guided->denoise(x, t, labels).x0;
    EXPECT_EQ(exact->calls, 1);
    EXPECT_EQ(exact->rows, condition_scale == 1 ? 4 : 8);
    for (int64_t i = 0; i < 4; ++i) {
      const double* row = x.data_ptr<double>() + 2 * i;
      const int64_t label = (*labels.label)[i].item<int64_t>();
      for (int64_t j = 0; j < 2; ++j) {
        const double toward = by_hand(row, j, 0.6, label), away = by_hand(row, j, 0.6, -1);
        const double bad = by_hand(row, j, 0.6, label, 0.5);
        EXPECT_NEAR(x0[i][j].item<double>(),
                    toward + (scale - 1) * (toward - bad) + (condition_scale - 1) * (toward - away), 1e-12)
            << scale << ' ' << condition_scale << ' ' << i;
      }
    }
  }
}

/// One Gaussian N(m, d^2), the weak one N(m, w^2): the slope of x0 in x is alpha d^2 / (alpha^2 d^2 + sigma^2), so the
/// guided estimate is Gaussian again, and its slope is the same sum of the two.
TEST_F(Guidance, AutoguidanceOfGaussiansHasTheSlopeOfTheSum) {
  const auto gaussian = [&](double d) {
    return std::shared_ptr<const Denoiser>(
        make_exact_gaussian(schedule, at::full({2}, 0.3, at::kDouble), at::full({2}, d, at::kDouble)));
  };
  const double t = 0.4, alpha = 0.6, sigma = 0.4;
  const auto slope = [&](double d) { return alpha * d * d / (alpha * alpha * d * d + sigma * sigma); };
  const auto guided = make_guided("autoguidance", {{"scale", 2.5}}, {gaussian(0.5), {}, gaussian(0.8)});
  const Tensor x0 = guided->denoise(x, std::vector<double>{t}, {}).x0;  // no condition is needed
  const double sum = slope(0.8) + 2.5 * (slope(0.5) - slope(0.8));
  EXPECT_TRUE(at::allclose(x0, x.sub(alpha * 0.3).mul(sum).add(0.3), 1e-13, 1e-13));
}

TEST_F(Guidance, AutoguidanceNeedsAWeakDenoiser) {
  EXPECT_THROW(make_guided("autoguidance", {}, {exact, {}}), Error);
  for (const guidance::Entry& entry : guidance::registry().entries())
    EXPECT_EQ(entry.needs_weak, entry.name == "autoguidance");
  const auto both = make_guided("autoguidance", {{"condition_scale", 2.0}}, {exact, {}, weak()});
  EXPECT_THROW(both->denoise(x, std::vector<double>{0.6}, {}), Error);
  // The directions are summed like the estimates, where one has its own.
  const auto clipped =
      make_guided("autoguidance", {}, {std::shared_ptr<const Denoiser>(make_clipped(exact, 0.1)), {}, weak()});
  const Denoised answer = clipped->denoise(x, std::vector<double>{0.6}, labels);
  const Denoised plain =
      make_guided("autoguidance", {}, {exact, {}, weak()})->denoise(x, std::vector<double>{0.6}, labels);
  EXPECT_TRUE(answer.direction().equal(plain.x0));
  EXPECT_FALSE(answer.x0.equal(plain.x0));
}

}  // namespace
}  // namespace roulade
