// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/mixture.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <string>

namespace roulade {

bool one_scale(const Scaling& scaling) {
  return std::all_of(scaling.deviation.begin(), scaling.deviation.end(),
                     [&](double d) { return d == scaling.deviation.front(); });
}

Mixture apply(const Scaling& scaling, const Mixture& mixture) {
  Mixture out = mixture;
  for (size_t k = 0; k < out.means.size(); ++k) {
    if (scaling.mean.size() != out.means[k].size())
      fail(Code::usage, "scaling", "width of the mixture", std::to_string(scaling.mean.size()),
           std::to_string(out.means[k].size()));
    for (size_t j = 0; j < out.means[k].size(); ++j) {
      if (scaling.deviation[j] != scaling.deviation[0])
        fail(Code::usage, "scaling", "a mixture of isotropic components needs one deviation for all columns");
      out.means[k][j] = (out.means[k][j] - scaling.mean[j]) / scaling.deviation[j];
    }
    out.deviations[k] /= scaling.deviation[0];
  }
  return out;
}

std::optional<Mixture> scaled_law(const PointSource& source, const Scaling& scaling) {
  if (!one_scale(scaling)) return std::nullopt;
  const std::optional<Mixture> law = source.law();
  return law ? std::optional(apply(scaling, *law)) : std::nullopt;
}

}  // namespace roulade
