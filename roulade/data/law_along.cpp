// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/mixture.hpp"

#include <cmath>

namespace roulade {

std::optional<Mixture> law_along(const std::vector<PlaneCurve>& curves, double speed, double noise) {
  constexpr double kNode[] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363};
  constexpr double kWeight[] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763};
  const double wanted = std::ceil(speed / (4 * noise));
  if (!(noise > 0) || !(wanted * 8 * static_cast<double>(curves.size()) <= 20000)) return std::nullopt;
  const auto panels = static_cast<int64_t>(std::max(1.0, wanted));
  const double half = 0.5 / static_cast<double>(panels);
  Mixture out;
  for (const PlaneCurve& curve : curves)
    for (int64_t p = 0; p < panels; ++p)
      for (int i = 0; i < 4; ++i)
        for (const double side : {-1.0, 1.0}) {
          const auto [x, y] = curve(half * (static_cast<double>(2 * p + 1) + side * kNode[i]));
          out.means.push_back({x, y});
          out.weights.push_back(kWeight[i] * half / static_cast<double>(curves.size()));
          out.deviations.push_back(noise);
        }
  return out;
}

}  // namespace roulade
