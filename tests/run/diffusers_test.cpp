// SPDX-License-Identifier: Apache-2.0
// Folders of diffusers, against what its own pipelines sample from the same noise (tools/golden/pipeline.py).
#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/run/diffusers_folder.hpp"
#include "roulade/run/inspection.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/scheduler_config.hpp"
#include "roulade/run/settings.hpp"
#include "tests/tree.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

fs::path golden() { return test::tree() / "tests/golden/pipeline"; }

/// A folder with the golden network and a scheduler of its own.
class DiffusersFolderTest : public testing::Test {
 protected:
  DiffusersFolderTest() {
    fs::remove_all(root_);
    fs::create_directories(root_);
    fs::copy(golden() / "unet", root_ / "unet", fs::copy_options::recursive);
    fs::copy(golden() / "scheduler", root_ / "scheduler");
    fs::copy(golden() / "model_index.json", root_ / "model_index.json");
  }
  ~DiffusersFolderTest() override { fs::remove_all(root_); }

  void change(const char* file, const std::function<void(Json&)>& edit) const {
    Json json = Json::parse(read_file(root_ / file));
    edit(json);
    write_file_atomically(root_ / file, json.dump());
  }

  /// As diffusers writes it: its infinities are no JSON.
  void write_scheduler(const std::string& text) const {
    write_file_atomically(root_ / "scheduler/scheduler_config.json", text);
  }

