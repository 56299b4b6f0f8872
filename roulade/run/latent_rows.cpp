// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/latent_rows.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/sha256.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/latent/autoencoder_files.hpp"
#include "roulade/latent/tiling.hpp"
#include "roulade/run/chunks.hpp"
#include "roulade/run/latent_space.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/train/batches.hpp"

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMoments = "moments";
constexpr int64_t kTogether = 8;            // pictures that are encoded at once
constexpr uint64_t kValidationRole = 8102;  // a seed of their own

/// Mean and log variance of pictures first, ..., of the training set: [count, 2, width] float32.
Tensor encode_rows(const TrainParts& parts, const Points& scaled) {
  const auto settings = settings_of<LatentSettings>(parts.resolved, "latent");
  const LatentGaussian q = encode_by(*parts.latent, to_batch(scaled, parts.facts.axes()).x0, settings.tiles.tiling());
  return at::stack({q.mean.flatten(1), q.log_variance.flatten(1)}, 1);
}

/// Of autoencoder, type, tiles and pictures, in their order.
std::string key_of(const TrainParts& parts, const LatentSettings& settings) {
  Sha256 hash;
  hash.update(parts.facts.latent.autoencoder + settings.dtype + fmt::format("{}", parts.facts.shape));
  if (const TileSettings& t = settings.tiles; t.tile > 0)
    hash.update(fmt::format(" {} {}", t.tile, t.tiling()->overlap));
  const TrainingSet& training = parts.training;
  const auto width = static_cast<size_t>(training.width);
  for (int64_t i = 0; i < std::ssize(training.bytes.rows); ++i)
    hash.update({reinterpret_cast<const char*>(training.bytes.row(i)), width});
  hash.update({reinterpret_cast<const char*>(training.values.data()), training.values.size() * sizeof(double)});
  return hash.hex();
}

/// What is kept, or a tensor that is not defined.
Tensor read_moments(const fs::path& file, const std::vector<int64_t>& shape, at::ScalarType dtype) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return {};
  const TensorFile kept = read_tensors(file, Load::map);
  const auto found = kept.tensors.find(kMoments);
  if (found == kept.tensors.end() || found->second.sizes() != shape || found->second.scalar_type() != dtype)
    fail(Code::input, file.string(), "latents that were kept (without this file they are made again)",
         fmt::format("'{}' of shape {}", kMoments, shape), "others");
  return found->second;
}

void write_moments(const fs::path& file, const Tensor& moments) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) fail(Code::io, file.parent_path().string(), "cannot make the folder", "", error.message());
  write_tensors(file, {{kMoments, moments}});
}

/// Draws from the validation pictures' Gaussians, the same at every step.
Points draw_validation(const TrainParts& parts, const Scaling& scaling, int64_t width) {
  Points out{parts.validation.rows, width, {}, parts.validation.labels, {}};
  for (const std::vector<int64_t>& of : parts.validation.texts) out.texts.push_back(of.front());
  std::vector<double> eps(static_cast<size_t>(width));
  for (int64_t first = 0; first < parts.validation.rows; first += kTogether) {
    const Tensor moments = encode_rows(parts, parts.validation.points(first, kTogether)).to(at::kDouble).contiguous();
    for (int64_t i = 0; i < moments.size(0); ++i) {
      const double *mean = moments.const_data_ptr<double>() + 2 * i * width, *log_variance = mean + width;
      fill_normal({derive_seed(parts.seed, kValidationRole), Stream::noise, 0}, first + i, width,
                  std::span<double>(eps));
      for (size_t j = 0; j < eps.size(); ++j) out.values.push_back(mean[j] + std::exp(0.5 * log_variance[j]) * eps[j]);
    }
  }
  return scaling.apply(out);
}

/// What lies in a folder that a kill left before its recipe was written is not a run's.
bool has_begun(const RunFolder& run) {
  std::error_code ignored;
  return !run.root.empty() && fs::exists(run.recipe(), ignored);
}

}  // namespace

bool make_latents(TrainParts& parts, const TrainPlace& place) {
  const auto settings = settings_of<LatentSettings>(parts.resolved, "latent");
  if (settings.path.empty()) {
    check_tiles(parts.resolved, text_of(parts.resolved, "objective", "kind") == ObjectiveSettings::kAutoencoding);
    return true;
  }
  if (const std::string& kind = text_of(parts.resolved, "objective", "kind"); kind != ObjectiveSettings().kind)
    fail(Code::usage, "latent.path", "objective of a network on latents", ObjectiveSettings().kind, kind);
  const at::NoGradGuard no_grad;
  const RunFolder run{place.run};
  const bool kept = has_begun(run);
  const bool known = kept && fs::exists(run.facts());
  if (known) parts.facts.latent = read_facts(run).latent;
  const auto autoencoder =
      known ? open_kept_autoencoder(run.autoencoder(), parts.facts)
            : open_latent_autoencoder(kept ? run.autoencoder() : find_autoencoder(settings.path), parts.facts);
  parts.latent = autoencoder;
  parts.facts.latent = {latent_axes(*autoencoder, parts.facts), autoencoder_sha256(*autoencoder)};
  const std::vector<int64_t>& axes = parts.facts.latent.shape;
  const Scaling scaling = latent_scaling(*autoencoder, axes);
  const auto width = static_cast<int64_t>(scaling.mean.size());
  const auto dtype = settings.dtype == "float16" ? at::kHalf : at::kFloat;

  const TrainingSet& training = parts.training;
  const std::vector<int64_t> shape{training.rows, 2, width};
  const std::string name = key_of(parts, settings) + ".safetensors";
  Tensor moments;
  if (!settings.cache.empty()) moments = read_moments(fs::path(settings.cache) / name, shape, dtype);
  if (!moments.defined() && !place.run.empty()) moments = read_moments(run.latents() / name, shape, dtype);
  if (!moments.defined() && !place.encode) {
    moments = at::zeros(shape, dtype);
    parts.validation = {};
  } else if (!moments.defined()) {
    moments = at::empty(shape, dtype);
    in_chunks("encode", training.rows, kTogether, place.progress, place.cancel, [&](int64_t first, int64_t count) {
      const at::NoGradGuard in_this_thread;
      moments.narrow(0, first, count).copy_(encode_rows(parts, training.points(first, count)));
    });
    if (place.cancel.requested()) return false;
    parts.latents_file = name;
    if (!settings.cache.empty()) {
      write_moments(fs::path(settings.cache) / name, moments);
      parts.latents_file.clear();
    }
  }
  parts.validation = draw_validation(parts, scaling, width);
  parts.training = TrainingSet(moments, scaling, parts.training.labels, parts.training.texts);
  return true;
}

void keep_latents(const TrainParts& parts, const fs::path& folder) {
  if (!parts.latent) return;
  const RunFolder run{folder};
  if (!parts.latents_file.empty()) write_moments(run.latents() / parts.latents_file, parts.training.moments);
  if (has_begun(run)) return;  // its copy is what was opened
  FolderReplacement replacement(run.autoencoder());
  write_autoencoder(replacement.folder(), *parts.latent);
  replacement.commit();
}

}  // namespace roulade
