// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/process.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/model/model.hpp"
#include "roulade/objective/denoising.hpp"

#include <cmath>

#include <ATen/ops/abs.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

struct Keep final : Update {
  void apply(size_t, double) override { ++applied; }
  int applied = 0;
};

struct Case {
  std::string model, schedule, prediction, weight = "uniform", loss = "l2", times = "uniform";
  Table options = {};
  int64_t width = 2, classes = 0;
  double dropout = 0;
};

std::shared_ptr<Model> make_network(const Case& c) {
  Binder b("model", c.options);
  std::shared_ptr<Model> out = model::registry().find(c.model).make(b, {{c.width}, c.classes}, 7);
  // Away from the start, where a residual network's last layer is zero.
  uint64_t k = 0;
  for (const auto& [name, weight] : out->parameters()) {
    if (!weight.stored().requires_grad()) continue;
    const auto n = static_cast<size_t>(weight.stored().numel());
    std::vector<float> more(n);
    fill_normal({11, Stream::data, k++}, 0, 1, std::span<float>(more));
    float* to = weight.stored().data_ptr<float>();
    for (size_t i = 0; i < n; ++i) to[i] += 0.05f * more[i];
  }
  return out;
}

std::unique_ptr<Objective> make_objective(const Case& c, const std::shared_ptr<Model>& network, bool fused) {
  return make_denoising({network, schedule::registry().make(c.schedule), denoiser::registry().make(c.prediction),
                         objective::times::registry().make(c.times), objective::weight::registry().make(c.weight),
                         objective::loss::registry().make(c.loss), c.dropout, fused});
}

Batch batch(const Case& c, int64_t rows, uint64_t seed) {
  Batch b;
  b.x0 = at::empty({rows, c.width});
  fill_normal({seed, Stream::data, 0}, 0, c.width,
              std::span<float>(b.x0.mutable_data_ptr<float>(), static_cast<size_t>(rows * c.width)));
  if (c.classes > 0) {
    Tensor label = at::empty({rows}, at::kLong);
    for (int64_t i = 0; i < rows; ++i) label.mutable_data_ptr<int64_t>()[i] = i % (c.classes + 1) - 1;
    b.condition.label = label;
  }
  return b;
}

std::map<std::string, Tensor> take_gradients(const Model& network) {
  std::map<std::string, Tensor> out;
  for (const auto& [name, weight] : network.parameters()) {
    if (!weight.stored().requires_grad()) continue;
    EXPECT_TRUE(weight.stored().grad().defined()) << name;
    if (weight.stored().grad().defined()) out[name] = weight.stored().grad().clone();
    weight.stored().mutable_grad().reset();
  }
  return out;
}

double difference(const Tensor& a, const Tensor& b) { return at::sub(a, b).abs().max().item<double>(); }
double size(const Tensor& a) { return a.abs().max().item<double>(); }

std::vector<Case> cases() {
  std::vector<Case> out = {
      {"mlp", "cosine", "eps", "uniform", "l2", "stratified"},
      {"mlp", "linear", "v", "min_snr", "l1", "uniform", {{"embedding", "sinusoidal"}, {"activation", "silu"}}},
      {"residual_mlp", "edm", "edm", "edm", "l2", "log_normal"},
      {"residual_mlp", "flow", "velocity", "uniform", "huber", "uniform", {{"embedding", "fourier"}, {"width", 37}}},
      {"residual_mlp", "vp", "x0", "uniform", "l2", "stratified", {{"depth", 2}}, 5},
      {"residual_mlp", "edm", "edm", "edm", "l2", "log_normal", {{"label_width", 5}}, 2, 3, 0.3},
      {"mlp", "cosine", "eps", "uniform", "l2", "uniform", {}, 3, 4, 0.2},
  };
  return out;
}

// Sums of 2,000 float32 terms in another order: 1e-5 of the largest entry is three times what is seen.
TEST(FusedDenoising, GradientsAndLossEqualAutograd) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.model + " " + c.schedule + " " + c.prediction + " " + c.loss);
    const auto network = make_network(c);
    const Batch b = batch(c, 1000, 3);
    Keep keep;
    const double plain = make_objective(c, network, false)->step(std::span(&b, 1), {5, 12, 0}, keep);
    const auto want = take_gradients(*network);
    const double fused = make_objective(c, network, true)->step(std::span(&b, 1), {5, 12, 0}, keep);
    const auto got = take_gradients(*network);
    EXPECT_EQ(keep.applied, 2);
    EXPECT_NEAR(fused, plain, 2e-5 * plain);
    ASSERT_EQ(got.size(), want.size());
    for (const auto& [name, gradient] : want)
      EXPECT_LT(difference(got.at(name), gradient), 1e-5 * size(gradient) + 1e-8) << name;
  }
}