  std::string refusal(const std::vector<std::string>& set = {}, bool judge = false) const {
    try {
      open_run_or_folder({root_, set, {}}, judge);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  }

  /// What is said of the scheduler's file alone, as --sampler reads it.
  std::string file_refusal() const {
    try {
      read_scheduler_config(root_ / "scheduler");
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  }

  static bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

  fs::path root_ = fs::temp_directory_path() / fmt::format("roulade-diffusers-{}", getpid());
};

/// Convolutions term by term, as theirs: Winograd's rounding alone is 1e-5.
struct Exact {
  Exact() { set_exact(true); }
  ~Exact() { set_exact(false); }
};

TEST_F(DiffusersFolderTest, SamplesAsTheirPipelinesDo) {
  const Exact exact;
  const TensorFile file = read_tensors(golden() / "samples.safetensors");
  for (const auto& [name, text] : file.metadata) {
    SCOPED_TRACE(name);
    const Json about = Json::parse(text);
    change("model_index.json", [&](Json& json) { json["_class_name"] = about.at("pipeline"); });
    change("scheduler/scheduler_config.json", [&](Json& json) { json = about.at("scheduler"); });
    const TrainedRun run =
        open_run_or_folder({root_, {fmt::format("sample.steps={}", about.at("steps").get<int64_t>())}, {}});
    ASSERT_EQ(run.facts.shape, (std::vector<int64_t>{3, 8, 8}));

    const Tensor noise = file.tensors.at(name + " noise");
    const SampleParts parts = make_sample_parts(run.recipe.tables.at("sample"));
    const NoiseFn draw = [&](int64_t index, int64_t, const Tensor&) { return noise.select(0, index + 1); };
    const SampleRun made =
        sample(*parts.sampler, *run.denoiser, {}, sampling_times(run), noise.select(0, 0).clone(), draw);
    EXPECT_EQ(made.calls, about.at("steps").get<int64_t>());

    const Tensor ours = made.x.to(at::kDouble).contiguous(), theirs = file.tensors.at(name + " sample");
    const Tensor picture = file.tensors.at(name + " picture");  // [B, H, W, C]
    ASSERT_EQ(ours.sizes(), theirs.sizes());
    const double *a = ours.const_data_ptr<double>(), *b = theirs.const_data_ptr<double>();
    const auto* shades = picture.const_data_ptr<uint8_t>();
    double largest = 0, error = 0;
    int64_t inside = 0, shade = 0;
    for (int64_t i = 0; i < ours.numel(); ++i) {
      largest = std::max(largest, std::abs(b[i]));
      error = std::max(error, std::abs(a[i] - b[i]));
      inside += std::abs(b[i]) < 0.99 ? 1 : 0;
      const int64_t pixel = i % 64, channel = i / 64 % 3, row = i / 192;
      const int64_t want = shades[(row * 64 + pixel) * 3 + channel];
      const int64_t got = std::lround(std::clamp((a[i] + 1) / 2, 0.0, 1.0) * 255);
      shade = std::max(shade, std::abs(want - got));
    }
    EXPECT_LE(error, 1e-5 * largest);  // the network's rounding in single precision
    EXPECT_LE(shade, 1);
    EXPECT_GT(inside, ours.numel() / 4);  // not all black and white
  }
}

TEST_F(DiffusersFolderTest, ConfigurationsComeBack) {
  const std::vector<std::vector<std::string>> cases{
      {"schedule.kind=linear", "schedule.steps=40", "schedule.beta_end=0.2", "sample.steps=40", "denoiser.clip=1"},
      {"schedule.kind=cosine", "schedule.steps=40", "denoiser.prediction=v", "schedule.zero_terminal_snr=true",
       "sample.steps=10", "denoiser.clip=1.5"},
      {"schedule.kind=scaled_linear", "sample.sampler=ddim", "sample.grid=leading", "sample.steps_offset=1"},
      {"schedule.kind=sigmoid", "schedule.steps=50", "denoiser.prediction=x0", "sample.grid=trailing",
       "sample.steps=7"},
      {"schedule.kind=table", "schedule.betas=[0.1, 0.2, 0.3]", "sample.steps=3", "sample.variance=beta"},
  };
  for (const std::vector<std::string>& set : cases) {
    SCOPED_TRACE(fmt::format("{}", fmt::join(set, " ")));
    Recipe recipe;
    for (const std::string& one : set) set_key(recipe, one);
    recipe = resolve(recipe);
    const SchedulerText text = scheduler_config_text(recipe);
    ASSERT_EQ(text.obstacle, "");
    EXPECT_TRUE(text.remarks.empty()) << text.remarks.front();
    write_file_atomically(root_ / "scheduler/scheduler_config.json", text.text);
    fs::remove(root_ / "model_index.json");
    const TrainedRun run = open_run_or_folder({root_, {}, {}});
    const std::shared_ptr<const Schedule> ours = make_schedule(recipe.tables.at("schedule"));
    ASSERT_EQ(run.schedule->states(), ours->states());
    for (int64_t i = 0; i <= ours->states(); ++i) {
      const double t = static_cast<double>(i) / static_cast<double>(ours->states());
      ASSERT_EQ(run.schedule->alpha(t), ours->alpha(t));
      ASSERT_EQ(run.schedule->network_time(t), ours->network_time(t));
    }
    const auto times = make_sample_parts(recipe.tables.at("sample"))
                           .grid->times(*ours, settings_of<SampleSettings>(recipe, "sample").steps);
    EXPECT_EQ(sampling_times(run), times);
    for (const auto& [table, key] :
         {std::pair("denoiser", "prediction"), {"denoiser", "clip"}, {"sample", "sampler"}, {"denoiser", "variance"}})
      EXPECT_EQ(run.recipe.tables.at(table).at(key).value, recipe.tables.at(table).at(key).value) << key;
  }
}

TEST_F(DiffusersFolderTest, SaysWhatDiffusersHasNot) {
  const auto obstacle = [](const std::vector<std::string>& set) {
    Recipe recipe;
    for (const std::string& one : set) set_key(recipe, one);
    return scheduler_config_text(resolve(recipe)).obstacle;
  };
  EXPECT_TRUE(has(obstacle({"schedule.kind=edm"}), "schedule.kind"));
  EXPECT_TRUE(has(obstacle({"schedule.index=from_clean"}), "schedule.index"));
  EXPECT_TRUE(has(obstacle({"denoiser.prediction=velocity"}), "denoiser.prediction"));
  Recipe recipe;
  for (const char* one : {"sample.sampler=ddim", "sample.grid=uniform", "sample.steps=30"}) set_key(recipe, one);
  ASSERT_EQ(scheduler_config_text(resolve(recipe)).remarks.size(), 1U);
  EXPECT_TRUE(has(scheduler_config_text(resolve(recipe)).remarks.front(), "DDIMScheduler"));
}

TEST_F(DiffusersFolderTest, WeightsInPartsAndOfOldNames) {
  const std::map<std::string, Tensor> whole = read_diffusers_weights(root_ / "unet");
  const fs::path stem = root_ / "unet/diffusion_pytorch_model.safetensors";
  std::map<std::string, Tensor> parts[2];
  Json index{{"weight_map", Json::object()}};
  const auto old_name = [](std::string name) {
    for (const auto& [now, old] : {std::pair<std::string, std::string>{".to_q.", ".query."},
                                   {".to_k.", ".key."},
                                   {".to_v.", ".value."},
                                   {".to_out.0.", ".proj_attn."}})
      if (const size_t at = name.find(now); at != std::string::npos) return name.replace(at, now.size(), old);
    return name;
  };
  size_t renamed = 0;
  for (const auto& [name, tensor] : whole) {
    const size_t part = parts[0].size() > parts[1].size() ? 1 : 0;
    parts[part][old_name(name)] = tensor.clone();
    index["weight_map"][old_name(name)] = fmt::format("part-{}.safetensors", part);
    renamed += old_name(name) != name ? 1 : 0;
  }
  ASSERT_GT(renamed, 0U);
  for (size_t i = 0; i < 2; ++i) write_tensors(root_ / fmt::format("unet/part-{}.safetensors", i), parts[i]);
  fs::remove(stem);
  write_file_atomically(stem.string() + ".index.json", index.dump());
  const std::map<std::string, Tensor> read = read_diffusers_weights(root_ / "unet");
  ASSERT_EQ(read.size(), whole.size());
  for (const auto& [name, tensor] : whole) EXPECT_TRUE(read.at(name).equal(tensor)) << name;
  EXPECT_EQ(refusal(), "");
  index["weight_map"]["conv_in.weight"] = "../part-0.safetensors";
  write_file_atomically(stem.string() + ".index.json", index.dump());
  EXPECT_TRUE(has(refusal(), "weight_map")) << refusal();
  fs::remove(stem.string() + ".index.json");
  write_file_atomically(root_ / "unet/diffusion_pytorch_model.bin", "x");
  EXPECT_TRUE(has(refusal(), "save_pretrained") && has(refusal(), "diffusion_pytorch_model.bin")) << refusal();
}

TEST_F(DiffusersFolderTest, WhatWouldChangeTheArithmeticIsRefused) {
  const char* scheduler = "scheduler/scheduler_config.json";
  const Json plain = Json::parse(read_file(root_ / scheduler));
  const auto refused = [&](const char* key, const Json& value) {
    change(scheduler, [&](Json& json) { json = plain, json[key] = value; });
    const std::string said = refusal();
    EXPECT_TRUE(has(said, key) && has(said, "scheduler_config.json")) << key << ": " << said;
  };
  refused("thresholding", true);
  refused("variance_type", "fixed_large_log");
  refused("variance_type", "learned_range");
  refused("set_alpha_to_one", false);
  refused("final_sigmas_type", "sigma_min");
  refused("turn_sideways", 0.5);
  refused("prediction_type", "words");
  refused("beta_schedule", "laplace");
  refused("trained_betas", {0.1, 0.2});
  change(scheduler, [&](Json& json) { json = plain, json["steps_offset"] = 1; });
  EXPECT_TRUE(has(refusal(), "variance_type")) << refusal();  // fixed_large: there would be noise in the last step
  refused("clip_sample_range", -1.0);
  change(scheduler, [&](Json& json) { json = plain, json["_note"] = "words", json["sample_max_value"] = 2.0; });
  EXPECT_EQ(refusal(), "");
  change("unet/config.json", [](Json& json) { json["turn_sideways"] = 0.5; });
  EXPECT_TRUE(has(refusal(), "turn_sideways") && has(refusal(), "config.json")) << refusal();
  change("unet/config.json", [](Json& json) { json.erase("turn_sideways"), json["sample_size"] = nullptr; });
  EXPECT_TRUE(has(refusal(), "sample_size")) << refusal();
  change("unet/config.json", [](Json& json) { json["sample_size"] = 8; });
  change("model_index.json", [](Json& json) { json["vae"] = {"diffusers", "AutoencoderKL"}; });
  EXPECT_TRUE(has(refusal(), "autoencoder")) << refusal();
}

/// All keys that save_pretrained of 0.42.1 writes for the class.
TEST_F(DiffusersFolderTest, SolversAreReadAsTheyAreSaved) {
  const std::string all = R"("_diffusers_version": "0.42.1", "beta_end": 0.02, "beta_schedule": "linear",
    "beta_start": 0.0001, "dynamic_thresholding_ratio": 0.995, "flow_shift": 1.0, "lower_order_final": true,
    "num_train_timesteps": 1000, "prediction_type": "epsilon", "sample_max_value": 1.0, "steps_offset": 0,
    "thresholding": false, "timestep_spacing": "linspace", "trained_betas": null, "use_beta_sigmas": false,
    "use_exponential_sigmas": false, "use_flow_sigmas": false, "use_karras_sigmas": false})";
  const std::string multistep = R"({"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "dpmsolver++",
    "euler_at_final": false, "final_sigmas_type": "zero", "lambda_min_clipped": -Infinity,
    "rescale_betas_zero_snr": false, "solver_order": 2, "solver_type": "midpoint", "time_shift_type": "exponential",
    "use_dynamic_shifting": false, "use_lu_lambdas": false, "variance_type": null, )";
  const std::string singlestep = R"({"_class_name": "DPMSolverSinglestepScheduler", "algorithm_type": "dpmsolver++",
    "final_sigmas_type": "zero", "lambda_min_clipped": -Infinity, "solver_order": 2, "solver_type": "midpoint",
    "time_shift_type": "exponential", "use_dynamic_shifting": false, "variance_type": null, )";
  const std::string unipc = R"({"_class_name": "UniPCMultistepScheduler", "disable_corrector": [],
    "final_sigmas_type": "zero", "predict_x0": true, "rescale_betas_zero_snr": false, "shift_terminal": null,
    "sigma_max": null, "sigma_min": null, "solver_order": 2, "solver_p": null, "solver_type": "bh2",
    "time_shift_type": "exponential", "use_dynamic_shifting": false, )";
  const std::string sa_solver = R"({"_class_name": "SASolverScheduler", "algorithm_type": "data_prediction",
    "corrector_order": 2, "lambda_min_clipped": -Infinity, "predictor_order": 2, "tau_func": null,
    "variance_type": null, )";
  for (const auto& [own, sampler] : {std::pair<std::string, std::string>{multistep, "dpmpp_2m"},
                                     {singlestep, "dpmpp_2s_ancestral"},
                                     {unipc, "unipc"},
                                     {sa_solver, "sa_solver"}}) {
    SCOPED_TRACE(sampler);
    write_scheduler(own + all);
    ASSERT_EQ(refusal(), "");
    const Table sample = open_run_or_folder({root_, {}, {}}).recipe.tables.at("sample");
    EXPECT_EQ(sample.at("sampler").value, Value(sampler));
    if (sampler == "sa_solver") {
      EXPECT_LT(std::get<double>(sample.at("tau_max").value), 26);  // that of timestep 800
    }
    ASSERT_EQ(file_refusal(), "");
    EXPECT_EQ(read_scheduler_config(root_ / "scheduler").walk.sampler, sampler);
  }
}

