// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/gan.hpp"

#include "roulade/core/error.hpp"
#include "roulade/objective/step_noise.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/square.h>
#include <torch/csrc/autograd/autograd.h>

namespace roulade {
namespace {

class Gan final : public OnePass {
 public:
  explicit Gan(GanParts parts) : p_(std::move(parts)) {}

  std::vector<ParameterGroup> groups() const override {
    return {{"generator", p_.generator->parameters()}, {"discriminator", p_.discriminator->parameters()}};
  }

  Tensor loss(const Batch& batch, const StepKey& key, size_t group) const override {
    const Tensor normals = step_normals(key, batch.x0.size(0), 2 * p_.latent).to(batch.x0.scalar_type());
    const Tensor z = normals.narrow(1, group == 0 ? 0 : p_.latent, p_.latent);
    if (group == 0) {
      const Tensor made = answer(*p_.generator, z, batch.condition);
      return at::softplus(-answer(*p_.discriminator, made, batch.condition)).mean();
    }
    Tensor made;
    {
      const at::NoGradGuard fixed;
      made = answer(*p_.generator, z, batch.condition);
    }
    const Tensor of_made = answer(*p_.discriminator, made, batch.condition);
    const Tensor x = batch.x0.detach().requires_grad_(p_.r1 > 0);
    const Tensor of_real = answer(*p_.discriminator, x, batch.condition);
    Tensor value = at::softplus(of_made).mean() + at::softplus(-of_real).mean();
    if (p_.r1 > 0) {
      const Tensor slope = torch::autograd::grad({of_real.sum()}, {x}, {}, true, true)[0];
      value = value + 0.5 * p_.r1 * at::square(slope).sum(1).mean();
    }
    return value;
  }

  bool has_validation() const override { return false; }  // the generator's loss measures its rival as much as itself

  int64_t normals() const override { return p_.latent; }

  Tensor generate(const Tensor& z, const Condition& condition) const override {
    return answer(*p_.generator, z, condition);
  }

 private:
  GanParts p_;
};

struct Settings {
  int64_t latent = 2;
  double r1 = 1;
  int64_t discriminator_width = 0;

  void bind(Binder& b) {
    b.add("latent", latent, at_least(1), "numbers that a point is made from");
    b.add("r1", r1, at_least(0), "gamma of the penalty on the discriminator's slope at real points; 0 = none");
    b.add("discriminator_width", discriminator_width, at_least(0), "width of the discriminator; 0 = model.width");
  }
};

}  // namespace

std::shared_ptr<const OnePass> make_gan(GanParts parts) {
  if (!parts.generator || !parts.discriminator)
    fail(Code::usage, "objective gan", "a part is missing", "generator and discriminator");
  if (parts.latent < 1) fail(Code::usage, "objective gan", "latent", "at least 1");
  return std::make_shared<const Gan>(std::move(parts));
}

namespace objective::one_pass {

Entry gan() {
  Entry e;
  e.name = "gan";
  e.summary = "generator and discriminator, non-saturating loss with the R1 penalty; one call a sample";
  e.source = "Goodfellow et al. 2014, section 3; Mescheder et al. 2018, eq. 9";
  e.bind = [](Binder& b) { Settings().bind(b); };
  e.make = [](Binder& b, const OnePassInput& input) {
    Settings s;
    s.bind(b);
    const int64_t width = input.shape.sample.at(0);
    return make_gan(
        {input.network(s.latent, width, 0, 0), input.network(width, 1, 1, s.discriminator_width), s.latent, s.r1});
  };
  return e;
}

}  // namespace objective::one_pass
}  // namespace roulade
