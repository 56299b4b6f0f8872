// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace roulade {

/// Pixels of a picture's sides.
struct PictureSize {
  int64_t height = 0, width = 0;
  bool operator==(const PictureSize&) const = default;
};

/// The shapes that pictures of any aspect ratio are brought to: sides are multiples of `step`, height * width is at
/// most size * size, and one side or both cannot be a step longer; none is more than `limit` times as long as the
/// other. From tall to wide; size x size is among them.   size: a multiple of step; limit >= 1.
/// Throws Error(usage) for other numbers.
/// Source: NovelAI 2022, "NovelAI Improvements on Stable Diffusion", aspect ratio bucketing.
std::vector<PictureSize> bucket_sizes(int64_t size, int64_t step, double limit);

/// The number of the shape nearest to a picture's: the least |log(width / height) - log(w / h)|, of two as near the
/// first.   sizes: not empty; height, width >= 1.
size_t nearest_bucket(const std::vector<PictureSize>& sizes, int64_t height, int64_t width);

}  // namespace roulade
