// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/sampler_papers.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace roulade::testing {
namespace {

/// Levels of a step; `beta` = sigma_t^2 - (alpha_t / alpha_s)^2 sigma_s^2, the chain's variance (Kingma et al. 2021,
/// eq. 22).
struct Levels {
  Levels(const Schedule& c, double t, double s)
      : a(c.alpha(t)), b(c.sigma(t)), a_s(c.alpha(s)), b_s(c.sigma(s)), beta(b * b - std::pow(a / a_s * b_s, 2)) {}
  double a, b, a_s, b_s, beta;
};

/// Ho et al. 2020, eq. 6 and 7, for any alpha and sigma as in Kingma et al. 2021, eq. 25 to 27.
PaperStep ddpm(bool posterior) {
  return [=](PaperWalk& w, double t, double s, double x) {
    const Levels l(w.schedule, t, s);
    const double power = l.b * l.b;
    const double mean = l.a / l.a_s * l.b_s * l.b_s / power * x + l.a_s * l.beta / power * law_estimate(x, l.a, l.b);
    return mean + std::sqrt(posterior ? l.beta * l.b_s * l.b_s / power : l.beta) * w.z(0);
  };
}

/// Song et al. 2021a, eq. 12 with eq. 16.
PaperStep ddim(double eta) {
  return [=](PaperWalk& w, double t, double s, double x) {
    const Levels l(w.schedule, t, s);
    const double x0 = law_estimate(x, l.a, l.b), fresh = eta * std::sqrt(l.beta) * l.b_s / l.b;
    return l.a_s * x0 + std::sqrt(l.b_s * l.b_s - fresh * fresh) * (x - l.a * x0) / l.b + fresh * w.z(0);
  };
}

/// eps - x0 at w = (1 - r) x0 + r eps: the slope in a flow's coordinates.
double velocity(double r, double w) {
  const double x0 = law_estimate(w, 1 - r, r);
  return (w - (1 - r) * x0) / r - x0;
}

/// The trapezoid from y at u to u_s in sigma / alpha (Karras et al. 2022, algorithm 1), or in y / (1 + u) over
/// u / (1 + u).
double trapezoid(bool flow, double y, double u, double u_s) {
  if (!flow) {
    const double d = (y - law_estimate(y, 1, u)) / u, y_s = y + (u_s - u) * d;
    return y + (u_s - u) * (d + (y_s - law_estimate(y_s, 1, u_s)) / u_s) / 2;
  }
  const double r = u / (1 + u), r_s = u_s / (1 + u_s), w = y / (1 + u), d = velocity(r, w);
  return (w + (r_s - r) * (d + velocity(r_s, w + (r_s - r) * d)) / 2) * (1 + u_s);
}

bool is_flow(const Schedule& c) { return c.family() == Schedule::Family::flow; }

/// Karras et al. 2022, algorithm 2 (S_noise = 1), on y = x / alpha.
PaperStep heun(double s_churn) {
  return [=](PaperWalk& w, double t, double s, double x) {
    const Schedule& c = w.schedule;
    const double u = c.sigma(t) / c.alpha(t), u_s = c.sigma(s) / c.alpha(s);
    const double hat = u * (1 + std::min(s_churn / static_cast<double>(w.n), std::sqrt(2.0) - 1));
    const double y = x / c.alpha(t) + std::sqrt(hat * hat - u * u) * w.z(0);
    return c.alpha(s) * trapezoid(is_flow(c), y, hat, u_s);
  };
}

/// Xu et al. 2023, algorithm 1: `times` times from below `low` up to `high` and down again in n / 4 steps.
PaperStep restart(double low, double high, int times) {
  return [=](PaperWalk& w, double t, double s, double x) {
    const Schedule& c = w.schedule;
    const double u = c.sigma(t) / c.alpha(t), u_s = c.sigma(s) / c.alpha(s);
    double y = trapezoid(is_flow(c), x / c.alpha(t), u, u_s);
    if (u <= low || u_s > low) return c.alpha(s) * y;
    const auto steps = static_cast<int64_t>((w.n + 3) / 4);
    for (int k = 0; k < times; ++k) {
      y += std::sqrt(high * high - u_s * u_s) * w.z(k);
      double from = high;
      for (int64_t i = 1; i <= steps; ++i) {  // Karras et al. 2022, eq. 5
        const double part = static_cast<double>(i) / static_cast<double>(steps);
        const double to = std::pow((1 - part) * std::pow(high, 1 / 7.0) + part * std::pow(u_s, 1 / 7.0), 7);
        y = trapezoid(is_flow(c), y, from, to);
        from = to;
      }
    }
    return c.alpha(s) * y;
  };
}

/// An ancestral step in y = x / alpha: down to `down`, then noise of deviation `up`.
struct Split {
  /// k-diffusion's; `flow`: the rectified-flow form on r = u / (1 + u).
  Split(const Schedule& c, double t, double s, double eta, bool flow)
      : u(c.sigma(t) / c.alpha(t)), u_s(c.sigma(s) / c.alpha(s)) {
    if (!flow) {
      up = eta * std::sqrt(u_s * u_s * (u * u - u_s * u_s) / (u * u));
      down = std::sqrt(u_s * u_s - up * up);
      return;
    }
    const double r = u / (1 + u), r_s = u_s / (1 + u_s), r_down = r_s * (1 + (r_s / r - 1) * eta);
    down = r_down / (1 - r_down);
    // x_s = (1 - r_s) / (1 - r_down) x_down + renoise z in a flow's x; in y the first factor is 1.
    up = std::sqrt(r_s * r_s - std::pow(r_down * (1 - r_s) / (1 - r_down), 2)) / (1 - r_s);
  }
  double u, u_s, down = 0, up = 0;
};

PaperStep euler_ancestral(double eta, bool in_flow) {
  return [=](PaperWalk& w, double t, double s, double x) {
    const Schedule& c = w.schedule;
    const Split l(c, t, s, eta, in_flow || is_flow(c));
    const double y = x / c.alpha(t), d = (y - law_estimate(y, 1, l.u)) / l.u;
    return c.alpha(s) * (y + (l.down - l.u) * d + l.up * w.z(0));
  };
}

PaperStep dpm2_ancestral(double eta, bool in_flow) {
  return [=](PaperWalk& w, double t, double s, double x) {
    const Schedule& c = w.schedule;
    const bool flow = in_flow || is_flow(c);
    const Split l(c, t, s, eta, flow);
    double y = x / c.alpha(t);
    if (flow) {
      const double r = l.u / (1 + l.u), r_down = l.down / (1 + l.down), middle = std::sqrt(r * r_down);
      const double v = y / (1 + l.u);
      y = (v + (r_down - r) * velocity(middle, v + (middle - r) * velocity(r, v))) * (1 + l.down);
    } else {
      const double middle = std::exp((std::log(l.u) + std::log(l.down)) / 2);
      const double y_2 = y + (middle - l.u) * (y - law_estimate(y, 1, l.u)) / l.u;
      y += (l.down - l.u) * (y_2 - law_estimate(y_2, 1, middle)) / middle;
    }
    return c.alpha(s) * (y + l.up * w.z(0));
  };
}

/// Lu et al. 2022b, algorithm 1, with lambda = -log u.
PaperStep dpmpp_2s_ancestral(double eta, bool in_flow) {
  return [=](PaperWalk& w, double t, double s, double x) {
    const Schedule& c = w.schedule;
    const Split l(c, t, s, eta, in_flow || is_flow(c));
    const double y = x / c.alpha(t), h = std::log(l.u / l.down), middle = l.u * std::exp(-h / 2);
    const double y_2 = middle / l.u * y - std::expm1(-h / 2) * law_estimate(y, 1, l.u);
    return c.alpha(s) * (l.down / l.u * y - std::expm1(-h) * law_estimate(y_2, 1, middle) + l.up * w.z(0));
  };
}

/// k-diffusion's step, whose two draws are increments of one Brownian motion in the clock alpha^2 / sigma^2: part 0 up
/// to the middle, part 1 from there.
PaperStep dpmpp_sde(double eta) {
  return [=](PaperWalk& w, double t, double s, double x) {
    const Schedule& c = w.schedule;
    const Split l(c, t, s, eta, false);
    const double middle = std::sqrt(l.u * l.u_s);
    const double up = eta * std::sqrt(middle * middle * (l.u * l.u - middle * middle) / (l.u * l.u));
    const double down = std::sqrt(middle * middle - up * up);
    const double y = x / c.alpha(t);
    const double y_2 = down / l.u * y + (1 - down / l.u) * law_estimate(y, 1, l.u) + up * w.z(0);
    const double clock[] = {1 / (l.u * l.u), 1 / (middle * middle), 1 / (l.u_s * l.u_s)};
    const double z = (std::sqrt(clock[1] - clock[0]) * w.z(0) + std::sqrt(clock[2] - clock[1]) * w.z(1)) /
                     std::sqrt(clock[2] - clock[0]);
    return c.alpha(s) * (l.down / l.u * y + (1 - l.down / l.u) * law_estimate(y_2, 1, middle) + l.up * z);
  };
}

/// Noise of variance w dr in y = x / (alpha + sigma), the level kept.
PaperStep interpolant_sde(const std::function<double(double)>& diffusion) {
  return [=](PaperWalk& w, double t, double s, double x) {
    const Schedule& c = w.schedule;
    const double scale = c.alpha(t) + c.sigma(t), scale_s = c.alpha(s) + c.sigma(s);
    const double r = c.sigma(t) / scale, r_s = c.sigma(s) / scale_s, y = x / scale;
    const double x0 = law_estimate(y, 1 - r, r), eps = (y - (1 - r) * x0) / r;
    const double variance = std::min(diffusion(r) * (r - r_s), r_s * r_s);
    const double kept = std::sqrt(r_s * r_s - variance);
    return scale_s * ((1 - r_s) * x0 + kept * eps + std::sqrt(variance) * w.z(0));
  };
}

Table intervals(double low, double high, double times) {
  return {{"restart_min", std::vector<double>{low}},
          {"restart_max", std::vector<double>{high}},
          {"restart_times", std::vector<double>{times}},
          {"restart_steps", std::vector<double>{0}}};
}

}  // namespace

