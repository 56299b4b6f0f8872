// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/objective/denoising.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

/// Returns scale * x_t + bias, and remembers what it was given.
class Probe final : public Model {
 public:
  Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const override {
    x_ = x.detach().clone();
    noise_ = noise_level.clone();
    if (condition.label) label_ = condition.label->clone();
    return x.mul(weight_.stored());
  }
  NamedWeights parameters() const override { return {{"w", weight_}}; }
  mutable Tensor x_, noise_, label_;
  Weight weight_{at::full({1}, 0.25).requires_grad_(true)};
};

struct Probed {
  std::shared_ptr<Probe> model = std::make_shared<Probe>();
  DenoisingParts parts;
};

Probed probed(const std::string& schedule, const std::string& prediction, const std::string& weight = "uniform",
              const std::string& loss = "l2", const std::string& times = "uniform") {
  Probed s;
  s.parts = {s.model,
             schedule::registry().make(schedule),
             denoiser::registry().make(prediction),
             objective::times::registry().make(times),
             objective::weight::registry().make(weight),
             objective::loss::registry().make(loss)};
  return s;
}

constexpr int64_t kRows = 64;
const StepKey kKey{5, 12, 0};

Batch batch() {
  Batch b;
  b.x0 = at::empty({kRows, 2});
  fill_normal({1, Stream::data, 0}, 0, 2, std::span<float>(b.x0.mutable_data_ptr<float>(), kRows * 2));
  return b;
}

/// The mean of w(t) loss(F(in x_t), target), written from the equations in double.
double by_hand(const Probed& s, const Batch& b, const std::function<double(double)>& loss) {
  std::vector<double> t(kRows), eps(kRows * 2);
  s.parts.times->draw(*s.parts.schedule, kKey, t);
  fill_normal({kKey.seed, Stream::noise, static_cast<uint64_t>(kKey.step)}, 0, 2, std::span<double>(eps));
  double sum = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    const double alpha = s.parts.schedule->alpha(t[i]), sigma = s.parts.schedule->sigma(t[i]);
    const Coefficients c = s.parts.prediction->at(*s.parts.schedule, t[i]);
    const double w = s.parts.weight->at(alpha, sigma, c);
    for (int64_t j = 0; j < 2; ++j) {
      const double x0 = b.x0[i][j].item<float>(), e = eps[i * 2 + j];
      const double output = 0.25 * c.in * (alpha * x0 + sigma * e);
      sum += w * loss(output - (c.target_x0 * x0 + c.target_eps * e));
    }
  }
  return sum / (kRows * 2);
}

double square(double x) { return x * x; }
double huber(double x) { return std::abs(x) < 1 ? 0.5 * x * x : std::abs(x) - 0.5; }
double absolute(double x) { return std::abs(x); }

TEST(Denoising, LossIsTheEquationForEveryCombination) {
  const std::pair<const char*, double (*)(double)> losses[] = {{"l2", square}, {"l1", absolute}, {"huber", huber}};
  for (const char* schedule : {"cosine", "vp", "edm", "flow"})
    for (const char* prediction : {"eps", "x0", "v", "velocity", "edm"})
      for (const char* weight : {"uniform", "min_snr", "edm"})
        for (const auto& [loss, formula] : losses) {
          const Probed s = probed(schedule, prediction, weight, loss);
          const Batch b = batch();
          const double got = make_denoising(s.parts)->loss(b, kKey, 0).item<double>();
          const double expected = by_hand(s, b, formula);
          // float32 sums of values that span the weights' range
          EXPECT_NEAR(got, expected, 2e-5 * std::abs(expected)) << schedule << prediction << weight << loss;
        }
}

TEST(Denoising, MicroBatchesGiveTheGradientOfTheWhole) {
  const Probed s = probed("cosine", "eps");
  const auto objective = make_denoising(s.parts);
  struct Keep final : Update {
    void apply(size_t, double) override { ++applied; }
    int applied = 0;
  } keep;
  const Batch whole = batch();
  const double loss = objective->step(std::span(&whole, 1), kKey, keep);
  const double gradient = s.model->weight_.stored().grad().item<double>();
  s.model->weight_.stored().mutable_grad().reset();
  const Batch parts[] = {{whole.x0.narrow(0, 0, 24), {}}, {whole.x0.narrow(0, 24, 40), {}}};
  EXPECT_NEAR(objective->step(parts, kKey, keep), loss, 1e-6 * loss);
  EXPECT_NEAR(s.model->weight_.stored().grad().item<double>(), gradient, 1e-6 * std::abs(gradient));
  EXPECT_EQ(keep.applied, 2);
}