TEST(FusedDenoising, MicroBatchesAreThoseOfAutograd) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.model + " " + c.schedule);
    const auto network = make_network(c);
    const Batch parts[] = {batch(c, 70, 3), batch(c, 30, 4)};
    Keep keep;
    const double plain = make_objective(c, network, false)->step(parts, {5, 12, 0}, keep);
    const auto want = take_gradients(*network);
    EXPECT_NEAR(make_objective(c, network, true)->step(parts, {5, 12, 0}, keep), plain, 2e-5 * plain);
    const auto got = take_gradients(*network);
    for (const auto& [name, gradient] : want)
      EXPECT_LT(difference(got.at(name), gradient), 1e-5 * size(gradient) + 1e-8) << name;
  }
}

TEST(FusedDenoising, BitsDoNotDependOnThreads) {
  for (const Case& c : cases()) {
    const auto network = make_network(c);
    const auto objective = make_objective(c, network, true);
    const Batch b = batch(c, 1500, 3);
    Keep keep;
    const double all = objective->step(std::span(&b, 1), {5, 12, 0}, keep);
    const auto want = take_gradients(*network);
    const FewerThreads one(1);
    EXPECT_EQ(objective->step(std::span(&b, 1), {5, 12, 0}, keep), all);
    for (const auto& [name, gradient] : take_gradients(*network)) EXPECT_EQ(difference(gradient, want.at(name)), 0);
  }
}

TEST(FusedDenoising, ACorrectedWeightGoesByAutograd) {
  const Case c = cases()[2];
  const auto network = make_network(c);
  Weight first = network->parameters().front().second;
  const int64_t out = first.stored().size(0), in = first.stored().size(1);
  first.correct(LowRank{at::empty({out, 1}).fill_(0.1), at::empty({1, in}).fill_(0.2), 1});
  const Batch b = batch(c, 100, 3);
  Keep keep;
  const double plain = make_objective(c, network, false)->step(std::span(&b, 1), {5, 12, 0}, keep);
  take_gradients(*network);
  EXPECT_EQ(make_objective(c, network, true)->step(std::span(&b, 1), {5, 12, 0}, keep), plain);
}

// Targets of one number are held against both outputs by the plain expression; the fused pass would read one alone.
TEST(FusedDenoising, MoreOutputsThanNumbersOfAPointGoByAutograd) {
  Case c = cases()[2];
  c.width = 1;
  Binder b("model", c.options);
  const std::shared_ptr<Model> network =
      model::registry().find(c.model).make(b, {.sample = {1}, .classes = 0, .outputs = 2}, 7);
  const Batch rows = batch(c, 100, 3);
  Keep keep;
  const double plain = make_objective(c, network, false)->step(std::span(&rows, 1), {5, 12, 0}, keep);
  const auto want = take_gradients(*network);
  EXPECT_EQ(make_objective(c, network, true)->step(std::span(&rows, 1), {5, 12, 0}, keep), plain);
  for (const auto& [name, gradient] : take_gradients(*network))
    EXPECT_EQ(difference(gradient, want.at(name)), 0) << name;
}

TEST(LossFunction, SumAndSlopesAreThoseOfTheTensors) {
  const std::vector<float> errors = {0, 0.3f, -0.3f, 1, -1, 2.5f, -7};
  for (const auto& entry : objective::loss::registry().entries()) {
    const auto loss = objective::loss::registry().make(entry.name);
    std::vector<float> slopes = errors;
    Tensor output = at::empty({static_cast<int64_t>(errors.size())});
    std::copy(errors.begin(), errors.end(), output.mutable_data_ptr<float>());
    output.requires_grad_(true);
    const Tensor sum = loss->values(output, at::zeros_like(output)).sum();
    sum.backward();
    EXPECT_NEAR(loss->sum_and_slopes(slopes), sum.item<double>(), 1e-6 * sum.item<double>());
    for (size_t i = 0; i < errors.size(); ++i)
      EXPECT_FLOAT_EQ(slopes[i], output.grad()[static_cast<int64_t>(i)].item<float>()) << entry.name << errors[i];
    std::vector<float> bad = {NAN};
    EXPECT_TRUE(std::isnan(loss->sum_and_slopes(bad)) && std::isnan(bad[0])) << entry.name;
  }
}

}  // namespace
}  // namespace roulade
