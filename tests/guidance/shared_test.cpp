// SPDX-License-Identifier: Apache-2.0
#include "roulade/guidance/shared.hpp"

#include "mixture.hpp"
#include "roulade/core/error.hpp"
#include "roulade/denoiser/network_denoiser.hpp"
#include "roulade/denoiser/prediction.hpp"
#include "tests/tree.hpp"

#include <cmath>
#include <fstream>

#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using namespace test;

const auto kDouble = at::TensorOptions(at::kDouble);

/// Returns a network's output by the first label of the batch's halves: `text` for labels >= 0, else `no_text`.
class TwoAnswers final : public Denoiser {
 public:
  TwoAnswers(std::shared_ptr<const Schedule> schedule, const std::string& prediction, Tensor text, Tensor no_text)
      : schedule_(std::move(schedule)),
        prediction_(denoiser::registry().make(prediction)),
        text_(std::move(text)),
        no_text_(std::move(no_text)) {}
  const Schedule& schedule() const override { return *schedule_; }
  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    std::vector<Tensor> rows;
    for (int64_t i = 0; i < x_t.size(0); ++i) {
      const Tensor& from = (*condition.label)[i].item<int64_t>() >= 0 ? text_ : no_text_;
      const Coefficients c = prediction_->at(*schedule_, t[t.size() == 1 ? 0 : static_cast<size_t>(i)]);
      rows.push_back(x_t[i].mul(c.skip).add(from[i % from.size(0)], c.out).unsqueeze(0));
    }
    return {.x0 = at::cat(rows, 0), .x0_direction = {}, .variance_share = {}};
  }

 private:
  std::shared_ptr<const Schedule> schedule_;
  std::unique_ptr<const Prediction> prediction_;
  Tensor text_, no_text_;
};

class DiffusersGuidance : public ::testing::Test {
 protected:
  Tensor read(const nlohmann::json& numbers) const {
    const auto values = numbers.get<std::vector<double>>();
    return at::tensor(values, kDouble).view(golden.at("shape").get<std::vector<int64_t>>());
  }
  nlohmann::json golden = nlohmann::json::parse(std::ifstream(test::tree() / "tests/golden/guidance/diffusers.json"));
  Tensor text = read(golden.at("text")), no_text = read(golden.at("no_text"));
};

/// rescale_of names what the network returns: then its guided output is diffusers', whatever it predicts.
TEST_F(DiffusersGuidance, RescaledPredictionsAreTheirs) {
  const Tensor x = at::linspace(-2, 2, text.numel(), kDouble).view(text.sizes());
  const Condition labels{at::tensor({int64_t{0}, int64_t{1}}), {}, {}, {}, {}};
  for (const char* schedule_name : {"cosine", "flow"})
    for (const std::string prediction : {"eps", "v", "velocity", "x0"}) {
      const std::shared_ptr<const Schedule> schedule = schedule::registry().make(schedule_name);
      const auto network = std::make_shared<TwoAnswers>(schedule, prediction, text, no_text);
      for (const auto& one : golden.at("rescaled")) {
        const auto guided = make_guided("cfg",
                                        {{"scale", one.at("scale").get<double>()},
                                         {"rescale", one.at("share").get<double>()},
                                         {"rescale_of", prediction}},
                                        {network, {}});
        for (const std::vector<double>& t : {std::vector<double>{0.4}, std::vector<double>{0.2, 0.7}}) {
          const Tensor x0 = guided->denoise(x, t, labels).x0;
          for (int64_t i = 0; i < 2; ++i) {
            const auto c = denoiser::registry().make(prediction)->at(*schedule, t[t.size() == 1 ? 0 : i]);
            const Tensor output = x0[i].sub(x[i], c.skip).div(c.out);
            EXPECT_TRUE(at::allclose(output, read(one.at("guided"))[i], 1e-10, 1e-10))
                << schedule_name << ' ' << prediction << ' ' << one.at("share");
          }
        }
      }
    }
}

TEST_F(DiffusersGuidance, ThresholdedSamplesAreTheirs) {
  for (const auto& one : golden.at("thresholded")) {
    const GuidanceThreshold threshold{one.at("share").get<double>(), 1};
    EXPECT_TRUE(at::allclose(threshold.apply(text), read(one.at("x0")), 1e-12, 1e-12)) << one.at("share");
  }
}

