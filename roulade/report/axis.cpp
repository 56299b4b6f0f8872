// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/axis.hpp"

#include "roulade/report/text.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace roulade::plot {

namespace {

// A round step near `raw`: 1, 2 or 5 times a power of ten, not below it.
double round_step(double raw) {
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (double m : {1.0, 2.0, 5.0})
    if (m * power >= raw * (1 - 1e-9)) return m * power;
  return 10 * power;
}

std::string power_label(double value) {
  const double exponent = std::round(std::log10(value));
  if (exponent >= -3 && exponent <= 4) return with_minus(fmt::format("{:g}", value));
  return "10" + superscript(static_cast<int>(exponent));
}

}  // namespace

Limits limits_of(std::span<const double> values) {
  Limits found{HUGE_VAL, -HUGE_VAL};
  for (double v : values) {
    if (!std::isfinite(v)) continue;
    found.low = std::min(found.low, v);
    found.high = std::max(found.high, v);
  }
  if (found.low > found.high) return {};
  if (found.low == found.high) {
    const double room = found.low == 0 ? 1 : std::abs(found.low) * 0.1;
    return {found.low - room, found.high + room};
  }
  return found;
}

Limits pad(Limits limits, double share) {
  const double room = limits.span() * share;
  return {limits.low - room, limits.high + room};
}

Limits join(Limits a, Limits b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

std::vector<Tick> linear_ticks(Limits limits, int wanted) {
  const double step = round_step(limits.span() / std::max(wanted, 1));
  const double largest = std::max(std::abs(limits.low), std::abs(limits.high));
  if (!(step > largest * 1e-12)) return {};  // the span is below what a double resolves
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  const bool powers = largest >= 1e6 || step < 1e-4;
  std::vector<Tick> ticks;
  const auto first = static_cast<int64_t>(std::ceil(limits.low / step - 1e-9));
  const auto last = static_cast<int64_t>(std::floor(limits.high / step + 1e-9));
  for (int64_t i = first; i <= last; ++i) {
    const double v = static_cast<double>(i) * step;
    ticks.push_back({v, with_minus(powers ? fmt::format("{:g}", v) : fmt::format("{:.{}f}", v, decimals))});
  }
  return ticks;
}

std::vector<Tick> log_ticks(Limits limits, int wanted) {
  const double first = std::ceil(std::log10(limits.low) - 1e-9), last = std::floor(std::log10(limits.high) + 1e-9);
  const double every = std::max(1.0, std::ceil((last - first + 1) / std::max(wanted, 1)));
  std::vector<Tick> ticks;
  for (double e = first; e <= last; e += every) ticks.push_back({std::pow(10, e), power_label(std::pow(10, e))});
  if (last - first >= 1) return ticks;
  ticks.clear();
  for (double e = first - 1; e <= last + 1; ++e)
    for (double m : {1.0, 2.0, 5.0}) {
      const double v = m * std::pow(10, e);
      if (limits.contains(v)) ticks.push_back({v, with_minus(fmt::format("{:g}", v))});
    }
  return ticks.size() >= 2 ? ticks : linear_ticks(limits, wanted);
}

}  // namespace roulade::plot
