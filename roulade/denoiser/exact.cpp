// SPDX-License-Identifier: Apache-2.0
#include "roulade/denoiser/exact.hpp"

#include "roulade/core/error.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include <ATen/ops/logsumexp.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr double kLogTwoPi = 1.8378770664093454836;

/// alpha and sigma of the given times, each [n, 1] float64 with n = 1 or B.
struct Levels {
  Tensor alpha, sigma;
  bool any_clean = false;
};

Levels levels(const Schedule& schedule, std::span<const double> t, const Tensor& like) {
  std::vector<double> alpha, sigma;
  Levels out;
  for (const double t_i : t) {
    alpha.push_back(schedule.alpha(t_i));
    sigma.push_back(schedule.sigma(t_i));
    out.any_clean = out.any_clean || sigma.back() == 0;
  }
  const auto options = like.options().dtype(at::kDouble);
  out.alpha = at::tensor(alpha, options).unsqueeze(1);
  out.sigma = at::tensor(sigma, options).unsqueeze(1);
  return out;
}

Tensor flat(const char* where, const Tensor& x_t, std::span<const double> t, int64_t width) {
  check_times(where, x_t, t);
  const int64_t got = x_t.size(0) == 0 ? width : x_t.numel() / x_t.size(0);
  if (got != width) fail(Code::usage, where, "width of a sample", fmt::format("{}", width), fmt::format("{}", got));
  return x_t.to(at::kDouble).reshape({x_t.size(0), width});
}

/// Where sigma = 0 the answer is x_t / alpha, also for components without spread.
Tensor finish(const Tensor& x0, const Tensor& x, const Levels& at_t, const Tensor& x_t) {
  const Tensor filled = at_t.any_clean ? at::where(at_t.sigma.eq(0), x.div(at_t.alpha), x0) : x0;
  return filled.reshape(x_t.sizes()).to(x_t.scalar_type());
}

class Gaussian final : public ExactDenoiser {
 public:
  Gaussian(std::shared_ptr<const Schedule> schedule, const Tensor& mean, const Tensor& deviation)
      : schedule_(std::move(schedule)),
        mean_(mean.to(at::kDouble).reshape({1, -1})),
        power_(deviation.to(at::kDouble).reshape({1, -1}).square()) {}

  const Schedule& schedule() const override { return *schedule_; }

  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition&) const override {
    const Tensor x = flat("exact gaussian", x_t, t, mean_.size(1));
    const Levels at_t = levels(*schedule_, t, x);
    const Tensor gain = at_t.alpha.mul(power_).div(variance(at_t));
    const Tensor x0 = mean_.add(gain.mul(x.sub(at_t.alpha.mul(mean_))));
    return {.x0 = finish(x0, x, at_t, x_t), .x0_direction = {}, .variance_share = {}};
  }

  Tensor log_density(const Tensor& x_t, std::span<const double> t, const Condition&) const override {
    const Tensor x = flat("exact gaussian", x_t, t, mean_.size(1));
    const Levels at_t = levels(*schedule_, t, x);
    const Tensor v = variance(at_t);
    if (v.eq(0).any().item<bool>()) fail(Code::usage, "exact gaussian", "the law has no density", "a spread > 0", "0");
    return x.sub(at_t.alpha.mul(mean_)).square().div(v).add(v.log()).add(kLogTwoPi).sum(1).mul(-0.5);
  }

 private:
  Tensor variance(const Levels& at_t) const { return at_t.alpha.square().mul(power_).add(at_t.sigma.square()); }

  std::shared_ptr<const Schedule> schedule_;
  Tensor mean_, power_;  ///< [1, D] float64
};

class Mixture final : public ExactDenoiser {
 public:
  Mixture(std::shared_ptr<const Schedule> schedule, const Tensor& weights, Tensor means, const Tensor& deviations)
      : schedule_(std::move(schedule)),
        log_weights_(weights.div(weights.sum()).log()),
        means_(std::move(means)),
        powers_(deviations.square()) {}

