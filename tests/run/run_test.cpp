// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/io/jsonl.hpp"
#include "roulade/run/evaluation.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/training.hpp"
#include "tests/run/short_recipe.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

/// One short labelled run that all tests of this file read.
class RunTest : public testing::Test {
 protected:
  static Recipe recipe() { return short_recipe(); }

  static void SetUpTestSuite() {
    root_ = fs::temp_directory_path() / ("roulade-run-" + std::to_string(getpid()));
    fs::create_directories(root_);
    run_training({.recipe = recipe(),
                  .out = root_ / "run",
                  .resume = false,
                  .init_from = {},
                  .progress = {},
                  .cancel = {},
                  .row = {}});
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }

  static TrainedRun open(std::vector<std::string> set = {}, std::optional<int64_t> checkpoint = {}) {
    return open_run({root_ / "run", std::move(set), checkpoint});
  }
  static std::vector<double> values(const TrainedRun& run, int64_t count, uint64_t seed = 1) {
    SampleRequest request;
    request.count = count;
    request.seed = seed;
    return sample_points(run, request).points.values;
  }
  static std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  static inline fs::path root_;
};

TEST_F(RunTest, TheFolderHoldsWhatItShould) {
  const RunFolder folder{root_ / "run"};
  EXPECT_EQ(folder.steps(), (std::vector<int64_t>{30, 40}));  // keep = 2
  EXPECT_EQ(fs::read_symlink(folder.checkpoints() / "latest"), "step-00000040");
  EXPECT_TRUE(fs::exists(folder.checkpoints() / "best/model/config.json"));
  EXPECT_TRUE(fs::exists(folder.checkpoint(40) / "scheduler/scheduler_config.json"));
  std::vector<int64_t> steps;
  for (const std::string& line : read_lines(folder.metrics())) steps.push_back(nlohmann::json::parse(line)["step"]);
  EXPECT_EQ(steps, (std::vector<int64_t>{10, 20, 20, 30, 40, 40}));
}

TEST_F(RunTest, SamplesDependOnSeedAndNumberAlone) {
  const std::vector<double> all = values(open(), 250);
  EXPECT_EQ(values(open(), 250), all);
  EXPECT_NE(values(open(), 250, 2), all);
  const std::vector<double> fewer = values(open(), 100);
  EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(), all.begin()));
  const std::vector<double> other_chunk = values(open({"sample.chunk=37"}), 250);
  const int before = threads();
  set_threads(1);
  EXPECT_EQ(values(open(), 250), all);
  set_threads(before);
  double largest = 0;
  for (const double v : all) largest = std::max(largest, std::abs(v));
  for (size_t i = 0; i < all.size(); ++i) EXPECT_NEAR(other_chunk[i], all[i], 1e-5 * largest);
}

TEST_F(RunTest, OverridesReachTheSamplerAndOnlyIt) {
  SampleRequest request;
  request.count = 10;
  EXPECT_EQ(sample_points(open({"sample.sampler=heun", "sample.grid=karras", "sample.steps=5"}), request).calls, 9);
  EXPECT_EQ(sample_points(open({"sample.sampler=ddim", "sample.eta=0.5"}), request).calls, 20);
  EXPECT_THROW(open({"model.width=8"}), Error);
  EXPECT_THROW(open({"sample.variance2=beta"}), Error);
  EXPECT_THROW(open({"sample.sampler=heun", "sample.variance=beta"}), Error);  // an option of another sampler
  EXPECT_NE(values(open({"sample.weights=raw"}), 5), values(open(), 5));
  EXPECT_NE(values(open({}, 30), 5), values(open(), 5));
  EXPECT_THROW(open({}, 10), Error);
}

