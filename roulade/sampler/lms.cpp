// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/multistep.hpp"

namespace roulade {
namespace {

struct Settings : AdamsSettings {
  void bind(Binder& b) {
    b.add("order", order, between(1, 4), "slopes that a step uses, once there are as many");
    bind_space(b, space);
    bind_final(b);
  }
};

class Lms final : public Sampler {
 public:
  explicit Lms(const Settings& settings) : set_(settings) {}

  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    return adams_bashforth(set_, context, x_t, context.denoise(x_t, t).x0, t, s);
  }

 private:
  Settings set_;
};

}  // namespace

namespace sampler {

Entry lms() {
  Entry entry;
  entry.name = "lms";
  entry.summary = "Linear multistep method on the probability-flow ODE, its weights those of the steps that are taken";
  entry.source = "Hairer, Norsett and Wanner 1993, section III.5; the ODE: Karras et al. 2022, eq. 1";
  entry.facts = {.stochastic = false,
                 .local_order = 5,
                 .start_order = 2,
                 .global_order = 4,
                 .calls = 1,
                 .last_calls = 1,
                 .jumps_to_x0 = false};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Lms>(s); });
}

}  // namespace sampler
}  // namespace roulade
