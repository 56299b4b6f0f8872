// SPDX-License-Identifier: Apache-2.0
// Other programs' names: what they mean, and that those of diffusers visit the levels that its classes do.
#include "roulade/sampler/names.hpp"

#include "roulade/grid/grid.hpp"
#include "roulade/sampler/diffusers_names.hpp"
#include "roulade/sampler/sampler.hpp"
#include "tests/sampler/golden_cases.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using nlohmann::json;

bool listed(const std::string& sampler) {
  const std::vector<std::string> names = sampler::registry().names();
  return std::count(names.begin(), names.end(), sampler) > 0;
}

std::string text(const Table& options) {
  std::string out;
  for (const auto& [key, given] : options) out += key + "=" + to_text(given.value) + " ";
  return out;
}

/// "sampler option=value / grid option=value"; empty where the name means nothing.
std::string meaning(const std::string& name) {
  const auto found = find_spelling(name);
  if (!found) return "";
  return found->sampler + " " + text(found->options) + "/ " + found->grid + " " + text(found->grid_options);
}

TEST(Names, LabelsOfA1111BringTheirGrids) {
  EXPECT_EQ(meaning("DPM++ 2M Karras"), "dpmpp_2m / karras ");
  EXPECT_EQ(meaning("dpm++ 2m karras"), "dpmpp_2m / karras ");
  EXPECT_EQ(meaning("DPM++ 2M"), "dpmpp_2m / karras ") << "what Automatic takes";
  EXPECT_EQ(meaning("DPM++ 2M Automatic"), "dpmpp_2m / karras ");
  EXPECT_EQ(meaning("DPM++ 2M SGM Uniform"), "dpmpp_2m / sgm_uniform ");
  EXPECT_EQ(meaning("DPM++ 2M Align Your Steps"), "dpmpp_2m / align_your_steps ");
  EXPECT_EQ(meaning("DPM++ 2M Beta"), "dpmpp_2m / beta of=\"sigma\" ");
  EXPECT_EQ(meaning("Euler"), "euler / uniform rounded=false ");
  EXPECT_EQ(meaning("Heun Exponential"), "heun / exponential ");
  EXPECT_EQ(meaning("DDIM"), "ddim / leading steps_offset=1 ");
  EXPECT_EQ(meaning("DPM++ 2M Kuras"), "");
  EXPECT_EQ(meaning("DPM++ 2MKarras"), "");
  EXPECT_EQ(meaning(""), "");
}

TEST(Names, FunctionsOfKDiffusionAreTheirSamplers) {
  EXPECT_EQ(meaning("sample_dpmpp_2m"), "dpmpp_2m /  ");
  EXPECT_EQ(meaning("sample_euler"), "euler /  ");
  EXPECT_EQ(meaning("sample_"), "");
  EXPECT_EQ(meaning("sample_log_likelihood"), "");
}

TEST(Names, ClassesOfDiffusersHaveTheirDefaults) {
  EXPECT_EQ(meaning("DDPMScheduler"), "ddpm / leading steps_offset=0 ");
  EXPECT_EQ(meaning("DDIMScheduler"), "ddim / leading steps_offset=0 ");
  EXPECT_EQ(meaning("EulerDiscreteScheduler"), "euler / uniform rounded=false ");
  EXPECT_EQ(meaning("DPMSolverMultistepScheduler"), "dpmpp_2m lower_order_final=true / sgm_uniform rounded=true ");
  EXPECT_EQ(meaning("FlowMatchHeunDiscreteScheduler"), "heun / flow_shift shift=1.0 spacing=\"uniform\" ");
  EXPECT_EQ(meaning("EDMEulerScheduler"), "euler / karras rho=7.0 ");
}

TEST(Names, EverythingThatIsListedCanBeMade) {
  const std::vector<std::string> all = spellings();
  EXPECT_GE(all.size(), 16u);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size()) << "a name is listed twice";
  for (const std::string& name : all) {
    SCOPED_TRACE(name);
    const auto found = find_spelling(name);
    ASSERT_TRUE(found);
    const std::vector<std::string> own = spellings(found->sampler);
    EXPECT_EQ(std::count(own.begin(), own.end(), name), 1);
    sampler::registry().make(found->sampler, found->options);
    if (!found->grid.empty()) grid::registry().make(found->grid, found->grid_options);
  }
  for (const std::string& grid : grid::registry().names())
    for (const std::string& name : grid_spellings(grid)) {
      SCOPED_TRACE(name);
      const auto found = find_grid_spelling(name);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->grid, grid);
      grid::registry().make(found->grid, found->grid_options);
    }
  EXPECT_FALSE(find_grid_spelling("Kuras"));
}