/// By a folder and by --sampler FILE alike.
TEST_F(DiffusersFolderTest, WhatWouldChangeTheWalkIsRefused) {
  const auto refused = [&](const std::string& name, const std::string& key, const std::string& value) {
    write_scheduler(fmt::format(R"({{"_class_name": "{}", "{}": {}}})", name, key, value));
    for (const std::string& said : {refusal(), file_refusal()})
      EXPECT_TRUE(has(said, key) && has(said, "scheduler_config.json")) << key << ": " << said;
  };
  const std::string multistep = "DPMSolverMultistepScheduler", unipc = "UniPCMultistepScheduler";
  refused(multistep, "lambda_min_clipped", "-5.1");
  refused(multistep, "lambda_min_clipped", "NaN");
  refused(multistep, "final_sigmas_type", R"("sigma_min")");
  refused(multistep, "solver_type", R"("rk4")");
  refused(multistep, "turn_sideways", "0.5");
  refused(unipc, "disable_corrector", "[0]");
  refused(unipc, "solver_p", R"({"_class_name": "DDIMScheduler"})");
  refused(unipc, "final_sigmas_type", R"("sigma_min")");
  refused(unipc, "predict_x0", "false");
  refused(unipc, "solver_type", R"("rk4")");
  refused("DPMSolverSinglestepScheduler", "solver_type", R"("heun")");
  refused("SASolverScheduler", "algorithm_type", R"("noise_prediction")");
  refused("FlowMatchEulerDiscreteScheduler", "invert_sigmas", "true");
  // Whoever names another walk is asked nothing about this one.
  write_scheduler(R"({"_class_name": "DPMSolverMultistepScheduler", "solver_order": 3, "euler_at_final": true})");
  EXPECT_EQ(file_refusal(), "");
  write_scheduler(R"({"_class_name": "DPMSolverMultistepScheduler", "solver_order": 3, "solver_type": "rk4"})");
  EXPECT_TRUE(has(file_refusal(), "solver_type")) << file_refusal();
  EXPECT_EQ(refusal({"sample.sampler=euler", "sample.grid=karras"}), "");
  // A grid of ours ends at clean data, whatever the file says of the last step.
  write_scheduler(R"({"_class_name": "PNDMScheduler", "set_alpha_to_one": false, "_note": {"of": "others"}})");
  EXPECT_EQ(file_refusal(), "");
}

