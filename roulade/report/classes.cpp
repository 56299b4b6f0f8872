// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/classes.hpp"

#include <algorithm>
#include <set>

namespace roulade::plot {

Classes::Classes(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  std::set<int64_t> seen;
  for (const auto* list : {&a, &b})
    for (int64_t label : *list) seen.insert(std::max<int64_t>(label, -1));
  values.assign(seen.begin(), seen.end());
}

size_t Classes::index(int64_t label) const {
  const auto at = std::lower_bound(values.begin(), values.end(), std::max<int64_t>(label, -1));
  return static_cast<size_t>(at - values.begin());
}

Colour Classes::colour(size_t i) const {
  if (values[i] < 0) return kData;
  const size_t nameless = values.front() < 0 ? 1 : 0;
  return class_colour(i - nameless, values.size() - nameless);
}

std::string Classes::name(size_t i) const { return values[i] < 0 ? "no class" : "class " + std::to_string(values[i]); }

}  // namespace roulade::plot