TEST_F(RunTest, LabelsAreAsked) {
  SampleRequest request;
  request.count = 400;
  const auto labels = [&](const char* wish) {
    return sample_points(open({std::string("sample.label=") + wish}), request).points.labels;
  };
  for (const int64_t label : labels("\"2\"")) EXPECT_EQ(label, 2);
  for (const int64_t label : labels("none")) EXPECT_EQ(label, -1);
  std::vector<int> count(4);
  for (const int64_t label : labels("data")) ++count[static_cast<size_t>(label)];
  for (const int c : count) EXPECT_NEAR(c, 100, 5 * std::sqrt(400 * 0.25 * 0.75));
  EXPECT_THROW(labels("\"4\""), Error);
  EXPECT_THROW(labels("cat"), Error);
}

TEST_F(RunTest, FramesBeginWithNoiseAndEndWithTheSamples) {
  SampleRequest request;
  request.count = 300;
  request.frame_points = 150;
  const PointSamples made = sample_points(open(), request);
  ASSERT_EQ(made.frames.size(), 21u);
  EXPECT_EQ(made.frames.front().t, 1);
  EXPECT_EQ(made.frames.back().t, 0);
  EXPECT_TRUE(
      std::equal(made.frames.back().values.begin(), made.frames.back().values.end(), made.points.values.begin()));
  EXPECT_NE(made.frames.front().values, made.frames.back().values);
}

TEST_F(RunTest, EvaluationAndReportAreWritten) {
  const TrainedRun run = open();
  const Evaluation e = evaluate_run(run);
  EXPECT_TRUE(e.finished);
  EXPECT_EQ(e.result.pairs, 2);
  const nlohmann::json json = nlohmann::json::parse(to_json(run, e));
  EXPECT_EQ(json["figures"].size(), e.result.figures.size());
  for (const FigureResult& figure : e.result.figures) {
    if (figure.figure == "sliced_wasserstein") {
      EXPECT_GT(figure.generated.mean, figure.floor->mean);  // 40 steps are not enough to learn
    }
  }
  std::ofstream(RunFolder{run.folder}.evaluation()) << to_json(run, e);
  const std::vector<fs::path> files = report_run(run);
  EXPECT_EQ(files.front().filename(), "index.html");
  for (const fs::path& file : files) EXPECT_GT(fs::file_size(file), 0u) << file;
}

TEST_F(RunTest, ResumingIsExactAndChangesAreRefused) {
  const fs::path out = root_ / "resumed";
  Cancel cancel;
  TrainRequest request{
      .recipe = recipe(), .out = out, .resume = false, .init_from = {}, .progress = {}, .cancel = cancel, .row = {}};
  request.row = [&](const MetricRow& row) {
    if (row.step == 20) cancel.request();
  };
  EXPECT_FALSE(run_training(request).finished);
  request.resume = true;
  request.cancel = Cancel();
  request.row = {};
  Recipe changed = recipe();
  set_key(changed, "train.lr=0.5");
  TrainRequest refused = request;
  refused.recipe = changed;
  EXPECT_THROW(run_training(refused), Error);
  EXPECT_TRUE(run_training(request).finished);
  for (const char* file : {"training.safetensors", "training.json", "model/diffusion_pytorch_model.safetensors"})
    EXPECT_EQ(content(RunFolder{out}.checkpoint(40) / file), content(RunFolder{root_ / "run"}.checkpoint(40) / file))
        << file;
  request.resume = false;
  EXPECT_THROW(run_training(request), Error);  // the folder is taken
}