TEST(GuidanceThresholdTest, QuantilesAndLimitsWorkedOutByHand) {
  // |x0| sorted: 1 2 3 4 10; the quantile 0.75 is 4, 0.875 lies half way from 4 to 10.
  const Tensor x0 = at::tensor({-10.0, 1.0, 3.0, -2.0, 4.0, 0.1, 0.2, -0.3, 0.4, -0.5}, kDouble).view({2, 5});
  const auto wanted = [](std::vector<double> first, std::vector<double> second) {
    first.insert(first.end(), second.begin(), second.end());
    return at::tensor(first, kDouble).view({2, 5});
  };
  EXPECT_TRUE(at::allclose(GuidanceThreshold({0.75, 1}).apply(x0),
                           wanted({-1, 0.25, 0.75, -0.5, 1}, {0.1, 0.2, -0.3, 0.4, -0.5}), 1e-14, 1e-14));
  EXPECT_TRUE(at::allclose(GuidanceThreshold({0.875, 2}).apply(x0),
                           wanted({-2, 2.0 / 7, 6.0 / 7, -4.0 / 7, 8.0 / 7}, {0.1, 0.2, -0.3, 0.4, -0.5}), 1e-14,
                           1e-14));
  // A limit that the quantile does not reach clips and shrinks nothing.
  EXPECT_TRUE(at::allclose(GuidanceThreshold({0.75, 6}).apply(x0),
                           wanted({-6, 1, 3, -2, 4}, {0.1, 0.2, -0.3, 0.4, -0.5}), 1e-14, 1e-14));
  EXPECT_TRUE(GuidanceThreshold().apply(x0).equal(x0));
}

class SharedGuidanceTest : public MixtureTest {
 protected:
  static double deviation(const Tensor& row) { return row.std(0, true, false).item<double>(); }
  const std::vector<double> t{0.6};
};

TEST_F(SharedGuidanceTest, AWholeRescaleGivesTheConditionsDeviation) {
  const Tensor positive = exact->denoise(x, t, labels).x0;
  const Tensor guided = make_guided("cfg", {{"scale", 5.0}}, {exact, {}})->denoise(x, t, labels).x0;
  for (const double share : {1.0, 0.7}) {
    const Tensor rescaled =
        make_guided("cfg", {{"scale", 5.0}, {"rescale", share}}, {exact, {}})->denoise(x, t, labels).x0;
    for (int64_t i = 0; i < 4; ++i) {
      const double wanted = share * deviation(positive[i]) + (1 - share) * deviation(guided[i]);
      EXPECT_NEAR(deviation(rescaled[i]), wanted, 1e-12) << i;
      // The direction stays: a multiple of the guided estimate.
      EXPECT_TRUE(at::allclose(rescaled[i].div(guided[i]), rescaled[i][0].div(guided[i][0]).expand({2}), 1e-10, 1e-10));
    }
  }
}

TEST_F(SharedGuidanceTest, ActInTheOrderSumRescaleIntervalThresholdClip) {
  const Table all{{"scale", 6.0}, {"rescale", 0.7}, {"threshold", 0.9}, {"threshold_limit", 0.4}, {"noise_low", 0.5}};
  const Table sum{{"scale", 6.0}}, rescaled{{"scale", 6.0}, {"rescale", 0.7}};
  const auto guided = make_guided("cfg", all, {exact, {}});
  const GuidanceThreshold threshold{0.9, 0.4};
  const Denoised inside = guided->denoise(x, t, labels);  // sigma / alpha = 1.5
  const Tensor before = make_guided("cfg", rescaled, {exact, {}})->denoise(x, t, labels).x0;
  EXPECT_TRUE(inside.x0.equal(threshold.apply(before)));
  EXPECT_TRUE(inside.direction().equal(before));
  EXPECT_FALSE(before.equal(make_guided("cfg", sum, {exact, {}})->denoise(x, t, labels).x0));
  // Another order gives other numbers, so the test can tell.
  const Tensor positive = exact->denoise(x, t, labels).x0;
  const Tensor plain_sum = make_guided("cfg", sum, {exact, {}})->denoise(x, t, labels).x0;
  const Tensor other = GuidanceRescale{0.7, "x0"}.apply(*schedule, x, t, threshold.apply(plain_sum), positive);
  EXPECT_FALSE(at::allclose(inside.x0, other, 1e-3, 1e-3));
  // Outside of the interval: the condition alone, thresholded.
  const std::vector<double> low{0.3};
  exact->rows = 0;
  EXPECT_TRUE(guided->denoise(x, low, labels).x0.equal(threshold.apply(exact->denoise(x, low, labels).x0)));
  EXPECT_EQ(exact->rows, 4);
  // The clip comes after all.
  EXPECT_TRUE(make_clipped(guided, 0.2)->denoise(x, t, labels).x0.equal(inside.x0.clamp(-0.2, 0.2)));
}