TEST_F(DiffusersFolderTest, OnlyClassesThatClipDo) {
  const auto clip = [&](const std::string& name) {
    write_scheduler(fmt::format(
        R"({{"_class_name": "{}", "clip_sample": true, "clip_sample_range": 1.5, "set_alpha_to_one": true}})", name));
    return open_run_or_folder({root_, {}, {}}).recipe.tables.at("denoiser").at("clip").value;
  };
  for (const char* name : {"DDPMScheduler", "DDIMScheduler", "LCMScheduler", "HeunDiscreteScheduler"})
    EXPECT_EQ(clip(name), Value(1.5)) << name;
  for (const char* name : {"PNDMScheduler", "TCDScheduler", "EulerDiscreteScheduler", "DPMSolverMultistepScheduler"})
    EXPECT_EQ(clip(name), Value(0.0)) << name << " does not read what another class left";
}

TEST_F(DiffusersFolderTest, DataAndWeightsAreAskedForByName) {
  EXPECT_TRUE(has(refusal({}, true), "--data"));
  EXPECT_TRUE(has(refusal({"data.kind=moons"}, true), "shape of the samples"));
  EXPECT_TRUE(has(refusal({"sample.weights=raw"}), "weights"));
  EXPECT_TRUE(has(refusal({"train.steps=3"}), "cannot change"));
}