// Twenty steps with the threads of this machine, then the folder is made to say others, and more that no checkpoint
// holds. The record keeps who made which steps.
TEST_F(RunTest, ResumingWithOtherThreadsIsTold) {
  for (const bool fused : {true, false}) {
    TrainRequest request;
    request.recipe = recipe();
    set_key(request.recipe, fused ? "objective.fused=true" : "objective.fused=false");
    request.out = root_ / (fused ? "fused" : "autograd");
    const auto stop_at = [&](int64_t step) {
      request.cancel = Cancel();
      request.row = [step, cancel = request.cancel](const MetricRow& row) mutable {
        if (row.step == step) cancel.request();
      };
    };
    stop_at(10);
    EXPECT_FALSE(run_training(request).finished);
    std::vector<std::string> lines;
    request.warn = [&](const std::string& line) { lines.push_back(line); };
    request.resume = true;
    stop_at(20);
    EXPECT_FALSE(run_training(request).finished);
    EXPECT_TRUE(lines.empty()) << lines.front();
    const RunFolder folder{request.out};
    std::vector<Maker> makers = read_makers(folder);
    ASSERT_EQ(makers.size(), 1u);
    const int64_t here = std::exchange(makers[0].threads, 1000);
    makers.push_back({20, "lost", "", "", 500, 1, {}});
    write_run_recipe(folder, read_run_recipe(folder), makers);
    request.cancel = Cancel();
    request.row = {};
    EXPECT_TRUE(run_training(request).finished);
    ASSERT_EQ(lines.size(), fused ? 0u : 1u);
    if (!fused) {
      EXPECT_NE(lines[0].find("1000 threads"), std::string::npos) << lines[0];
    }
    makers = read_makers(folder);
    ASSERT_EQ(makers.size(), 2u);
    EXPECT_EQ(makers[0].threads, 1000);
    EXPECT_EQ(makers[1].from_step, 20);
    EXPECT_EQ(makers[1].threads, here);
    const std::string record = content(folder.recipe());
    EXPECT_TRUE(run_training(request).finished);  // nothing is left to do
    EXPECT_EQ(content(folder.recipe()), record);
  }
}

TEST_F(RunTest, PreviewsChangeNothing) {
  TrainRequest request{.recipe = recipe(),
                       .out = root_ / "previewed",
                       .resume = false,
                       .init_from = {},
                       .progress = {},
                       .cancel = {},
                       .row = {}};
  std::vector<int64_t> steps;
  std::vector<double> last;
  request.preview = [&](const TrainPreview& preview) {
    EXPECT_EQ(preview.fault, "");
    EXPECT_EQ(preview.samples.width, 2);
    EXPECT_EQ(preview.samples.rows, preview.data->rows);
    EXPECT_NE(preview.samples.values, last);  // the network has moved
    steps.push_back(preview.step);
    last = preview.samples.values;
  };
  request.preview_share = 1;
  run_training(request);
  ASSERT_GT(steps.size(), 1u);
  EXPECT_EQ(steps.back(), 40);
  for (const char* file : {"training.safetensors", "training.json", "model/diffusion_pytorch_model.safetensors"})
    EXPECT_EQ(content(RunFolder{request.out}.checkpoint(40) / file),
              content(RunFolder{root_ / "run"}.checkpoint(40) / file))
        << file;
  // Its samples are those of the run's averaged weights with the same few calls.
  const TrainedRun run = open({"sample.sampler=dpmpp_2m", "sample.steps=10", "sample.chunk=500"});
  EXPECT_EQ(last, values(run, 500, run.seed));
}

