// SPDX-License-Identifier: Apache-2.0
// What a run began with stays with it: initial weights, sums as they are written, data that have moved.
#include "roulade/core/process.hpp"
#include "roulade/io/image.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/training.hpp"
#include "roulade/run/trajectory.hpp"
#include "tests/io/scratch.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kState = "training.safetensors";

Recipe points(const std::vector<std::string>& set = {}) {
  Recipe recipe = parse_recipe(R"(
[data]
kind = "gaussian_mixture"
modes = 4
count = 500
validation_count = 50
[schedule]
steps = 20
[model]
width = 16
depth = 1
[objective]
fused = false
[train]
steps = 20
batch = 64
checkpoint_every = 10
log_every = 10
keep = 9
)",
                               "test");
  for (const std::string& one : set) set_key(recipe, one);
  return recipe;
}

TrainRequest request_of(const Recipe& recipe, const fs::path& out, bool resume = false) {
  TrainRequest request;
  request.recipe = recipe;
  request.out = out;
  request.resume = resume;
  return request;
}

/// As a kill after the checkpoint of a step leaves it.
void cut(const RunFolder& folder, int64_t step) {
  for (const int64_t later : folder.steps())
    if (later > step) fs::remove_all(folder.checkpoint(later));
  fs::remove(folder.checkpoints() / "latest");
}

struct Exact {
  Exact() { set_exact(true); }
  ~Exact() { set_exact(false); }
};

TEST(InitialWeights, OfATrainingThatNeverBeganAreNotTheNextOnes) {
  const Scratch s;
  run_training(request_of(points(), s / "whole"));
  TrainRequest request = request_of(points({"train.steps=0"}), s / "killed");
  request.init_from = s / "whole";
  run_training(request);
  const RunFolder killed{s / "killed"};
  ASSERT_EQ(killed.steps(), std::vector<int64_t>{0});
  for (const fs::path& file : {killed.recipe(), killed.facts(), killed.metrics()}) fs::remove(file);
  expect_error(Code::usage, {"never began", "--init-from"},
               [&] { run_training(request_of(points(), killed.root, true)); });

  // Stopped before its first step, it goes on from weights of its own.
  request = request_of(points(), killed.root);
  request.cancel.request();
  EXPECT_FALSE(run_training(request).finished);
  EXPECT_TRUE(killed.steps().empty());
  EXPECT_FALSE(fs::exists(fs::symlink_status(killed.checkpoints() / "latest")));
  EXPECT_TRUE(run_training(request_of(points(), killed.root, true)).finished);
  EXPECT_EQ(slurp(killed.checkpoint(20) / kState), slurp(RunFolder{s / "whole"}.checkpoint(20) / kState));

  // Of a run that got further somebody took the recipe away: nothing of it is removed.
  for (const fs::path& file : {killed.recipe(), killed.facts(), killed.metrics()}) fs::remove(file);
  expect_error(Code::usage, {"not a run"}, [&] { run_training(request_of(points(), killed.root)); });
  EXPECT_TRUE(fs::exists(killed.checkpoint(20) / kState));
}

TEST(InitialWeights, OfAnotherNetworkOfTheSameShapesAreRefused) {
  const Scratch s;
  run_training(request_of(points({"train.steps=1"}), s / "run"));
  TrainRequest request = request_of(points({"train.steps=1", "model.activation=silu"}), s / "other");
  request.init_from = s / "run";
  expect_error(Code::usage, {"run] [model] of the recipe", "activation = \"relu\", got activation = \"silu\""},
               [&] { run_training(request); });
  EXPECT_FALSE(fs::exists(request.out));
  request.recipe = points({"train.steps=1", "model.width=8"});
  expect_error(Code::input, {"do not fit the network"}, [&] { run_training(request); });
  request.recipe = points({"train.steps=1", "train.lr=1e-5"});
  EXPECT_TRUE(run_training(request).finished);
}