TEST_F(DiffusersFolderTest, AreInspected) {
  const Description about = inspect(root_);
  const auto fact = [&](const std::string& key) {
    for (const auto& one : about.facts)
      if (one.name == key) return one.value;
    return Cell();
  };
  EXPECT_EQ(fact("pipeline"), Cell(std::string("DDPMPipeline")));
  EXPECT_EQ(fact("scheduler"), Cell(std::string("DDPMScheduler")));
  EXPECT_EQ(fact("shape"), Cell(std::string("3 x 8 x 8")));
  EXPECT_EQ(fact("parameters"), Cell(open_run_or_folder({root_, {}, {}}).parameters));
}

TEST_F(DiffusersFolderTest, FillANetworkThatIsTrainedOn) {
  Recipe recipe;
  for (const char* one :
       {"model.kind=unet", "model.block_out_channels=[8, 16]", "model.norm_num_groups=4", "model.layers_per_block=1",
        "model.down_block_types=[\"DownBlock2D\", \"AttnDownBlock2D\"]", "model.norm_eps=1e-6", "model.freq_shift=1",
        "model.up_block_types=[\"AttnUpBlock2D\", \"UpBlock2D\"]", "model.flip_sin_to_cos=false"})
    set_key(recipe, one);
  EXPECT_EQ(read_initial_weights(root_, resolve(recipe)).size(), read_diffusers_weights(root_ / "unet").size());
  set_key(recipe, "model.freq_shift=0");
  try {
    read_initial_weights(root_, resolve(recipe));
    FAIL() << "another network was taken";
  } catch (const Error& e) {
    EXPECT_TRUE(has(e.what(), "freq_shift = 1")) << e.what();
  }
}

}  // namespace
}  // namespace roulade
