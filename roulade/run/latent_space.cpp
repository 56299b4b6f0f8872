// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/latent_space.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/sha256.hpp"
#include "roulade/latent/autoencoder_files.hpp"
#include "roulade/latent/tiling.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/picture_autoencoder.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/train/batches.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kTogether = 8;  // pictures that pass through encoder or decoder at once
constexpr const char *kWhere = "latent.path", *kConfig = "config.json";

/// Of a [rows, ...] float tensor.
Points to_points(const Tensor& x) {
  const Tensor flat = x.flatten(1).to(at::kDouble).contiguous();
  const double* from = flat.const_data_ptr<double>();
  return {flat.size(0), flat.size(1), {from, from + flat.numel()}, {}};
}

Points without_values(const Points& from, int64_t width) {
  Points out = from;
  out.width = width;
  out.values.assign(static_cast<size_t>(from.rows * width), 0);
  return out;
}

}  // namespace

fs::path find_autoencoder(const fs::path& given) {
  std::error_code ignored;
  if (!fs::exists(given, ignored))
    fail(Code::io, given.string(), "no such folder; latent.path names a run that trains an autoencoder, or a folder");
  const RunFolder run{given};
  if (fs::exists(run.recipe(), ignored)) {
    const Recipe recipe = resolve(read_run_recipe(run));
    if (!is_autoencoding(recipe))
      fail(Code::usage, kWhere, "objective of the run " + given.string(), "autoencoding",
           text_of(recipe, "objective", "kind"));
    const auto latest = run.latest();
    if (!latest) fail(Code::io, given.string(), "the run has no checkpoint yet");
    return autoencoder_folder(run.checkpoint(*latest));
  }
  for (const fs::path& folder : {given, given / "vae"})
    if (fs::exists(folder / kConfig, ignored)) return folder;
  fail(Code::io, given.string(), "no autoencoder",
       "a run that trains one, or a folder with config.json and weights as diffusers saves AutoencoderKL, or vae/");
}

std::shared_ptr<const AutoencoderKl> open_latent_autoencoder(const fs::path& folder, const DataFacts& facts) {
  std::shared_ptr<const AutoencoderKl> out = open_autoencoder(folder);
  check_pictures_fit(out->config(), facts, folder.string());
  freeze(out->parameters());
  return out;
}

