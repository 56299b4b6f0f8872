// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/trainer.hpp"

#include "roulade/core/error.hpp"
#include "roulade/objective/step_noise.hpp"
#include "roulade/train/batches.hpp"
#include "tests/tree.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

nlohmann::json golden() {
  std::ifstream file(test::tree() / "tests/golden/train/reference.json");
  return nlohmann::json::parse(file);
}

void follow(const nlohmann::json& path, const OptimiserSettings& settings) {
  Tensor w = at::empty({7});
  for (int64_t i = 0; i < 7; ++i) w.mutable_data_ptr<float>()[i] = static_cast<float>(0.3 * std::sin(1.0 + i + 51));
  const Weight weight(w.requires_grad_(true));
  Optimiser optimiser(settings, {{"w", weight}});
  int64_t step = 0;
  for (const auto& at : path) {
    weight.stored().mutable_grad() = at::tensor(at["gradient"].get<std::vector<float>>());
    optimiser.apply(settings.lr, ++step);
    const auto expected = at["weight"].get<std::vector<double>>();
    for (size_t i = 0; i < 7; ++i)  // float32 weights of size 0.3 after a few steps
      EXPECT_NEAR(weight.stored()[static_cast<int64_t>(i)].item<double>(), expected[i], 2e-6) << step;
    EXPECT_FALSE(weight.stored().grad().defined());
  }
}

TEST(OptimiserTest, AdamAndAdamWFollowPyTorch) {
  OptimiserSettings adam;
  adam.lr = 0.01;
  adam.beta1 = 0.8;
  adam.beta2 = 0.95;
  adam.weight_decay = 0.1;
  follow(golden()["adam"], adam);
  OptimiserSettings adamw;
  adamw.optimiser = "adamw";
  adamw.lr = 0.02;
  adamw.weight_decay = 0.1;
  follow(golden()["adamw"], adamw);
}

TEST(OptimiserTest, ClippingScalesTheGradientAndReportsItsNorm) {
  OptimiserSettings plain, clipped;
  plain.epsilon = clipped.epsilon = 1;  // makes the step depend on the gradient's size
  clipped.clip = 1;
  const Weight a(at::zeros({2}).requires_grad_(true)), b(at::zeros({2}).requires_grad_(true));
  a.stored().mutable_grad() = at::tensor({0.6, 0.8}).to(at::kFloat);
  b.stored().mutable_grad() = at::tensor({3.0, 4.0}).to(at::kFloat);
  Optimiser one(plain, {{"a", a}}), two(clipped, {{"b", b}});
  one.apply(0.1, 1);
  EXPECT_NEAR(two.apply(0.1, 1), 5, 1e-6);
  for (int64_t i = 0; i < 2; ++i) EXPECT_NEAR(a.stored()[i].item<float>(), b.stored()[i].item<float>(), 1e-7);
}

TEST(OptimiserTest, LearningRates) {
  OptimiserSettings s;
  s.lr = 1;
  EXPECT_EQ(learning_rate(s, 99, 100), 1);
  s.decay = "linear";
  EXPECT_EQ(learning_rate(s, 0, 101), 1);
  EXPECT_DOUBLE_EQ(learning_rate(s, 50, 101), 0.5);
  EXPECT_EQ(learning_rate(s, 100, 101), 0);
  s.decay = "cosine";
  s.lr_end = 0.5;
  EXPECT_DOUBLE_EQ(learning_rate(s, 25, 101), 0.5 + 0.25 * (1 + std::cos(M_PI / 4)));
  s.warmup = 10;
  EXPECT_DOUBLE_EQ(learning_rate(s, 4, 101), 0.5);
  EXPECT_EQ(learning_rate(s, 10, 101), 1);
  EXPECT_DOUBLE_EQ(learning_rate(s, 100, 101), 0.5);
}

TEST(EmaTest, WarmsUpAndAverages) {
  const Weight weight(at::zeros({1}).requires_grad_(true));
  Ema ema(0.9, {{"w", weight}});
  double expected = 0;
  for (int64_t n = 0; n < 200; ++n) {
    const double decay = std::min(0.9, (1.0 + n) / (10.0 + n));
    weight.stored().detach().fill_(std::sin(n * 0.1));
    ema.update(n);
    expected = decay * expected + (1 - decay) * std::sin(n * 0.1);
    EXPECT_NEAR(ema.values().at("w").item<double>(), expected, 1e-5);
  }
}

/// Loss (w - x)^2 averaged: enough to move, and NaN on demand.
class Pull final : public Objective {
 public:
  std::vector<ParameterGroup> groups() const override { return {{"pull", {{"w", weight_}}}}; }
  Tensor loss(const Batch& batch, const StepKey& key, size_t) const override {
    Tensor value = weight_.stored().sub(batch.x0).square().mean();
    return key.step == bad_step ? value.mul(std::nan("")) : value;
  }
  int64_t bad_step = -1;
  Weight weight_{at::full({2}, 3.0).requires_grad_(true)};
};

