// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/attention_sheet.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <array>

namespace roulade {

AttentionPictures attention_pictures(const PointSamples& samples, const DataFacts& facts) {
  constexpr std::array kRed = {1.0, 0.1, 0.05};
  constexpr double kCover = 0.8;  // of the picture, where it reads most
  if (samples.attention.empty() || !facts.pictures())
    fail(Code::usage, "attention sheet", "samples with attention", "some", "none");
  const int64_t places = facts.shape[1] * facts.shape[2], channels = facts.shape[0], rows = samples.points.rows;
  Points drawn{rows, 3 * places, std::vector<double>(static_cast<size_t>(rows * 3 * places)), {}};
  for (int64_t i = 0; i < rows; ++i) {
    const float* map = samples.attention.data() + i * places;
    const double* from = samples.points.row(i);
    const auto [least, most] = std::minmax_element(map, map + places);
    const float range = std::max(*most - *least, 1e-12F);
    for (int64_t k = 0; k < places; ++k) {
      const int64_t colours = channels < 3 ? 1 : 3;
      double grey = 0;
      for (int64_t c = 0; c < colours; ++c) grey += from[c * places + k] / static_cast<double>(colours);
      const double light = std::clamp((grey - facts.low) / (facts.high - facts.low), 0.0, 1.0);
      const double cover = kCover * static_cast<double>((map[k] - *least) / range);
      for (int64_t c = 0; c < 3; ++c)
        drawn.row(i)[c * places + k] = (1 - cover) * light + cover * kRed[static_cast<size_t>(c)];
    }
  }
  DataFacts of = facts;
  of.shape = {3, facts.shape[1], facts.shape[2]};
  of.low = 0;
  of.high = 1;
  return {std::move(drawn), std::move(of)};
}

}  // namespace roulade
