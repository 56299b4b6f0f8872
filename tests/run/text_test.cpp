// SPDX-License-Identifier: Apache-2.0
// A run on pictures with captions: which text goes where.
#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/image.hpp"
#include "roulade/run/level_losses.hpp"
#include "roulade/run/noise_levels.hpp"
#include "roulade/run/overrides.hpp"
#include "roulade/run/parts.hpp"

#include <filesystem>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

/// 12 pictures of 4 x 4 pixels to train on, each with a caption of its own and a second wording, and 4 to test.
struct Captioned {
  fs::path path = fs::temp_directory_path() / fmt::format("roulade-captioned-{}", getpid());
  Captioned() {
    for (const char* part : {"train", "test"}) {
      fs::create_directories(path / part);
      std::string lines;
      for (int i = 0; i < (std::string(part) == "train" ? 12 : 4); ++i) {
        const Image grey{4, 4, 1, std::vector<uint8_t>(16, static_cast<uint8_t>(20 * i))};
        write_file_atomically(path / part / fmt::format("{}.png", i), to_png(grey));
        lines += fmt::format(R"({{"file_name": "{0}.png", "texts": ["{1} {0}", "other {0}"]}})", i, part) + "\n";
      }
      write_file_atomically(path / part / "metadata.jsonl", lines);
    }
  }
  ~Captioned() { fs::remove_all(path); }

  Recipe recipe() const {
    Recipe out;
    out.tables["data"] = {{"kind", "images"}, {"path", path.string()}, {"validation", 0.0}, {"scale", "pixels"}};
    out.tables["text"] = {{"kind", "small"}, {"width", 8}, {"layers", 1}, {"heads", 2}};
    out.tables["model"] = {{"kind", "dit"},           {"num_layers", 1}, {"num_attention_heads", 1},
                           {"attention_head_dim", 8}, {"patch_size", 2}, {"condition", "concat"}};
    out.tables["train"] = {{"batch", 4}};
    return resolve(out);
  }
};

/// What a caption says of its picture: "train 3" is of grey 60.
void expect_own(const Points& points, const TrainParts& parts, const std::string& part) {
  ASSERT_EQ(std::ssize(points.texts), points.rows);
  const Points raw = parts.facts.scaling.undo(points);
  for (int64_t i = 0; i < points.rows; ++i)
    EXPECT_EQ(parts.texts->text(points.texts[static_cast<size_t>(i)]),
              fmt::format("{} {:.0f}", part, *raw.row(i) / 20));
}

TEST(Texts, PointsHaveTheirOwnFirstCaptions) {
  const Captioned folder;
  const TrainParts parts = make_train_parts(folder.recipe());
  expect_own(parts.training.points(), parts, "train");
  Points test = parts.facts.scaling.apply(parts.source->draw(Split::test, 0, 0));
  ASSERT_EQ(test.rows, 4);
  number_texts(test, parts.source->texts(), parts.texts.get());
  expect_own(test, parts, "test");
  number_texts(test, parts.source->texts(), nullptr);
  EXPECT_TRUE(test.texts.empty());
}

TEST(Texts, LossesByLevelTakeThem) {
  const Captioned folder;
  const TrainParts parts = make_train_parts(folder.recipe());
  const Points points = part_of(parts.training.points(), 0, 3);
  const NoisedPoints noised(parts, points, 5, 1);  // the first two come again
  const std::vector<int64_t> wanted{points.texts[0], points.texts[1], points.texts[2], points.texts[0],
                                    points.texts[1]};
  const Condition condition = noised.condition();
  ASSERT_TRUE(condition.text);
  const int64_t* numbers = condition.text->const_data_ptr<int64_t>();
  EXPECT_EQ(std::vector<int64_t>(numbers, numbers + 5), wanted);

  // The network is told: its answer is not that without a text. Fresh networks may answer 0, so weights are moved.
  {
    const at::NoGradGuard no_grad;
    for (const auto& [name, weight] : parts.model->parameters()) weight.stored().add_(0.05);
  }
  Points silent = points;
  silent.texts.clear();
  EXPECT_FALSE(at::equal(noised.output(*parts.model), NoisedPoints(parts, silent, 5, 1).output(*parts.model)));
}

TEST(Texts, ErrorsByLevelTakeThem) {
  const Captioned folder;
  const TrainParts parts = make_train_parts(folder.recipe());
  {
    const at::NoGradGuard no_grad;
    for (const auto& [name, weight] : parts.model->parameters()) weight.stored().add_(0.05);
  }
  TrainedRun run;
  run.recipe = parts.resolved;
  run.facts = parts.facts;
  run.schedule = parts.schedule;
  run.texts = parts.texts;
  run.denoiser = make_run_denoiser(run.recipe, parts.model, run.schedule, run.facts, run.texts);
  Points told = parts.facts.scaling.undo(parts.training.points());
  Points silent = told;
  silent.texts.clear();
  EXPECT_NE(level_errors(run, told, 3).x0, level_errors(run, silent, 3).x0);
}

TEST(Texts, ATrainedRunTakesAnotherFolderOfItsEncoderAndNothingElseOfText) {
  const Captioned folder;
  Recipe recipe = folder.recipe();
  recipe.tables["text"] = {{"kind", "folder"}, {"path", "/before"}};
  const Recipe now = with_overrides(resolve(recipe), {"text.path=/after"}, {"run", "text.path"});
  EXPECT_EQ(text_of(now, "text", "path"), "/after");
  for (const char* other : {"text.clip_skip=2", "text.kind=small", "text=1", "model.width=3"}) {
    try {
      with_overrides(resolve(recipe), {other}, {"run", "text.path"});
      FAIL() << other;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::usage) << other;
    }
  }
}

}  // namespace
}  // namespace roulade
