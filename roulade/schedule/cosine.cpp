// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/discrete.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace roulade::schedule {
namespace {

struct Settings {
  Counting counting;
  double s = 0.008, max_beta = 0.999;
  void bind(Binder& b) {
    counting.bind(b);
    b.add("s", s, between(0, 1), "offset that keeps the first betas from vanishing");
    b.add("max_beta", max_beta, {0, 1, true}, "betas are cut to this");
  }
};

/// beta_i = min(1 - f(i) / f(i-1), max_beta), f(i) = cos(a_i)^2, a_i = (i/steps + s) / (1 + s) pi/2.
std::unique_ptr<const Schedule> construct(const Settings& s) {
  const auto steps = static_cast<double>(s.counting.steps);
  const double step = 0.5 * std::numbers::pi / (1 + s.s) / steps, start = s.s * steps * step;
  std::vector<double> betas;
  for (int64_t i = 1; i <= s.counting.transitions(); ++i) {
    // cos(a)^2 - cos(b)^2 = sin(b - a) sin(b + a): no loss where beta is small. Angles are counted from the nearer of
    // 0 and pi/2, where cos vanishes, so that they keep their digits too.
    const auto now = static_cast<double>(i);
    const double sum = 2 * start + (2 * now - 1) * step, rest = (2 * (steps - now) + 1) * step;
    const double cosine = std::sin((steps - now + 1) * step);
    betas.push_back(std::min(std::sin(step) * std::sin(std::min(sum, rest)) / (cosine * cosine), s.max_beta));
  }
  return discrete(betas, s.counting);
}

}  // namespace

Entry cosine() {
  Entry entry;
  entry.name = "cosine";
  entry.summary = "Discrete: abar_i a squared cosine, slow at both ends";
  entry.source = "Nichol and Dhariwal 2021, Improved Denoising Diffusion Probabilistic Models, eq. 17";
  return with_settings<Entry, Settings>(entry, construct);
}

}  // namespace roulade::schedule