double law_estimate(double x, double alpha, double sigma) {
  const double power = kLawDeviation * kLawDeviation;
  return kLawMean + alpha * power / (alpha * alpha * power + sigma * sigma) * (x - alpha * kLawMean);
}

std::vector<StochasticCase> one_step_cases() {
  const Table flow{{"space", "flow"}};
  const auto sine = [](double r) { return std::pow(std::sin(std::numbers::pi * r), 2); };
  const auto kl = [](double r) { return 2 * r / (1 - r); };
  return {{"ddpm", "ddpm", {}, ddpm(true), true},
          {"ddpm_beta", "ddpm", {{"variance", "beta"}}, ddpm(false), true},
          {"ddim_eta_1", "ddim", {{"eta", 1.0}}, ddim(1), true},
          {"ddim_eta_0.4", "ddim", {{"eta", 0.4}}, ddim(0.4)},
          {"heun_churn", "heun", {{"s_churn", 3.0}}, heun(3)},
          {"euler_ancestral", "euler_ancestral", {}, euler_ancestral(1, false)},
          {"euler_ancestral_in_ve", "euler_ancestral", {{"space", "ve"}}, ddim(1), true},
          {"euler_ancestral_in_flow", "euler_ancestral", flow, euler_ancestral(1, true)},
          {"euler_ancestral_eta_0.4", "euler_ancestral", {{"eta", 0.4}}, euler_ancestral(0.4, false)},
          {"dpm2_ancestral", "dpm2_ancestral", {}, dpm2_ancestral(1, false)},
          {"dpm2_ancestral_in_flow", "dpm2_ancestral", flow, dpm2_ancestral(1, true)},
          {"dpm2_ancestral_eta_0.4", "dpm2_ancestral", {{"eta", 0.4}}, dpm2_ancestral(0.4, false)},
          {"dpmpp_2s_ancestral", "dpmpp_2s_ancestral", {}, dpmpp_2s_ancestral(1, false)},
          {"dpmpp_2s_ancestral_in_flow", "dpmpp_2s_ancestral", flow, dpmpp_2s_ancestral(1, true)},
          {"dpmpp_2s_ancestral_eta_0.4", "dpmpp_2s_ancestral", {{"eta", 0.4}}, dpmpp_2s_ancestral(0.4, false)},
          {"dpmpp_sde", "dpmpp_sde", {}, dpmpp_sde(1), true},
          {"dpmpp_sde_eta_0.4", "dpmpp_sde", {{"eta", 0.4}}, dpmpp_sde(0.4)},
          {"restart", "restart", intervals(0.3, 2, 1), restart(0.3, 2, 1)},
          {"restart_twice", "restart", intervals(0.3, 1, 2), restart(0.3, 1, 2)},
          {"euler_cfg_pp_eta_1", "euler_cfg_pp", {{"eta", 1.0}}, euler_ancestral(1, false)},
          {"interpolant_sde", "interpolant_sde", {}, interpolant_sde([](double r) { return r; })},
          {"interpolant_sde_sine", "interpolant_sde", {{"diffusion", "sine"}}, interpolant_sde(sine)},
          {"interpolant_sde_kl", "interpolant_sde", {{"diffusion", "kl"}}, interpolant_sde(kl)},
          {"interpolant_sde_constant",
           "interpolant_sde",
           {{"diffusion", "constant"}, {"diffusion_scale", 0.5}},
           interpolant_sde([](double) { return 0.5; })}};
}

std::vector<StochasticCase> stochastic_cases() {
  std::vector<StochasticCase> all = one_step_cases();
  for (const StochasticCase& c : multistep_cases()) all.push_back(c);
  return all;
}

}  // namespace roulade::testing
