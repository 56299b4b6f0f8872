// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/generate.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"

#include <algorithm>
#include <limits>
#include <span>

namespace roulade {

Points generate(const RowPlan& plan, Split split, uint64_t seed, int64_t count, const RowFn& row) {
  constexpr int64_t kBlock = 4096;  // rows whose random numbers are held at a time
  if (count < 1) fail(Code::usage, "data", "number of points", ">= 1", std::to_string(count));
  if (count > std::numeric_limits<int64_t>::max() / 64 / std::max<int64_t>({1, plan.width, plan.uniforms}))
    fail(Code::device, "data", "not enough memory for " + std::to_string(count) + " points");
  const uint64_t derived = derive_seed(seed, static_cast<uint64_t>(split));
  const RandomKey uniform{derived, Stream::data, 0}, normal{derived, Stream::data, 1};

  Points points{count, plan.width, std::vector<double>(static_cast<size_t>(count * plan.width)), {}};
  if (plan.labelled) points.labels.resize(static_cast<size_t>(count));
  const int64_t block = std::min(kBlock, count);
  std::vector<double> u(static_cast<size_t>(block * plan.uniforms)), z(static_cast<size_t>(block * plan.width));
  for (int64_t first = 0; first < count; first += block) {
    const int64_t n = std::min(block, count - first);
    fill_uniform(uniform, first, plan.uniforms, std::span(u).first(static_cast<size_t>(n * plan.uniforms)));
    fill_normal(normal, first, plan.width, std::span(z).first(static_cast<size_t>(n * plan.width)));
    for (int64_t i = 0; i < n; ++i) {
      const int64_t label = row(u.data() + i * plan.uniforms, z.data() + i * plan.width, points.row(first + i));
      if (plan.labelled) points.labels[static_cast<size_t>(first + i)] = label;
    }
  }
  return points;
}

}  // namespace roulade
