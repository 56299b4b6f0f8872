// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/update.hpp"

#include <array>
#include <cmath>
#include <tuple>

namespace roulade {
namespace {

struct Settings {
  int64_t stages = 3;
  std::string phi = "er_sde";
  double s_noise = 1;

  void bind(Binder& b) {
    b.add("stages", stages, between(1, 3), "1 = the estimate alone, 2 = and its slope, 3 = and its curvature");
    b.add("phi", phi, {"er_sde", "sde", "ode"},
          "noise by phi(u), u = sigma / alpha: u (exp(u^0.3) + 10), u^2 (the reverse of the forward process), or u "
          "(none)");
    bind_noise(b, s_noise);
  }
};

// Gauss and Legendre's 8 nodes on [-1, 1], of which there are as many below 0, and their weights.
constexpr std::array kNodes{0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363};
constexpr std::array kWeights{0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763};

class ErSde final : public Sampler {
 public:
  explicit ErSde(const Settings& settings) : set_(settings) {}

  /// In y = x / alpha over u = sigma / alpha, with f(u) = phi(u_s) / phi(u), D' and D'' the estimate's differences:
  /// y_s = f(u_t) y_t + (1 - f(u_t)) x0 - int_(u_s)^(u_t) (1 - f(u)) (D' + (u - u_t) D'') du + sqrt(u_s^2 - u_t^2 f^2)
  /// z.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Level from = level(schedule, t), to = level(schedule, s);
    const Tensor x0 = context.denoise(x_t, t).x0;
    if (to.sigma == 0) return x0;
    const double u_t = from.sigma / from.alpha, u_s = to.sigma / to.alpha;  // u_t may be infinite
    const double log_q = log_psi(u_s) - log_psi(u_t), keep = to.sigma / from.sigma * std::exp(log_q);
    Sum x_s = Sum(keep, x_t).add(to.alpha - keep * from.alpha, x0);

    const double fresh = to.sigma * std::sqrt(-std::expm1(2 * log_q));
    if (fresh > 0) x_s.add(fresh * set_.s_noise, context.brownian(x_t, t, s));

    std::vector<Past>& history = context.history;  // of those at finite u; slope: D' there
    if (from.alpha == 0) return context.make(x_s);
    Past now{t, x0};
    Tensor next;
    if (set_.stages > 1 && !history.empty()) {
      const Past& last = history.back();
      const double since = u_t - ratio(schedule, last.t);
      const Sum slope = Sum(1 / since, x0).add(-1 / since, last.x0);
      x_s.add(-to.alpha * integral(u_s, u_t, 0), slope);
      if (set_.stages > 2 && last.slope.defined()) {
        const double of_bend = -to.alpha * integral(u_s, u_t, 1) * 2 / (u_t - ratio(schedule, history.front().t));
        x_s.add(of_bend, slope).add(-of_bend, last.slope);
      }
      std::tie(next, now.slope) = context.make(x_s, slope);
    } else {
      next = context.make(x_s);
    }
    history.push_back(std::move(now));
    if (history.size() > 2) history.erase(history.begin());
    return next;
  }

 private:
  static double ratio(const Schedule& schedule, double t) { return schedule.sigma(t) / schedule.alpha(t); }

  /// log(phi(u) / u).
  double log_psi(double u) const {
    if (set_.phi == "ode") return 0;
    if (set_.phi == "sde") return std::log(u);
    const double power = std::pow(u, 0.3);
    return power + std::log1p(10 * std::exp(-power));
  }

  /// int_(u_s)^(u_t) (1 - phi(u_s) / phi(u)) (u - u_t)^power du, in pieces over which u grows by a factor of at most e.
  double integral(double u_s, double u_t, int power) const {
    const double length = std::log(u_t / u_s), pieces = std::ceil(length), half = length / pieces / 2;
    const double log_psi_s = log_psi(u_s);
    double sum = 0;
    for (double piece = 0; piece < pieces; ++piece)
      for (size_t k = 0; k < kNodes.size(); ++k)
        for (const double sign : {-1, 1}) {
          const double u = u_s * std::exp(half * (2 * piece + 1 + sign * kNodes[k]));
          sum += kWeights[k] * (u - u_s * std::exp(log_psi_s - log_psi(u))) * (power == 0 ? 1 : u - u_t);
        }
    return half * sum;  // du = u d(log u)
  }

  Settings set_;
};

}  // namespace

namespace sampler {

Entry er_sde() {
  Entry entry;
  entry.name = "er_sde";
  entry.summary = "Extended reverse-time SDE with any amount of noise phi, up to three estimates a step";
  entry.source = "Cui et al. 2023 (ER-SDE-Solver), its solvers 1 to 3 with the last of its choices of phi";
  entry.facts = {.stochastic = true,
                 .local_order = 3,
                 .start_order = 2,
                 .global_order = 2,
                 .calls = 1,
                 .last_calls = 1,
                 .strong_order = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const ErSde>(s); });
}

}  // namespace sampler
}  // namespace roulade
