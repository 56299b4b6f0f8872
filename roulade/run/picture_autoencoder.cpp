// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/picture_autoencoder.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/eval/feature_pictures.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/sha256.hpp"
#include "roulade/io/torch_file.hpp"
#include "roulade/latent/autoencoder_files.hpp"
#include "roulade/model/fill.hpp"
#include "roulade/objective/autoencoding.hpp"
#include "roulade/run/idle_keys.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/train/batches.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/square.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr auto kWhere = "objective autoencoding";
constexpr int64_t kMeasured = 1024;  // pictures of the factor
constexpr int64_t kTogether = 16;    // pictures that are encoded at once
constexpr uint64_t kDiscriminatorSeed = 2;
constexpr uint64_t kLargestConfig = uint64_t{1} << 22;

/// Keys of denoisers and of sampling from noise.
bool is_idle(const std::string& table, const std::string& key) {
  static const std::set<std::string> kUsedOfSample = {"count", "weights", "ema", "chunk", "tile", "tile_overlap"};
  if (table == "sample") return kUsedOfSample.count(key) == 0;
  return table == "model" || table == "text" || table == "schedule" || table == "denoiser" || table == "guidance" ||
         table == "eval";
}

AutoencoderConfig config_for(const Recipe& resolved, const DataFacts& facts) {
  auto config = settings_of<AutoencoderConfig>(resolved, "autoencoder");
  if (!facts.pictures()) fail(Code::usage, kWhere, "data", "pictures", "points");
  config.in_channels = config.out_channels = facts.shape[0];
  const auto height = static_cast<double>(facts.shape[1]), width = static_cast<double>(facts.shape[2]);
  config.sample_size = height == width ? std::vector{height} : std::vector{height, width};
  config.check();
  check_pictures_fit(config, facts, kWhere);
  return config;
}

}  // namespace

bool is_autoencoding(const Recipe& resolved) {
  return text_of(resolved, "objective", "kind") == ObjectiveSettings::kAutoencoding;
}

bool is_minus_one_to_one(const DataFacts& facts) {
  const double middle = (facts.low + facts.high) / 2, half = (facts.high - facts.low) / 2;
  const auto near = [&](double a, double b) { return std::abs(a - b) <= 1e-9 * half; };
  return std::all_of(facts.scaling.mean.begin(), facts.scaling.mean.end(),
                     [&](double mean) { return near(mean, middle); }) &&
         std::all_of(facts.scaling.deviation.begin(), facts.scaling.deviation.end(),
                     [&](double deviation) { return near(deviation, half); });
}

void check_pictures_fit(const AutoencoderConfig& config, const DataFacts& facts, const std::string& where) {
  if (!facts.pictures()) fail(Code::usage, where, "data", "pictures", "points");
  if (!is_minus_one_to_one(facts))
    fail(Code::usage, where, "black and white of the pictures", "-1 and 1: data.scale = \"pixels\"", "another scale");
  const int64_t channels = facts.shape[0], f = config.factor();
  if (config.in_channels != channels || config.out_channels != channels)
    fail(Code::usage, where, "channels of the pictures (data.channels)",
         fmt::format("{}, the autoencoder's", config.in_channels), fmt::format("{}", channels));
  if (facts.shape[1] % f != 0 || facts.shape[2] % f != 0)
    fail(Code::usage, where, "height and width of the pictures (data.size)",
         fmt::format("multiples of {}, as {} levels halve them {} times", f, config.levels(), config.levels() - 1),
         fmt::format("{} x {}", facts.shape[1], facts.shape[2]));
}

void refuse_denoisers_keys(const Recipe& resolved) {
  refuse_idle_keys(resolved, resolve({}), is_idle,
                   "objective 'autoencoding' trains an autoencoder, not a denoiser, and has no use for this");
}

std::shared_ptr<const AutoencoderKl> make_picture_autoencoder(const Recipe& resolved, const DataFacts& facts,
                                                              uint64_t seed) {
  refuse_denoisers_keys(resolved);
  return std::make_shared<const AutoencoderKl>(config_for(resolved, facts), seed);
}

