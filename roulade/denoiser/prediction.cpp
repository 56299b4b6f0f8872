// SPDX-License-Identifier: Apache-2.0
#include "roulade/denoiser/prediction.hpp"

#include "roulade/core/error.hpp"
#include "roulade/denoiser/denoiser.hpp"

#include <fmt/format.h>

namespace roulade {
namespace {

// Each row solves {x_t = alpha x0 + sigma eps, F = target_x0 x0 + target_eps eps} for x0.

Coefficients eps_row(double alpha, double sigma) {
  return {.skip = 1 / alpha, .out = -sigma / alpha, .target_x0 = 0, .target_eps = 1};
}

Coefficients x0_row(double, double) { return {.skip = 0, .out = 1, .target_x0 = 1, .target_eps = 0}; }

Coefficients v_row(double alpha, double sigma) {
  const double power = alpha * alpha + sigma * sigma;
  return {.skip = alpha / power, .out = -sigma / power, .target_x0 = -sigma, .target_eps = alpha};
}

Coefficients velocity_row(double alpha, double sigma) {
  const double sum = alpha + sigma;
  return {.skip = 1 / sum, .out = -sigma / sum, .target_x0 = -1, .target_eps = 1};
}

class RowPrediction final : public Prediction {
 public:
  using Row = Coefficients (*)(double alpha, double sigma);
  RowPrediction(Row row, bool needs_alpha) : row_(row), needs_alpha_(needs_alpha) {}

  Coefficients at(const Schedule& schedule, double t) const override {
    const double alpha = schedule.alpha(t);
    if (needs_alpha_ && alpha == 0)
      fail(Code::usage, "prediction eps", "x0 cannot be told from eps", "alpha(t) > 0", fmt::format("t = {}", t));
    Coefficients c = row_(alpha, schedule.sigma(t));
    c.noise = schedule.network_time(t);
    return c;
  }

 private:
  Row row_;
  bool needs_alpha_;
};

struct NoSettings {
  void bind(Binder&) {}
};

denoiser::Entry row_entry(std::string name, std::string summary, std::string source, RowPrediction::Row row,
                          bool needs_alpha = false) {
  denoiser::Entry entry;
  entry.name = std::move(name);
  entry.summary = std::move(summary);
  entry.source = std::move(source);
  return with_settings<denoiser::Entry, NoSettings>(
      entry, [=](const NoSettings&) { return std::make_unique<const RowPrediction>(row, needs_alpha); });
}

}  // namespace

Tensor convert(const Prediction& from, const Prediction& to, const Schedule& schedule, double t, const Tensor& x_t,
               const Tensor& output) {
  const Coefficients f = from.at(schedule, t), g = to.at(schedule, t);
  const Tensor x0 = x_t.mul(f.skip).add(output, f.out);
  if (g.target_eps == 0) return x0.mul(g.target_x0);
  return x0.mul(g.target_x0).add(eps_from_x0(schedule, x_t, x0, t), g.target_eps);
}

namespace denoiser {

Entry eps() {
  return row_entry("eps", "the noise: x0 = (x_t - sigma F) / alpha", "Ho et al. 2020, eq. 11", eps_row, true);
}

Entry x0() { return row_entry("x0", "the clean sample: x0 = F", "Salimans and Ho 2022, section 4", x0_row); }

Entry v() {
  return row_entry("v", "v = alpha eps - sigma x0: x0 = (alpha x_t - sigma F) / (alpha^2 + sigma^2)",
                   "Salimans and Ho 2022, section 4 and appendix D", v_row);
}

Entry velocity() {
  return row_entry("velocity", "flow velocity eps - x0: x0 = (x_t - sigma F) / (alpha + sigma)",
                   "Lipman et al. 2023, eq. 23; Liu et al. 2023, eq. 1", velocity_row);
}

}  // namespace denoiser
}  // namespace roulade
