// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/hybrid.hpp"

#include "roulade/core/error.hpp"
#include "roulade/denoiser/reverse_step.hpp"
#include "roulade/objective/step_noise.hpp"
#include "roulade/schedule/forward.hpp"

#include <cmath>
#include <numbers>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>

namespace roulade {
namespace {

/// What one state means.
struct State {
  double alpha = 1, sigma = 0, weight = 1;
  Coefficients c;
  double of_x0 = 1;  ///< of q(x_s | x_t, x_0)'s mean
  StepVariance variance;
  double log_q = 0;  ///< log variance of q(x_s | x_t, x_0); of the first state, which has none, any finite number
  double first = 0;  ///< 1 for the first state
};

class Hybrid final : public Objective {
 public:
  Hybrid(DenoisingParts parts, double vlb_weight) : p_(std::move(parts)), vlb_weight_(vlb_weight) {
    const Schedule& schedule = *p_.schedule;
    const int64_t count = schedule.states();
    std::vector<double> times;
    for (int64_t i = count; i >= 0; --i) times.push_back(static_cast<double>(i) / static_cast<double>(count));
    const std::vector<StepVariance> variances = step_variances(schedule, times);
    for (int64_t i = 1; i <= count; ++i) {
      const auto step = static_cast<size_t>(count - i);
      const double t = times[step], s = times[step + 1];
      const Posterior q = posterior(schedule, s, t);
      State state;
      state.alpha = schedule.alpha(t);
      state.sigma = schedule.sigma(t);
      state.c = p_.prediction->at(schedule, t);
      state.weight = p_.weight->at(state.alpha, state.sigma, state.c);
      state.of_x0 = q.of_x0;
      state.variance = variances[step];
      state.first = i == 1 ? 1 : 0;
      state.log_q = i == 1 ? variances[step].log_posterior : 2 * std::log(q.deviation);
      states_.push_back(state);
    }
  }

  std::vector<ParameterGroup> groups() const override { return {{"denoiser", p_.model->parameters()}}; }

  Tensor loss(const Batch& batch, const StepKey& key, size_t) const override {
    const Tensor& x0 = batch.x0;
    const int64_t n = x0.size(0), channels = x0.size(1);
    std::vector<double> t(static_cast<size_t>(n));
    p_.times->draw(*p_.schedule, key, t);
    const auto column = [&](auto quantity) {
      std::vector<double> values;
      for (const double time : t)
        values.push_back(quantity(states_[static_cast<size_t>(std::llround(time * T())) - 1]));
      return broadcast(values, x0);
    };

    const Tensor eps = step_noise(key, x0);
    const Tensor x_t =
        column([](const State& s) { return s.alpha; }) * x0 + column([](const State& s) { return s.sigma; }) * eps;
    const Tensor output = p_.answer(column([](const State& s) { return s.c.in; }) * x_t,
                                    column([](const State& s) { return s.c.noise; }).view({n}),
                                    drop_labels(batch.condition, p_.label_dropout, key));
    if (output.dim() != x0.dim() || output.size(1) != 2 * channels)
      fail(Code::usage, "objective hybrid", "channels that the network returns", fmt::format("{}", 2 * channels),
           fmt::format("{}", output.dim() > 1 ? output.size(1) : 0));
    const Tensor answer = output.narrow(1, 0, channels);
    const Tensor target = column([](const State& s) { return s.c.target_x0; }) * x0 +
                          column([](const State& s) { return s.c.target_eps; }) * eps;
    const Tensor simple = (p_.loss->values(answer, target) * column([](const State& s) { return s.weight; })).mean();

    const Tensor estimate = column([](const State& s) { return s.c.skip; }) * x_t +
                            column([](const State& s) { return s.c.out; }) * answer.detach();
    const Tensor squared = (column([](const State& s) { return s.of_x0; }) * (estimate - x0)).square();
    const Tensor share = output.narrow(1, channels, channels).add(1).mul(0.5);
    const Tensor low = column([](const State& s) { return s.variance.log_posterior; });
    const Tensor log_p =
        low + share * column([](const State& s) { return s.variance.log_chain - s.variance.log_posterior; });
    const Tensor term =
        at::where(column([](const State& s) { return s.first; }).gt(0), gaussian_surprise(squared, log_p),
                  gaussian_kl(squared, column([](const State& s) { return s.log_q; }), log_p));
    return simple + term.mean() * (vlb_weight_ * T() / std::numbers::ln2);
  }

 private:
  double T() const { return static_cast<double>(states_.size()); }

  DenoisingParts p_;
  double vlb_weight_;
  std::vector<State> states_;  ///< i = 1..T
};

}  // namespace

std::unique_ptr<Objective> make_hybrid(DenoisingParts parts, double vlb_weight) {
  if (!parts.model || !parts.schedule || !parts.prediction || !parts.times || !parts.weight || !parts.loss)
    fail(Code::usage, "objective", "a part is missing", "model, schedule, prediction, times, weight and loss");
  if (parts.schedule->states() == 0)
    fail(Code::usage, "denoiser.variance", "schedule of a learned variance", "a discrete one, whose steps it is for",
         "a continuous one");
  return std::make_unique<Hybrid>(std::move(parts), vlb_weight);
}

}  // namespace roulade
