// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/beta_quantile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace roulade {
namespace {

double log_beta(double a, double b) { return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b); }

/// x, or a tiny number in the place of a denominator that vanishes.
double divisor(double x) { return std::abs(x) < 1e-300 ? 1e-300 : x; }

/// The continued fraction of DLMF 8.17.22, evaluated from the front (Lentz's method).   x < (a + 1) / (a + b + 2).
double fraction(double x, double a, double b) {
  double c = 1, d = 0, value = 1;
  for (int i = 1; i < 20000; ++i) {
    const int m = i / 2;
    const double term = i % 2 == 0 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                                   : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / divisor(1 + term * d);
    c = divisor(1 + term / c);
    value *= c * d;
    if (std::abs(c * d - 1) < std::numeric_limits<double>::epsilon()) break;
  }
  return 1 / value;
}

double log_cumulative(double log_x, double a, double b) {
  const double x = std::exp(log_x), log_rest = std::log1p(-x);
  const double log_front = a * log_x + b * log_rest - log_beta(a, b);
  if (x < (a + 1) / (a + b + 2)) return log_front - std::log(a) + std::log(fraction(x, a, b));
  return std::log1p(-std::exp(log_front - std::log(b)) * fraction(std::exp(log_rest), b, a));
}

/// The root below 1/2, by Newton's method in log x, where log I_x is nearly straight; halved where a step leaves the
/// bracket.
double lower_half(double p, double a, double b) {
  const double wanted = std::log(p);
  double low = std::log(std::numeric_limits<double>::min()), high = std::log(0.5);
  double log_x = std::clamp((wanted + std::log(a) + log_beta(a, b)) / a, low, high);
  for (int i = 0; i < 200; ++i) {
    const double now = log_cumulative(log_x, a, b);
    (now < wanted ? low : high) = log_x;
    const double log_slope = a * log_x + (b - 1) * std::log1p(-std::exp(log_x)) - log_beta(a, b) - now;
    double next = log_x - (now - wanted) / std::exp(log_slope);
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    const double change = std::abs(next - log_x);
    log_x = next;
    if (change < 1e-15) break;
  }
  return std::exp(log_x);
}

}  // namespace

double beta_quantile(double p, double a, double b) {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  if (a == b && p == 0.5) return 0.5;  // of what is symmetric exactly, since users round it
  if (p <= std::exp(log_cumulative(std::log(0.5), a, b))) return lower_half(p, a, b);
  return 1 - lower_half(1 - p, b, a);
}

}  // namespace roulade
