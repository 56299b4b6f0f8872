// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/doctor.hpp"

#include "roulade/core/error.hpp"
#include "roulade/objective/objective.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/training.hpp"
#include "roulade/train/batches.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

/// Runs broken on purpose: each is a healthy recipe with one thing wrong.
class DoctorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    root_ = fs::temp_directory_path() / ("roulade-doctor-" + std::to_string(getpid()));
    fs::create_directories(root_);
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }

  static fs::path train_run(const std::string& name, const std::vector<std::string>& set = {},
                            const std::map<std::string, Table>& tables = {}) {
    if (fs::exists(root_ / name)) return root_ / name;
    Recipe recipe = parse_recipe(R"(
[data]
kind = "swiss_roll"
count = 20000
[schedule]
kind = "edm"
sigma_max = 20.0
[model]
kind = "residual_mlp"
width = 32
depth = 3
embedding = "sinusoidal"
embedding_width = 16
[denoiser]
prediction = "edm"
sigma_data = 1.0
[objective]
times = "log_normal"
times_mean = -1.2
times_deviation = 1.2
weight = "edm"
weight_sigma_data = 1.0
[train]
steps = 1500
batch = 512
lr = 1e-2
warmup = 50
decay = "cosine"
ema = [0.99]
log_every = 10
validate_every = 0
checkpoint_every = 0
[sample]
sampler = "heun"
grid = "karras"
sigma_min = 0.01
rho = 5.0
steps = 20
)",
                                 "test");
    for (const auto& [table, values] : tables) recipe.tables[table] = values;
    for (const std::string& key : set) set_key(recipe, key);
    run_training({.recipe = recipe,
                  .out = root_ / name,
                  .resume = false,
                  .init_from = {},
                  .progress = {},
                  .cancel = {},
                  .row = {}});
    return root_ / name;
  }

  /// The checks that complain, but for "loss", which shows what the others explain.
  struct Answer {
    Diagnosis diagnosis;
    RunFigures figures;
    std::set<std::string> complaints;
  };
  static Answer examine(const fs::path& folder, const std::vector<std::string>& set = {}) {
    const TrainedRun run = open_run({folder, set, {}});
    Answer out;
    out.figures = measure_run(run, {.quick = true});
    out.diagnosis = diagnose(out.figures);
    for (const Check& check : out.diagnosis.checks)
      if (check.verdict == Verdict::look || check.verdict == Verdict::bad) {
        if (check.name != "loss") out.complaints.insert(check.name);
        EXPECT_FALSE(check.advice.empty()) << check.name;
      }
    return out;
  }
  static void expect_only(const char* name, const Answer& answer) {
    EXPECT_EQ(answer.complaints, std::set<std::string>{name});
    EXPECT_EQ(answer.diagnosis.first, answer.diagnosis.find(name).advice);
  }

  static inline fs::path root_;
};

TEST_F(DoctorTest, AHealthyRunGetsNoComplaint) {
  const Answer a = examine(train_run("healthy"));
  EXPECT_EQ(a.complaints, std::set<std::string>{});
  EXPECT_EQ(a.diagnosis.find("loss").verdict, Verdict::good);
  EXPECT_EQ(a.diagnosis.first.rfind("nothing", 0), 0u) << a.diagnosis.first;
  const RunFigures& f = a.figures;
  ASSERT_TRUE(f.irreducible);
  EXPECT_LT(*f.irreducible, f.held_out.value);
  EXPECT_LT(f.held_out.value, f.gaussian);
  EXPECT_LT(f.memoriser.value, f.training.value);
  ASSERT_EQ(f.levels.size(), 8u);
  for (const LevelLoss& level : f.levels) {
    // A group has 128 points: the exact denoiser wins in expectation, by chance it may lose a little.
    EXPECT_LT(*level.irreducible, 1.02 * level.held_out);
    EXPECT_LT(*level.irreducible, 1.02 * level.gaussian);
  }
}

