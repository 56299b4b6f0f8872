// SPDX-License-Identifier: Apache-2.0
// How noisy is time t? alpha, sigma and log_snr of every schedule, at five times from data to noise.
#include "roulade/schedule/schedule.hpp"

#include <cstdio>

int main() {
  for (const roulade::schedule::Entry& entry : roulade::schedule::registry().entries()) {
    if (entry.name == "table") continue;  // its betas come from a file
    const auto schedule = roulade::schedule::registry().make(entry.name);
    std::printf("%s: %s\n%8s %10s %10s %10s\n", entry.name.c_str(), entry.summary.c_str(), "t", "alpha", "sigma",
                "log_snr");
    for (const double t : {0.0, 0.25, 0.5, 0.75, 1.0}) {
      std::printf("%8.2f %10.4f %10.4f %10.3f\n", t, schedule->alpha(t), schedule->sigma(t), schedule->log_snr(t));
    }
  }

  // Options have the keys of a recipe's [schedule].
  const auto article = roulade::schedule::registry().make("cosine", {{"steps", 40}, {"index", "from_clean"}});
  std::printf("the article's: %lld noisy states after the clean one\n", static_cast<long long>(article->states()));
  return article->states() == 39 ? 0 : 1;
}
