// SPDX-License-Identifier: Apache-2.0
// Pictures to latents and back in a run: what is kept of them, what is drawn, what comes back, what is refused.
#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/image.hpp"
#include "roulade/io/sha256.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/latent/autoencoder_files.hpp"
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
#include "tests/run/latent_fixture.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

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