TEST(Names, ASamplerThatIsNotThereHasNone) {
  const std::vector<std::pair<std::string, std::string>> names{{"Euler a", "euler_ancestral"},
                                                               {"DPM++ SDE Karras", "dpmpp_sde"},
                                                               {"UniPC", "unipc"},
                                                               {"PLMS", "pndm"},
                                                               {"LMS Karras", "lms"},
                                                               {"Restart", "restart"},
                                                               {"UniPCMultistepScheduler", "unipc"},
                                                               {"uni_pc_bh2", "unipc"}};
  const std::vector<std::string> all = spellings();
  for (const auto& [name, sampler] : names) {
    SCOPED_TRACE(name);
    EXPECT_EQ(find_spelling(name).has_value(), listed(sampler));
    EXPECT_EQ(std::count(all.begin(), all.end(), name), listed(sampler) ? 1 : 0);
  }
  EXPECT_EQ(find_spelling("sample_dpm_2").has_value(), listed("dpm2"));
}

/// What a refused configuration says.
std::string refusal(const Table& config) {
  try {
    read_diffusers(config);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::usage);
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(Names, ConfigurationsOfDiffusersAreRead) {
  const DiffusersConfig sd = read_diffusers({{"_class_name", "PNDMScheduler"},
                                             {"_diffusers_version", "0.6.0"},
                                             {"beta_end", 0.012},
                                             {"beta_schedule", "scaled_linear"},
                                             {"beta_start", 0.00085},
                                             {"num_train_timesteps", 1000},
                                             {"set_alpha_to_one", false},
                                             {"skip_prk_steps", true},
                                             {"steps_offset", 1}});
  EXPECT_EQ(sd.walk.sampler, "pndm");
  EXPECT_EQ(text(sd.walk.options), "skip_prk_steps=true ");
  EXPECT_EQ(sd.walk.grid, "leading");
  EXPECT_EQ(text(sd.walk.grid_options), "steps_offset=1 ");
  EXPECT_EQ(sd.schedule, "scaled_linear");
  EXPECT_EQ(text(sd.schedule_options), "beta_end=0.012 beta_start=0.00085 steps=1000 ");
  EXPECT_EQ(sd.prediction, "eps");

  const DiffusersConfig zero = read_diffusers({{"_class_name", "DPMSolverMultistepScheduler"},
                                               {"algorithm_type", "sde-dpmsolver++"},
                                               {"solver_type", "heun"},
                                               {"use_karras_sigmas", true},
                                               {"rescale_betas_zero_snr", true},
                                               {"beta_schedule", "squaredcos_cap_v2"},
                                               {"prediction_type", "v_prediction"}});
  EXPECT_EQ(zero.walk.sampler, "dpmpp_2m_sde");
  EXPECT_EQ(text(zero.walk.options), "eta=1.0 solver=\"heun\" ");
  EXPECT_EQ(zero.walk.grid, "karras");
  EXPECT_EQ(zero.schedule, "cosine");
  EXPECT_EQ(text(zero.schedule_options), "steps=1000 zero_terminal_snr=true ");
  EXPECT_EQ(zero.prediction, "v");

  const DiffusersConfig flux = read_diffusers(
      {{"_class_name", "FlowMatchEulerDiscreteScheduler"}, {"use_dynamic_shifting", true}, {"shift", 3.0}});
  EXPECT_EQ(flux.walk.grid, "flow_shift");
  EXPECT_EQ(text(flux.schedule_options), "shift=1.0 ");
  EXPECT_EQ(flux.prediction, "velocity");
  const DiffusersConfig sd3 = read_diffusers({{"_class_name", "FlowMatchEulerDiscreteScheduler"}, {"shift", 3}});
  EXPECT_EQ(text(sd3.schedule_options), "shift=3.0 ");

  const DiffusersConfig edm = read_diffusers({{"_class_name", "EDMEulerScheduler"}, {"sigma_data", 1}});
  EXPECT_EQ(edm.prediction, "edm");
  EXPECT_EQ(text(edm.prediction_options), "sigma_data=1.0 ");
  EXPECT_EQ(text(sd.prediction_options), "");
  const DiffusersConfig turned =
      read_diffusers({{"_class_name", "EDMEulerScheduler"}, {"prediction_type", "v_prediction"}});
  EXPECT_EQ(turned.prediction, "");  // the other sign, which none has here; the walk is the same
  EXPECT_EQ(turned.walk.sampler, "euler");
  EXPECT_NE(refusal({{"_class_name", "EDMEulerScheduler"}, {"prediction_type", "sample"}}).find("prediction_type"),
            std::string::npos);

  EXPECT_NE(refusal({{"_class_name", "DDIMSchedular"}}).find("did you mean 'DDIMScheduler'?"), std::string::npos);
  EXPECT_NE(refusal({}).find("_class_name"), std::string::npos);
  EXPECT_NE(refusal({{"_class_name", "DDIMScheduler"}, {"thresholding", true}}).find("thresholding"),
            std::string::npos);
  EXPECT_NE(refusal({{"_class_name", "DDIMScheduler"}, {"steps_offset", "1"}}).find("steps_offset"), std::string::npos);
  EXPECT_NE(refusal({{"_class_name", "DDIMScheduler"}, {"timestep_spacing", "even"}}).find("timestep_spacing"),
            std::string::npos);
  EXPECT_NE(
      refusal({{"_class_name", "DPMSolverMultistepScheduler"}, {"algorithm_type", "dpmsolver"}}).find("algorithm_type"),
      std::string::npos);
}

/// What a class's configuration with one more key or two is said to mean.
std::string walk_of(const char* name, Table config) {
  config["_class_name"] = name;
  const Spelling walk = read_diffusers(config).walk;
  return walk.sampler + " " + text(walk.options) + "/ " + walk.grid + " " + text(walk.grid_options);
}

/// Found in configurations that were another class's: diffusers takes its own default, with a notice.
TEST(Names, ValuesOfOtherClassesBecomeTheClassesOwn) {
  const auto same = [](const char* name, const Table& config, Table plain = {}) {
    EXPECT_EQ(walk_of(name, config), walk_of(name, std::move(plain))) << name << " " << text(config);
  };
  for (const char* solver : {"midpoint", "heun", "logrho"})
    same("UniPCMultistepScheduler", {{"solver_type", solver}}, {{"solver_type", "bh2"}});
  for (const char* solver : {"midpoint", "heun", "bh1", "bh2"})
    same("DEISMultistepScheduler", {{"solver_type", solver}, {"algorithm_type", "dpmsolver++"}});
  for (const char* solver : {"logrho", "bh1", "bh2"}) {
    same("DPMSolverSinglestepScheduler", {{"solver_type", solver}, {"algorithm_type", "deis"}});
    same("DPMSolverMultistepScheduler", {{"solver_type", solver}, {"algorithm_type", "deis"}});
    same("DPMSolverMultistepScheduler", {{"solver_type", solver}, {"algorithm_type", "sde-dpmsolver++"}},
         {{"algorithm_type", "sde-dpmsolver++"}});
  }
  // The last step ends at clean data, whatever is said of its order.
  same("DPMSolverSinglestepScheduler", {{"lower_order_final", true}});
  same("DPMSolverMultistepScheduler", {{"lower_order_final", false}, {"solver_type", "heun"}},
       {{"solver_type", "heun"}});
}

TEST(Names, ValuesWithoutACounterpartAreRefusedByTheirKeys) {
  const auto refused = [](const char* key, const char* name, Table config) {
    config["_class_name"] = name;
    const std::string said = refusal(config);
    EXPECT_NE(said.find(std::string("[diffusers] ") + key + ":"), std::string::npos) << name << ": " << said;
  };
  const char *multistep = "DPMSolverMultistepScheduler", *singlestep = "DPMSolverSinglestepScheduler",
             *unipc = "UniPCMultistepScheduler", *sa = "SASolverScheduler", *euler = "EulerDiscreteScheduler";
  refused("solver_type", multistep, {{"solver_type", "rk4"}});
  refused("solver_order", multistep, {{"solver_order", 4}});
  for (const bool lower : {false, true})
    EXPECT_EQ(walk_of(multistep, {{"solver_order", 3}, {"lower_order_final", lower}}),
              "dpmpp_3m_sde eta=0.0 / sgm_uniform rounded=true ");
  refused("solver_type", singlestep, {{"solver_type", "heun"}});
  refused("solver_type", singlestep, {{"solver_type", "heun"}, {"algorithm_type", "dpmsolver"}, {"solver_order", 3}});
  EXPECT_EQ(walk_of(singlestep, {{"solver_type", "heun"}, {"solver_order", 1}}), "ddim / sgm_uniform rounded=true ");
  refused("solver_type", unipc, {{"solver_type", "rk4"}});
  refused("solver_order", unipc, {{"solver_order", 4}});
  refused("solver_order", "DEISMultistepScheduler", {{"solver_order", 4}});
  refused("algorithm_type", "DEISMultistepScheduler", {{"algorithm_type", "sde-dpmsolver++"}});
  refused("algorithm_type", sa, {{"algorithm_type", "noise_prediction"}});
  refused("predictor_order", sa, {{"predictor_order", 4}});
  refused("corrector_order", sa, {{"corrector_order", 0}});
  refused("use_dynamic_shifting", unipc, {{"use_flow_sigmas", true}, {"use_dynamic_shifting", true}});
  refused("shift_terminal", unipc, {{"use_flow_sigmas", true}, {"shift_terminal", 0.1}});
  refused("shift_terminal", "FlowMatchEulerDiscreteScheduler", {{"shift_terminal", 0.1}});
  refused("sigma_schedule", "EDMEulerScheduler", {{"sigma_schedule", "linear"}});
  refused("sigma_min", euler, {{"use_karras_sigmas", true}, {"sigma_min", 0.0}});
  // A walk of the caller's own takes its place.
  const DiffusersConfig other =
      read_diffusers({{"_class_name", multistep}, {"solver_order", 4}, {"beta_end", 0.03}}, true);
  EXPECT_EQ(other.walk.sampler, "");
  EXPECT_EQ(other.schedule, "linear");
  EXPECT_EQ(other.schedule_options.at("beta_end").value, Value(0.03));
}

TEST(Names, EndsOfLaidOutSigmasAreTheConfigurations) {
  const Table ends{{"sigma_min", 0.1}, {"sigma_max", 9}};
  const auto with = [&](const char* key) {
    Table config = ends;
    config[key] = true;
    return walk_of("EulerDiscreteScheduler", config);
  };
  EXPECT_EQ(with("use_karras_sigmas"), "euler / karras sigma_max=9.0 sigma_min=0.1 ");
  EXPECT_EQ(with("use_exponential_sigmas"), "euler / exponential sigma_max=9.0 sigma_min=0.1 ");
  EXPECT_EQ(with("use_beta_sigmas"), "euler / beta of=\"sigma\" sigma_max=9.0 sigma_min=0.1 ");
  EXPECT_EQ(walk_of("EulerDiscreteScheduler", ends), walk_of("EulerDiscreteScheduler", {})) << "as in diffusers";
}

/// Between these levels sa_solver is told to take noise.
std::pair<double, double> noisy_levels(const Table& options) {
  const auto bound = [&](const char* key, double otherwise) {
    const auto given = options.find(key);
    return given == options.end() ? otherwise : std::get<double>(given->second.value);
  };
  return {bound("tau_min", 0), bound("tau_max", INFINITY)};
}

TEST(Names, SaSolverTakesNoiseAtTheTimestepsThatDiffusersDoes) {
  const Table sd{{"_class_name", "SASolverScheduler"},
                 {"beta_schedule", "scaled_linear"},
                 {"beta_start", 0.00085},
                 {"beta_end", 0.012}};
  const auto noisy_states = [](const Table& config) {
    const DiffusersConfig got = read_diffusers(config);
    const auto [low, high] = noisy_levels(got.walk.options);
    const auto schedule = schedule::registry().make(got.schedule, got.schedule_options);
    const int64_t states = schedule->states();
    std::vector<int64_t> timesteps;
    for (int64_t k = 0; k < states; ++k) {
      const double t = static_cast<double>(k + 1) / static_cast<double>(states);
      const double level = schedule->sigma(t) / schedule->alpha(t);
      if (level >= low && level <= high) timesteps.push_back(k);
    }
    return timesteps;
  };
  Table config = sd;
  std::vector<int64_t> timesteps = noisy_states(config);
  ASSERT_EQ(timesteps.size(), 601u);
  EXPECT_EQ(timesteps.front(), 200);
  EXPECT_EQ(timesteps.back(), 800);
  // The levels of a walk of theirs, of 7 steps: timesteps 999, 856, 714, 571, 428, 285, 143.
  for (const json& one : testing::golden_cases({"diffusers_indexed"})) {
    if (one["name"].get<std::string>() != "sa_solver_1_1") continue;
    const auto [low, high] = noisy_levels(read_diffusers(config).walk.options);
    std::vector<bool> noisy;
    for (size_t j = 0; j < 7; ++j) {
      const double level = one["levels"][j].get<double>();
      noisy.push_back(level >= low && level <= high);
    }
    EXPECT_EQ(noisy, (std::vector<bool>{false, false, true, true, true, true, false}));
  }
  config["num_train_timesteps"] = 500;
  timesteps = noisy_states(config);
  ASSERT_EQ(timesteps.size(), 300u);
  EXPECT_EQ(timesteps.front(), 200);
  config["num_train_timesteps"] = 100;
  EXPECT_EQ(read_diffusers(config).walk.options.at("tau").value, Value(0.0)) << "no timestep reaches 200";
  // A flow's timesteps are 1000 sigma, without the fraction.
  const auto [low, high] = noisy_levels(read_diffusers({{"_class_name", "SASolverScheduler"},
                                                        {"use_flow_sigmas", true},
                                                        {"flow_shift", 3.0},
                                                        {"prediction_type", "flow_prediction"}})
                                            .walk.options);
  EXPECT_NEAR(low, 0.2 / 0.8, 1e-12);
  EXPECT_NEAR(high, 0.801 / 0.199, 1e-12);
  // A bare name goes by the class's betas.
  const auto bare = find_spelling("SASolverScheduler");
  ASSERT_TRUE(bare);
  EXPECT_NEAR(noisy_levels(bare->options).first, 0.72, 0.01);
  EXPECT_NEAR(noisy_levels(bare->options).second, 25.8, 0.1);
}

/// Every configuration that a schedule and a grid can be made of is.
TEST(Names, ClassesOfDiffusersHaveSchedulesAndGrids) {
  for (const std::string& name : diffusers_classes()) {
    SCOPED_TRACE(name);
    const DiffusersConfig config = read_diffusers({{"_class_name", name}});
    EXPECT_NE(config.schedule.empty(), name != "IPNDMScheduler");
    if (config.schedule.empty()) continue;
    const auto schedule = schedule::registry().make(config.schedule, config.schedule_options);
    EXPECT_EQ(grid::registry().make(config.walk.grid, config.walk.grid_options)->times(*schedule, 20).size(), 21u);
  }
}

/// Cases of the walks whose levels a grid of ours does not give, and why.
const std::map<std::string, std::string> kOtherLevels{
    {"lcm", "strides of the fifty timesteps that the model was distilled on"},
    {"tcd_0.0", "the same"},
    {"tcd_0.3", "the same"},
    {"ipndm", "a schedule of its own"},
    {"dpmpp_2s", "a step here takes the place of two there"},
    {"dpmpp_2m_flow", "1 - 1/T is the first sigma there"},
    {"unipc_flow", "the same"},
    {"deis_flow", "the same"},
    {"flow_euler", "the last sigma is shifted twice there"},
    {"flow_euler_renoised", "the same"},
    {"flow_heun", "the same"},
};

TEST(Names, ConfigurationsOfDiffusersVisitItsLevels) {
  size_t compared = 0;
  for (const json& one : testing::golden_cases()) {
    const std::string name = one["name"], peer = one["peer"];
    if (peer.find("Scheduler") == std::string::npos) continue;
    SCOPED_TRACE(name);
    Table config = testing::table_of(one["peer_options"]);
    config["_class_name"] = peer;
    if (name == "ipndm") config.erase("trained_betas");
    const DiffusersConfig got = read_diffusers(config);
    EXPECT_EQ(got.walk.sampler, one["sampler"].get<std::string>());
    if (kOtherLevels.count(name) > 0) continue;
    const auto schedule = schedule::registry().make(got.schedule, got.schedule_options);
    const int64_t n = one["peer_options"]["steps"];
    const auto times = grid::registry().make(got.walk.grid, got.walk.grid_options)->times(*schedule, n);
    const json& levels = one["levels"];
    ASSERT_EQ(times.size(), levels.size());
    for (size_t j = 0; j + 1 < times.size(); ++j) {
      const double u = schedule->sigma(times[j]) / schedule->alpha(times[j]);
      if (levels[j].is_null()) {
        EXPECT_TRUE(std::isinf(u));
        continue;
      }
      // Without terminal signal there its sigma is set to 4096. Between states it interpolates sigma, not log sigma.
      const double want = levels[j].get<double>();
      if (std::isinf(u)) {
        EXPECT_NEAR(want, 4096, 1);
      } else {
        EXPECT_NEAR(u, want, 2e-5 * want) << j;
      }
    }
    ++compared;
  }
  EXPECT_EQ(compared, 49u);
}

}  // namespace
}  // namespace roulade
