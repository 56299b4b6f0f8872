// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/weak.hpp"

#include "roulade/core/error.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/provenance.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/training.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

/// A run, and one of a smaller network on the same data.
class WeakTest : public testing::Test {
 protected:
  static fs::path train(const std::string& name, const std::vector<std::string>& set, bool resume = false) {
    run_training({.recipe = recipe_with(set),
                  .out = root_ / name,
                  .resume = resume,
                  .init_from = {},
                  .progress = {},
                  .cancel = {},
                  .row = {}});
    return root_ / name;
  }
  static Recipe recipe_with(const std::vector<std::string>& set) {
    Recipe recipe = parse_recipe(R"(
[data]
kind = "gaussian_mixture"
modes = 4
count = 500
validation_count = 50
[schedule]
kind = "cosine"
steps = 20
[model]
width = 16
depth = 1
[denoiser]
clip = 0.5
[objective]
label_dropout = 0.2
[train]
steps = 20
batch = 64
checkpoint_every = 10
keep = 2
)",
                                 "test");
    for (const std::string& one : set) set_key(recipe, one);
    return recipe;
  }
  static void SetUpTestSuite() {
    root_ = fs::temp_directory_path() / ("roulade-weak-" + std::to_string(getpid()));
    fs::create_directories(root_);
    train("strong", {});
    train("small", {"model.width=4"});
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }

  static TrainedRun open(const std::string& name, std::vector<std::string> set = {},
                         std::optional<int64_t> checkpoint = {}) {
    return open_run({root_ / name, std::move(set), checkpoint});
  }
  static TrainedRun guided_by(const fs::path& weak, const std::string& scale = "3.0") {
    return open("strong", {"guidance.kind=autoguidance", "guidance.weak=" + weak.string(), "guidance.scale=" + scale});
  }
  static void refused(const std::function<void()>& act, Code code, const std::string& part) {
    try {
      act();
      ADD_FAILURE() << part;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code) << e.what();
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  }
  static void expect_refused(const fs::path& weak, Code code, const std::string& part) {
    refused([&] { guided_by(weak); }, code, part);
  }

  Tensor x = at::arange(8, at::kFloat).mul(0.3).sub(1).view({4, 2});
  Condition labels{at::arange(4), {}, {}, {}, {}};
  std::vector<double> t{0.5};
  static fs::path root_;
};

fs::path WeakTest::root_;

TEST_F(WeakTest, IsARunOrACheckpointAndIsNeitherGuidedNorClipped) {
  const Denoised strong = open("strong").denoiser->denoise(x, t, labels);
  const auto expect = [&](const fs::path& given, const Denoised& weak) {
    const Tensor sum = weak.direction().add(strong.direction().sub(weak.direction()), 3);
    const Denoised guided = guided_by(given).denoiser->denoise(x, t, labels);
    EXPECT_TRUE(at::allclose(guided.direction(), sum, 1e-5, 1e-5)) << given;
    EXPECT_TRUE(guided.x0.equal(guided.direction().clamp(-0.5, 0.5))) << given;
    EXPECT_FALSE(at::allclose(sum, strong.direction(), 1e-3, 1e-3)) << given;
  };
  expect(root_ / "small", open("small").denoiser->denoise(x, t, labels));
  expect(root_ / "small/", open("small").denoiser->denoise(x, t, labels));
  const fs::path earlier = RunFolder{root_ / "strong"}.checkpoint(10);
  expect(earlier, open("strong", {}, 10).denoiser->denoise(x, t, labels));
  expect(earlier / "", open("strong", {}, 10).denoiser->denoise(x, t, labels));
  EXPECT_TRUE(guided_by(earlier, "1.0").denoiser->denoise(x, t, labels).x0.equal(strong.x0));
}