TEST_F(SharedGuidanceTest, ScaleOneIsTheUnguidedAnswerToTheBit) {
  const Denoised plain = exact->denoise(x, t, labels);
  for (const Table& options : {Table{{"scale", 1.0}}, Table{{"scale", 1.0}, {"rescale", 0.7}, {"noise_low", 0.1}}}) {
    exact->rows = 0;
    EXPECT_TRUE(make_guided("cfg", options, {exact, {}})->denoise(x, t, labels).x0.equal(plain.x0));
    EXPECT_EQ(exact->rows, 4);
    EXPECT_TRUE(make_guided("autoguidance", options, {exact, {}, weak()})->denoise(x, t, labels).x0.equal(plain.x0));
  }
}

TEST_F(SharedGuidanceTest, ConstantAndCleanSamplesStayFinite) {
  // Both answers are constant at one sample: nothing to draw back.
  const auto constant =
      std::make_shared<TwoAnswers>(schedule, "x0", at::ones({1, 6}, kDouble), at::zeros({1, 6}, kDouble));
  const Tensor flat = at::zeros({2, 6}, kDouble);
  const Condition two{at::tensor({int64_t{0}, int64_t{1}}), {}, {}, {}, {}};
  const auto guided = make_guided("cfg", {{"scale", 3.0}, {"rescale", 1.0}}, {constant, {}});
  EXPECT_TRUE(guided->denoise(flat, t, two).x0.equal(at::full({2, 6}, 3.0, kDouble)));
  // At t = 0 every estimate is x itself, and eps has no meaning.
  const auto of_eps = make_guided("cfg", {{"scale", 3.0}, {"rescale", 1.0}, {"rescale_of", "eps"}}, {exact, {}});
  EXPECT_TRUE(at::allclose(of_eps->denoise(x, std::vector<double>{0}, labels).x0, x, 1e-12, 1e-12));
}

TEST_F(SharedGuidanceTest, RefuseWhatTheyCannotDo) {
  const Tensor line = x.narrow(1, 0, 1);
  const auto single =
      std::make_shared<TwoAnswers>(schedule, "x0", at::ones({1, 1}, kDouble), at::zeros({1, 1}, kDouble));
  EXPECT_THROW(make_guided("cfg", {{"scale", 3.0}, {"rescale", 0.5}}, {single, {}})->denoise(line, t, labels), Error);
  // eps tells nothing of x0 where there is no signal (flow at t = 1); v does.
  const std::vector<double> noise{1};
  const auto of = [&](const char* what) {
    return make_guided("cfg", {{"scale", 3.0}, {"rescale", 0.5}, {"rescale_of", what}}, {exact, {}});
  };
  EXPECT_THROW(of("eps")->denoise(x, noise, labels), Error);
  EXPECT_NO_THROW(of("v")->denoise(x, noise, labels));
  for (const Table& bad : {Table{{"rescale", 1.5}}, Table{{"rescale", -0.1}}, Table{{"rescale_of", "edm"}},
                           Table{{"threshold", 1.1}}, Table{{"threshold_limit", 0.0}}})
    for (const char* kind : {"cfg", "cfg_pp", "autoguidance"})
      EXPECT_THROW(make_guided(kind, bad, {exact, {}, exact}), Error) << kind;
}

TEST_F(SharedGuidanceTest, CfgPlusPlusKeepsItsDirectionUnderThem) {
  const Denoised plain = make_guided("cfg_pp", {{"scale", 3.0}}, {exact, {}})->denoise(x, t, labels);
  const Denoised shared =
      make_guided("cfg_pp", {{"scale", 3.0}, {"rescale", 1.0}, {"threshold", 0.5}, {"threshold_limit", 0.3}},
                  {exact, {}})
          ->denoise(x, t, labels);
  EXPECT_TRUE(shared.direction().equal(plain.direction()));
  const Tensor positive = exact->denoise(x, t, labels).x0;
  const Tensor wanted = GuidanceRescale{1, "x0"}.apply(*schedule, x, t, plain.x0, positive);
  EXPECT_TRUE(shared.x0.equal(GuidanceThreshold{0.5, 0.3}.apply(wanted)));
}

}  // namespace
}  // namespace roulade