// Autograd's products of a network on points are LibTorch's with exact sums; the fused pass has its own either way.
TEST(ExactSums, AreRecordedAndTold) {
  for (const bool fused : {false, true}) {
    const Scratch s;
    const Recipe recipe = points({fused ? "objective.fused=true" : "objective.fused=false"});
    const RunFolder folder{s / "run"};
    {
      const Exact exact;
      run_training(request_of(recipe, folder.root));
    }
    ASSERT_EQ(read_makers(folder).size(), 1u);
    EXPECT_TRUE(read_makers(folder)[0].exact);
    cut(folder, 10);
    std::vector<std::string> lines;
    TrainRequest request = request_of(recipe, folder.root, true);
    request.warn = [&](const std::string& line) { lines.push_back(line); };
    {
      const Exact exact;
      run_training(request);
    }
    EXPECT_TRUE(lines.empty()) << lines.front();
    EXPECT_EQ(read_makers(folder).size(), 1u);
    cut(folder, 10);
    run_training(request);
    ASSERT_EQ(lines.size(), fused ? 0u : 1u);
    if (!fused) {
      EXPECT_NE(lines[0].find("was trained with --exact so far, now without it"), std::string::npos) << lines[0];
    }
    ASSERT_EQ(read_makers(folder).size(), 2u);
    EXPECT_EQ(read_makers(folder)[1].from_step, 10);
    EXPECT_FALSE(read_makers(folder)[1].exact);
  }
}

/// Grey pictures of two classes.
void make_pictures(const fs::path& folder, int dark, int light, int64_t side = 4) {
  for (int k = 0; k < dark + light; ++k) {
    const fs::path of_class = folder / (k < dark ? "dark" : "light");
    fs::create_directories(of_class);
    const std::vector<uint8_t> values(static_cast<size_t>(side * side), static_cast<uint8_t>(9 * k));
    spill(of_class / fmt::format("{}.png", k), to_png({side, side, 1, values}));
  }
}

Recipe pictures(const fs::path& folder, const std::vector<std::string>& set = {}) {
  Recipe recipe = parse_recipe(fmt::format(R"(
[data]
kind = "images"
path = "{}"
channels = 1
scale = "pixels"
[model]
kind = "unet"
block_out_channels = [8, 16]
down_block_types = ["DownBlock2D", "DownBlock2D"]
up_block_types = ["UpBlock2D", "UpBlock2D"]
layers_per_block = 1
norm_num_groups = 4
[train]
steps = 4
batch = 4
checkpoint_every = 2
keep = 9
)",
                                           folder.string()),
                               "test");
  for (const std::string& one : set) set_key(recipe, one);
  return recipe;
}

TEST(MovedData, AreTrainedOnWhereTheyLieNow) {
  const Scratch s;
  make_pictures(s / "before", 10, 10);
  run_training(request_of(pictures(s / "before"), s / "run"));
  const RunFolder run{s / "run"};
  const std::string whole = slurp(run.checkpoint(4) / kState);
  cut(run, 2);
  fs::rename(s / "before", s / "after");
  const std::vector<std::string> held{"data.memory=64", "data.scratch=" + s.folder().string()};
  EXPECT_TRUE(run_training(request_of(pictures(s / "after", held), run.root, true)).finished);
  EXPECT_EQ(slurp(run.checkpoint(4) / kState), whole);
  EXPECT_EQ(place_of_data(read_run_recipe(run)), (s / "after").string());

  // Others are not: 15 of 20 pictures are never the share that 10 of them are, whichever are held out.
  make_pictures(s / "other", 15, 5);
  cut(run, 2);
  expect_error(Code::input, {"other] these are other data than the run was trained on, by share of class 0"},
               [&] { run_training(request_of(pictures(s / "other"), run.root, true)); });
  make_pictures(s / "large", 10, 10, 8);
  expect_error(Code::input, {"large] these are other data than the run was trained on, by axis 1: expected 4, got 8"},
               [&] { run_training(request_of(pictures(s / "large"), run.root, true)); });
  expect_error(Code::usage, {"resuming cannot change data.channels"},
               [&] { run_training(request_of(pictures(s / "after", {"data.channels=3"}), run.root, true)); });
}

