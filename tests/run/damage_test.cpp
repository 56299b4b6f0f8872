// SPDX-License-Identifier: Apache-2.0
// Files of a run, or of a comparison, that were cut short, hold another type or lack a key: each is told by its name.
#include "roulade/core/error.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/run/compare.hpp"
#include "roulade/run/contender.hpp"
#include "roulade/run/evaluation.hpp"
#include "roulade/run/figures.hpp"
#include "roulade/run/inspection.hpp"
#include "roulade/run/metrics_file.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/training.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kRecipe = R"(
[data]
kind = "gaussian_mixture"
modes = 2
count = 500
validation_count = 50
[model]
width = 8
depth = 1
[train]
steps = 4
batch = 32
log_every = 2
validate_every = 2
[sample]
steps = 4
count = 100
[eval]
metrics = ["energy"]
pairs = 2
count = 50
)";

class Damage : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    root_ = fs::temp_directory_path() / ("roulade-damage-" + std::to_string(getpid()));
    fs::create_directories(root_);
    write(root_ / "tiny.toml", kRecipe);
    TrainRequest request;
    request.recipe = parse_recipe(kRecipe, "test");
    request.out = folder().root;
    run_training(request);
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }

  static RunFolder folder() { return {root_ / "run"}; }
  static TrainedRun open() { return open_run({folder().root, {}, {}}); }
  static void resume() {
    TrainRequest request;
    request.recipe = parse_recipe(kRecipe, "test");
    request.out = folder().root;
    request.resume = true;
    run_training(request);
  }

  static std::string content(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  static void write(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

  /// Expects Error(input) that names the file from `use` while the file holds `text`; puts the file back.
  static void refuses(const fs::path& file, const std::string& text, const std::function<void()>& use) {
    SCOPED_TRACE(text.substr(0, 300));
    const std::string whole = content(file);
    write(file, text);
    try {
      use();
      ADD_FAILURE() << "taken as whole";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::input) << e.what();
      EXPECT_NE(std::string(e.what()).find(file.string()), std::string::npos) << e.what();
    }
    write(file, whole);
  }
  /// The same for a JSON object cut short, as a list, without each of `keys`, and with an object or a text in its
  /// place.
  static void refuses_damaged_json(const fs::path& file, const std::vector<std::string>& keys,
                                   const std::function<void()>& use) {
    const std::string whole = content(file);
    ASSERT_NO_THROW(use());
    refuses(file, whole.substr(0, whole.size() / 2), use);
    refuses(file, "", use);
    refuses(file, "[1]\n", use);
    for (const std::string& key : keys) {
      Json json = Json::parse(whole);
      json.erase(key);
      refuses(file, json.dump(), use);
      json[key] = Json::object({{"a", "b"}});
      refuses(file, json.dump(), use);
      if (Json::parse(whole)[key].is_string()) continue;
      json[key] = "text";
      refuses(file, json.dump(), use);
    }
  }

  static inline fs::path root_;
};

TEST_F(Damage, FactsOfTheData) {
  const fs::path file = folder().facts();
  refuses_damaged_json(file, {"columns", "class_names", "class_shares", "mean", "deviation"}, open);
  Json json = Json::parse(content(file));
  json["deviation"][0] = 0;
  refuses(file, json.dump(), open);
  json["deviation"] = {1, 1, 1};
  refuses(file, json.dump(), open);
}

TEST_F(Damage, StateOfTheTraining) {
  const fs::path checkpoint = folder().checkpoint(4), file = checkpoint / "training.json";
  refuses_damaged_json(file, {"format", "step", "loss_sum", "loss_count", "last_loss", "ema"}, resume);
  refuses_damaged_json(file, {"step"}, [&] { inspect(checkpoint); });
  Json json = Json::parse(content(file));
  json["step"] = -1;
  refuses(file, json.dump(), resume);

  const fs::path tensors = checkpoint / "training.safetensors";
  const std::string whole = content(tensors);
  auto fewer = read_tensors(tensors).tensors;
  fewer.erase(fewer.begin());
  write_tensors(tensors, fewer);
  const std::string damaged = content(tensors);
  write(tensors, whole);
  refuses(tensors, damaged, resume);
  refuses(tensors, whole.substr(0, whole.size() / 2), resume);
}

