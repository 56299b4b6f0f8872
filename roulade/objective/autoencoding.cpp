// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/autoencoding.hpp"

#include "roulade/core/error.hpp"
#include "roulade/objective/step_noise.hpp"

#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/l1_loss.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/relu.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr const char *kWhere = "objective autoencoding", *kL1 = "l1", *kL2 = "l2";

class Autoencoding final : public Objective {
 public:
  Autoencoding(std::shared_ptr<const AutoencoderKl> autoencoder, const AutoencodingSettings& settings,
               AutoencodingCritics critics)
      : autoencoder_(std::move(autoencoder)),
        critics_(std::move(critics)),
        settings_(settings),
        absolute_(settings.loss == kL1) {}

  std::vector<ParameterGroup> groups() const override {
    std::vector<ParameterGroup> out = {{"autoencoder", autoencoder_->parameters()}};
    if (adversarial()) out.push_back({"discriminator", critics_.discriminator->parameters()});
    return out;
  }

  Tensor loss(const Batch& batch, const StepKey& key, size_t group) const override {
    return group == 0 ? of_autoencoder(batch.x0, key) : of_discriminator(batch.x0, key);
  }

  bool has_validation() const override { return !adversarial(); }

 private:
  bool adversarial() const { return settings_.adversarial_weight > 0; }

  Tensor decoded(const LatentGaussian& q, const StepKey& key) const {
    return autoencoder_->decode(q.sample(step_noise(key, q.mean)));
  }

  Tensor of_autoencoder(const Tensor& x, const StepKey& key) const {
    const LatentGaussian q = autoencoder_->encode(x);
    const Tensor y = decoded(q, key);
    if (y.sizes() != x.sizes())
      fail(Code::usage, kWhere, "decoded pictures",
           fmt::format("the shape of the data, {}: as many channels out as in, height and width multiples of {}",
                       x.sizes().vec(), autoencoder_->factor()),
           fmt::format("{}", y.sizes().vec()));
    const double numbers = static_cast<double>(x.numel()) / static_cast<double>(x.size(0));
    Tensor sum = (absolute_ ? at::l1_loss(y, x) : at::mse_loss(y, x)) + settings_.kl_weight / numbers * q.kl().mean();
    if (settings_.perceptual_weight > 0) sum = sum + settings_.perceptual_weight * critics_.perceptual->distance(x, y);
    if (adversarial() && key.step >= settings_.adversarial_from)
      sum = sum - settings_.adversarial_weight * critics_.discriminator->forward(y).mean();
    return sum;
  }

  Tensor of_discriminator(const Tensor& x, const StepKey& key) const {
    Tensor y;
    {
      const at::NoGradGuard fixed;
      y = decoded(autoencoder_->encode(x), key);
    }
    const PatchDiscriminator& judge = *critics_.discriminator;
    return 0.5 * (at::relu(1 - judge.forward(x)).mean() + at::relu(1 + judge.forward(y)).mean());
  }

  std::shared_ptr<const AutoencoderKl> autoencoder_;
  AutoencodingCritics critics_;
  AutoencodingSettings settings_;
  bool absolute_;
};

}  // namespace

void AutoencodingSettings::bind(Binder& b) {
  b.add("loss", loss, {kL1, kL2}, "error of a decoded number: absolute or squared");
  b.add("kl_weight", kl_weight, at_least(0), "weight of a picture's divergence beside the sum of its errors");
  b.add("perceptual_weight", perceptual_weight, at_least(0),
        "of how unlike EfficientNet-lite0 finds a picture and what comes back, beside the mean error of a number; 0 = "
        "not asked, 1 is usual");
  b.add("perceptual_file", perceptual_file, {},
        "weights of EfficientNet-lite0, .pth or .safetensors; empty = those of ./dev data lite0");
  b.add("adversarial_weight", adversarial_weight, at_least(0),
        "of a discriminator that learns to tell decoded patches from real ones, beside the mean error of a number; 0 = "
        "none, 0.01 is a beginning");
  b.add("adversarial_from", adversarial_from, at_least(0),
        "step from which the autoencoder hears the discriminator, which learns from the first one on");
  b.add("discriminator_width", discriminator_width, at_least(8), "channels of its first layer, a multiple of 8");
  b.add("discriminator_layers", discriminator_layers, between(1, 8), "of its layers that halve the picture");
}

std::unique_ptr<Objective> make_autoencoding(std::shared_ptr<const AutoencoderKl> autoencoder,
                                             const AutoencodingSettings& settings, AutoencodingCritics critics) {
  if (!autoencoder) fail(Code::usage, kWhere, "a part is missing", "an autoencoder");
  if (settings.loss != kL1 && settings.loss != kL2) fail_unknown(kWhere, "loss", settings.loss, {kL1, kL2});
  for (const auto& [name, weight] : {std::pair("kl_weight", settings.kl_weight),
                                     {"perceptual_weight", settings.perceptual_weight},
                                     {"adversarial_weight", settings.adversarial_weight}})
    if (!(weight >= 0)) fail(Code::usage, kWhere, name, "at least 0", fmt::format("{}", weight));
  if (settings.perceptual_weight > 0 && !critics.perceptual)
    fail(Code::usage, kWhere, "a part is missing", "a perceptual distance, as it has a weight");
  if (settings.adversarial_weight > 0 && !critics.discriminator)
    fail(Code::usage, kWhere, "a part is missing", "a discriminator, as it has a weight");
  return std::make_unique<Autoencoding>(std::move(autoencoder), settings, std::move(critics));
}

}  // namespace roulade
