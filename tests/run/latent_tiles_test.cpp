// SPDX-License-Identifier: Apache-2.0
// Pictures of a run on latents taken by tiles, and completed.
#include "roulade/core/error.hpp"
#include "roulade/latent/tiling.hpp"
#include "roulade/run/latent_space.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/reconstruction.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/train/batches.hpp"
#include "tests/run/latent_fixture.hpp"

#include <limits>
#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

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

}  // namespace
}  // namespace roulade
