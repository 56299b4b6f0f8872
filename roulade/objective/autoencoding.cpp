// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/autoencoding.hpp"

#include "roulade/core/error.hpp"
#include "roulade/objective/step_noise.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/l1_loss.h>
#include <ATen/ops/mse_loss.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr const char *kWhere = "objective autoencoding", *kL1 = "l1", *kL2 = "l2";

class Autoencoding final : public Objective {
 public:
  Autoencoding(std::shared_ptr<const AutoencoderKl> autoencoder, const AutoencodingSettings& settings)
      : autoencoder_(std::move(autoencoder)), absolute_(settings.loss == kL1), kl_weight_(settings.kl_weight) {}

  std::vector<ParameterGroup> groups() const override { return {{"autoencoder", autoencoder_->parameters()}}; }

  Tensor loss(const Batch& batch, const StepKey& key, size_t) const override {
    const Tensor& x = batch.x0;
    const LatentGaussian q = autoencoder_->encode(x);
    const Tensor y = autoencoder_->decode(q.sample(step_noise(key, q.mean)));
    if (y.sizes() != x.sizes())
      fail(Code::usage, kWhere, "decoded pictures",
           fmt::format("the shape of the data, {}: as many channels out as in, height and width multiples of {}",
                       x.sizes().vec(), autoencoder_->factor()),
           fmt::format("{}", y.sizes().vec()));
    const Tensor error = absolute_ ? at::l1_loss(y, x) : at::mse_loss(y, x);
    const double numbers = static_cast<double>(x.numel()) / static_cast<double>(x.size(0));
    return error + kl_weight_ / numbers * q.kl().mean();
  }

 private:
  std::shared_ptr<const AutoencoderKl> autoencoder_;
  bool absolute_;
  double kl_weight_;
};

}  // namespace

void AutoencodingSettings::bind(Binder& b) {
  b.add("loss", loss, {kL1, kL2}, "error of a decoded number: absolute or squared");
  b.add("kl_weight", kl_weight, at_least(0), "weight of a picture's divergence beside the sum of its errors");
}

std::unique_ptr<Objective> make_autoencoding(std::shared_ptr<const AutoencoderKl> autoencoder,
                                             const AutoencodingSettings& settings) {
  if (!autoencoder) fail(Code::usage, kWhere, "a part is missing", "an autoencoder");
  if (settings.loss != kL1 && settings.loss != kL2) fail_unknown(kWhere, "loss", settings.loss, {kL1, kL2});
  if (!(settings.kl_weight >= 0))
    fail(Code::usage, kWhere, "kl_weight", "at least 0", fmt::format("{}", settings.kl_weight));
  return std::make_unique<Autoencoding>(std::move(autoencoder), settings);
}

}  // namespace roulade
