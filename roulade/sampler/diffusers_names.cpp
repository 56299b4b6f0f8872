// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/diffusers_names.hpp"

#include "roulade/core/error.hpp"
#include "roulade/schedule/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

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
  bool has(const std::string& key) const { return given_.contains(key); }

  /// A solver's order.
  int64_t order(const std::string& key) const {
    const int64_t order = count(key, 2);
    if (order < 1 || order > 3) refuse(key, "1 to 3", fmt::format("{}", order));
    return order;
  }

  /// One of `known`, whose first is the default; diffusers takes that, too, for `others`, which are other classes'.
  std::string choice(const std::string& key, const std::vector<std::string>& known,
                     const std::vector<std::string>& others = {}) const {
    const auto among = [](const std::vector<std::string>& names, const std::string& name) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    std::string given = text(key, known.front());
    if (among(known, given)) return given;
    if (!among(others, given)) refuse(key, fmt::format("{}", fmt::join(known, " or ")), given);
    return known.front();
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
  const std::string algorithm = k.choice("algorithm_type", {"dpmsolver++", "sde-dpmsolver++"}, {"deis"});
  const std::string solver = k.choice("solver_type", {"midpoint", "heun"}, {"logrho", "bh1", "bh2"});
  const int64_t order = k.order("solver_order");
  const bool sde = algorithm == "sde-dpmsolver++";
  const double eta = sde ? 1 : 0;
  if (order == 3) return {"dpmpp_3m_sde", {{"eta", eta}}};  // lower_order_final matters below 15 steps alone
  if (order == 1) return sde ? Spelling{"ddpm"} : Spelling{"ddim"};
  if (sde || solver == "heun") return {"dpmpp_2m_sde", {{"eta", eta}, {"solver", solver}}};
  return {"dpmpp_2m", {{"lower_order_final", k.flag("lower_order_final", true)}}};
}

/// lower_order_final changes nothing: diffusers sets it where the last step ends at clean data.
Spelling singlestep(const Keys& k) {
  const std::string algorithm = k.choice("algorithm_type", {"dpmsolver++", "dpmsolver", "sde-dpmsolver++"}, {"deis"});
  const std::string solver = k.choice("solver_type", {"midpoint", "heun"}, {"logrho", "bh1", "bh2"});
  const int64_t order = k.order("solver_order");
  if (algorithm == "dpmsolver++" && order == 1) return {"ddim"};
  const bool second = algorithm == "dpmsolver++" && order == 2, third = algorithm == "dpmsolver" && order == 3;
  if (!second && !third)
    Keys::refuse("algorithm_type and solver_order", "dpmsolver++ of order 1 or 2, or dpmsolver of order 3",
                 fmt::format("{} of order {}", algorithm, order));
  if (solver != "midpoint") Keys::refuse("solver_type", "midpoint", solver);
  return second ? Spelling{"dpmpp_2s_ancestral", {{"eta", 0.0}}} : Spelling{"dpm_fast"};
}

Spelling unipc(const Keys& k) {
  if (!k.flag("predict_x0", true)) Keys::refuse("predict_x0", "true", "false");
  return {"unipc",
          {{"order", k.order("solver_order")},
           {"variant", k.choice("solver_type", {"bh2", "bh1"}, {"midpoint", "heun", "logrho"})},
           {"lower_order_final", k.flag("lower_order_final", true)}}};
}

Spelling deis(const Keys& k) {
  k.choice("algorithm_type", {"deis"}, {"dpmsolver", "dpmsolver++"});
  k.choice("solver_type", {"logrho"}, {"midpoint", "heun", "bh1", "bh2"});
  return {"deis", {{"order", k.order("solver_order")}, {"lower_order_final", k.flag("lower_order_final", true)}}};
}

