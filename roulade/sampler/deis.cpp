// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/multistep.hpp"
#include "roulade/sampler/update.hpp"

#include <algorithm>
#include <utility>

namespace roulade {
namespace {

constexpr int64_t kFewSteps = 15;  // below this the last steps' extrapolation does more harm than good

struct Settings {
  int64_t order = 2;
  bool lower_order_final = true;

  void bind(Binder& b) {
    b.add("order", order, between(1, 3), "estimates that a step uses, once there are as many");
    b.add("lower_order_final", lower_order_final,
          "with fewer than 15 steps take the last at first order and the last but one at most at second");
  }
};

class Deis final : public Sampler {
 public:
  explicit Deis(const Settings& settings) : set_(settings) {}

  /// With rho = sigma / alpha, H = log(rho_s / rho_t) and the polynomial P through the estimates of eps over log rho:
  /// x_s = alpha_s (x_t / alpha_t + int_rho_t^rho_s P d rho), and d rho = rho_t H e^(H theta) d theta.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Level from = level(schedule, t), to = level(schedule, s);
    const Tensor x0 = context.denoise(x_t, t).x0;
    if (to.sigma == 0) return x0;
    Sum x_s = euler(Space::ve, schedule, x_t, x0, t, s);
    if (from.alpha == 0) return context.make(x_s);

    int64_t order = set_.order;
    if (set_.lower_order_final && context.count < kFewSteps) order = std::min(order, context.count - context.index);
    const auto past = std::min(static_cast<size_t>(order - 1), context.history.size());
    const double log_rho = -schedule.log_snr(t) / 2, h = -schedule.log_snr(s) / 2 - log_rho;
    std::vector<double> nodes;
    for (size_t j = 0; j < past; ++j)
      nodes.push_back((-schedule.log_snr(context.history[context.history.size() - 1 - j].t) / 2 - log_rho) / h);
    const double moments[] = {exponential_moment(1, h), exponential_moment(2, h)};
    const Sum eps = slope(Space::ve, schedule, x_t, x0, t);
    x_s.add(1, differences(to.alpha * from.sigma / from.alpha * h, difference_weights(nodes, moments), context.history,
                           &Past::slope, eps));
    if (set_.order == 1) return context.make(x_s);
    auto [next, kept_eps] = context.make(x_s, eps);
    remember(context.history, {.t = t, .slope = std::move(kept_eps)}, set_.order - 1);
    return next;
  }

 private:
  Settings set_;
};

}  // namespace

namespace sampler {

Entry deis() {
  Entry entry;
  entry.name = "deis";
  entry.summary = "DEIS (tAB-DEIS in log rho): eps extrapolated over log(sigma / alpha), integrated exactly";
  entry.source = "Zhang and Chen 2023 (DEIS), eq. 14 and 15 (tAB-DEIS), with the polynomial in log rho";
  entry.facts = {
      .stochastic = false, .local_order = 3, .start_order = 2, .global_order = 2, .calls = 1, .last_calls = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Deis>(s); });
}

}  // namespace sampler
}  // namespace roulade
