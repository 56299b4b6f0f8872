// SPDX-License-Identifier: Apache-2.0
// Pictures to latents and back in a run: what is kept of them, what is drawn, what comes back, what is refused.
#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/image.hpp"
#include "roulade/io/sha256.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/latent/autoencoder_files.hpp"
#include "roulade/latent/tiling.hpp"
#include "roulade/run/latent_rows.hpp"
#include "roulade/run/latent_space.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/picture_autoencoder.hpp"
#include "roulade/run/reconstruction.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/training.hpp"
#include "roulade/run/trajectory.hpp"
#include "roulade/train/batches.hpp"
#include "tests/io/scratch.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSide = 8;

/// Squares of three colours on white, at some places.
void make_pictures(const fs::path& folder) {
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

Recipe autoencoder_recipe(const fs::path& pictures) {
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

Recipe latent_recipe(const fs::path& pictures, const fs::path& autoencoder) {
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

void train_into(const fs::path& out, const Recipe& recipe) {
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

TEST_F(LatentRun, TheFactorMakesLatentsOfUnitDeviation) {
  const at::NoGradGuard no_grad;
  const TrainParts parts = make_train_parts(resolve(latent_recipe(pictures, coder)));
  ASSERT_EQ(parts.shape.sample, (std::vector<int64_t>{3, 4, 4}));
  EXPECT_EQ(parts.facts.shape, (std::vector<int64_t>{3, kSide, kSide}));
  // Of many visits to each picture: mean square less the mean's.
  PointBatches batches(parts.training, 33, 1, parts.shape.sample);
  double sum = 0, squares = 0, numbers = 0;
  for (int64_t i = 0; i < 40; ++i) {
    const Tensor x = batches.at(i).x0.to(at::kDouble);
    sum += x.sum().item<double>();
    squares += (x * x).sum().item<double>();
    numbers += static_cast<double>(x.numel());
  }
  const double mean = sum / numbers;
  EXPECT_NEAR(std::sqrt(squares / numbers - mean * mean), 1, 0.01);  // 63,360 numbers
}

TEST_F(LatentRun, WhatIsKeptIsTheEncodersAnswer) {
  const at::NoGradGuard no_grad;
  Recipe recipe = latent_recipe(pictures, coder);
  const TrainParts parts = make_train_parts(resolve(recipe));
  Recipe plain = recipe;
  plain.tables.erase("latent");
  const TrainParts pixels = make_train_parts(resolve(plain));
  const auto autoencoder = open_latent_autoencoder(find_autoencoder(coder), parts.facts);
  const LatentGaussian q = autoencoder->encode(to_batch(pixels.training.points(), {3, kSide, kSide}).x0);
  const Tensor &kept = parts.training.moments, mean = kept.select(1, 0), log_variance = kept.select(1, 1);
  // Chunks of another size: to rounding.
  EXPECT_LT((mean - q.mean.flatten(1)).abs().max().item<double>(), 1e-5);
  EXPECT_LT((log_variance - q.log_variance.flatten(1)).abs().max().item<double>(), 1e-5);

  // A visit draws mean + deviation eps, the same for the same (seed, epoch, place), another at the next.
  PointBatches batches(parts.training, parts.training.rows, 5, parts.shape.sample), again = batches;
  const Tensor first = batches.at(0).x0, second = batches.at(1).x0;
  EXPECT_TRUE(at::equal(first, again.at(0).x0));
  const std::vector<int64_t> order = permutation({5, Stream::order, 0}, parts.training.rows);
  const Tensor row = autoencoder->unscaled(first.narrow(0, 0, 1)).flatten();
  const Tensor away = (row - mean.select(0, order[0])) / (0.5 * log_variance.select(0, order[0])).exp();
  EXPECT_NEAR(away.mean().item<double>(), 0, 0.6);  // of 48 N(0, 1): four standard errors
  EXPECT_NEAR(away.std(true).item<double>(), 1, 0.45);
  EXPECT_FALSE(at::equal(first, second));

  // Half precision keeps three digits.
  set_key(recipe, "latent.dtype=float16");
  const TrainParts half = make_train_parts(resolve(recipe));
  ASSERT_EQ(half.training.moments.scalar_type(), at::kHalf);
  EXPECT_LT(((half.training.moments.to(at::kFloat) - kept).abs() / (kept.abs() + 1)).max().item<double>(), 1e-3);
}

TEST_F(LatentRun, IsEncodedOnce) {
  Recipe recipe = latent_recipe(pictures, coder);
  set_key(recipe, "latent.cache=\"" + (scratch / "cache").string() + "\"");
  const auto encoded = [&](const TrainPlace& place) {
    int64_t rows = 0;
    TrainPlace told = place;
    told.progress = [&](const Progress& p) { rows = std::string(p.stage) == "encode" ? p.done : rows; };
    make_train_parts(resolve(recipe), told);
    return rows;
  };
  EXPECT_EQ(encoded({}), 33);
  EXPECT_EQ(encoded({}), 0);
  // A copy that diffusers could have saved is the same autoencoder; another picture is another set.
  const auto autoencoder = open_autoencoder(find_autoencoder(coder));
  write_autoencoder(scratch / "folder/vae", *autoencoder);
  set_key(recipe, "latent.path=\"" + (scratch / "folder").string() + "\"");
  EXPECT_EQ(encoded({}), 0);
  fs::copy_file(pictures / "train/0.png", pictures / "train/99.png");
  EXPECT_GT(encoded({}), 0);
  fs::remove(pictures / "train/99.png");

  const fs::path file = [&] {
    for (const auto& entry : fs::directory_iterator(scratch / "cache"))
      if (read_tensors(entry.path()).tensors.at("moments").size(0) == 33) return entry.path();
    return fs::path();
  }();
  write_tensors(file, {{"moments", read_tensors(file).tensors.at("moments").narrow(0, 0, 7).contiguous()}});
  expect_error(Code::input, {file.filename().string(), "latents that were kept"}, [&] { encoded({}); });

  TrainPlace stopped;
  stopped.cancel.request();
  fs::remove_all(scratch / "cache");
  EXPECT_EQ(make_train_parts(resolve(recipe), stopped).objective, nullptr);
  EXPECT_FALSE(fs::exists(scratch / "cache"));
}

TEST_F(LatentRun, SamplesAreDecodedPicturesOfWholeLevels) {
  const TrainedRun run = trained(latent_recipe(pictures, coder), scratch / "run");
  fs::remove_all(coder);  // a run samples alone
  SampleRequest request;
  request.count = 6;
  request.seed = 4;
  request.frame_points = 2;
  const PointSamples made = sample_points(open_run({scratch / "run", {}, {}}), request);
  ASSERT_EQ(made.points.width, 3 * kSide * kSide);
  for (const double v : made.points.values) ASSERT_TRUE(v >= 0 && v <= 255 && v == std::round(v)) << v;
  for (const Frame& frame : made.frames) EXPECT_EQ(std::ssize(frame.values), 2 * made.points.width);

  // There and back is what the autoencoder itself makes of a picture; sampling from a picture begins with its latents.
  const Points real = make_source(run.recipe.tables.at("data"))->draw(Split::test, 0, 5);
  const Points back = to_data(run, to_network(run, real));
  TrainedRun coded = run;
  coded.autoencoder = run.latent;
  const Points directly = reconstruct(coded, real);
  for (size_t i = 0; i < back.values.size(); ++i) ASSERT_NEAR(back.values[i], directly.values[i], 0.501);
  request.editing.rows = GivenRows{real, {}};
  EXPECT_EQ(sample_points(run, request).points.rows, 5);
}

// [latent] says how training encodes, [sample] how samples are decoded.
TEST_F(LatentRun, IsTakenByTiles) {
  Recipe recipe = latent_recipe(pictures, coder);
  set_key(recipe, "latent.cache=\"" + (scratch / "cache").string() + "\"");
  const TrainParts whole = make_train_parts(resolve(recipe));
  set_key(recipe, "latent.tile=3");
  set_key(recipe, "latent.tile_overlap=2");
  const Tiling tiling{.tile = 3, .overlap = 2, .margin = 0};
  const TrainParts parts = make_train_parts(resolve(recipe));  // not what the cache holds of whole pictures
  Recipe plain = recipe;
  plain.tables.erase("latent");
  const Tensor x = to_batch(make_train_parts(resolve(plain)).training.points(), {3, kSide, kSide}).x0;
  const Tensor expected = tiled_encode(*parts.latent, x, tiling).mean.flatten(1), kept = parts.training.moments;
  EXPECT_LT((kept.select(1, 0) - expected).abs().max().item<double>(), 1e-5);
  EXPECT_GT((kept - whole.training.moments).abs().max().item<double>(), 1e-2);

  const TrainedRun run = trained(recipe, scratch / "run");
  set_key(plain, "train.steps=1");
  train_into(scratch / "pixels", plain);
  Recipe tiles = recipe;
  set_key(tiles, "sample.tile=64");
  train_into(scratch / "tiles", tiles);
  const at::NoGradGuard no_grad;
  const Points real = make_source(run.recipe.tables.at("data"))->draw(Split::test, 0, 5);
  const Points latents = to_network(open_run({scratch / "run", {"sample.tile=3", "sample.tile_overlap=2"}, {}}), real);
  const Tensor z = to_batch(latents, {3, 4, 4}).x0;
  const Tensor scaled = to_batch(run.facts.scaling.apply(real), {3, kSide, kSide}).x0;
  const Tensor encoded = run.latent->scaled(tiled_encode(*run.latent, scaled, tiling).mode());
  EXPECT_LT((z - encoded).abs().max().item<double>(), 1e-5);
  const auto decoded = [&](const TrainedRun& of) { return to_batch(to_data(of, latents), {3, kSide, kSide}).x0; };
  const TrainedRun tiled = open_run({scratch / "run", {"sample.tile=3"}, {}});  // overlap: no whole quarter of it
  const Tensor by_tiles =
      tiled_decode(*run.latent, run.latent->unscaled(z), Tiling{.tile = 3, .overlap = 0, .margin = 0});
  EXPECT_LT((decoded(tiled) - ((by_tiles.clamp(-1, 1) + 1) * 127.5)).abs().max().item<double>(), 0.501);
  EXPECT_FALSE(at::equal(decoded(tiled), decoded(run)));

  const auto refused = [&](const std::vector<std::string>& words, const std::vector<std::string>& set) {
    expect_error(Code::usage, words, [&] { sample_points(open_run({scratch / "run", set, {}}), {}); });
  };
  refused({"sample.tile_overlap", "[-1, 2]"}, {"sample.tile=3", "sample.tile_overlap=3"});
  refused({"tile_overlap"}, {"sample.tile_overlap=3"});
  // A run that is sampled by tiles, by others: the overlap is a quarter of those.
  EXPECT_TRUE(at::equal(decoded(open_run({scratch / "tiles", {"sample.tile=3"}, {}})), decoded(tiled)));
  set_key(plain, "sample.tile=3");
  expect_error(Code::usage, {"sample.tile", "latents"}, [&] { make_train_parts(resolve(plain)); });
  expect_error(Code::usage, {"sample.tile", "latents"}, [&] {
    sample_points(open_run({scratch / "pixels", {"sample.tile=3"}, {}}), {});
  });
}

// An autoencoder's own run, too.
TEST_F(LatentRun, ReconstructionsByTiles) {
  const at::NoGradGuard no_grad;
  const TrainedRun whole = open_run({coder, {}, {}}), tiled = open_run({coder, {"sample.tile=3"}, {}});
  const Points real = make_source(whole.recipe.tables.at("data"))->draw(Split::test, 0, 2);
  const Tiling tiling{.tile = 3, .overlap = 0, .margin = 0};
  const Tensor x = to_batch(whole.facts.scaling.apply(real), {3, kSide, kSide}).x0;
  const Tensor expected = tiled_decode(*whole.autoencoder, tiled_encode(*whole.autoencoder, x, tiling).mode(), tiling);
  const Tensor got = to_batch(reconstruct(tiled, real), {3, kSide, kSide}).x0;
  EXPECT_LT((got - (expected.clamp(-1, 1) + 1) * 127.5).abs().max().item<double>(), 1e-2);
  EXPECT_NE(reconstruct(whole, real).values, reconstruct(tiled, real).values);
  EXPECT_NE(evaluate_reconstruction(whole, {}, {}).result.figures[1].generated.mean,
            evaluate_reconstruction(tiled, {}, {}).result.figures[1].generated.mean);
}

// What is known stays to the last digit; what is not is drawn, and does not depend on what stood there.
TEST_F(LatentRun, PicturesAreCompleted) {
  const TrainedRun run = trained(latent_recipe(pictures, coder), scratch / "run");
  const Points real = make_source(run.recipe.tables.at("data"))->draw(Split::test, 0, 3);
  SampleRequest request;
  request.seed = 2;
  request.editing.rows = GivenRows{real, std::vector<bool>(real.values.size(), true)};
  GivenRows& given = *request.editing.rows;
  const auto left = [](size_t i) { return i % kSide < 3; };  // three of eight columns: a latent has two
  for (size_t i = 0; i < given.known.size(); ++i) given.known[i] = !left(i);
  const Points made = sample_points(run, request).points;
  size_t changed = 0;
  for (size_t i = 0; i < made.values.size(); ++i) {
    if (!left(i))
      ASSERT_EQ(made.values[i], real.values[i]) << i;
    else
      changed += made.values[i] != real.values[i];
  }
  EXPECT_GT(changed, made.values.size() / 4);
  for (size_t i = 0; i < given.known.size(); ++i)
    if (left(i)) given.points.values[i] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(sample_points(run, request).points.values, made.values);

  // Where all is known the walk ends at the picture's latents; where nothing is, it is that from noise.
  SampleRequest known_all;
  known_all.frame_points = 3;
  known_all.editing.rows = GivenRows{real, std::vector<bool>(real.values.size(), true)};
  const std::vector<double> end = sample_points(run, known_all).frames.back().values;
  const Points back = to_data(run, to_network(run, real));
  for (size_t i = 0; i < end.size(); ++i) ASSERT_NEAR(end[i], back.values[i], 1.001) << i;
  const TrainedRun walker = open_run({scratch / "run", {"sample.sampler=ddim"}, {}});
  SampleRequest free;
  free.count = 3;
  SampleRequest known_none = free;
  known_none.editing.rows = GivenRows{real, std::vector<bool>(real.values.size(), false)};
  known_none.editing.walks = 1;
  const Points drawn = sample_points(walker, free).points, filled = sample_points(walker, known_none).points;
  for (size_t i = 0; i < drawn.values.size(); ++i) ASSERT_NEAR(filled.values[i], drawn.values[i], 1.001) << i;

  // Of a gap of one number the latents of its place are unknown in all channels; gaps get the mean of their channel.
  Tensor known = at::ones({1, 3, 4, 6}, at::kBool);
  known.select(1, 1).select(1, 3).select(1, 2) = false;  // one number
  const Tensor mask = known_latents(*run.latent, known);
  EXPECT_EQ(mask.sizes(), (std::vector<int64_t>{1, 3, 2, 3}));
  EXPECT_EQ(mask.logical_not().sum().item<int64_t>(), 3);
  EXPECT_FALSE(mask[0][2][1][1].item<bool>());
  DataFacts facts;
  facts.shape = {2, 1, 2};
  facts.high = 10;
  Points row{1, 4, {4, 7, 1, 2}, {}};
  fill_unknown(row, facts, {true, false, false, false});
  EXPECT_EQ(row.values, (std::vector<double>{4, 4, 5, 5}));
}

TEST_F(LatentRun, SmallestStrengthComesBackNearThePicture) {
  // With next to no noise what is left is the way through the autoencoder.
  Recipe recipe = latent_recipe(pictures, coder);
  set_key(recipe, "schedule.kind=edm");
  set_key(recipe, "denoiser.prediction=edm");
  const TrainedRun run = trained(recipe, scratch / "run");
  const Points real = make_source(run.recipe.tables.at("data"))->draw(Split::test, 0, 4);
  TrainedRun coded = run;
  coded.autoencoder = run.latent;
  const Points directly = reconstruct(coded, real);
  SampleRequest request;
  request.editing.rows = GivenRows{real, {}};
  request.editing.strength = 1e-6;
  const TrainedRun fine =
      open_run({scratch / "run", {"sample.steps=60", "sample.sampler=heun", "sample.grid=karras"}, {}});
  const Points made = sample_points(fine, request).points;
  double error = 0;
  for (size_t i = 0; i < made.values.size(); ++i) error += std::abs(made.values[i] - directly.values[i]);
  EXPECT_LT(error / static_cast<double>(made.values.size()), 4);  // levels of 256
}

TEST_F(LatentRun, WhatDoesNotFitIsRefused) {
  Recipe recipe = latent_recipe(pictures, coder);
  const auto refused = [&](Code code, const std::vector<std::string>& words, const std::string& set) {
    Recipe other = recipe;
    set_key(other, set);
    expect_error(code, words, [&] { make_train_parts(resolve(other)); });
  };
  refused(Code::usage, {"data.channels", "3, the autoencoder's", "1"}, "data.channels=1");
  refused(Code::usage, {"data.size", "multiples of 2"}, "data.size=7");
  refused(Code::usage, {"-1 and 1", "pixels"}, "data.scale=global");
  refused(Code::usage, {"latent.path", "denoising", "autoencoding"}, "objective.kind=autoencoding");
  refused(Code::io, {"nothing", "no such folder"}, "latent.path=\"nothing\"");
  refused(Code::io, {"no autoencoder", "AutoencoderKL"}, "latent.path=\"" + pictures.string() + "\"");
  const TrainedRun run = trained(recipe, scratch / "run");
  refused(Code::usage, {"latent.path", "autoencoding", "denoising"}, "latent.path=\"" + run.folder.string() + "\"");

  // The run's own copy, damaged: another weight, none, another number of channels.
  const fs::path kept = RunFolder{run.folder}.autoencoder();
  const auto autoencoder = open_autoencoder(kept);
  const auto told = [&](Code code, const std::vector<std::string>& words) {
    expect_error(code, words, [&] { open_run({run.folder, {}, {}}); });
  };
  autoencoder->parameters().front().second.stored().add_(1e-3);
  fs::remove_all(kept);
  told(Code::io, {"the run's autoencoder is missing"});
  write_autoencoder(kept, *autoencoder);
  told(Code::input, {"SHA-256", "trained on"});
  AutoencoderConfig config = autoencoder->config();
  config.latent_channels = 5;
  write_autoencoder(kept, AutoencoderKl(config, 1));
  told(Code::input, {"shape of the latents"});
  fs::resize_file(kept / "diffusion_pytorch_model.safetensors", 100);
  told(Code::input, {"diffusion_pytorch_model.safetensors"});
}

TEST_F(LatentRun, AnAutoencoderEncodesAndDecodesAndNothingElse) {
  const TrainedRun run = open_run({coder, {}, {}});
  ASSERT_NE(run.autoencoder, nullptr);
  expect_error(Code::usage, {"nothing of noise", "--from"}, [&] { sample_points(run, {}); });
  Recipe recipe = autoencoder_recipe(pictures);
  const auto refused = [&](const std::vector<std::string>& words, const std::string& set) {
    Recipe other = recipe;
    set_key(other, set);
    expect_error(Code::usage, words, [&] { make_train_parts(resolve(other)); });
  };
  refused({"schedule.kind", "autoencoding"}, "schedule.kind=edm");
  refused({"model.kind", "autoencoding"}, "model.kind=unet");
  refused({"sample.sampler", "autoencoding"}, "sample.sampler=heun");
  refused({"data.size", "multiples of 2"}, "data.size=7");
  refused({"data.scale"}, "data.scale=global");
  recipe.tables.at("data") = {{"kind", Given("moons")}};
  refused({"pictures", "points"}, "data.count=50");
  recipe = autoencoder_recipe(pictures);
  refused({"[autoencoder]", "autoencoding"}, "objective.kind=denoising");
  refused({"block_out_channels"}, "autoencoder.block_out_channels=[8, 8, 8]");

  // The figures, counted again.
  const Evaluation judged = evaluate_run(run, {}, {});
  const Points real = make_source(run.recipe.tables.at("data"))->draw(Split::test, 0, 0);
  const Points made = reconstruct(run, real);
  double absolute = 0, psnr = 0;
  for (int64_t i = 0; i < real.rows; ++i) {
    double square = 0;
    for (int64_t j = 0; j < real.width; ++j) {
      const double error = made.row(i)[j] - real.row(i)[j];
      absolute += std::abs(error) / static_cast<double>(real.width * real.rows);
      square += error * error / static_cast<double>(real.width);
    }
    psnr += 20 * std::log10(255 / std::sqrt(square)) / static_cast<double>(real.rows);
  }
  ASSERT_EQ(judged.result.figures.size(), 5);
  EXPECT_NEAR(judged.result.figures[0].generated.mean, absolute, 1e-3);
  EXPECT_NEAR(judged.result.figures[1].generated.mean, psnr, 1e-3);
  EXPECT_NEAR(judged.result.figures[3].generated.mean, 1, 0.25);  // of 9 pictures, by the factor of 33 others
}

TEST(PerceptualFile, MayMoveButNotChange) {
  const Scratch s;
  spill(s / "a", "weights");
  spill(s / "b", "weights");
  spill(s / "c", "others");
  const auto recipe = [&](const char* name) {
    return resolve(parse_recipe(fmt::format("[objective]\nkind = \"autoencoding\"\nperceptual_weight = 1\n"
                                            "perceptual_file = \"{}\"\n",
                                            (s / name).string()),
                                "a recipe"));
  };
  DataFacts facts;
  facts.perceptual_sha256 = sha256_of({s / "a"});
  EXPECT_EQ(perceptual_file_of(recipe("a")), (s / "a").string());
  EXPECT_NO_THROW(check_perceptual(recipe("b"), facts));
  EXPECT_THROW(check_perceptual(recipe("c"), facts), Error);
  EXPECT_TRUE(trajectory_differences(recipe("a"), recipe("b")).empty());
}

}  // namespace
}  // namespace roulade