TEST(MovedData, OfATrainedRunAreNamedByAnOverride) {
  const Scratch s;
  make_pictures(s / "before", 10, 10);
  run_training(request_of(pictures(s / "before"), s / "run"));
  fs::rename(s / "before", s / "after");
  const auto open = [&](const std::vector<std::string>& set) { return open_run({s / "run", set, {}}); };
  EXPECT_NO_THROW(open({}));  // samples need no data
  const TrainedRun run =
      open({"data.path=" + (s / "after").string(), "data.memory=64", "data.scratch=" + s.folder().string()});
  EXPECT_EQ(place_of_data(run.recipe), (s / "after").string());
  make_pictures(s / "large", 10, 10, 8);
  expect_error(Code::input, {"large] these are other data than the run was trained on, by axis 1"},
               [&] { open({"data.path=" + (s / "large").string()}); });
  // As many of each class, in another order: splits are others, and nothing else tells.
  fs::copy(s / "after", s / "renamed", fs::copy_options::recursive);
  const fs::path first = fs::directory_iterator(s / "renamed")->path();
  const fs::path picture = fs::directory_iterator(first)->path();
  fs::rename(picture, first / ("z" + picture.filename().string()));
  const std::vector<std::string> told{"renamed] these are other data", "by the pictures' names or labels"};
  expect_error(Code::input, told, [&] { open({"data.path=" + (s / "renamed").string()}); });
  cut(RunFolder{s / "run"}, 2);
  expect_error(Code::input, told, [&] { run_training(request_of(pictures(s / "renamed"), s / "run", true)); });
  make_pictures(s / "one", 20, 0);
  expect_error(Code::input, {"one] these are other data than the run was trained on, by class "},
               [&] { open({"data.path=" + (s / "one").string()}); });
  expect_error(Code::usage, {"a trained run cannot change this"}, [&] { open({"data.channels=3"}); });

  run_training(request_of(points({"train.steps=1"}), s / "points"));
  expect_error(Code::usage, {"unknown key 'path'"}, [&] { open_run({s / "points", {"data.path=x"}, {}}); });
}

TEST(MovedData, LeaveTheTrajectoryAsItIs) {
  const Recipe base = pictures("/a");
  const auto differences = [&](const char* assignment) {
    return trajectory_differences(base, pictures("/a", {assignment}));
  };
  for (const char* free : {"data.path=/b", "data.memory=5", "data.scratch=/b"})
    EXPECT_TRUE(differences(free).empty()) << free;
  EXPECT_EQ(differences("data.size=8"), std::vector<std::string>{"data.size"});
}

TEST(SameData, AreToldByAllThatARunKeepsOfThem) {
  DataFacts trained;
  trained.columns = {"x", "y"};
  trained.class_names = {"a", "b"};
  trained.class_shares = {0.25, 0.75};
  trained.scaling = {{0, 1e-3}, {2, 1e-6}};
  trained.buckets = {{20, 12, 8}};
  trained.text.captions = {"red"};
  EXPECT_NO_THROW(check_same_data(trained, trained, "here"));
  DataFacts now = trained;
  now.scaling.deviation[0] *= 1 + 1e-12;  // another build's rounding
  now.scaling.mean[0] += 1e-12;
  now.class_shares[0] += 1e-13;
  EXPECT_NO_THROW(check_same_data(trained, now, "here"));
  EXPECT_TRUE(same_scaling(trained.scaling, now.scaling));
  Scaling other_scale = trained.scaling;
  other_scale.deviation[1] *= 1.001;
  EXPECT_FALSE(same_scaling(trained.scaling, other_scale));
  EXPECT_FALSE(same_scaling(trained.scaling, {{0}, {2}}));
  const auto expect = [&](const std::string& part, const auto& change) {
    DataFacts other = trained;
    change(other);
    expect_error(Code::input, {"[here] these are other data", part}, [&] { check_same_data(trained, other, "here"); });
  };
  expect("column 1: expected y, got z", [](DataFacts& f) { f.columns[1] = "z"; });
  expect("class 2: expected none, got c", [](DataFacts& f) { f.class_names.emplace_back("c"); });
  expect("share of class 1", [](DataFacts& f) { f.class_shares[1] = 0.7499; });
  expect("mean of column 1", [](DataFacts& f) { f.scaling.mean[1] = 1.1e-3; });
  expect("deviation of column 1", [](DataFacts& f) { f.scaling.deviation[1] *= 1.001; });
  expect("bucket 0: expected 8 of 20 x 12, got 7 of 20 x 12", [](DataFacts& f) { f.buckets[0].pictures = 7; });
  trained.rows_code = 7;
  expect("the pictures' names or labels", [](DataFacts& f) { f.rows_code = 8; });
  now.rows_code = 8;  // of a run that noted none, and now
  trained.rows_code = 0;
  EXPECT_NO_THROW(check_same_data(trained, now, "here"));
  EXPECT_NO_THROW(check_same_data(now, trained, "here"));
  expect("caption 0: expected red, got none", [](DataFacts& f) { f.text.captions.clear(); });
}

}  // namespace
}  // namespace roulade
