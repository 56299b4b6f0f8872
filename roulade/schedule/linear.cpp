// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/discrete.hpp"

namespace roulade::schedule {
namespace {

struct Settings {
  Counting counting;
  double beta_start = 1e-4, beta_end = 0.02;
  void bind(Binder& b) {
    counting.bind(b);
    b.add("beta_start", beta_start, above(0), "variance that the first step adds, below 1");
    b.add("beta_end", beta_end, above(0), "variance that the last step adds, below 1");
  }
};

std::unique_ptr<const Schedule> construct(const Settings& s) {
  return discrete(spaced(s.beta_start, s.beta_end, s.counting.transitions()), s.counting);
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
