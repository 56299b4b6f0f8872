// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/discrete.hpp"

#include <cmath>

namespace roulade::schedule {
namespace {

struct Settings {
  Counting counting;
  double beta_start = 0.00085, beta_end = 0.012;
  void bind(Binder& b) {
    counting.bind(b);
    b.add("beta_start", beta_start, above(0), "variance that the first step adds, below 1");
    b.add("beta_end", beta_end, above(0), "variance that the last step adds, below 1");
  }
};

std::unique_ptr<const Schedule> construct(const Settings& s) {
  std::vector<double> betas = spaced(std::sqrt(s.beta_start), std::sqrt(s.beta_end), s.counting.transitions());
  for (double& beta : betas) beta *= beta;
  return discrete(betas, s.counting);
}

}  // namespace

Entry scaled_linear() {
  Entry entry;
  entry.name = "scaled_linear";
  entry.summary = "Discrete: sqrt(beta_1)..sqrt(beta_T) evenly spaced, as Stable Diffusion was trained";
  entry.source = "Rombach et al. 2022, High-Resolution Image Synthesis with Latent Diffusion Models, released code";
  return with_settings<Entry, Settings>(entry, construct);
}

}  // namespace roulade::schedule