Points points(int64_t rows, bool labelled = false) {
  Points p{rows, 2, {}, {}};
  for (int64_t i = 0; i < rows; ++i) {
    p.values.push_back(static_cast<double>(i));
    p.values.push_back(static_cast<double>(-i));
    if (labelled) p.labels.push_back(i % 3);
  }
  return p;
}

TEST(Batches, EveryPointOnceAnEpochInAnOrderOfItsOwn) {
  PointBatches batches(points(10, true), 4, 7);
  std::vector<int> seen(10);
  std::vector<double> first, second;
  for (int64_t index = 0; index < 5; ++index) {
    const Batch b = batches.at(index);
    for (int64_t i = 0; i < 4; ++i) {
      const auto v = b.x0[i][0].item<double>();
      EXPECT_EQ(b.x0[i][1].item<double>(), -v);
      EXPECT_EQ((*b.condition.label)[i].item<int64_t>(), static_cast<int64_t>(v) % 3);
      ++seen[static_cast<size_t>(v)];
      (index * 4 + i < 10 ? first : second).push_back(v);
    }
  }
  for (const int count : seen) EXPECT_EQ(count, 2);
  EXPECT_NE(first, second);
  PointBatches again(points(10, true), 4, 7);
  EXPECT_TRUE(at::equal(again.at(3).x0, batches.at(3).x0));  // any batch can be asked for at once
  EXPECT_THROW(PointBatches(points(0), 4, 7), Error);
}

// Bytes become numbers batch by batch, to the bit those that scaled doubles give.
TEST(Batches, BytesAreTheNumbersThatTheyStandFor) {
  std::vector<uint8_t> values;
  for (int i = 0; i < 256 * 3; ++i) values.push_back(static_cast<uint8_t>(i * 7 + i / 256));
  ByteRows bytes{3, values, {}, {}};
  for (int64_t i = 0; i < 200; ++i) {
    bytes.rows.push_back(i * 37 % 256);
    bytes.labels.push_back(i % 3);
  }
  const Points numbers = bytes.points(0, 200);
  for (const char* mode : {"pixels", "none", "global", "centred", "column"}) {
    const Scaling scaling = Scaling::fit(numbers, mode);
    const TrainingSet set(bytes, scaling);
    EXPECT_EQ(set.points(3, 5).values, [&] {
      const std::vector<double> all = scaling.apply(numbers).values;
      return std::vector<double>(all.begin() + 9, all.begin() + 24);
    }()) << mode;
    PointBatches one(set, 64, 5, {1, 1, 3}), other(scaling.apply(numbers), 64, 5, {1, 1, 3});
    for (int64_t index = 0; index < 7; ++index) {
      const Batch a = one.at(index), b = other.at(index);
      EXPECT_TRUE(at::equal(a.x0, b.x0)) << mode;
      EXPECT_TRUE(at::equal(*a.condition.label, *b.condition.label));
    }
  }
}

TEST(Batches, EachTextOfAPointIsAsLikelyAndDependsOnThePlaceAlone) {
  const std::vector<uint8_t> values(300, 0);
  ByteRows bytes{1, values, {}, {}};
  for (int64_t i = 0; i < 300; ++i) {
    bytes.rows.push_back(i);
    bytes.texts.push_back(i % 3 == 0 ? std::vector<int64_t>{i} : std::vector<int64_t>{i, 1000 + i});
  }
  EXPECT_EQ(bytes.points(4, 3).texts, (std::vector<int64_t>{4, 5, 6}));
  const TrainingSet set(bytes, Scaling::fit(bytes.points(0, 1), "none"));
  EXPECT_EQ(set.points(4, 3).texts, (std::vector<int64_t>{4, 5, 6}));
  PointBatches all(set, 300, 5), some(set, 40, 5);
  int64_t second = 0, changed = 0;
  std::vector<int64_t> before(300, -1);
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    const Batch batch = all.at(epoch);
    const int64_t* text = batch.condition.text->const_data_ptr<int64_t>();
    std::vector<bool> seen(300, false);
    for (int64_t i = 0; i < 300; ++i) {
      const int64_t point = text[i] % 1000;
      seen[static_cast<size_t>(point)] = true;
      EXPECT_TRUE(text[i] < 1000 || point % 3 != 0) << text[i];
      second += text[i] >= 1000 ? 1 : 0;
      changed += before[static_cast<size_t>(point)] >= 0 && before[static_cast<size_t>(point)] != text[i] ? 1 : 0;
      before[static_cast<size_t>(point)] = text[i];
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 300);
  }
  EXPECT_NEAR(static_cast<double>(second) / (20 * 200), 0.5, 0.04);  // five standard errors
  EXPECT_NEAR(static_cast<double>(changed) / (19 * 200), 0.5, 0.04);
  // Batches of another size draw the same, the last of the fourth epoch and the first of the fifth among them.
  const Batch last = all.at(3), across = some.at(29);
  EXPECT_TRUE(at::equal(across.condition.text->narrow(0, 0, 40), last.condition.text->narrow(0, 260, 40)));
}

