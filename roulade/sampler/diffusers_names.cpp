// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/diffusers_names.hpp"

#include "roulade/core/error.hpp"

#include <functional>
#include <utility>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr const char* kWhere = "diffusers";

/// The keys given, with the class's own defaults for those that are not.
class Keys {
 public:
  explicit Keys(const Table& given) : given_(given) {}

  bool flag(const std::string& key, bool initial) const { return get(key, initial, "true or false"); }
  int64_t count(const std::string& key, int64_t initial) const { return get(key, initial, "an integer"); }
  std::string text(const std::string& key, const std::string& initial) const { return get(key, initial, "a text"); }
  double number(const std::string& key, double initial) const {
    const auto it = given_.find(key);
    if (it != given_.end())
      if (const auto* whole = std::get_if<int64_t>(&it->second.value)) return static_cast<double>(*whole);
    return get(key, initial, "a number");
  }
  const std::vector<double>* numbers(const std::string& key) const {
    const auto it = given_.find(key);
    return it == given_.end() ? nullptr : std::get_if<std::vector<double>>(&it->second.value);
  }

  [[noreturn]] static void refuse(const std::string& key, const std::string& expected, const std::string& got) {
    fail(Code::usage, kWhere, key, expected, got);
  }

 private:
  template <class T>
  T get(const std::string& key, const T& initial, const char* kind) const {
    const auto it = given_.find(key);
    if (it == given_.end()) return initial;
    const T* value = std::get_if<T>(&it->second.value);
    if (value == nullptr) refuse(key, kind, to_text(it->second.value));
    return *value;
  }

  const Table& given_;
};

/// How a class of diffusers lays out its timesteps.
enum class Layout {
  states,   ///< n integer timesteps
  between,  ///< n timesteps, with linspace not rounded
  open,     ///< n of n + 1 integer timesteps, without the lowest
  flow,     ///< evenly spaced sigmas of a flow
  edm,      ///< Karras et al.'s or exponential sigmas, whatever else is said
  ipndm,    ///< an angle, evenly spaced; no schedule here is its own
  own       ///< a fixed layout of its own, nearest to trailing
};

struct Class {
  const char* name;
  Layout layout;
  const char* spacing;  ///< timestep_spacing by default
  double beta_start, beta_end;
  const char* beta_schedule;
  std::function<Spelling(const Keys&)> sampler;
};

Spelling multistep(const Keys& k) {
  const std::string algorithm = k.text("algorithm_type", "dpmsolver++"), solver = k.text("solver_type", "midpoint");
  const int64_t order = k.count("solver_order", 2);
  const bool sde = algorithm == "sde-dpmsolver++";
  if (!sde && algorithm != "dpmsolver++") Keys::refuse("algorithm_type", "dpmsolver++ or sde-dpmsolver++", algorithm);
  if (order < 1 || order > 3) Keys::refuse("solver_order", "1 to 3", fmt::format("{}", order));
  const double eta = sde ? 1 : 0;
  if (order == 3) return {"dpmpp_3m_sde", {{"eta", eta}}};
  if (order == 1) return sde ? Spelling{"ddpm"} : Spelling{"ddim"};
  if (sde || solver == "heun") return {"dpmpp_2m_sde", {{"eta", eta}, {"solver", solver}}};
  return {"dpmpp_2m", {{"lower_order_final", k.flag("lower_order_final", true)}}};
}

Spelling singlestep(const Keys& k) {
  const std::string algorithm = k.text("algorithm_type", "dpmsolver++");
  const int64_t order = k.count("solver_order", 2);
  if (algorithm == "dpmsolver++" && order == 1) return {"ddim"};
  if (algorithm == "dpmsolver++" && order == 2) return {"dpmpp_2s_ancestral", {{"eta", 0.0}}};
  if (algorithm == "dpmsolver" && order == 3) return {"dpm_fast"};
  Keys::refuse("algorithm_type and solver_order", "dpmsolver++ of order 1 or 2, or dpmsolver of order 3",
               fmt::format("{} of order {}", algorithm, order));
}

Spelling unipc(const Keys& k) {
  if (!k.flag("predict_x0", true)) Keys::refuse("predict_x0", "true", "false");
  return {"unipc",
          {{"order", k.count("solver_order", 2)},
           {"variant", k.text("solver_type", "bh2")},
           {"lower_order_final", k.flag("lower_order_final", true)}}};
}

Spelling deis(const Keys& k) {
  return {"deis", {{"order", k.count("solver_order", 2)}, {"lower_order_final", k.flag("lower_order_final", true)}}};
}

