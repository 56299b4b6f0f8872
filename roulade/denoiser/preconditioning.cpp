// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/denoiser/prediction.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade {
namespace {

struct Settings {
  double sigma_data = 0.5;

  void bind(Binder& b) { b.add("sigma_data", sigma_data, above(0), "standard deviation of the data"); }
};

/// With y = x_t / alpha and s = sigma / alpha:  x0 = c_skip(s) y + c_out(s) F(c_in(s) y, ln(s) / 4),
/// c_skip = d^2 / (s^2 + d^2), c_out = s d / sqrt(s^2 + d^2), c_in = 1 / sqrt(s^2 + d^2), d = sigma_data.
/// Multiplied out by alpha, so that nothing is divided by it.
class Edm final : public Prediction {
 public:
  explicit Edm(const Settings& settings) : sigma_data_(settings.sigma_data) {}

  Coefficients at(const Schedule& schedule, double t) const override {
    const double alpha = schedule.alpha(t), sigma = schedule.sigma(t), d = sigma_data_;
    if (alpha == 0 || sigma == 0)
      fail(Code::usage, "prediction edm", "ln(sigma / alpha) / 4, what the network is told, is infinite",
           "alpha(t) > 0 and sigma(t) > 0", fmt::format("t = {}", t));
    // The standard deviation of x_t; not hypot(), at five times the cost: these squares are far from overflow.
    const double spread = std::sqrt(sigma * sigma + alpha * alpha * d * d);
    return {.in = 1 / spread,
            .noise = std::log(sigma / alpha) / 4,
            .skip = alpha * d * d / (spread * spread),
            .out = sigma * d / spread,
            .target_x0 = sigma / (d * spread),
            .target_eps = -alpha * d / spread};
  }

 private:
  double sigma_data_;
};

}  // namespace

namespace denoiser {

Entry edm() {
  Entry entry;
  entry.name = "edm";
  entry.summary = "EDM preconditioning: input, output and target of unit variance at every noise level";
  entry.source = "Karras et al. 2022, table 1 and appendix B.6";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Edm>(s); });
}

}  // namespace denoiser
}  // namespace roulade