TEST_F(RunTest, PreviewsKeepToTheirShareOfTheTime) {
  Cancel cancel;
  TrainRequest request{.recipe = recipe(),
                       .out = root_ / "bounded",
                       .resume = false,
                       .init_from = {},
                       .progress = {},
                       .cancel = cancel,
                       .row = {}};
  set_key(request.recipe, "train.steps=1000000");
  const auto start = std::chrono::steady_clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  int count = 0;
  request.preview = [&](const TrainPreview&) {
    ++count;
    usleep(30'000);
  };
  request.preview_share = 0.1;
  request.row = [&](const MetricRow&) {
    if (passed() > 1.5) cancel.request();
  };
  run_training(request);
  EXPECT_GE(count, 1);
  EXPECT_LE(0.03 * count, 0.1 * passed() + 0.03);  // the first is not foreseen
}

TEST(Preview, LinesFillTheRoomAndNeverLeaveIt) {
  TrainPreview preview;
  preview.step = 70;
  preview.samples = {2, 2, {0, 0, 1, 1}, {}};
  preview.data = std::make_shared<const Points>(Points{4, 2, {0, 0, 1, 1, 0, 1, 1, 0}, {}});
  const auto width_of = [](const std::string& line) {
    return std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
  };
  // Samples in two corners of the square of the data, beside which data stand where there is room.
  EXPECT_EQ(preview_lines(preview, 40, 9)[1], "               ⠂   ⠐              ⠂");
  EXPECT_EQ(preview_lines(preview, 40, 9)[8], "⠠                  ⠠              ⠄");
  EXPECT_EQ(preview_lines(preview, 40, 9)[0], "step 70            data");
  EXPECT_EQ(preview_lines(preview, 80, 19)[0], "samples at step 70                     data");
  EXPECT_EQ(preview_lines(preview, 34, 9)[8], "⠠               ");
  for (const int64_t width : {1, 2, 3})
    for (const int columns : {16, 59, 79, 200})
      for (const int rows : {5, 9, 19}) {
        preview.data = std::make_shared<const Points>(Points{6 / width, width, {0, 1, 2, 3, 4, 9}, {}});
        preview.samples = {6 / width, width, {1, 2, 3, 4, 5, 1e9}, {}};
        const std::vector<std::string> lines = preview_lines(preview, columns, rows);
        EXPECT_EQ(lines.size(), static_cast<size_t>(rows));
        for (const std::string& line : lines) EXPECT_LE(width_of(line), columns);
      }
  preview.samples = {};
  preview.fault = "[sample] x after step 3 of 10: expected finite values";
  EXPECT_EQ(preview_lines(preview, 40, 9)[5].substr(0, 13), "no samples ye");
}

TEST_F(RunTest, InitFromStartsAtTheAveragedWeights) {
  Recipe still = recipe();
  set_key(still, "train.steps=0");
  TrainRequest request{.recipe = still,
                       .out = root_ / "still",
                       .resume = false,
                       .init_from = root_ / "run",
                       .progress = {},
                       .cancel = {},
                       .row = {}};
  run_training(request);
  EXPECT_EQ(content(RunFolder{root_ / "still"}.checkpoint(0) / "model/diffusion_pytorch_model.safetensors"),
            content(RunFolder{root_ / "run"}.checkpoint(40) / "model/diffusion_pytorch_model.safetensors"));
  Recipe step = recipe();
  set_key(step, "train.steps=1");
  set_key(step, "train.lr=1e-12");
  request.recipe = step;
  request.out = root_ / "one";
  run_training(request);
  const std::vector<double> a = values(open(), 50), b = values(open_run({root_ / "one", {}, {}}), 50);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-4);
  set_key(step, "model.width=8");
  request.recipe = step;
  request.out = root_ / "other";
  EXPECT_THROW(run_training(request), Error);
}

TEST_F(RunTest, DamagedCheckpointsAreNamed) {
  const fs::path copy = root_ / "damaged";
  fs::copy(root_ / "run", copy, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  const fs::path weights = RunFolder{copy}.checkpoint(40) / "model/diffusion_pytorch_model.safetensors";
  fs::resize_file(weights, fs::file_size(weights) / 2);
  try {
    open_run({copy, {}, {}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::input);
    EXPECT_NE(std::string(e.what()).find(weights.string()), std::string::npos) << e.what();
  }
  EXPECT_NO_THROW(open_run({copy, {}, 30}));
}

TEST_F(RunTest, AFolderFromTheFutureIsRefused) {
  const fs::path copy = root_ / "future";
  fs::copy(root_ / "run", copy, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  std::string text = content(copy / "recipe.toml");
  text.replace(text.find("format = 1"), 10, "format = 2");
  std::ofstream(copy / "recipe.toml") << text;
  EXPECT_THROW(open_run({copy, {}, {}}), Error);
}

}  // namespace
}  // namespace roulade
