// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/sampler_cases.hpp"

#include "roulade/core/process.hpp"

#include <cmath>

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace roulade::testing {
namespace {

constexpr double kMean[] = {0.5, -0.3}, kDeviation[] = {0.6, 1.3};
constexpr double kWeights[] = {0.5, 0.2, 0.3}, kDeviations[] = {0.4, 0.7, 0.5};
constexpr double kMeans[][2] = {{-0.8, 0.5}, {1.1, 0.2}, {0.2, -1.2}};
constexpr double kStep = 2e-4;  // fourth order: the error is about kStep^4, below rounding

/// Tensors of a few numbers: a second thread only waits, and on a busy machine for a long time.
class OneThread final : public ::testing::Environment {
 public:
  void SetUp() override { set_threads(1); }
};
const auto* const kOneThread = ::testing::AddGlobalTestEnvironment(new OneThread);

/// The settings without noise of the stochastic entries, and the orders that they have there.
std::vector<SamplerCase> noiseless_samplers() {
  std::vector<SamplerCase> out;
  const auto add = [&](const char* label, const char* name, const Table& options, double local, double start,
                       double global) {
    SamplerFacts facts = sampler::registry().find(name).facts;
    facts.stochastic = facts.more_calls = false;
    facts.local_order = local, facts.start_order = start, facts.global_order = global;
    // The predictor's error and the corrector's.
    const auto corrector = options.find("corrector_order");
    const bool corrected = corrector == options.end() || std::get<int64_t>(corrector->second.value) > 0;
    const bool cancels = facts.global_order > 1 && options.count("tau") && corrected;
    out.push_back({label, name, options, facts, cancels});
  };
  const Table none{{"eta", 0.0}}, flow{{"eta", 0.0}, {"space", "flow"}}, no_tau{{"tau", 0.0}};
  const std::vector<double> empty;
  Table adams = no_tau, adams_both = no_tau;
  adams["predictor_order"] = 3, adams["corrector_order"] = 0;
  adams_both["predictor_order"] = 3, adams_both["corrector_order"] = 3;
  add("euler_ancestral_eta_0", "euler_ancestral", none, 2, 2, 1);
  add("dpm2_ancestral_eta_0", "dpm2_ancestral", none, 3, 3, 2);
  add("dpm2_ancestral_eta_0_in_flow", "dpm2_ancestral", flow, 3, 3, 2);
  add("dpmpp_2s_ancestral_eta_0", "dpmpp_2s_ancestral", none, 3, 3, 2);
  add("dpmpp_sde_eta_0", "dpmpp_sde", none, 3, 3, 2);
  add("dpmpp_2m_sde_eta_0", "dpmpp_2m_sde", none, 3, 2, 2);
  add("dpmpp_2m_sde_heun_eta_0", "dpmpp_2m_sde", {{"eta", 0.0}, {"solver", "heun"}}, 3, 2, 2);
  add("dpmpp_3m_sde_eta_0", "dpmpp_3m_sde", none, 4, 2, 3);
  add("sa_solver_tau_0", "sa_solver", no_tau, 3, 2, 2);
  add("sa_solver_30_tau_0", "sa_solver", adams, 4, 2, 3);
  add("sa_solver_33_tau_0", "sa_solver", adams_both, 4, 2, 3);
  add("er_sde_ode", "er_sde", {{"phi", "ode"}}, 3, 2, 2);
  add("er_sde_ode_2", "er_sde", {{"phi", "ode"}, {"stages", 2}}, 3, 2, 2);
  add("er_sde_ode_1", "er_sde", {{"phi", "ode"}, {"stages", 1}}, 2, 2, 1);
  add("interpolant_sde_0", "interpolant_sde", {{"diffusion_scale", 0.0}}, 2, 2, 1);
  add("restart_never", "restart",
      {{"restart_min", empty}, {"restart_max", empty}, {"restart_times", empty}, {"restart_steps", empty}}, 3, 3, 2);
  return out;
}

double ratio(const Schedule& schedule, double t) { return schedule.sigma(t) / schedule.alpha(t); }

class Gaussian final : public KnownData {
 public:
  std::shared_ptr<const Denoiser> denoiser(std::shared_ptr<const Schedule> schedule) const override {
    const auto options = at::TensorOptions(at::kDouble);
    return make_exact_gaussian(std::move(schedule), at::tensor({kMean[0], kMean[1]}, options),
                               at::tensor({kDeviation[0], kDeviation[1]}, options));
  }
  void flow(double* y, double u, double v) const override {
    for (int j = 0; j < 2; ++j)
      y[j] = kMean[j] + std::hypot(kDeviation[j], v) / std::hypot(kDeviation[j], u) * (y[j] - kMean[j]);
  }
};

class Mixture final : public KnownData {
 public:
  std::shared_ptr<const Denoiser> denoiser(std::shared_ptr<const Schedule> schedule) const override {
    std::vector<std::vector<double>> means;
    for (const auto& m : kMeans) means.push_back({m[0], m[1]});
    return make_exact_mixture(std::move(schedule), {kWeights, kWeights + 3}, means, {kDeviations, kDeviations + 3});
  }
  void flow(double* y, double u, double v) const override {
    const double length = std::log(v / u);
    const auto n = static_cast<int64_t>(std::ceil(std::abs(length) / kStep));
    const double h = n == 0 ? 0 : length / static_cast<double>(n);
    for (int64_t i = 0; i < n; ++i) {
      const double at = std::log(u) + static_cast<double>(i) * h;
      double k1[2], k2[2], k3[2], k4[2], z[2];
      slope(y, at, k1);
      for (int j = 0; j < 2; ++j) z[j] = y[j] + h / 2 * k1[j];
      slope(z, at + h / 2, k2);
      for (int j = 0; j < 2; ++j) z[j] = y[j] + h / 2 * k2[j];
      slope(z, at + h / 2, k3);
      for (int j = 0; j < 2; ++j) z[j] = y[j] + h * k3[j];
      slope(z, at + h, k4);
      for (int j = 0; j < 2; ++j) y[j] += h / 6 * (k1[j] + 2 * k2[j] + 2 * k3[j] + k4[j]);
    }
  }

 private:
  /// dy / d log u = y - E[x_0 | y].
  static void slope(const double* y, double log_u, double* out) {
    const double u2 = std::exp(2 * log_u);
    double sum[2] = {0, 0}, total = 0;
    for (int k = 0; k < 3; ++k) {
      const double d2 = kDeviations[k] * kDeviations[k], v = d2 + u2;
      const double a = y[0] - kMeans[k][0], b = y[1] - kMeans[k][1];
      const double share = kWeights[k] / v * std::exp(-(a * a + b * b) / (2 * v));
      total += share;
      for (int j = 0; j < 2; ++j) sum[j] += share * (kMeans[k][j] + d2 / v * (y[j] - kMeans[k][j]));
    }
    for (int j = 0; j < 2; ++j) out[j] = y[j] - sum[j] / total;
  }
};

}  // namespace

std::vector<double> Path::karras_times(int64_t n) const {
  std::vector<double> out;
  const double first = std::pow(ratio(*schedule, t_max), 1 / 7.0), last = std::pow(ratio(*schedule, t_min), 1 / 7.0);
  for (int64_t i = 0; i <= n; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(n);
    out.push_back(schedule->time_of(-14 * std::log(first + part * (last - first))));
  }
  return out;
}

std::vector<double> Path::even_times(int64_t n) const {
  std::vector<double> out;
  for (int64_t i = 0; i <= n; ++i)
    out.push_back(t_max + static_cast<double>(i) / static_cast<double>(n) * (t_min - t_max));
  return out;
}

const std::vector<Path>& paths() {
  static const std::vector<Path> all{
      {"cosine_continuous", schedule::registry().make("cosine_continuous"), 0.9, 0.1, false},
      {"vp", schedule::registry().make("vp"), 0.6, 0.05, false},
      {"edm", schedule::registry().make("edm"), 6.0 / 80, 0.15 / 80, true},
      {"flow", schedule::registry().make("flow"), 0.86, 0.13, false},
  };
  return all;
}

namespace {

/// Options that change what a method of the ODE declares.
void add_orders(std::vector<SamplerCase>& out) {
  const auto add = [&](const char* label, const char* name, const Table& options, auto change) {
    SamplerCase c{label, name, options, sampler::registry().find(name).facts};
    change(c.facts);
    out.push_back(std::move(c));
  };
  const auto orders = [](double local, double global) {
    return [=](SamplerFacts& f) { f.local_order = local, f.global_order = global; };
  };
  // UniPC's corrector raises the order over an interval by one.
  add("unipc_1", "unipc", {{"order", 1}}, orders(2, 2));
  add("unipc_1_bh1", "unipc", {{"order", 1}, {"variant", "bh1"}}, orders(2, 2));
  add("unipc_2_bh1", "unipc", {{"variant", "bh1"}}, orders(3, 3));
  add("unipc_3", "unipc", {{"order", 3}}, orders(4, 4));
  add("unipc_3_bh1", "unipc", {{"order", 3}, {"variant", "bh1"}}, orders(4, 4));
  add("unip_2", "unipc", {{"corrector", false}}, orders(3, 2));
  add("unip_3", "unipc", {{"order", 3}, {"corrector", false}}, orders(4, 3));
  add("deis_1", "deis", {{"order", 1}}, orders(2, 1));
  add("deis_3", "deis", {{"order", 3}}, orders(4, 3));
  add("lms_1", "lms", {{"order", 1}},
      [](SamplerFacts& f) { f.local_order = 2, f.global_order = 1, f.jumps_to_x0 = true; });
  add("lms_2", "lms", {{"order", 2}}, orders(3, 2));
  add("lms_3", "lms", {{"order", 3}}, orders(4, 3));
  const auto ends_low = [](SamplerFacts& f) { f.jumps_to_x0 = true; };
  add("lms_ends_low", "lms", {{"lower_order_final", true}}, ends_low);
  add("pndm_prk", "pndm", {{"skip_prk_steps", false}}, [](SamplerFacts& f) { f.start_steps = 3, f.start_calls = 4; });
  add("pndm_ends_low", "pndm", {{"lower_order_final", true}}, ends_low);
  add("ipndm_v", "ipndm", {{"variable_step", true}},
      [](SamplerFacts& f) { f.equal_steps = false, f.local_order = 5, f.global_order = 4; });
  add("dpm_adaptive_12", "dpm_adaptive", {{"order", 2}}, [](SamplerFacts&) {});
}

}  // namespace

std::vector<SamplerCase> deterministic_samplers() {
  std::vector<SamplerCase> out;
  for (const auto& entry : sampler::registry().entries()) {
    if (entry.facts.stochastic) continue;
    out.push_back({entry.name, entry.name, {}, entry.facts});
    for (const OptionInfo& option : entry.options())
      if (option.key == "space")
        for (const char* space : {"ve", "flow", "angle"})
          out.push_back({entry.name + "_in_" + space, entry.name, {{"space", space}}, entry.facts});
  }
  add_orders(out);
  for (const SamplerCase& c : noiseless_samplers()) out.push_back(c);
  return out;
}

std::vector<SamplerCase> all_samplers() {
  std::vector<SamplerCase> out = deterministic_samplers();
  for (const auto& entry : sampler::registry().entries())
    if (entry.facts.stochastic) out.push_back({entry.name, entry.name, {}, entry.facts});
  out.push_back({"ddpm_beta", "ddpm", {{"variance", "beta"}}, sampler::registry().find("ddpm").facts});
  out.push_back({"ddim_eta_1", "ddim", {{"eta", 1.0}}, sampler::registry().find("ddim").facts});
  out.push_back({"tcd_gamma_1", "tcd", {{"gamma", 1.0}}, sampler::registry().find("tcd").facts});
  out.push_back({"heun_churn", "heun", {{"s_churn", 20.0}}, sampler::registry().find("heun").facts});
  const auto add = [&](const std::string& label, const std::string& name, const Table& options) {
    out.push_back({label, name, options, sampler::registry().find(name).facts});
  };
  for (const char* name : {"euler_ancestral", "dpm2_ancestral", "dpmpp_2s_ancestral"})
    for (const char* space : {"ve", "flow"}) add(std::string(name) + "_in_" + space, name, {{"space", space}});
  add("dpmpp_2m_sde_heun", "dpmpp_2m_sde", {{"solver", "heun"}});
  add("sa_solver_33", "sa_solver", {{"predictor_order", 3}, {"corrector_order", 3}});
  add("sa_solver_within", "sa_solver", {{"tau_min", 0.05}, {"tau_max", 1.0}});
  add("er_sde_of_the_sde", "er_sde", {{"phi", "sde"}});
  add("euler_cfg_pp_eta_1", "euler_cfg_pp", {{"eta", 1.0}});
  for (const char* w : {"sine", "constant", "kl"})
    add(std::string("interpolant_sde_") + w, "interpolant_sde", {{"diffusion", w}});
  return out;
}

const KnownData& gaussian() {
  static const Gaussian data;
  return data;
}

const KnownData& mixture() {
  static const Mixture data;
  return data;
}

Tensor exact_solution(const KnownData& data, const Schedule& schedule, const Tensor& x, double t, double s) {
  const Tensor y = x.div(schedule.alpha(t)).contiguous();
  for (int64_t i = 0; i < y.size(0); ++i)
    data.flow(y.data_ptr<double>() + 2 * i, ratio(schedule, t), ratio(schedule, s));
  return y.mul(schedule.alpha(s));
}

Tensor start_points(const Schedule& schedule, double t) {
  const Tensor unit =
      at::tensor({0.3, -1.1, 1.6, 0.4, -0.7, 0.9, -1.4, -0.5, 0.6, 1.3, 0.1, 0.2}, at::TensorOptions(at::kDouble));
  return unit.view({6, 2}).mul(std::hypot(schedule.alpha(t), schedule.sigma(t)));
}

double rms(const Tensor& x) { return std::sqrt(x.square().mean().item<double>()); }

double fitted_slope(const std::vector<double>& size, const std::vector<double>& error) {
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  const auto n = static_cast<double>(size.size());
  for (size_t i = 0; i < size.size(); ++i) {
    const double x = std::log(size[i]), y = std::log(error[i]);
    sx += x, sy += y, sxx += x * x, sxy += x * y;
  }
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

std::string listed(const std::vector<double>& values) { return fmt::format("{:.3e}", fmt::join(values, ", ")); }

Tensor silent(int64_t, int64_t, const Tensor& like) { return at::zeros(like.sizes(), like.options()); }

}  // namespace roulade::testing