TEST_F(DoctorTest, AWrongTargetIsNamed) {
  // Weights trained for eps under a recipe that takes them for v.
  const fs::path wrong = train_run("wrong", {"train.steps=500"},
                                   {{"schedule", {{"kind", std::string("cosine_continuous")}}},
                                    {"denoiser", {{"prediction", std::string("eps")}}},
                                    {"objective", {}}});
  EXPECT_EQ(examine(wrong).complaints.count("target"), 0u);
  const RunFolder folder{wrong};
  Recipe recipe = read_run_recipe(folder);
  recipe.tables.at("denoiser") = {{"prediction", std::string("v")}};
  write_run_recipe(folder, resolve(recipe));
  expect_only("target", examine(wrong));
}

TEST_F(DoctorTest, EdmWeightsReadAsVAreNamed) {
  // Their loss lies but a third above the record, and above the best linear denoiser's.
  const fs::path wrong = root_ / "as_v";
  fs::copy(train_run("healthy"), wrong, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  const RunFolder folder{wrong};
  Recipe recipe = read_run_recipe(folder);
  recipe.tables.at("denoiser") = {{"prediction", std::string("v")}};
  write_run_recipe(folder, resolve(recipe));
  expect_only("target", examine(wrong));
}

TEST_F(DoctorTest, AMissingAverageIsNamed) {
  expect_only("averaging", examine(train_run("no_average", {"train.ema=[]", "train.decay=constant"})));
}

TEST_F(DoctorTest, AnUnusedAverageIsNamed) {
  const fs::path run = train_run("average", {"train.decay=constant"});
  const Answer raw = examine(run, {"sample.weights=raw"});
  expect_only("averaging", raw);
  EXPECT_NE(raw.diagnosis.first.find("sample.weights"), std::string::npos);
  EXPECT_EQ(examine(run).diagnosis.find("averaging").verdict, Verdict::good);
}

TEST_F(DoctorTest, ALearningRateThatIsTooHighIsNamed) {
  expect_only("learning_rate", examine(train_run("rate", {"train.lr=0.3", "train.decay=constant", "train.steps=300"})));
}

TEST_F(DoctorTest, TooFewStepsAreNamed) { expect_only("steps", examine(train_run("few", {"train.steps=100"}))); }

TEST_F(DoctorTest, TooSmallANetworkIsNamed) {
  expect_only("network", examine(train_run("small", {"model.width=6", "model.depth=1"})));
}

TEST_F(DoctorTest, MemorisedPointsAreNamed) {
  const Answer a = examine(train_run("memory", {"data.count=64", "model.width=64"}));
  expect_only("memorisation", a);
  EXPECT_LT(a.figures.training.value, a.figures.held_out.value);
}

TEST_F(DoctorTest, ASamplerWithTooFewStepsIsNamed) {
  expect_only("sampler", examine(train_run("healthy"), {"sample.steps=4"}));
}

TEST_F(DoctorTest, BadRunsAreRefused) {
  EXPECT_THROW(open_run({root_ / "none", {}, {}}), Error);
  const fs::path damaged = root_ / "damaged";
  fs::copy(train_run("few", {"train.steps=100"}), damaged,
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  std::ofstream(RunFolder{damaged}.metrics(), std::ios::app) << "[]\n";
  EXPECT_THROW(examine(damaged), Error);
}

TEST(DoctorsText, IsReadWhereAnotherOneCostsMoreThanChance) {
  RunFigures f;
  f.overfit = {1, 0.1, 400};
  f.raw_training.value = f.gaussian_training = 0.5;
  f.gaussian = 1;
  f.held_out = {0.4, 0.01};
  f.race_lr = f.race_low = 1;
  f.texts = true;
  const auto verdict = [&](double gain, double error) {
    f.text_gain = {gain, error};
    f.other_text = {0.4 + gain, 0.01};
    return diagnose(f).find("text").verdict;
  };
  EXPECT_EQ(verdict(0.041, 0.01), Verdict::good);
  EXPECT_EQ(verdict(0.039, 0.01), Verdict::look);
  EXPECT_EQ(verdict(-0.2, 0.01), Verdict::look);
  EXPECT_EQ(diagnose(f).first, diagnose(f).find("text").advice);
  // Another cause comes first: of a network that cannot learn, or is not there yet, texts say nothing.
  f.overfit.after = 1;
  EXPECT_EQ(verdict(0, 0.01), Verdict::unknown);
  EXPECT_EQ(verdict(0.041, 0.01), Verdict::good);
  f.overfit.after = 0.1;
  f.steps = 10;
  EXPECT_EQ(verdict(0, 0.01), Verdict::unknown);
  f.steps = 0;
  f.text_gain.reset();
  EXPECT_EQ(diagnose(f).find("text").verdict, Verdict::unknown);
  f.texts = false;
  EXPECT_THROW(diagnose(f).find("text"), Error);
}

/// The loss of another objective with its sign turned: what a wrong gradient looks like.
class Ascent final : public Objective {
 public:
  explicit Ascent(std::shared_ptr<const Objective> inner) : inner_(std::move(inner)) {}
  std::vector<ParameterGroup> groups() const override { return inner_->groups(); }
  Tensor loss(const Batch& batch, const StepKey& key, size_t group) const override {
    const Tensor loss = inner_->loss(batch, key, group);
    return loss.requires_grad() ? loss.detach().mul(2).sub(loss) : loss;  // the value stays, the gradient turns
  }

 private:
  std::shared_ptr<const Objective> inner_;
};

TEST(OneBatch, IsLearntUnlessTheGradientIsWrong) {
  const TrainParts parts = make_train_parts(resolve(
      parse_recipe("[data]\nkind = \"moons\"\ncount = 200\nvalidation_count = 10\n[model]\nwidth = 32\n", "test")));
  PointBatches batches(parts.training, 64, 1);
  const Batch batch = batches.at(0);
  const Overfit right = overfit_one_batch(make_twin(parts).objective, batch, 300, 3e-3, 1);
  EXPECT_LT(right.share(), 0.75);
  const Overfit wrong = overfit_one_batch(std::make_shared<Ascent>(make_twin(parts).objective), batch, 50, 3e-3, 1);
  EXPECT_FALSE(wrong.share() <= 1);
  RunFigures figures;
  figures.overfit = wrong;
  EXPECT_EQ(diagnose(figures).find("overfit").verdict, Verdict::bad);
}

TEST(Trials, TellTheirStepsAndEndWithTheOneUnderWayAtACancel) {
  const TrainParts parts = make_train_parts(resolve(
      parse_recipe("[data]\nkind = \"moons\"\ncount = 200\nvalidation_count = 10\n[model]\nwidth = 8\n", "test")));
  const Batch batch = PointBatches(parts.training, 64, 1).at(0);
  const auto steps_of = [](const std::function<void(const TrialWatch&)>& trial) {
    std::vector<int64_t> told;
    TrialWatch watch;
    watch.progress = [&](const Progress& p) {
      told.push_back(p.done);
      EXPECT_EQ(p.total, 1000000000);
      if (p.done == 3) watch.cancel.request();
    };
    trial(watch);
    return told;
  };
  constexpr int64_t kForEver = 1000000000;
  const std::vector<int64_t> three = {1, 2, 3};
  EXPECT_EQ(steps_of([&](const TrialWatch& watch) {
              overfit_one_batch(make_twin(parts).objective, batch, kForEver, 3e-3, 1, watch);
            }),
            three);
  EXPECT_EQ(steps_of([&](const TrialWatch& watch) {
              race_rates(
                  parts, {1e-3}, kForEver, 64, [](const Model&) { return 0.0; }, watch);
            }),
            three);
  EXPECT_EQ(steps_of([&](const TrialWatch& watch) { train_on(parts, *make_twin(parts).model, 1e-3, kForEver, watch); }),
            three);
}

}  // namespace
}  // namespace roulade
