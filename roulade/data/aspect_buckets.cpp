// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/aspect_buckets.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr const char* kWhere = "aspect ratio buckets";

double log_ratio(int64_t height, int64_t width) {
  return std::log(static_cast<double>(width)) - std::log(static_cast<double>(height));
}

}  // namespace

std::vector<PictureSize> bucket_sizes(int64_t size, int64_t step, double limit) {
  if (step < 1 || step > 4096) fail(Code::usage, kWhere, "bucket_step", "1 to 4096", fmt::format("{}", step));
  if (size < step || size > 65536 || size % step != 0)
    fail(Code::usage, kWhere, "size", fmt::format("a multiple of bucket_step, {}, up to 65536", step),
         fmt::format("{}", size));
  if (!(limit >= 1)) fail(Code::usage, kWhere, "bucket_limit", "at least 1", fmt::format("{}", limit));
  std::vector<PictureSize> out;
  const auto add = [&](int64_t height, int64_t width) {
    if (static_cast<double>(std::max(height, width)) > limit * static_cast<double>(std::min(height, width))) return;
    const PictureSize one{height, width};
    if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(one);
  };
  for (int64_t shorter = step; shorter <= size; shorter += step) {
    const int64_t longer = size * size / shorter / step * step;
    add(longer, shorter);
    add(shorter, longer);
  }
  // Sides beyond `size`, too: the shortest that goes with each may be that of a longer side already there.
  for (int64_t longer = size; static_cast<double>(longer) <= limit * static_cast<double>(size); longer += step) {
    const int64_t shorter = size * size / longer / step * step;
    if (shorter == 0) break;
    add(longer, shorter);
    add(shorter, longer);
  }
  std::sort(out.begin(), out.end(), [](const PictureSize& a, const PictureSize& b) {
    return a.width * b.height < b.width * a.height;  // no two are alike: of two, the smaller could be longer
  });
  return out;
}

size_t nearest_bucket(const std::vector<PictureSize>& sizes, int64_t height, int64_t width) {
  const double wanted = log_ratio(height, width);
  size_t best = 0;
  double least = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const double distance = std::abs(log_ratio(sizes[i].height, sizes[i].width) - wanted);
    if (i > 0 && distance >= least) continue;
    best = i;
    least = distance;
  }
  return best;
}

}  // namespace roulade