TEST(Batches, DroppedTextsAndClassesGoTogether) {
  Condition both;
  both.text = at::full({4000}, 7, at::kLong);
  const StepKey key{3, 11, 0};
  const Condition text = drop_labels(both, 0.25, key);
  EXPECT_NEAR((*text.text == -1).sum().item<double>() / 4000, 0.25, 0.035);
  EXPECT_EQ(both.text->min().item<int64_t>(), 7);
  both.label = at::full({4000}, 2, at::kLong);
  const Condition dropped = drop_labels(both, 0.25, key);
  EXPECT_TRUE(at::equal(*dropped.text, *text.text));
  EXPECT_TRUE(at::equal(*dropped.label == -1, *dropped.text == -1));
}

struct Scratch {
  Scratch() : path(fs::temp_directory_path() / ("roulade-train-" + std::to_string(getpid()))) {
    fs::create_directories(path);
  }
  ~Scratch() { fs::remove_all(path); }
  fs::path path;
};

TrainSettings short_settings() {
  TrainSettings s;
  s.steps = 30;
  s.batch = 4;
  s.ema = {0.9, 0.99};
  s.optimiser.lr = 0.05;
  s.optimiser.decay = "cosine";
  s.log_every = 7;
  s.checkpoint_every = 0;
  s.validate_every = 0;
  return s;
}

std::vector<float> state(const Pull& pull, const Trainer& trainer) {
  std::vector<float> out;
  for (int64_t i = 0; i < 2; ++i) out.push_back(pull.weight_.stored()[i].item<float>());
  for (const Ema& ema : trainer.averages())
    for (int64_t i = 0; i < 2; ++i) out.push_back(ema.values().at("w")[i].item<float>());
  return out;
}

TEST(TrainerTest, ResumingAtAnyStepGivesTheSameBits) {
  const TrainSettings settings = short_settings();
  const auto run = [&](int64_t stop, std::vector<std::string>& rows) {
    const Scratch scratch;
    PointBatches batches(points(10), 4, 1);
    const BatchFn next = [&](int64_t i) { return batches.at(i); };
    TrainHooks hooks;
    hooks.row = [&](const MetricRow& row) {
      nlohmann::json line = {row.step, *row.loss, *row.lr, *row.gradient_norm};
      rows.push_back(line.dump());
    };
    auto pull = std::make_shared<Pull>();
    auto trainer = std::make_unique<Trainer>(pull, settings, 5);
    if (stop < settings.steps) {
      Cancel cancel;
      hooks.preview = [&](int64_t step) {
        if (step == stop) cancel.request();
      };
      bool saved = false;
      hooks.checkpoint = [&] {
        trainer->save(scratch.path);
        saved = true;
      };
      EXPECT_FALSE(train(*trainer, settings, next, hooks, {}, cancel));
      EXPECT_TRUE(saved);
      pull = std::make_shared<Pull>();
      trainer = std::make_unique<Trainer>(pull, settings, 5);
      trainer->load(scratch.path);
      EXPECT_EQ(trainer->done(), stop);
      hooks.preview = {};
      hooks.checkpoint = {};
    }
    EXPECT_TRUE(train(*trainer, settings, next, hooks));
    return state(*pull, *trainer);
  };
  std::vector<std::string> whole_rows;
  const std::vector<float> whole = run(settings.steps, whole_rows);
  EXPECT_EQ(whole_rows.size(), 5u);  // steps 7, 14, 21, 28 and the last
  for (const int64_t stop : {1, 7, 12, 29}) {
    std::vector<std::string> rows;
    EXPECT_EQ(run(stop, rows), whole) << stop;
    EXPECT_EQ(rows, whole_rows) << stop;
  }
}

TEST(TrainerTest, ALossThatIsNotFiniteStopsBeforeTheWeightsAreHurt) {
  auto pull = std::make_shared<Pull>();
  pull->bad_step = 2;
  const TrainSettings settings = short_settings();
  Trainer trainer(pull, settings, 5);
  PointBatches batches(points(10), 4, 1);
  const BatchFn next = [&](int64_t i) { return batches.at(i); };
  trainer.step(next);
  trainer.step(next);
  const std::vector<float> before = state(*pull, trainer);
  try {
    trainer.step(next);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::numeric);
    EXPECT_NE(std::string(e.what()).find("'w'"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("step 3"), std::string::npos) << e.what();
  }
  EXPECT_EQ(state(*pull, trainer), before);
  EXPECT_EQ(trainer.done(), 2);
}

TEST(TrainerTest, RefusesAStateOfAnotherTraining) {
  const Scratch scratch;
  TrainSettings settings = short_settings();
  Trainer(std::make_shared<Pull>(), settings, 5).save(scratch.path);
  settings.ema = {0.5};
  Trainer other(std::make_shared<Pull>(), settings, 5);
  EXPECT_THROW(other.load(scratch.path), Error);
  std::ofstream(scratch.path / "training.json") << "{\"format\": 1, \"step\": ";
  EXPECT_THROW(other.load(scratch.path), Error);
}

}  // namespace
}  // namespace roulade