Spelling sa_solver(const Keys& k) {
  return {"sa_solver",
          {{"predictor_order", k.count("predictor_order", 2)}, {"corrector_order", k.count("corrector_order", 2)}}};
}

Spelling ddpm(const Keys& k) {
  const std::string variance = k.text("variance_type", "fixed_small");
  if (variance.rfind("fixed_large", 0) == 0) return {"ddpm", {{"variance", "beta"}}};
  return {"ddpm"};  // a learned variance is used where the network gives it
}

Spelling pndm(const Keys& k) { return {"pndm", {{"skip_prk_steps", k.flag("skip_prk_steps", false)}}}; }
Spelling lcm(const Keys& k) { return {"lcm", {{"boundary_scaling", k.number("timestep_scaling", 10)}}}; }
Spelling flow_euler(const Keys& k) { return {k.flag("stochastic_sampling", false) ? "lcm" : "euler"}; }

std::function<Spelling(const Keys&)> always(const char* sampler) {
  return [sampler](const Keys&) { return Spelling{sampler}; };
}

const std::vector<Class>& classes() {
  constexpr double kLow = 0.0001, kHigh = 0.02, kLowSd = 0.00085, kHighSd = 0.012;
  static const std::vector<Class> all{
      {"DDPMScheduler", Layout::states, "leading", kLow, kHigh, "linear", ddpm},
      {"DDIMScheduler", Layout::states, "leading", kLow, kHigh, "linear", always("ddim")},
      {"PNDMScheduler", Layout::states, "leading", kLow, kHigh, "linear", pndm},
      {"LMSDiscreteScheduler", Layout::between, "linspace", kLow, kHigh, "linear", always("lms")},
      {"EulerDiscreteScheduler", Layout::between, "linspace", kLow, kHigh, "linear", always("euler")},
      {"EulerAncestralDiscreteScheduler", Layout::between, "linspace", kLow, kHigh, "linear",
       always("euler_ancestral")},
      {"HeunDiscreteScheduler", Layout::between, "linspace", kLowSd, kHighSd, "linear", always("heun")},
      {"KDPM2DiscreteScheduler", Layout::between, "linspace", kLowSd, kHighSd, "linear", always("dpm2")},
      {"KDPM2AncestralDiscreteScheduler", Layout::between, "linspace", kLowSd, kHighSd, "linear",
       always("dpm2_ancestral")},
      {"DPMSolverMultistepScheduler", Layout::open, "linspace", kLow, kHigh, "linear", multistep},
      {"DPMSolverSinglestepScheduler", Layout::open, "linspace", kLow, kHigh, "linear", singlestep},
      {"DPMSolverSDEScheduler", Layout::between, "linspace", kLowSd, kHighSd, "linear", always("dpmpp_sde")},
      {"DEISMultistepScheduler", Layout::open, "linspace", kLow, kHigh, "linear", deis},
      {"UniPCMultistepScheduler", Layout::open, "linspace", kLow, kHigh, "linear", unipc},
      {"SASolverScheduler", Layout::open, "linspace", kLow, kHigh, "linear", sa_solver},
      {"LCMScheduler", Layout::own, "", kLowSd, kHighSd, "scaled_linear", lcm},
      {"TCDScheduler", Layout::own, "", kLowSd, kHighSd, "scaled_linear", always("tcd")},
      {"IPNDMScheduler", Layout::ipndm, "", 0, 0, "", always("ipndm")},
      {"FlowMatchEulerDiscreteScheduler", Layout::flow, "", 0, 0, "", flow_euler},
      {"FlowMatchHeunDiscreteScheduler", Layout::flow, "", 0, 0, "", always("heun")},
      {"EDMEulerScheduler", Layout::edm, "", 0, 0, "", always("euler")},
      {"EDMDPMSolverMultistepScheduler", Layout::edm, "", 0, 0, "", multistep},
  };
  return all;
}

