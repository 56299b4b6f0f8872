// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/multistep.hpp"

namespace roulade {
namespace {

struct Settings : AdamsSettings {
  bool variable_step = false;

  void bind(Binder& b) {
    b.add("order", order, between(1, 4), "slopes that a step uses, once there are as many");
    b.add("variable_step", variable_step, "weights of the steps that are taken instead of those of equal steps");
    bind_space(b, space);
    bind_final(b);
  }
};

class Ipndm final : public Sampler {
 public:
  explicit Ipndm(const Settings& settings) : set_(settings) { set_.equal = !settings.variable_step; }

  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    return adams_bashforth(set_, context, x_t, context.denoise(x_t, t).x0, t, s);
  }

 private:
  Settings set_;
};

}  // namespace

namespace sampler {

Entry ipndm() {
  Entry entry;
  entry.name = "ipndm";
  entry.summary = "Pseudo linear multistep method of rising order from the first step on: 1, 2, 3, then 4";
  entry.source = "Zhang and Chen 2023 (DEIS), iPNDM, after Liu et al. 2022 (PNDM), section 3";
  entry.facts = {.stochastic = false,
                 .local_order = 3,
                 .start_order = 2,
                 .global_order = 2,
                 .calls = 1,
                 .last_calls = 1,
                 .equal_steps = true,
                 .jumps_to_x0 = false};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Ipndm>(s); });
}

}  // namespace sampler
}  // namespace roulade