  const Schedule& schedule() const override { return *schedule_; }

  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    const Terms terms = evaluate(x_t, t, condition);
    const Tensor share = at::softmax(terms.log_joint, 1);
    const Tensor gain = terms.at_t.alpha.mul(powers_).div(terms.variance);
    const Tensor means = means_.add(gain.unsqueeze(2).mul(terms.away));  // [B, K, D]: of each component's posterior
    const Tensor x0 = share.unsqueeze(2).mul(means).sum(1);
    return {.x0 = finish(x0, terms.x, terms.at_t, x_t), .x0_direction = {}, .variance_share = {}};
  }

  Tensor log_density(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    const Terms terms = evaluate(x_t, t, condition);
    if (terms.variance.eq(0).any().item<bool>())
      fail(Code::usage, "exact mixture", "the law has no density", "a spread > 0", "0");
    const Tensor joint = at::logsumexp(terms.log_joint, {1}).sub(0.5 * kLogTwoPi * static_cast<double>(means_.size(1)));
    if (!condition.label) return joint;
    const Tensor label = *condition.label;
    const Tensor prior = log_weights_.index_select(0, label.clamp_min(0));
    return at::where(label.ge(0), joint.sub(prior), joint);
  }

 private:
  struct Terms {
    Levels at_t;
    Tensor x;          ///< [B, D]
    Tensor variance;   ///< [1 or B, K]
    Tensor away;       ///< [B, K, D]: x_t - alpha m_k
    Tensor log_joint;  ///< [B, K]: log of weight k times density k, without (2 pi)^(-D/2); -inf where the label forbids
  };

  Terms evaluate(const Tensor& x_t, std::span<const double> t, const Condition& condition) const {
    Terms out;
    const int64_t width = means_.size(1), count = means_.size(0);
    out.x = flat("exact mixture", x_t, t, width);
    out.at_t = levels(*schedule_, t, out.x);
    out.variance = out.at_t.alpha.square().mul(powers_).add(out.at_t.sigma.square());
    out.away = out.x.unsqueeze(1).sub(out.at_t.alpha.unsqueeze(2).mul(means_));
    out.log_joint = log_weights_.sub(out.variance.log().mul(0.5 * static_cast<double>(width)))
                        .sub(out.away.square().sum(2).div(out.variance.mul(2)));
    if (condition.label)
      out.log_joint = out.log_joint.masked_fill(forbidden(*condition.label, x_t.size(0), count),
                                                -std::numeric_limits<double>::infinity());
    return out;
  }

  /// [B, K] bool: the components that the label of each sample rules out.
  Tensor forbidden(const Tensor& label, int64_t batch, int64_t count) const {
    if (label.dim() != 1 || label.size(0) != batch)
      fail(Code::usage, "exact mixture", "labels", fmt::format("{} of them", batch), fmt::format("{}", label.numel()));
    if (batch > 0 && label.max().item<int64_t>() >= count)
      fail(Code::usage, "exact mixture", "label", fmt::format("below {}", count),
           fmt::format("{}", label.max().item<int64_t>()));
    std::vector<int64_t> numbers(static_cast<size_t>(count));
    for (int64_t k = 0; k < count; ++k) numbers[static_cast<size_t>(k)] = k;
    const Tensor wanted = label.unsqueeze(1);
    return wanted.ge(0).logical_and(wanted.ne(at::tensor(numbers, label.options())));
  }

  std::shared_ptr<const Schedule> schedule_;
  Tensor log_weights_;  ///< [K] float64
  Tensor means_;        ///< [K, D] float64
  Tensor powers_;       ///< [K] float64: deviations squared
};

}  // namespace

std::unique_ptr<ExactDenoiser> make_exact_gaussian(std::shared_ptr<const Schedule> schedule, const Tensor& mean,
                                                   const Tensor& deviation) {
  if (mean.sizes() != deviation.sizes())
    fail(Code::usage, "exact gaussian", "shape of the deviation", "the mean's shape", "another");
  if (deviation.lt(0).any().item<bool>()) fail(Code::usage, "exact gaussian", "deviation", ">= 0", "a negative one");
  return std::make_unique<Gaussian>(std::move(schedule), mean, deviation);
}

std::unique_ptr<ExactDenoiser> make_exact_mixture(std::shared_ptr<const Schedule> schedule,
                                                  const std::vector<double>& weights,
                                                  const std::vector<std::vector<double>>& means,
                                                  const std::vector<double>& deviations) {
  const auto sizes = [](size_t w, size_t m, size_t d) { return fmt::format("{}, {}, {}", w, m, d); };
  if (weights.empty() || weights.size() != means.size() || weights.size() != deviations.size())
    fail(Code::usage, "exact mixture", "numbers of weights, means and deviations", "equal and above 0",
         sizes(weights.size(), means.size(), deviations.size()));
  std::vector<double> rows;
  for (size_t k = 0; k < means.size(); ++k) {
    if (!(weights[k] > 0) || !(deviations[k] >= 0) || means[k].empty() || means[k].size() != means[0].size())
      fail(Code::usage, "exact mixture", fmt::format("component {}", k),
           "a weight > 0, a deviation >= 0 and a mean as wide as the others");
    rows.insert(rows.end(), means[k].begin(), means[k].end());
  }
  const auto options = at::TensorOptions().dtype(at::kDouble);
  return std::make_unique<Mixture>(std::move(schedule), at::tensor(weights, options),
                                   at::tensor(rows, options).view({static_cast<int64_t>(means.size()), -1}),
                                   at::tensor(deviations, options));
}

}  // namespace roulade
