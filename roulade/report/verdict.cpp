// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/page.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace roulade::plot {

Verdict verdict_of(const ReportFigure& f) {
  if (std::isnan(f.generated)) return {};  // unknown
  if (!std::isfinite(f.generated)) return {"not finite", false};
  if (!std::isfinite(f.floor) || (!std::isfinite(f.generated_error) && !std::isfinite(f.floor_error))) return {};
  auto known = [](double e) { return std::isfinite(e) ? e : 0; };
  const double error = std::hypot(known(f.generated_error), known(f.floor_error));
  const double off = f.generated - f.floor;
  if (std::abs(off) <= 2 * error) return {"at the floor", true};
  using Aim = ReportFigure::Aim;
  if ((f.aim == Aim::lower && off < 0) || (f.aim == Aim::higher && off > 0)) return {"better than the floor", true};
  // A ratio says something while the floor itself is known to better than a third.
  if (f.aim == Aim::lower && f.floor > 3 * known(f.floor_error)) {
    const double ratio = f.generated / f.floor;
    return {fmt::format("{:.{}f} × the floor", ratio, ratio < 10 ? (ratio < 1.1 ? 2 : 1) : 0), false};
  }
  const std::string where = off < 0 ? "below the floor" : "above the floor";
  return {std::abs(off) < 1e-3 ? where : fmt::format("{:.2g} {}", std::abs(off), where), false};
}

}  // namespace roulade::plot