void lay_out(Spelling& walk, const Keys& k, const Class& c) {
  const auto take = [&walk](const char* grid, Table options = {}) {
    walk.grid = grid;
    walk.grid_options = std::move(options);
  };
  if (c.layout == Layout::edm) {
    if (k.text("sigma_schedule", "karras") == "exponential") return take("exponential");
    return take("karras", {{"rho", k.number("rho", 7)}});
  }
  if (k.flag("use_karras_sigmas", false)) return take("karras");
  if (k.flag("use_exponential_sigmas", false) || k.flag("use_lu_lambdas", false)) return take("exponential");
  if (k.flag("use_beta_sigmas", false)) return take("beta", {{"of", "sigma"}});
  if (c.layout == Layout::flow || k.flag("use_flow_sigmas", false)) {
    if (c.layout != Layout::flow) return take("uniform");  // the schedule itself is shifted
    if (!k.flag("use_dynamic_shifting", false)) return take("flow_shift", {{"shift", 1.0}, {"spacing", "uniform"}});
    return take("flow_shift", {{"tokens", k.count("image_seq_len", k.count("max_image_seq_len", 4096))},
                               {"base_tokens", k.count("base_image_seq_len", 256)},
                               {"max_tokens", k.count("max_image_seq_len", 4096)},
                               {"base_shift", k.number("base_shift", 0.5)},
                               {"max_shift", k.number("max_shift", 1.15)},
                               {"rule", k.text("time_shift_type", "exponential")},
                               {"terminal", k.number("shift_terminal", 0)}});
  }
  if (c.layout == Layout::own || c.layout == Layout::ipndm) return take("trailing");
  const std::string spacing = k.text("timestep_spacing", c.spacing);
  if (spacing == "trailing") return take("trailing");
  if (spacing == "leading") {
    Table options{{"steps_offset", k.count("steps_offset", 0)}};
    if (c.layout == Layout::open) options["left_out"] = 1;
    return take("leading", options);
  }
  if (spacing != "linspace") Keys::refuse("timestep_spacing", "leading, trailing or linspace", spacing);
  if (c.layout == Layout::open) return take("sgm_uniform", {{"rounded", true}});
  take("uniform", {{"rounded", c.layout == Layout::states}});
}

void schedule_of(DiffusersConfig& out, const Keys& k, const Class& c) {
  if (c.layout == Layout::ipndm) return;
  if (c.layout == Layout::edm) {
    out.schedule = "edm";
    out.schedule_options = {{"sigma_min", k.number("sigma_min", 0.002)}, {"sigma_max", k.number("sigma_max", 80)}};
    return;
  }
  if (c.layout == Layout::flow || k.flag("use_flow_sigmas", false)) {
    const bool plain = c.layout == Layout::flow && k.flag("use_dynamic_shifting", false);
    out.schedule = "flow";
    out.schedule_options = {{"shift", plain ? 1.0 : k.number(c.layout == Layout::flow ? "shift" : "flow_shift", 1)}};
    return;
  }
  Table& options = out.schedule_options;
  if (k.flag("rescale_betas_zero_snr", false)) options["zero_terminal_snr"] = true;
  if (const auto* betas = k.numbers("trained_betas")) {
    out.schedule = "table";
    options["betas"] = *betas;
    return;
  }
  options["steps"] = k.count("num_train_timesteps", 1000);
  out.schedule = k.text("beta_schedule", c.beta_schedule);
  if (out.schedule == "squaredcos_cap_v2") {
    out.schedule = "cosine";
    return;
  }
  if (out.schedule != "linear" && out.schedule != "scaled_linear" && out.schedule != "sigmoid")
    Keys::refuse("beta_schedule", "linear, scaled_linear, squaredcos_cap_v2 or sigmoid", out.schedule);
  options["beta_start"] = k.number("beta_start", c.beta_start);
  options["beta_end"] = k.number("beta_end", c.beta_end);
}

std::string prediction_of(const Keys& k, const Class& c, const std::string& schedule) {
  if (c.layout == Layout::edm) return "edm";
  if (c.layout == Layout::ipndm) return "v";
  const std::string prediction = k.text("prediction_type", schedule == "flow" ? "flow_prediction" : "epsilon");
  if (prediction == "epsilon") return "eps";
  if (prediction == "sample") return "x0";
  if (prediction == "v_prediction") return "v";
  if (prediction == "flow_prediction") return "velocity";
  Keys::refuse("prediction_type", "epsilon, sample, v_prediction or flow_prediction", prediction);
}

}  // namespace

DiffusersConfig read_diffusers(const Table& config) {
  const Keys keys(config);
  const std::string name = keys.text("_class_name", "");
  const Class* found = nullptr;
  for (const Class& one : classes())
    if (name == one.name) found = &one;
  if (found == nullptr) fail_unknown(kWhere, "_class_name", name, diffusers_classes());
  if (keys.flag("thresholding", false)) Keys::refuse("thresholding", "false", "true");
  DiffusersConfig out;
  out.walk = found->sampler(keys);
  lay_out(out.walk, keys, *found);
  schedule_of(out, keys, *found);
  out.prediction = prediction_of(keys, *found, out.schedule);
  return out;
}

const std::vector<std::string>& diffusers_classes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Class& one : classes()) all.emplace_back(one.name);
    return all;
  }();
  return names;
}

}  // namespace roulade
