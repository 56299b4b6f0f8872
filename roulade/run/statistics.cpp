// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace roulade {

Mean mean_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  Mean out;
  for (const double x : values) out.value += x / n;
  double squares = 0;
  for (const double x : values) squares += (x - out.value) * (x - out.value);
  out.error = n < 2 ? std::numeric_limits<double>::quiet_NaN() : std::sqrt(squares / (n - 1) / n);
  return out;
}

Mean mean_difference(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> d(a.size());
  for (size_t i = 0; i < a.size(); ++i) d[i] = a[i] - b[i];
  return mean_of(d);
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

}  // namespace roulade
