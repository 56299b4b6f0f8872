// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/reconstruction.hpp"

#include "roulade/core/error.hpp"
#include "roulade/latent/tiling.hpp"
#include "roulade/run/chunks.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/sample_files.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/trajectory.hpp"
#include "roulade/train/batches.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/square.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kTogether = 16;  // pictures that pass through the networks at once
constexpr int64_t kAcross = 10;
constexpr const char* kWhere = "sample";

Tensor to_network(const TrainedRun& run, const Points& pictures) {
  return to_batch(run.facts.scaling.apply(pictures), run.facts.axes()).x0;
}

/// As sample.tile says.
std::optional<Tiling> tiling_of(const TrainedRun& run) {
  return settings_of<SampleSettings>(run.recipe, "sample").tiles.tiling();
}

/// Decoded pictures in the data's units.
std::vector<double> to_data(const TrainedRun& run, const Tensor& decoded) {
  const Tensor flat = decoded.flatten(1).contiguous();
  const float* from = flat.const_data_ptr<float>();
  std::vector<double> out(static_cast<size_t>(flat.numel()));
  const Scaling& scaling = run.facts.scaling;
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t column = i % scaling.mean.size();
    out[i] = std::clamp(scaling.mean[column] + scaling.deviation[column] * static_cast<double>(from[i]), run.facts.low,
                        run.facts.high);
  }
  return out;
}

/// Mean and its standard error from a running sum.
struct Sum {
  double sum = 0, squares = 0;
  void add(double x) {
    sum += x;
    squares += x * x;
  }
  PairMean over(double n) const {
    const double mean = sum / n, variance = std::max(0.0, squares / n - mean * mean);
    const double error = n > 1 ? std::sqrt(variance / (n - 1)) : std::numeric_limits<double>::quiet_NaN();
    return {mean, error, {}};
  }
};

struct Errors {
  Sum absolute, psnr, divergence;
  double latents = 0, latent_squares = 0, latent_variance = 0, latent_numbers = 0;
};

void note(const TrainedRun& run, const Points& pictures, Errors& to) {
  const auto tiling = tiling_of(run);
  const LatentGaussian q = encode_by(*run.autoencoder, to_network(run, pictures), tiling);
  const std::vector<double> made = to_data(run, decode_by(*run.autoencoder, q.mode(), tiling));
  const double level = (run.facts.high - run.facts.low) / 255;
  for (int64_t i = 0; i < pictures.rows; ++i) {
    double absolute = 0, square = 0;
    for (int64_t j = 0; j < pictures.width; ++j) {
      const double error = (made[static_cast<size_t>(i * pictures.width + j)] - pictures.row(i)[j]) / level;
      absolute += std::abs(error);
      square += error * error;
    }
    const auto width = static_cast<double>(pictures.width);
    to.absolute.add(absolute / width);
    // A picture that comes back to the last bit would be infinite: a hundredth of a level stands for it.
    to.psnr.add(10 * std::log10(255 * 255 / std::max(square / width, 1e-4)));
  }
  const Tensor kl = q.kl().to(at::kDouble).contiguous();
  for (int64_t i = 0; i < kl.numel(); ++i) to.divergence.add(kl.const_data_ptr<double>()[i]);
  const Tensor mean = run.autoencoder->scaled(q.mean).to(at::kDouble);
  // A draw's own variance, scaled as the latents are.
  const Tensor unit = run.autoencoder->scaled(q.mean + at::exp(0.5 * q.log_variance)).to(at::kDouble) - mean;
  to.latents += mean.sum().item<double>();
  to.latent_squares += at::square(mean).sum().item<double>();
  to.latent_variance += at::square(unit).sum().item<double>();
  to.latent_numbers += static_cast<double>(mean.numel());
}

}  // namespace

Points reconstruct(const TrainedRun& run, const Points& pictures) {
  const at::NoGradGuard no_grad;
  const auto tiling = tiling_of(run);
  Points out = pictures;
  for (int64_t first = 0; first < pictures.rows; first += kTogether) {
    const Points part = part_of(pictures, first, kTogether);
    const Tensor x = to_network(run, part);
    const std::vector<double> made =
        to_data(run, decode_by(*run.autoencoder, encode_by(*run.autoencoder, x, tiling).mode(), tiling));
    std::copy(made.begin(), made.end(), out.row(first));
  }
  return out;
}