TEST_F(Damage, LinesOfMetrics) {
  const fs::path file = folder().metrics();
  const std::string whole = content(file);
  ASSERT_EQ(read_metrics(file).size(), 4u);
  EXPECT_EQ(read_metrics(file).at(0).step, 2);
  EXPECT_TRUE(read_metrics(file / "none").empty());
  for (const char* line :
       {"[]", "{\"step\": 5, \"loss\": ", "{\"loss\": 1}", "{\"step\": \"5\", \"loss\": 1}",
        "{\"step\": -5, \"loss\": 1}", "{\"step\": 5, \"loss\": \"low\"}", "{\"step\": 5, \"validation\": {}}"})
    for (const std::function<void()>& use :
         {std::function([&] { read_metrics(file); }), std::function([] { inspect(folder().root); })})
      refuses(file, whole + line + "\n", use);
  refuses(file, whole + "{\"step\": 5, \"loss\": \"low\"}\n", [] { report_run(open()); });
  // Resuming loses nothing of a file with a damaged line among the steps of the checkpoint.
  const std::string damaged = "{\"step\": 2, \"lo\n" + whole;
  refuses(file, damaged, [&] {
    try {
      resume();
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(file.string() + ":1]"), std::string::npos) << e.what();
      EXPECT_EQ(content(file), damaged);
      throw;
    }
  });
  // What lies behind the checkpoint goes whatever it holds.
  write(file, whole + "{\"step\": 6, \"loss\": 1}\nnothing\n");
  resume();
  EXPECT_EQ(content(file), whole);
  // A figure that was not finite is written as null: it is absent. A torn last line is no line.
  write(file, whole + "{\"step\": 5, \"loss\": 1, \"validation\": null}\n{\"st");
  const std::vector<MetricRow> rows = read_metrics(file);
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows.back().loss, 1);
  EXPECT_FALSE(rows.back().validation);
  EXPECT_EQ(parse_line(to_line(rows.front()))->gradient_norm, rows.front().gradient_norm);
  write(file, whole);
}

TEST_F(Damage, FiguresOfAnEvaluation) {
  const TrainedRun run = open();
  keep_evaluation(run, evaluate_run(run));
  refuses_damaged_json(folder().evaluation(), {"figures", "pairs", "count", "step", "reference"},
                       [&] { report_run(run); });
}

// What is unknown is a dash on the page, what is infinite is not.
TEST_F(Damage, FiguresThatAreNoNumbers) {
  const TrainedRun run = open();
  Evaluation evaluation = evaluate_run(run);
  const auto page = [&](double mean) {
    evaluation.result.figures.front().generated.mean = mean;
    keep_evaluation(run, evaluation);
    return content(report_run(run).front());
  };
  EXPECT_EQ(page(std::numeric_limits<double>::quiet_NaN()).find("not finite"), std::string::npos);
  EXPECT_NE(page(std::numeric_limits<double>::infinity()).find("not finite"), std::string::npos);
  EXPECT_NE(page(-std::numeric_limits<double>::infinity()).find("not finite"), std::string::npos);
}

TEST_F(Damage, PlanAndRecordsOfAComparison) {
  CompareRequest request;
  request.recipes = {(root_ / "tiny.toml").string()};
  request.out = root_ / "comparison";
  request.seeds = 1;
  request.seconds = 0.01;
  request.cancel.request();  // the plan is made, and nothing is trained
  EXPECT_FALSE(run_comparison(request).finished);
  const fs::path plan = request.out / "plan.json";
  const auto use = [&] { run_comparison(request); };
  refuses_damaged_json(plan, {"step_seconds"}, use);
  Json json = Json::parse(content(plan));
  json.erase("signature");
  refuses(plan, json.dump(), use);
  for (const char* wrong : {"[]", "[0]", "[-1]", "[null]", "[\"fast\"]"}) {
    json = Json::parse(content(plan));
    json["step_seconds"] = Json::parse(wrong);
    refuses(plan, json.dump(), use);
  }

  const fs::path record = root_ / "record.json";
  Outcome outcome;
  outcome.figures["energy"] = 0.5;
  write(record, to_json(outcome));
  refuses_damaged_json(record,
                       {"failed", "parameters", "steps", "calls", "train_seconds", "processor_seconds",
                        "sample_seconds", "figures", "real_data"},
                       [&] { read_outcome(record); });
}

TEST_F(Damage, RecipeOfARun) {
  const fs::path file = folder().recipe();
  const std::string whole = content(file);
  refuses(file, whole.substr(0, whole.find("[made]")), open);
  refuses(file, "", open);
  // What a person may have written is a fault of usage, with file and line.
  write(file, whole.substr(0, whole.size() / 2) + "\nx = ");
  try {
    open();
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::usage);
    EXPECT_NE(std::string(e.what()).find(file.string() + ":"), std::string::npos) << e.what();
  }
  write(file, whole);
}

}  // namespace
}  // namespace roulade
