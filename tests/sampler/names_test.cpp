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
