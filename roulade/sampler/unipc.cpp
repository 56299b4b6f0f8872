// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/multistep.hpp"
#include "roulade/sampler/update.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace roulade {
namespace {

struct Settings {
  int64_t order = 2;
  std::string variant = "bh2";
  bool corrector = true;
  bool lower_order_final = true;

  void bind(Binder& b) {
    b.add("order", order, between(1, 3), "estimates that the predictor uses, once there are as many");
    b.add("variant", variant, {"bh1", "bh2"},
          "B(h) = h or e^h - 1, which sets the weight where two estimates are used; bh1 suits few steps without "
          "guidance");
    b.add("corrector", corrector, "correct each x by the estimate at it, at no further network call");
    b.add("lower_order_final", lower_order_final, "lower the order at the end to the number of steps that are left");
  }
};

/// On x_s = sigma_s / sigma_t x_t + alpha_s h int_0^1 e^(-(1 - theta) h) x_0(lambda_t + theta h) d theta with lambda =
/// log(alpha / sigma) and h = lambda_s - lambda_t: the polynomial through earlier estimates predicts x_s, that through
/// the estimate at x_s as well corrects it.
class Unipc final : public Sampler {
 public:
  explicit Unipc(const Settings& settings) : set_(settings) {}

  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Tensor x0 = context.denoise(x_t, t).x0;
    if (schedule.sigma(s) == 0) return x0;
    const std::vector<Past>& history = context.history;
    const bool correct = set_.corrector && !history.empty();
    const Sum x = correct ? corrected(context, x_t, x0, t) : Sum(1, x_t);
    const Level from = level(schedule, t), to = level(schedule, s);
    const double keep = to.sigma / from.sigma;
    Sum x_s = Sum().add(keep, x).add(to.alpha - keep * from.alpha, x0);
    if (from.alpha > 0) {
      const std::vector<double> nodes = past_nodes(schedule, history, order_at(context, context.index), t, s);
      const double h = length(schedule, t, s);
      x_s.add(1, differences(to.alpha * h, weights(nodes, h), history, &Past::x0, {1, x0}));
    }
    auto [next, went_on_from] = correct ? context.make(x_s, x) : std::pair(context.make(x_s), x_t);
    remember(context.history, {.t = t, .x0 = x0, .x = std::move(went_on_from)}, set_.order);
    return next;
  }

 private:
  static double length(const Schedule& schedule, double t, double s) {
    return (schedule.log_snr(s) - schedule.log_snr(t)) / 2;
  }

  int64_t order_at(const StepContext& context, int64_t index) const {
    return set_.lower_order_final ? std::min(set_.order, context.count - index) : set_.order;
  }

  /// (lambda_j - lambda_t) / h of the newest of `history`, at most order - 1 and those of finite lambda.
  static std::vector<double> past_nodes(const Schedule& schedule, std::span<const Past> history, int64_t order,
                                        double t, double s) {
    std::vector<double> nodes;
    for (size_t j = history.size(); j-- > 0 && static_cast<int64_t>(nodes.size()) < order - 1;)
      if (schedule.alpha(history[j].t) > 0)
        nodes.push_back(-length(schedule, history[j].t, t) / length(schedule, t, s));
    return nodes;
  }

  /// With one node the paper's 1/2 in place of the integral's weight: of the same order, and stabler where h is large.
  std::vector<double> weights(std::span<const double> nodes, double h) const {
    if (nodes.size() == 1) return {(set_.variant == "bh1" ? 1 : -std::expm1(-h) / h) / (2 * nodes[0])};
    std::vector<double> moments;
    for (int k = 1; k <= 3; ++k) moments.push_back(std::exp(-h) * exponential_moment(k, h));
    return difference_weights(nodes, moments);
  }

  /// UniC for the step that led to x_t, from the x that it began at and with x0, the estimate at x_t.
  Sum corrected(const StepContext& context, const Tensor& x_t, const Tensor& x0, double t) const {
    const Schedule& schedule = context.schedule();
    const Past& last = context.history.back();
    Sum out = euler(Space::ve, schedule, last.x, last.x0, last.t, t);
    if (schedule.alpha(last.t) == 0) {  // h is infinite: 1 - e^-h = 1, and bh1 has no limit
      if (set_.variant == "bh1") return {1, x_t};
      const double half = schedule.alpha(t) / 2;
      return out.add(half, x0).add(-half, last.x0);
    }
    const auto before = std::span<const Past>(context.history).first(context.history.size() - 1);
    std::vector<double> nodes = past_nodes(schedule, before, order_at(context, context.index - 1), last.t, t);
    nodes.push_back(1);
    const double h = length(schedule, last.t, t);
    const std::vector<double> weight = weights(nodes, h);
    for (size_t j = 0; j < nodes.size(); ++j) {
      const Tensor& other = j + 1 < nodes.size() ? before[before.size() - 1 - j].x0 : x0;
      const double w = schedule.alpha(t) * h * weight[j];
      out.add(w, other).add(-w, last.x0);
    }
    return out;
  }

  Settings set_;
};

}  // namespace

namespace sampler {

Entry unipc() {
  Entry entry;
  entry.name = "unipc";
  entry.summary = "UniPC: multistep predictor and corrector in log(alpha / sigma) on the estimate of x_0";
  entry.source = "Zhao et al. 2023 (UniPC), section 3, on the estimate of x_0 as in the appendix";
  entry.facts = {
      .stochastic = false, .local_order = 3, .start_order = 2, .global_order = 3, .calls = 1, .last_calls = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Unipc>(s); });
}

}  // namespace sampler
}  // namespace roulade
