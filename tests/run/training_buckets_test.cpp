// SPDX-License-Identifier: Apache-2.0
// What a training in buckets shows: each picture in its shape, with its class and its texts.
#include "roulade/run/training_buckets.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/image.hpp"
#include "roulade/run/sample_size.hpp"
#include "tests/io/scratch.hpp"

#include <array>
#include <filesystem>
#include <map>
#include <set>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::array<int64_t, 2>, 3> kSizes = {{{20, 12}, {16, 16}, {12, 20}}};  // height, width

/// Four pictures of each of three shapes, of one grey each that its caption names; the class is the shape's.
Recipe recipe_of(const Scratch& s) {
  std::string lines;
  for (int64_t i = 0; i < 12; ++i) {
    const auto [height, width] = kSizes[static_cast<size_t>(i % 3)];
    const Image grey{width, height, 1, std::vector<uint8_t>(static_cast<size_t>(height * width), 20 * (i + 1))};
    write_file_atomically(s / fmt::format("{}.png", i), to_png(grey));
    lines += fmt::format(R"({{"file_name": "{0}.png", "label": "shape {1}", "texts": ["grey {2}", "also {2}"]}})", i,
                         i % 3, 20 * (i + 1)) +
             "\n";
  }
  write_file_atomically(s / "metadata.jsonl", lines);
  Recipe out;
  out.tables["data"] = {{"kind", "images"}, {"path", s.folder().string()}, {"fit", "buckets"}, {"size", 16},
                        {"bucket_step", 4}, {"validation", 0.0},           {"test", 0.0},      {"channels", 1},
                        {"scale", "pixels"}};
  out.tables["text"] = {{"kind", "small"}, {"width", 8}, {"layers", 1}, {"heads", 2}};
  out.tables["model"] = {{"kind", "unet"},
                         {"block_out_channels", std::vector<double>{8, 8}},
                         {"down_block_types", std::vector<std::string>{"DownBlock2D", "AttnDownBlock2D"}},
                         {"up_block_types", std::vector<std::string>{"AttnUpBlock2D", "UpBlock2D"}},
                         {"layers_per_block", 1},
                         {"norm_num_groups", 4},
                         {"condition", "concat"}};
  out.tables["train"] = {{"batch", 2}};
  return resolve(out);
}

TEST(TrainingBuckets, PicturesComeInTheirShapeWithTheirClassAndTexts) {
  const Scratch s;
  const TrainParts parts = make_train_parts(recipe_of(s));
  EXPECT_EQ(parts.facts.shape, (std::vector<int64_t>{1, 16, 16}));  // of all that is not training
  ASSERT_EQ(parts.facts.buckets.size(), size_t{3});
  const BatchFn batches = make_batches(parts);
  std::map<int64_t, int> seen;
  std::set<std::string> wordings;
  for (int64_t index = 0; index < 12; ++index) {  // two epochs
    const Batch batch = batches(index);
    for (int64_t i = 0; i < 2; ++i) {
      const Tensor x = batch.x0[i];
      const auto byte = static_cast<int64_t>(std::lround((x[0][0][0].item<double>() + 1) * 127.5));
      EXPECT_TRUE(x.eq(x[0][0][0]).all().item<bool>());
      const int64_t number = byte / 20 - 1;
      const auto [height, width] = kSizes[static_cast<size_t>(number % 3)];
      EXPECT_EQ(x.sizes().vec(), (std::vector<int64_t>{1, height, width}));
      EXPECT_EQ(parts.facts.class_names[static_cast<size_t>((*batch.condition.label)[i].item<int64_t>())],
                fmt::format("shape {}", number % 3));
      const std::string text = parts.texts->text((*batch.condition.text)[i].item<int64_t>());
      EXPECT_EQ(text.substr(text.find(' ')), fmt::format(" {}", byte));
      wordings.insert(text.substr(0, text.find(' ')));
      ++seen[number];
    }
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(std::isfinite(parts.objective->loss(batch, {1, index, 0}, 0).item<double>()));
  }
  EXPECT_EQ(seen.size(), size_t{12});
  for (const auto& [number, times] : seen) EXPECT_EQ(times, 2) << number;
  EXPECT_EQ(wordings.size(), size_t{2});
  EXPECT_EQ(warning_of_small_buckets(parts), "");
}

TEST(TrainingBuckets, AnotherSizeOfSamplesChangesWhatIsSaidOfPictures) {
  const Scratch s;
  TrainedRun run;
  run.recipe = recipe_of(s);
  run.facts = make_train_parts(run.recipe).facts;
  set_sample_size(run, parse_picture_size("8x24"));
  EXPECT_EQ(run.facts.axes(2), (std::vector<int64_t>{2, 1, 8, 24}));
  ASSERT_EQ(run.facts.width(), 8 * 24);
  EXPECT_EQ(run.facts.columns.back(), "0_7_23");
  EXPECT_EQ(run.facts.scaling.mean, std::vector<double>(8 * 24, 127.5));
  for (const char* text : {"", "8", "8x", "x8", "8x8x8", "8 x 8", "-8x8", "0x8", "axb", "99999999999999999999x8"})
    expect_error(Code::usage, {"HEIGHTxWIDTH, such as 48x80"}, [&] { parse_picture_size(text); });
  for (const PictureSize bad : {PictureSize{6, 8}, {8, 10}, {0, 8}, {8, 4100}})
    expect_error(Code::usage, {"multiples of 4"}, [&] { set_sample_size(run, bad); });
  run.facts.buckets.clear();
  expect_error(Code::usage, {"got pictures of one shape"}, [&] { set_sample_size(run, {8, 8}); });
}

}  // namespace
}  // namespace roulade
