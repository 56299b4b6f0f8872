// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/vae.hpp"

#include "roulade/core/error.hpp"
#include "roulade/objective/step_noise.hpp"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/full.h>
#include <ATen/ops/square.h>

namespace roulade {
namespace {

class Vae final : public OnePass {
 public:
  explicit Vae(VaeParts parts)
      : p_(std::move(parts)),
        log_variance_(at::full({1}, 2 * std::log(p_.deviation), at::kFloat).requires_grad_(p_.learn_deviation)) {}

  std::vector<ParameterGroup> groups() const override {
    NamedWeights all = prefixed("decoder.", p_.decoder->parameters());
    for (auto& named : prefixed("encoder.", p_.encoder->parameters())) all.push_back(std::move(named));
    all.emplace_back("log_variance", log_variance_);
    return {{"autoencoder", std::move(all)}};
  }

  Tensor loss(const Batch& batch, const StepKey& key, size_t) const override {
    const Tensor& x = batch.x0;
    const Tensor q = answer(*p_.encoder, x, batch.condition);
    const Tensor m = q.narrow(1, 0, p_.latent), l = q.narrow(1, p_.latent, p_.latent);
    const Tensor z = m + at::exp(0.5 * l) * step_normals(key, x.size(0), p_.latent).to(x.scalar_type());
    const Tensor log_variance = log_variance_.use(x.scalar_type());
    const Tensor error = at::square(x - answer(*p_.decoder, z, batch.condition));
    const Tensor surprise = 0.5 * (error * at::exp(-log_variance) + log_variance + std::log(2 * M_PI));
    const Tensor divergence = 0.5 * (at::square(m) + at::exp(l) - 1 - l);
    return (surprise.sum(1) + p_.beta * divergence.sum(1)).mean();
  }

  int64_t normals() const override { return p_.latent + p_.width; }

  Tensor generate(const Tensor& z, const Condition& condition) const override {
    const Tensor mean = answer(*p_.decoder, z.narrow(1, 0, p_.latent), condition);
    if (!p_.noise) return mean;
    return mean + at::exp(0.5 * log_variance_.use(z.scalar_type())) * z.narrow(1, p_.latent, p_.width);
  }

 private:
  VaeParts p_;
  Weight log_variance_;
};

struct Settings {
  int64_t latent = 2;
  double beta = 1;
  bool learn_deviation = true;
  double deviation = 0.1;
  bool noise = true;
  int64_t encoder_width = 0;

  void bind(Binder& b) {
    b.add("latent", latent, at_least(1), "numbers that a point is encoded in");
    b.add("beta", beta, at_least(0), "weight of the encoder's divergence from the prior; 1 = the evidence lower bound");
    b.add("learn_deviation", learn_deviation, "train the likelihood's standard deviation along");
    b.add("deviation", deviation, above(0), "the likelihood's standard deviation, of scaled points, at the start");
    b.add("noise", noise, "draw points from the likelihood; false = its means alone");
    b.add("encoder_width", encoder_width, at_least(0), "width of the encoder; 0 = model.width");
  }
};

}  // namespace

std::shared_ptr<const OnePass> make_vae(VaeParts parts) {
  if (!parts.decoder || !parts.encoder) fail(Code::usage, "objective vae", "a part is missing", "decoder and encoder");
  if (parts.latent < 1 || parts.width < 1) fail(Code::usage, "objective vae", "latent and width", "at least 1");
  return std::make_shared<const Vae>(std::move(parts));
}

namespace objective::one_pass {

Entry vae() {
  Entry e;
  e.name = "vae";
  e.summary = "variational autoencoder: a decoder and an encoder with the evidence lower bound; one call a sample";
  e.source = "Kingma and Welling 2014, eq. 7 and 10";
  e.bind = [](Binder& b) { Settings().bind(b); };
  e.make = [](Binder& b, const OnePassInput& input) {
    Settings s;
    s.bind(b);
    const int64_t width = input.shape.sample.at(0);
    return make_vae({input.network(s.latent, width, 0, 0), input.network(width, 2 * s.latent, 1, s.encoder_width),
                     width, s.latent, s.beta, s.deviation, s.learn_deviation, s.noise});
  };
  return e;
}

}  // namespace objective::one_pass
}  // namespace roulade
