// SPDX-License-Identifier: Apache-2.0
// Pictures by texts: a network learns squares by their captions, then draws what prompts ask for.
#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/image.hpp"
#include "roulade/run/sample_files.hpp"
#include "roulade/run/sampling.hpp"
#include "roulade/run/training.hpp"

#include <cstdio>
#include <filesystem>
#include <string>

constexpr const char* kRecipe = R"(
data = {kind = "images", path = "squares", scale = "pixels", validation = 0.0, test = 0.0}
text = {kind = "small", width = 32, layers = 1, tokens = 6}
schedule = {kind = "edm"}
denoiser = {prediction = "edm"}
objective = {times = "log_normal", weight = "edm", label_dropout = 0.1}
train = {optimiser = "muon", steps = 200, batch = 16, lr = 5e-3}
sample = {sampler = "dpmpp_2m", grid = "karras", steps = 10}
guidance = {kind = "cfg", scale = 2.0}
model = {kind = "unet", condition = "cross_attention", block_out_channels = [32], down_block_types = ["AttnDownBlock2D"], up_block_types = ["AttnUpBlock2D"]}
)";
int main() try {
  std::filesystem::create_directories("squares");
  for (int k = 0; k < 32; ++k) {  // red and blue on white, at several places, a caption beside each
    const bool red = k % 2 == 0;
    roulade::Image image{8, 8, 3, std::vector<uint8_t>(8 * 8 * 3, 255)};
    for (int i = 0; i < 16; ++i) {
      uint8_t* const pixel = image.values.data() + ((i / 4 + k / 8) * 8 + i % 4 + k / 2 % 4) * 3;
      pixel[0] = red ? 220 : 20, pixel[1] = 30, pixel[2] = red ? 20 : 220;
    }
    const std::string name = "squares/" + std::to_string(k);
    roulade::write_file_atomically(name + ".png", roulade::to_png(image));
    roulade::write_file_atomically(name + ".txt", red ? "a red square" : "a blue square");
  }
  roulade::TrainRequest training;
  training.recipe = roulade::parse_recipe(kRecipe, "example");
  training.out = "runs/squares";
  roulade::run_training(training);
  const roulade::TrainedRun run = roulade::open_run({training.out, {}, {}});
  roulade::SampleRequest request;
  request.count = 8;
  request.prompts = {"a red square", "a blue square"};  // in turn
  const roulade::Points pictures = roulade::sample_points(run, request).points;
  roulade::write_file_atomically("squares.png", roulade::picture_sheet(pictures, run.facts, 4));
  int right = 0;
  for (int64_t i = 0; i < pictures.rows; ++i) {
    const double* const red = pictures.row(i);  // then green and blue, 0 to 255
    double more_red = 0;
    for (int p = 0; p < 64; ++p) more_red += red[p] - red[2 * 64 + p];
    right += (more_red > 0) == (i % 2 == 0);
  }
  std::printf("%d of %d pictures have the colour that was asked for\n", right, static_cast<int>(pictures.rows));
  return right > 6 ? 0 : 1;
} catch (const roulade::Error& error) {
  std::fprintf(stderr, "prompts: %s\n", error.what());
  return static_cast<int>(error.code());
}
