// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/discrete.hpp"

#include <cmath>

namespace roulade::schedule {
namespace {

struct Settings {
  Counting counting;
  double beta_start = 1e-4, beta_end = 0.02;
  void bind(Binder& b) {
    counting.bind(b);
    b.add("beta_start", beta_start, above(0), "lower asymptote of the betas, below 1");
    b.add("beta_end", beta_end, above(0), "upper asymptote of the betas, below 1");
  }
};

/// beta_i = beta_start + (beta_end - beta_start) / (1 + exp(-u_i)), u evenly spaced from -6 to 6.
std::unique_ptr<const Schedule> construct(const Settings& s) {
  std::vector<double> betas = spaced(-6, 6, s.counting.transitions());
  for (double& beta : betas) beta = s.beta_start + (s.beta_end - s.beta_start) / (1 + std::exp(-beta));
  return discrete(betas, s.counting);
}

}  // namespace

Entry sigmoid() {
  Entry entry;
  entry.name = "sigmoid";
  entry.summary = "Discrete: beta_1..beta_T along a logistic curve";
  entry.source = "Xu et al. 2022, GeoDiff, released code (beta_schedule = sigmoid)";
  return with_settings<Entry, Settings>(entry, construct);
}

}  // namespace roulade::schedule