TEST(Denoising, LabelsAreDroppedAtTheRate) {
  Probed s = probed("cosine", "eps");
  s.parts.label_dropout = 0.25;
  Batch b;
  constexpr int64_t kMany = 20000;
  b.x0 = at::zeros({kMany, 2});
  b.condition.label = at::ones({kMany}, at::kLong);
  make_denoising(s.parts)->loss(b, kKey, 0);
  const auto dropped = static_cast<double>(kMany - s.model->label_.eq(1).sum().item<int64_t>());
  EXPECT_EQ(s.model->label_.eq(-1).sum().item<int64_t>(), static_cast<int64_t>(dropped));
  EXPECT_NEAR(dropped / kMany, 0.25, 5 * std::sqrt(0.25 * 0.75 / kMany));
  EXPECT_EQ(b.condition.label->sum().item<int64_t>(), kMany);  // the caller's labels are untouched
}

TEST(Denoising, TheNetworkIsToldTheSchedulesNumber) {
  const Probed s = probed("cosine", "eps");
  make_denoising(s.parts)->loss(batch(), kKey, 0);
  std::vector<double> t(kRows);
  s.parts.times->draw(*s.parts.schedule, kKey, t);
  for (int64_t i = 0; i < kRows; ++i)
    EXPECT_EQ(s.model->noise_[i].item<float>(), static_cast<float>(s.parts.schedule->network_time(t[i])));
}

TEST(Denoising, AMissingPartIsRefused) {
  DenoisingParts parts = probed("cosine", "eps").parts;
  parts.weight = nullptr;
  EXPECT_THROW(make_denoising(parts), Error);
}

std::vector<double> drawn(const std::string& times, const Schedule& schedule, size_t n, int64_t step = 0) {
  std::vector<double> t(n);
  objective::times::registry().make(times)->draw(schedule, {3, step, 0}, t);
  return t;
}

TEST(Times, StatesAndRangesAreKept) {
  for (const auto& entry : objective::times::registry().entries())
    for (const char* name : {"cosine", "linear", "vp", "edm", "flow"}) {
      const auto schedule = schedule::registry().make(name);
      for (const double t : drawn(entry.name, *schedule, 5000)) {
        EXPECT_GE(t, schedule->t_min());
        EXPECT_LE(t, 1);
        if (const auto states = static_cast<double>(schedule->states()); states > 0) {
          EXPECT_EQ(t * states, std::round(t * states)) << entry.name << " " << name;
        }
      }
    }
}

TEST(Times, UniformVisitsEveryStateEvenly) {
  const auto schedule = schedule::registry().make("cosine", {{"steps", 20}});
  for (const char* times : {"uniform", "stratified"}) {
    std::vector<int> count(21);
    for (const double t : drawn(times, *schedule, 40000)) ++count[static_cast<size_t>(std::llround(t * 20))];
    EXPECT_EQ(count[0], 0);
    for (int i = 1; i <= 20; ++i) EXPECT_NEAR(count[i], 2000, times[0] == 's' ? 1 : 5 * std::sqrt(2000 * 0.95));
  }
}

TEST(Times, LogNormalHasItsMoments) {
  const auto schedule = schedule::registry().make("edm");
  double sum = 0, squares = 0;
  constexpr size_t kMany = 50000;
  for (const double t : drawn("log_normal", *schedule, kMany)) {
    const double log_sigma = -0.5 * schedule->log_snr(t);
    sum += log_sigma / kMany;
    squares += (log_sigma + 1.2) * (log_sigma + 1.2) / kMany;
  }
  // Five standard errors; the clamp to [0.002, 80] lies over four deviations out and moves neither visibly.
  EXPECT_NEAR(sum, -1.2, 5 * 1.2 / std::sqrt(kMany));
  EXPECT_NEAR(squares, 1.44, 5 * 1.44 * std::sqrt(2.0 / kMany));
}

TEST(Times, StepsDifferAndRepeat) {
  const auto schedule = schedule::registry().make("vp");
  for (const auto& entry : objective::times::registry().entries()) {
    EXPECT_EQ(drawn(entry.name, *schedule, 9, 4), drawn(entry.name, *schedule, 9, 4));
    EXPECT_NE(drawn(entry.name, *schedule, 9, 4), drawn(entry.name, *schedule, 9, 5));
  }
}

TEST(Weights, EdmIsOneOnItsOwnOutputAndMinSnrIsCut) {
  const auto schedule = schedule::registry().make("edm");
  const auto edm = objective::weight::registry().make("edm");
  const auto min_snr = objective::weight::registry().make("min_snr");
  const auto prediction = denoiser::registry().make("edm"), eps = denoiser::registry().make("eps");
  for (const double t : {0.001, 0.01, 0.1, 1.0}) {
    const double alpha = schedule->alpha(t), sigma = schedule->sigma(t), snr = std::exp(schedule->log_snr(t));
    EXPECT_NEAR(edm->at(alpha, sigma, prediction->at(*schedule, t)), 1, 1e-12);
    EXPECT_NEAR(min_snr->at(alpha, sigma, eps->at(*schedule, t)), std::min(snr, 5.0) / snr, 1e-12);
  }
}

}  // namespace
}  // namespace roulade
