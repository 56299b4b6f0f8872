// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/mann_whitney.hpp"

#include <algorithm>
#include <cmath>

namespace roulade {

double MannWhitney::share() const { return u / pairs; }

double MannWhitney::error() const { return std::sqrt(variance) / pairs; }

double MannWhitney::z() const { return variance > 0 ? (u - 0.5 * pairs) / std::sqrt(variance) : 0; }

MannWhitney mann_whitney(std::vector<float> x, std::vector<float> y) {
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  const auto n = static_cast<double>(x.size()), m = static_cast<double>(y.size());
  MannWhitney out;
  out.pairs = n * m;
  double ties = 0;  // the sum of t^3 - t
  for (auto a = x.begin(), b = y.begin(); a != x.end() || b != y.end();) {
    const float next = a == x.end() ? *b : b == y.end() ? *a : std::min(*a, *b);
    const auto a_end = std::upper_bound(a, x.end(), next), b_end = std::upper_bound(b, y.end(), next);
    const auto own = static_cast<double>(a_end - a), same = static_cast<double>(b_end - b);
    out.u += own * (static_cast<double>(y.end() - b_end) + 0.5 * same);
    ties += std::pow(own + same, 3) - (own + same);
    a = a_end;
    b = b_end;
  }
  const double all = n + m;
  out.variance = n * m / 12 * (all + 1 - ties / (all * (all - 1)));
  return out;
}

}  // namespace roulade