TEST_F(WeakTest, OthersThanTheStrongOnesKindAreRefused) {
  EXPECT_THROW(open("strong", {"guidance.kind=autoguidance"}), Error);
  EXPECT_THROW(open("strong", {"guidance.kind=cfg", "guidance.weak=small"}), Error);  // an option of another method
  expect_refused(root_ / "nothing", Code::io, "nothing");
  expect_refused(root_ / "strong/checkpoints/step-00000011", Code::io, "10, 20");
  expect_refused(train("schedule", {"schedule.steps=30"}), Code::usage, "schedule");
  expect_refused(train("scaling", {"data.scale=none"}), Code::usage, "scaling");
  expect_refused(train("classes", {"data.modes=3"}), Code::usage, "classes");
  Recipe three;
  for (const char* one : {"data.kind=swiss_roll_3d", "data.count=500", "schedule.steps=20", "train.steps=0"})
    set_key(three, one);
  run_training({.recipe = three,
                .out = root_ / "three",
                .resume = false,
                .init_from = {},
                .progress = {},
                .cancel = {},
                .row = {}});
  expect_refused(root_ / "three", Code::usage, "shape");
}

TEST_F(WeakTest, IsTheRunsOwnKeptStep) {
  const std::vector<std::string> kept = {"train.keep_steps=[5]", "train.keep=1", "train.preview_every=4",
                                         "guidance.kind=autoguidance", "guidance.weak_step=5"};
  const RunFolder own{train("own", kept)};
  EXPECT_EQ(own.steps(), (std::vector<int64_t>{5, 20}));
  for (const int64_t step : {4, 8, 20}) EXPECT_TRUE(fs::exists(own.preview(step))) << step;

  const TrainedRun guided = open("own");
  const TrainedRun named = open("own", {"guidance.weak_step=0", "guidance.weak=" + own.checkpoint(5).string()});
  const Tensor x0 = guided.denoiser->denoise(x, t, labels).x0;
  EXPECT_TRUE(x0.equal(named.denoiser->denoise(x, t, labels).x0));
  EXPECT_FALSE(x0.equal(open("own", {"guidance.weak_step=20"}).denoiser->denoise(x, t, labels).x0));
  const auto hash = [](const TrainedRun& run) { return provenance_of(run, "run").weak_sha256; };
  EXPECT_EQ(hash(guided), hash(named));
  EXPECT_NE(hash(guided), hash(open("own", {"guidance.weak_step=20"})));
  EXPECT_EQ(hash(open("own", {"guidance.scale=1.0"})), "");
  EXPECT_EQ(weights_sha256(guided), weights_sha256(open("own", {"guidance.weak_step=20"})));

  refused([] { open("own", {"guidance.weak_step=7"}); }, Code::io, "one of 5, 20");
  refused([] { open("own", {"guidance.weak=small"}); }, Code::usage, "both");
}

TEST_F(WeakTest, WhatATrainingWouldNotKeepIsRefusedBeforeIt) {
  const std::string kind = "guidance.kind=autoguidance", step = "guidance.weak_step=5";
  const auto no = [&](const std::vector<std::string>& set, const std::string& part) {
    refused([&] { train("unkept", set); }, Code::usage, part);
    refused([&] { plan_training(recipe_with(set)); }, Code::usage, part);
    EXPECT_FALSE(fs::exists(root_ / "unkept"));
  };
  no({kind, step}, "one of train.keep_steps, up to 20, got 5 of []");
  no({kind, "guidance.weak_step=21", "train.keep_steps=[6, 21]"}, "got 21 of [6, 21]");
  no({kind, step, "train.keep_steps=[5]", "guidance.weak=small"}, "both");
  no({"train.keep_steps=[2.5]"}, "whole");
  // Gone already: a resumed training passes no step again.
  train("passed", {"train.keep=1"});
  refused(
      [&] {
        train("passed", {"train.keep=1", kind, step, "train.keep_steps=[5]"}, true);
      },
      Code::usage, "one of 20");
}

TEST_F(WeakTest, AKeptStepChangesNoTraining) {
  const RunFolder plain{root_ / "strong"}, kept{train("kept", {"train.keep_steps=[3, 20]"})};
  EXPECT_EQ(kept.steps(), (std::vector<int64_t>{3, 10, 20}));
  const auto raw = [](const RunFolder& run) { return read_raw_network(run.checkpoint(20)); };
  const std::map<std::string, Tensor> a = raw(plain), b = raw(kept);
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(tensor.equal(b.at(name))) << name;
}

}  // namespace
}  // namespace roulade
