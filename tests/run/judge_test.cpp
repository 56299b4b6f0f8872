// SPDX-License-Identifier: Apache-2.0
// A classifier of handwritten digits as judge: trained, kept, asked.
#include "roulade/eval/judge.hpp"

#include "roulade/eval/feature_store.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/image.hpp"
#include "roulade/run/judge_training.hpp"
#include "roulade/run/settings.hpp"
#include "tests/io/scratch.hpp"

#include <fstream>

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

JudgeRequest digits(const std::filesystem::path& out) {
  JudgeRequest request;
  request.recipe = find_recipe("digits");
  request.out = out;
  return request;
}

TEST(Judge, LearnsDigitsAndIsReadAgain) {
  const Scratch scratch;
  const JudgeResult result = train_judge(digits(scratch / "judge"));
  ASSERT_TRUE(result.finished);
  EXPECT_EQ(result.test_pictures, 359);
  EXPECT_GT(result.weights, 100000);
  EXPECT_LT(result.weights, 300000);
  EXPECT_GE(result.accuracy, 0.97);  // nearest neighbours reach 0.99, chance 0.1

  const Judge judge = Judge::read(scratch / "judge");
  EXPECT_EQ(judge.accuracy(), result.accuracy);
  judge.check({1, 8, 8}, 10, {});
  expect_error(Code::usage, {"eval.judge", "1 x 8 x 8", "1 x 9 x 8"}, [&] { judge.check({1, 9, 8}, 10, {}); });
  expect_error(Code::usage, {"classes", "10", "9"}, [&] { judge.check({1, 8, 8}, 9, {}); });

  // Asked through the store of features, as an evaluation asks, it has the accuracy that it was kept with.
  const auto source = make_source(resolve(find_recipe("digits")).tables.at("data"));
  const Points test = source->draw(Split::test, 0, 0);
  const Scaling scaling = Scaling::fit(test, "global");
  FeatureStore store(judge.answers(), {{1, 8, 8}, 0, 16, scaling});
  const PointSet answers = store.of(to_set(scaling.apply(test)).view(), true);
  const auto figures = eval::registry().find("class_accuracy").compute(answers.view(), answers.view(), {});
  EXPECT_NEAR(figures.front().value, result.accuracy, 2.0 / 359);  // by Winograd's method or not

  expect_error(Code::usage, {"pictures"}, [&] { judge.features()->of(at::zeros({1, 1, 8, 8})); });
  EXPECT_EQ(judge.features()->of(at::zeros({3, 1, 8, 8}, at::kByte)).sizes(), (std::vector<int64_t>{3, 128}));
}

// Squares whose colour and height on the picture are said in the metadata alone.
TEST(Judge, LearnsAnAttribute) {
  const Scratch scratch;
  constexpr int64_t kSide = 8;
  for (const std::string part : {"train", "test"}) {
    std::filesystem::create_directories(scratch / part);
    std::string metadata;
    for (int k = 0; k < (part == "train" ? 48 : 12); ++k) {
      const bool red = k % 2 == 0, high = k % 3 == 0;
      Image image{kSide, kSide, 3, std::vector<uint8_t>(kSide * kSide * 3, 255)};
      for (int64_t y = 0; y < 4; ++y)
        for (int64_t x = 0; x < 4; ++x) {
          uint8_t* to = &image.values[static_cast<size_t>(((y + (high ? 0 : 4)) * kSide + x + k % 5) * 3)];
          to[0] = red ? 200 : 20;
          to[1] = 30;
          to[2] = red ? 20 : 200;
        }
      const std::string name = std::to_string(k) + ".png";
      spill(scratch / part / name, to_png(image));
      metadata += R"({"file_name": ")" + name + R"(", "colour": ")" + (red ? "red" : "blue") + R"(", "place": ")" +
                  (high ? "high" : "low") + "\"}\n";
    }
    spill(scratch / part / "metadata.jsonl", metadata);
  }
  JudgeRequest request;
  request.batch = 12;
  set_key(request.recipe, "data.kind=\"images\"");
  set_key(request.recipe, "data.path=\"" + scratch.folder().string() + "\"");
  request.attribute = "place";
  request.out = scratch / "judge";
  const JudgeResult result = train_judge(request);
  EXPECT_EQ(result.test_pictures, 12);
  EXPECT_GE(result.accuracy, 11.0 / 12);
  EXPECT_EQ(Judge::read(request.out).class_names(), (std::vector<std::string>{"high", "low"}));
  request.attribute = "shape";
  expect_error(Code::input, {"no metadata file says 'shape'"}, [&] { train_judge(request); });
}

TEST(Judge, OneSeedOneFile) {
  const Scratch scratch;
  std::string first;
  for (const char* name : {"a", "b"}) {
    JudgeRequest request = digits(scratch / name);
    request.batch = 20;
    set_key(request.recipe, "run.seed=3");
    EXPECT_EQ(train_judge(request).seed, 3);
    const std::string bytes = read_file(scratch / (std::string(name) + "/judge.safetensors"));
    if (first.empty()) first = bytes;
    EXPECT_TRUE(bytes == first);
  }
}

TEST(Judge, RefusesWhatItCannotJudge) {
  const Scratch scratch;
  JudgeRequest request = digits(scratch / "judge");
  request.recipe = find_recipe("moons");
  expect_error(Code::usage, {"judge", "pictures"}, [&] { train_judge(request); });
  expect_error(Code::io, {"no judge here"}, [&] { Judge::read(scratch / "judge"); });
  PictureClassifierShape shape{.picture = {3, 8, 8}, .classes = 2, .widths = {8}, .hidden = 4};
  Judge(std::make_shared<PictureClassifier>(shape, 0), {}, 1).write(scratch / "now");
  Judge::read(scratch / "now").check({4, 8, 8}, 2, {});
  // One of before opacity was drawn on white.
  std::string config = slurp(scratch / "now/config.json");
  const std::string format = "\"format\": 2";
  ASSERT_NE(config.find(format), std::string::npos);
  spill(scratch / "now/config.json", config.replace(config.find(format), format.size(), "\"format\": 1"));
  Judge::read(scratch / "now").check({3, 8, 8}, 2, {});
  expect_error(Code::usage, {"pictures with opacity: expected a judge that has seen them on white"}, [&] {
    Judge::read(scratch / "now").check({4, 8, 8}, 2, {});
  });
  spill(scratch / "now/config.json", config.replace(config.find("\"format\": 1"), format.size(), "\"format\": 3"));
  expect_error(Code::input, {"format: expected 1 to 2, got 3"}, [&] { Judge::read(scratch / "now"); });
  std::ofstream(scratch / "config.json") << R"({"_class_name": "RouladePictureClassifier", "sample_shape": [1, 8]})";
  expect_error(Code::input, {"config.json"}, [&] { Judge::read(scratch.folder()); });
  JudgeRequest stopped = digits(scratch / "stopped");
  stopped.cancel.request();
  EXPECT_FALSE(train_judge(stopped).finished);
  EXPECT_FALSE(std::filesystem::exists(scratch / "stopped"));
}

}  // namespace
}  // namespace roulade