std::string autoencoder_sha256(const AutoencoderKl& autoencoder) {
  Sha256 hash;
  hash.update(autoencoder_config_text(autoencoder.config()));
  for (const auto& [name, weight] : autoencoder.parameters()) {
    const Tensor values = weight.stored().detach().to(at::kFloat).contiguous();
    hash.update(name);
    hash.update({static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
  }
  return hash.hex();
}

std::vector<int64_t> latent_axes(const AutoencoderKl& autoencoder, const DataFacts& facts) {
  const int64_t f = autoencoder.factor();
  return {autoencoder.config().latent_channels, facts.shape.at(1) / f, facts.shape.at(2) / f};
}

Scaling latent_scaling(const AutoencoderKl& autoencoder, const std::vector<int64_t>& axes) {
  const AutoencoderConfig& config = autoencoder.config();
  Scaling out;
  for (int64_t c = 0; c < axes[0]; ++c) {
    const auto channel = static_cast<size_t>(c), places = static_cast<size_t>(axes[1] * axes[2]);
    const bool by_channel = !config.latents_mean.empty();
    out.mean.insert(out.mean.end(), places, by_channel ? config.latents_mean[channel] : config.shift_factor);
    out.deviation.insert(out.deviation.end(), places,
                         (by_channel ? config.latents_std[channel] : 1) / config.scaling_factor);
  }
  return out;
}

std::shared_ptr<const AutoencoderKl> open_kept_autoencoder(const fs::path& folder, const DataFacts& facts) {
  std::error_code ignored;
  if (!fs::exists(folder / kConfig, ignored))
    fail(Code::io, folder.string(), "the run's autoencoder is missing: its samples cannot be decoded");
  const auto out = open_latent_autoencoder(folder, facts);
  if (facts.latent.shape != latent_axes(*out, facts))
    fail(Code::input, folder.string(), "shape of the latents", fmt::format("{}, the network's", facts.latent.shape),
         fmt::format("{}", latent_axes(*out, facts)));
  if (const std::string sha = autoencoder_sha256(*out); sha != facts.latent.autoencoder)
    fail(Code::input, folder.string(), "autoencoder, by its SHA-256",
         facts.latent.autoencoder + ", which the run was trained on", sha);
  return out;
}

Points to_network(const TrainedRun& run, const Points& rows) {
  const Points scaled = run.facts.scaling.apply(rows);
  if (!run.latent) return scaled;
  const at::NoGradGuard no_grad;
  const auto tiling = settings_of<SampleSettings>(run.recipe, "sample").tiles.tiling();
  Points out = without_values(rows, 0);
  for (int64_t first = 0; first < rows.rows; first += kTogether) {
    const Tensor x = to_batch(part_of(scaled, first, kTogether), run.facts.axes()).x0;
    const Points part = to_points(run.latent->scaled(encode_by(*run.latent, x, tiling).mode()));
    out.width = part.width;
    out.values.insert(out.values.end(), part.values.begin(), part.values.end());
  }
  return out;
}

Points to_data(const TrainedRun& run, const Points& scaled) {
  const DataFacts& facts = run.facts;
  if (!run.latent) return facts.scaling.undo(scaled);
  const at::NoGradGuard no_grad;
  Points out = without_values(scaled, facts.width());
  const auto tiling = settings_of<SampleSettings>(run.recipe, "sample").tiles.tiling();
  const double level = (facts.high - facts.low) / 255;
  for (int64_t first = 0; first < scaled.rows; first += kTogether) {
    const Tensor y = to_batch(part_of(scaled, first, kTogether), facts.latent.shape).x0;
    const Points part = facts.scaling.undo(to_points(decode_by(*run.latent, run.latent->unscaled(y), tiling)));
    std::transform(part.values.begin(), part.values.end(), out.row(first), [&](double v) {
      return facts.low + level * std::round((std::clamp(v, facts.low, facts.high) - facts.low) / level);
    });
  }
  return out;
}

Tensor known_latents(const AutoencoderKl& autoencoder, const Tensor& known) {
  const int64_t f = autoencoder.factor(), n = known.size(0), h = known.size(2) / f, w = known.size(3) / f;
  const Tensor places = known.all(1, true).view({n, 1, h, f, w, f}).all(5).all(3);
  return places.expand({n, autoencoder.config().latent_channels, h, w}).contiguous();
}

void fill_unknown(Points& pictures, const DataFacts& facts, const std::vector<bool>& known) {
  const int64_t area = facts.shape[1] * facts.shape[2];
  for (size_t first = 0; first < known.size(); first += static_cast<size_t>(area)) {
    double sum = 0, count = 0;
    for (size_t i = first; i < first + static_cast<size_t>(area); ++i)
      if (known[i]) {
        sum += pictures.values[i];
        ++count;
      }
    const double mean = count > 0 ? sum / count : (facts.low + facts.high) / 2;
    for (size_t i = first; i < first + static_cast<size_t>(area); ++i)
      if (!known[i]) pictures.values[i] = mean;
  }
}

void check_tiles(const Recipe& resolved, bool decodes) {
  if (const int64_t tile = settings_of<SampleSettings>(resolved, "sample").tiles.tile; tile > 0 && !decodes)
    fail(Code::usage, "sample.tile", "tiles to decode", "0: the network does not work on latents",
         fmt::format("{}", tile));
}

void refuse_latents(const TrainedRun& run, std::string_view what) {
  if (run.latent)
    fail(Code::usage, run.folder.string(), fmt::format("{} needs a network on the data themselves", what),
         "a run without [latent]", "one on an autoencoder's latents");
}

}  // namespace roulade
