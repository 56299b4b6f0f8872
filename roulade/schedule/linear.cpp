// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/discrete.hpp"

namespace roulade::schedule {
namespace {

struct Settings {
  Counting counting;
  double beta_start = 1e-4, beta_end = 0.02;
  void bind(Binder& b) {
    counting.bind(b);
    b.add("beta_start", beta_start, above(0), "variance that the first step adds");
    b.add("beta_end", beta_end, above(0), "variance that the last step adds");
  }
};

std::unique_ptr<const Schedule> construct(const Settings& s) {
  const int64_t n = s.counting.transitions();
  std::vector<double> betas;
  for (int64_t i = 0; i < n; ++i) {
    const double u = n > 1 ? static_cast<double>(i) / static_cast<double>(n - 1) : 0;
    betas.push_back(s.beta_start + u * (s.beta_end - s.beta_start));
  }
  return discrete(betas, s.counting);
}

}  // namespace

Entry linear() {
  Entry entry;
  entry.name = "linear";
  entry.summary = "Discrete: beta_1..beta_T evenly spaced";
  entry.source = "Ho et al. 2020, Denoising Diffusion Probabilistic Models, section 4";
  return with_settings<Entry, Settings>(entry, construct);
}

}  // namespace roulade::schedule