std::string perceptual_file_of(const Recipe& resolved) {
  AutoencodingSettings settings;
  Binder b("objective", resolved.tables.at("objective"));
  settings.bind(b);
  if (!(settings.perceptual_weight > 0)) return "";
  const std::string file = features::lite0_file(settings.perceptual_file);
  if (file.empty()) fail(Code::usage, kWhere, "perceptual_file, the file of weights", features::kLite0Expected, "none");
  return fs::absolute(file).lexically_normal().string();
}

void check_perceptual(const Recipe& resolved, const DataFacts& facts) {
  const std::string file = perceptual_file_of(resolved);
  if (file.empty() || facts.perceptual_sha256.empty()) return;
  if (const std::string now = sha256_of({file}); now != facts.perceptual_sha256)
    fail(Code::input, file, "these are other weights than the run was trained with",
         fmt::format("a file whose SHA-256 is {}", facts.perceptual_sha256), now);
}

std::shared_ptr<const Objective> make_autoencoding_of(const Recipe& resolved,
                                                      std::shared_ptr<const AutoencoderKl> autoencoder, uint64_t seed) {
  AutoencodingSettings settings;
  Binder b("objective", resolved.tables.at("objective"));
  settings.bind(b);
  AutoencodingCritics critics;
  if (const std::string file = perceptual_file_of(resolved); !file.empty())
    critics.perceptual = std::make_shared<const Perceptual>(NamedTensors{read_weights(file), file});
  if (settings.adversarial_weight > 0)
    critics.discriminator = std::make_shared<const PatchDiscriminator>(
        autoencoder->config().in_channels, settings.discriminator_width, settings.discriminator_layers,
        derive_seed(seed, kDiscriminatorSeed));
  return make_autoencoding(std::move(autoencoder), settings, std::move(critics));
}

LatentMoments latent_moments(const AutoencoderKl& autoencoder, const DataFacts& facts, const TrainingSet& training) {
  const at::NoGradGuard no_grad;
  double sum = 0, squares = 0, variances = 0, numbers = 0;
  const int64_t rows = std::min(training.rows, kMeasured);
  for (int64_t first = 0; first < rows; first += kTogether) {
    const int64_t count = std::min(kTogether, rows - first);
    const LatentGaussian q = autoencoder.encode(to_batch(training.points(first, count), facts.axes()).x0);
    const Tensor mean = q.mean.to(at::kDouble);
    sum += mean.sum().item<double>();
    squares += at::square(mean).sum().item<double>();
    variances += at::exp(q.log_variance.to(at::kDouble)).sum().item<double>();
    numbers += static_cast<double>(mean.numel());
  }
  const double mean = sum / numbers;
  return {mean, std::sqrt(variances / numbers + std::max(0.0, squares / numbers - mean * mean))};
}

std::filesystem::path autoencoder_folder(const std::filesystem::path& checkpoint) { return checkpoint / "vae"; }

void write_picture_autoencoder(const std::filesystem::path& checkpoint, const Recipe& resolved, const DataFacts& facts,
                               const TrainingSet& training, const std::map<std::string, Tensor>& weights) {
  AutoencoderConfig config = config_for(resolved, facts);
  const AutoencoderKl measured(config, 0);
  fill_network(measured.parameters(), weights, checkpoint.string());
  const double deviation = latent_moments(measured, facts, training).deviation;
  if (!(deviation > 0) || !std::isfinite(deviation))
    fail(Code::numeric, kWhere, "standard deviation of the latents over training pictures", "above 0 and finite",
         fmt::format("{}", deviation));
  config.scaling_factor = 1 / deviation;
  write_autoencoder(autoencoder_folder(checkpoint), AutoencoderKl(config, 0), weights);
}

std::shared_ptr<const AutoencoderKl> open_picture_autoencoder(const std::filesystem::path& checkpoint,
                                                              const DataFacts& facts) {
  const std::filesystem::path file = autoencoder_folder(checkpoint) / "config.json";
  const AutoencoderConfig config = parse_autoencoder_config(read_file(file, kLargestConfig), file.string());
  check_pictures_fit(config, facts, file.string());
  return std::make_shared<const AutoencoderKl>(config, 0);
}

}  // namespace roulade
