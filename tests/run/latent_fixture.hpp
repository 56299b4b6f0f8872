// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/file.hpp"
#include "roulade/io/image.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/sampling.hpp"
#include "roulade/run/training.hpp"
#include "tests/io/scratch.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace roulade {

namespace fs = std::filesystem;

constexpr int64_t kSide = 8;

/// Squares of three colours on white, at some places.
inline void make_pictures(const fs::path& folder) {
  for (const std::string part : {"train", "test"}) {
    fs::create_directories(folder / part);
    for (int k = 0; k < (part == "train" ? 37 : 9); ++k) {
      Image image{kSide, kSide, 3, std::vector<uint8_t>(kSide * kSide * 3, 255)};
      for (int64_t y = 0; y < 4; ++y)
        for (int64_t x = 0; x < 4; ++x)
          for (int64_t c = 0; c < 3; ++c)
            image.values[static_cast<size_t>(((y + k % 4) * kSide + x + k % 5) * 3 + c)] =
                static_cast<uint8_t>(c == k % 3 ? 200 - k : 30);
      spill(folder / part / fmt::format("{}.png", k), to_png(image));
    }
  }
}

inline Recipe autoencoder_recipe(const fs::path& pictures) {
  return parse_recipe(fmt::format(R"(
[data]
kind = "images"
path = "{}"
scale = "pixels"
validation = 0.1
[objective]
kind = "autoencoding"
[autoencoder]
block_out_channels = [8, 8]
down_block_types = ["DownEncoderBlock2D", "DownEncoderBlock2D"]
up_block_types = ["UpDecoderBlock2D", "UpDecoderBlock2D"]
latent_channels = 3
norm_num_groups = 4
[train]
steps = 12
batch = 8
lr = 1e-2
ema = [0.5]
)",
                                  pictures.string()),
                      "test");
}

inline Recipe latent_recipe(const fs::path& pictures, const fs::path& autoencoder) {
  return parse_recipe(fmt::format(R"(
[data]
kind = "images"
path = "{}"
scale = "pixels"
validation = 0.1
[latent]
path = "{}"
dtype = "float32"
[model]
kind = "unet"
block_out_channels = [8, 16]
down_block_types = ["DownBlock2D", "DownBlock2D"]
up_block_types = ["UpBlock2D", "UpBlock2D"]
layers_per_block = 1
norm_num_groups = 4
[train]
steps = 3
batch = 8
ema = []
[sample]
steps = 3
chunk = 4
)",
                                  pictures.string(), autoencoder.string()),
                      "test");
}

inline void train_into(const fs::path& out, const Recipe& recipe) {
  TrainRequest request;
  request.recipe = recipe;
  request.out = out;
  run_training(request);
}

/// An autoencoder's run on those pictures.
class LatentRun : public ::testing::Test {
 protected:
  void SetUp() override {
    make_pictures(pictures);
    train_into(coder, autoencoder_recipe(pictures));
  }
  TrainedRun trained(const Recipe& recipe, const fs::path& out) {
    train_into(out, recipe);
    return open_run({out, {}, {}});
  }

  const Scratch scratch;
  const fs::path pictures = scratch / "pictures", coder = scratch / "coder";
};

}  // namespace roulade