Spelling sa_solver(const Keys& k) {
  k.choice("algorithm_type", {"data_prediction"});
  const int64_t predictor = k.order("predictor_order"), corrector = k.order("corrector_order");
  return {"sa_solver", {{"predictor_order", predictor}, {"corrector_order", corrector}}};
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

/// The ends of laid-out sigmas, where the configuration has its own.
Table ends_of(const Keys& k, const Class& c) {
  Table out;
  for (const char* key : {"sigma_min", "sigma_max"}) {
    if (!k.has(key)) continue;
    const double end = k.number(key, 0);
    if (c.layout == Layout::flow) Keys::refuse(key, "null: those of the schedule", fmt::format("{}", end));
    if (!(end > 0)) Keys::refuse(key, "above 0", fmt::format("{}", end));
    out[key] = end;
  }
  return out;
}

void lay_out(Spelling& walk, const Keys& k, const Class& c) {
  const auto take = [&walk](const char* grid, Table options = {}) {
    walk.grid = grid;
    walk.grid_options = std::move(options);
  };
  if (c.layout == Layout::edm) {
    if (k.choice("sigma_schedule", {"karras", "exponential"}) == "exponential") return take("exponential");
    return take("karras", {{"rho", k.number("rho", 7)}});
  }
  if (k.flag("use_karras_sigmas", false)) return take("karras", ends_of(k, c));
  if (k.flag("use_lu_lambdas", false)) return take("exponential");
  if (k.flag("use_exponential_sigmas", false)) return take("exponential", ends_of(k, c));
  if (k.flag("use_beta_sigmas", false)) {
    Table options = ends_of(k, c);
    options["of"] = "sigma";
    return take("beta", std::move(options));
  }
  if (c.layout == Layout::flow || k.flag("use_flow_sigmas", false)) {
    const bool dynamic = k.flag("use_dynamic_shifting", false);
    if (dynamic && c.layout != Layout::flow)
      Keys::refuse("use_dynamic_shifting", "false, beside use_flow_sigmas: flow_shift is the shift", "true");
    if (const double terminal = k.number("shift_terminal", 0); terminal != 0 && !dynamic)
      Keys::refuse("shift_terminal", "null, without use_dynamic_shifting", fmt::format("{}", terminal));
    if (c.layout != Layout::flow) return take("uniform");  // the schedule itself is shifted
    if (!dynamic) return take("flow_shift", {{"shift", 1.0}, {"spacing", "uniform"}});
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

/// Where SASolverScheduler takes fresh noise unless a function of the caller's says otherwise, which no file holds:
/// tau = 1 at the timesteps 200 to 800 and 0 elsewhere. The bounds lie halfway, in log(sigma / alpha), to the timesteps
/// beyond, so that no rounding decides. A flow's timestep is the whole part of num_train_timesteps times sigma.
void add_tau(DiffusersConfig& out, const Keys& k) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr int64_t kFirst = 200, kLast = 800;
  double low = 0, high = 0;
  if (out.schedule == "flow") {
    const auto ratio = [states = static_cast<double>(k.count("num_train_timesteps", 1000))](double timestep) {
      return timestep < states ? timestep / (states - timestep) : kInfinity;
    };
    low = ratio(kFirst);
    high = ratio(kLast + 1);
  } else {
    const auto schedule = schedule::registry().make(out.schedule, out.schedule_options);
    const int64_t states = schedule->states();
    const auto halfway = [&](int64_t state) {  // to the next one; timestep k is state k + 1
      if (state >= states) return kInfinity;
      const auto count = static_cast<double>(states), first = static_cast<double>(state);
      return std::exp(-(schedule->log_snr(first / count) + schedule->log_snr((first + 1) / count)) / 4);
    };
    low = halfway(kFirst);
    high = halfway(kLast + 1);
  }
  Table& options = out.walk.options;
  if (std::isinf(low)) {
    options["tau"] = 0.0;
    return;
  }
  options["tau_min"] = low;
  if (!std::isinf(high)) options["tau_max"] = high;
}

std::string prediction_of(const Keys& k, const Class& c, const std::string& schedule) {
  // diffusers' v_prediction is there the same network with the other sign, which no prediction here has.
  if (c.layout == Layout::edm)
    return k.choice("prediction_type", {"epsilon", "v_prediction"}) == "epsilon" ? "edm" : "";
  if (c.layout == Layout::ipndm) return "v";
  const std::string prediction = k.text("prediction_type", schedule == "flow" ? "flow_prediction" : "epsilon");
  if (prediction == "epsilon") return "eps";
  if (prediction == "sample") return "x0";
  if (prediction == "v_prediction") return "v";
  if (prediction == "flow_prediction") return "velocity";
  Keys::refuse("prediction_type", "epsilon, sample, v_prediction or flow_prediction", prediction);
}

}  // namespace

DiffusersConfig read_diffusers(const Table& config, bool other_walk) {
  const Keys keys(config);
  const std::string name = keys.text("_class_name", "");
  const Class* found = nullptr;
  for (const Class& one : classes())
    if (name == one.name) found = &one;
  if (found == nullptr) fail_unknown(kWhere, "_class_name", name, diffusers_classes());
  if (keys.flag("thresholding", false)) Keys::refuse("thresholding", "false", "true");
  DiffusersConfig out;
  schedule_of(out, keys, *found);
  out.prediction = prediction_of(keys, *found, out.schedule);
  if (out.prediction == "edm") out.prediction_options = {{"sigma_data", keys.number("sigma_data", 0.5)}};
  try {
    out.walk = found->sampler(keys);
    lay_out(out.walk, keys, *found);
    if (out.walk.sampler == "sa_solver") add_tau(out, keys);
  } catch (const Error&) {
    if (!other_walk) throw;
    out.walk = {};
  }
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