PointSamples reconstruct_given(const TrainedRun& run, const SampleRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  const Editing& edit = request.editing;
  if (!edit.rows)
    fail(Code::usage, kWhere, "an autoencoder makes nothing of noise",
         "--from FILE, pictures to encode and decode (a recipe with [latent] path = RUN trains what samples)");
  if (!edit.rows->known.empty() || edit.inverted || edit.to_seed)
    fail(Code::usage, kWhere, "an autoencoder encodes and decodes", "--from FILE alone");
  if (!request.prompts.empty() || request.to_prompt || !request.attention.empty())
    fail(Code::usage, kWhere, "prompts", "none: an autoencoder reads no text");
  const Points& given = edit.rows->points;
  PointSamples out;
  out.points = given;
  in_chunks("decode", given.rows, kTogether, request.progress, request.cancel, [&](int64_t first, int64_t count) {
    const Points made = reconstruct(run, part_of(given, first, count));
    std::copy(made.values.begin(), made.values.end(), out.points.row(first));
  });
  out.calls = 1;
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

Points beside_reconstructions(const TrainedRun& run, const Points& pictures, int64_t across) {
  const Points made = reconstruct(run, pictures);
  Points out{0, pictures.width, {}, {}};
  for (int64_t first = 0; first < pictures.rows; first += across)
    for (const Points* from : {&pictures, &made}) {
      const Points line = part_of(*from, first, across);
      out.rows += line.rows;
      out.values.insert(out.values.end(), line.values.begin(), line.values.end());
    }
  return out;
}

const std::vector<std::string>& reconstruction_figures() {
  static const std::vector<std::string> names{"mean_absolute_error", "psnr", "latent_mean", "latent_deviation",
                                              "divergence"};
  return names;
}

Evaluation evaluate_reconstruction(const TrainedRun& run, const ProgressFn& progress, const Cancel& cancel) {
  const at::NoGradGuard no_grad;
  const auto start = std::chrono::steady_clock::now();
  const auto source = open_data(run);
  const Points test = source->draw(Split::test, 0, 0);
  if (test.rows < 1) fail(Code::input, "eval", "pictures of the test split", "at least 1 (raise data.test)", "0");
  Errors errors;
  int64_t done = 0;
  const Pace pace("encode and decode", test.rows);
  for (; done < test.rows && !cancel.requested(); done = std::min(done + kTogether, test.rows)) {
    note(run, part_of(test, done, kTogether), errors);
    if (progress) progress(pace.at(std::min(done + kTogether, test.rows)));
  }
  Evaluation out;
  out.pairs = test.rows;
  out.count = 1;
  out.reference = fmt::format("test split ({} rows)", test.rows);
  out.finished = done == test.rows;
  const auto n = static_cast<double>(done);
  const double nan = std::numeric_limits<double>::quiet_NaN(), mean = errors.latents / errors.latent_numbers;
  const double variance = errors.latent_squares / errors.latent_numbers - mean * mean;
  const double deviation = std::sqrt(errors.latent_variance / errors.latent_numbers + std::max(0.0, variance));
  const std::array<PairMean, 5> values{errors.absolute.over(n), errors.psnr.over(n), PairMean{mean, nan, {}},
                                       PairMean{deviation, nan, {}}, errors.divergence.over(n)};
  for (size_t i = 0; i < values.size(); ++i)
    out.result.figures.push_back({"reconstruction", reconstruction_figures()[i], values[i], {}});
  out.result.pairs = done;
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

void add_reconstructions(ReportContent& content, const TrainedRun& run, const Points& pictures) {
  if (pictures.rows < 1) return;
  const int64_t across = std::min(kAcross, pictures.rows);
  content.sheets.push_back({"reconstructions", "Pictures, and below each row what comes back",
                            fmt::format("{} pictures of the test split, which were not trained on.", pictures.rows),
                            picture_sheet(beside_reconstructions(run, pictures, across), run.facts, across)});
}

}  // namespace roulade
