// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/sampler_papers.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace roulade::testing {
namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();

/// Simpson's rule with steps of at most 1/600: its error, about step^4 / 180, is below 1e-13.
template <class Function>
double integral(double low, double high, Function f) {
  const auto pieces = static_cast<int64_t>(2 * std::ceil(300 * (high - low)));
  const double step = (high - low) / static_cast<double>(pieces);
  double sum = f(low) + f(high);
  for (int64_t i = 1; i < pieces; ++i) sum += (i % 2 == 0 ? 2 : 4) * f(low + static_cast<double>(i) * step);
  return sum * step / 3;
}

double lambda(const Schedule& c, double t) { return std::log(c.alpha(t) / c.sigma(t)); }

/// alpha_s int exp(-(1 + eta) (lambda_s - l)) (1 + eta) P(l) dl from lambda_t to lambda_s, P through (lambda, x0) of
/// the last `order` of `past`. Xue et al. 2023, section 5.
double adams(const Schedule& c, double t, double s, double eta, const std::vector<std::array<double, 3>>& past,
             int order) {
  const std::vector<std::array<double, 3>> nodes(past.end() - std::min<std::ptrdiff_t>(order, std::ssize(past)),
                                                 past.end());
  return c.alpha(s) * integral(lambda(c, t), lambda(c, s), [&](double at) {
           double value = 0;
           for (const auto& one : nodes) {
             double basis = 1;
             for (const auto& other : nodes)
               if (other[0] != one[0]) basis *= (at - other[0]) / (one[0] - other[0]);
             value += basis * one[1];
           }
           return (1 + eta) * std::exp(-(1 + eta) * (lambda(c, s) - at)) * value;
         });
}

/// All but the integral.
double rest(const Schedule& c, double t, double s, double eta, double x, double z) {
  const double h = lambda(c, s) - lambda(c, t);
  return c.sigma(s) / c.sigma(t) * std::exp(-eta * h) * x + c.sigma(s) * std::sqrt(1 - std::exp(-2 * eta * h)) * z;
}

/// Xue et al. 2023, algorithm 1: a corrector of the step before, then a predictor; past: lambda, x0 and that step
/// without its integral.
PaperStep sa_solver(int predictor, int corrector, double tau, double tau_min = 0, double tau_max = kForever) {
  return [=](PaperWalk& w, double t, double s, double x) {
    const Schedule& c = w.schedule;
    const auto eta = [&](double at) {
      const double u = c.sigma(at) / c.alpha(at);
      return u >= tau_min && u <= tau_max ? tau * tau : 0;
    };
    const std::vector<std::array<double, 3>> before = w.past;
    w.past.push_back({lambda(c, t), law_estimate(x, c.alpha(t), c.sigma(t)), t});
    if (corrector > 0 && !before.empty()) {
      const double last = before.back()[2];
      x = *w.kept + adams(c, last, t, eta(last), w.past, corrector);
    }
    w.kept = rest(c, t, s, eta(t), x, w.z(0));
    return *w.kept + adams(c, t, s, eta(t), w.past, predictor);
  };
}

/// k-diffusion's step with solver_type midpoint, times alpha.
PaperStep dpmpp_2m_sde(double eta) {
  return [=](PaperWalk& w, double t, double s, double x) {
    const Schedule& c = w.schedule;
    const double h = lambda(c, s) - lambda(c, t), gain = c.alpha(s) * (1 - std::exp(-(1 + eta) * h));
    const double x0 = law_estimate(x, c.alpha(t), c.sigma(t));
    double x_s = rest(c, t, s, eta, x, w.z(0)) + gain * x0;
    if (!w.past.empty()) x_s += gain * (x0 - w.past.back()[1]) / (2 * (lambda(c, t) - w.past.back()[0]) / h);
    w.past.push_back({lambda(c, t), x0, 0});
    return x_s;
  };
}

/// Cui et al. 2023, solvers 1 to 3, on y = x / alpha over u = sigma / alpha; past: u, x0 and its divided difference.
PaperStep er_sde(int stages, const std::function<double(double)>& phi) {
  return [=](PaperWalk& w, double t, double s, double x) {
    const Schedule& c = w.schedule;
    const double u = c.sigma(t) / c.alpha(t), u_s = c.sigma(s) / c.alpha(s), y = x / c.alpha(t);
    const double x0 = law_estimate(y, 1, u), r = phi(u_s) / phi(u);
    double y_s = r * y + (1 - r) * x0, d = 0;
    const auto over = [&](const std::function<double(double)>& f) {  // int phi(u_s) / phi(v) f(v) dv, in log v
      return integral(std::log(u_s), std::log(u), [&](double log_v) {
        const double v = std::exp(log_v);
        return v * phi(u_s) / phi(v) * f(v);
      });
    };
    const size_t before = w.past.size();
    if (stages > 1 && before > 0) {
      d = (x0 - w.past.back()[1]) / (u - w.past.back()[0]);
      y_s += (u_s - u + over([](double) { return 1; })) * d;
      if (stages > 2 && before > 1) {
        const double bend = (d - w.past.back()[2]) / ((u - w.past[before - 2][0]) / 2);
        y_s += ((u_s - u) * (u_s - u) / 2 + over([&](double v) { return v - u; })) * bend;
      }
    }
    w.past.push_back({u, x0, d});
    return c.alpha(s) * (y_s + std::sqrt(std::max(u_s * u_s - u * u * r * r, 0.0)) * w.z(0));
  };
}

Table orders(int64_t predictor, int64_t corrector) {
  return {{"predictor_order", predictor}, {"corrector_order", corrector}};
}

}  // namespace

std::vector<StochasticCase> multistep_cases() {
  const auto er = [](double u) { return u * (std::exp(std::pow(u, 0.3)) + 10); };
  const auto square = [](double u) { return u * u; };
  Table within = orders(2, 2);
  within["tau"] = 0.8, within["tau_min"] = 0.4, within["tau_max"] = 3.0;
  return {{"dpmpp_2m_sde", "dpmpp_2m_sde", {}, dpmpp_2m_sde(1), true},
          {"dpmpp_2m_sde_heun", "dpmpp_2m_sde", {{"solver", "heun"}}, sa_solver(2, 0, 1), true},
          {"dpmpp_2m_sde_eta_0.4", "dpmpp_2m_sde", {{"eta", 0.4}}, dpmpp_2m_sde(0.4)},
          {"dpmpp_3m_sde", "dpmpp_3m_sde", {}, sa_solver(3, 0, 1), true, 0, 320},
          {"dpmpp_3m_sde_eta_0.36", "dpmpp_3m_sde", {{"eta", 0.36}}, sa_solver(3, 0, 0.6), false, 0, 320},
          {"sa_solver", "sa_solver", {}, sa_solver(2, 2, 1), true, 3},
          {"sa_solver_10", "sa_solver", orders(1, 0), sa_solver(1, 0, 1), true, 1},
          {"sa_solver_33", "sa_solver", orders(3, 3), sa_solver(3, 3, 1), true, 0, 640},
          {"sa_solver_within", "sa_solver", within, sa_solver(2, 2, 0.8, 0.4, 3), false, 0, 640},
          {"er_sde", "er_sde", {}, er_sde(3, er), false, 0, 160},
          {"er_sde_2", "er_sde", {{"stages", 2}}, er_sde(2, er), false, 0, 320},
          {"er_sde_1", "er_sde", {{"stages", 1}}, er_sde(1, er), false, 1},
          {"er_sde_of_the_sde", "er_sde", {{"phi", "sde"}}, er_sde(3, square), true, 0, 160}};
}

}  // namespace roulade::testing
