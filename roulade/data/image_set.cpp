// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/image_set.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/io/crc32c.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace roulade {

Image ImageSet::picture(int64_t i) const {
  if (i < 0 || i >= count)
    fail(Code::usage, "image set", "picture", fmt::format("0 to {}", count - 1), std::to_string(i));
  Image out{width, height, channels, {}};
  out.values.reserve(static_cast<size_t>(picture_size()));
  const uint8_t* from = values.data() + i * picture_size();
  for (int64_t at = 0; at < height * width; ++at)
    for (int64_t c = 0; c < channels; ++c) out.values.push_back(from[c * height * width + at]);
  return out;
}

void ImageSet::batch(std::span<const int64_t> rows, std::span<float> out) const {
  const auto size = static_cast<size_t>(picture_size());
  if (out.size() != rows.size() * size)
    fail(Code::usage, "image set", "numbers of a batch", std::to_string(rows.size() * size),
         std::to_string(out.size()));
  for (size_t b = 0; b < rows.size(); ++b) {
    if (rows[b] < 0 || rows[b] >= count)
      fail(Code::usage, "image set", "row of a batch", fmt::format("0 to {}", count - 1), std::to_string(rows[b]));
    const uint8_t* from = values.data() + static_cast<size_t>(rows[b]) * size;
    float* to = out.data() + b * size;
    for (size_t i = 0; i < size; ++i) to[i] = static_cast<float>(from[i]) / 127.5f - 1;
  }
}

Image to_image(std::span<const float> values, int64_t channels, int64_t height, int64_t width) {
  if (channels < 1 || channels > 4 || height < 1 || width < 1 ||
      values.size() != static_cast<size_t>(channels * height * width))
    fail(Code::usage, "to_image", "numbers", fmt::format("{} x {} x {}, 1 to 4 channels", channels, height, width),
         std::to_string(values.size()));
  Image out{width, height, channels, std::vector<uint8_t>(values.size())};
  const auto area = static_cast<size_t>(height * width), depth = static_cast<size_t>(channels);
  for (size_t c = 0; c < depth; ++c)
    for (size_t i = 0; i < area; ++i) {
      const float x = values[c * area + i];
      if (std::isnan(x)) fail(Code::numeric, "to_image", "a pixel is NaN");
      out.values[i * depth + c] = static_cast<uint8_t>(std::lround(std::clamp((x + 1) * 127.5f, 0.0f, 255.0f)));
    }
  return out;
}

std::vector<std::string> picture_columns(const std::vector<int64_t>& shape) {
  std::vector<std::string> out;
  for (int64_t c = 0; c < shape.at(0); ++c)
    for (int64_t y = 0; y < shape.at(1); ++y)
      for (int64_t x = 0; x < shape.at(2); ++x) out.push_back(fmt::format("{}_{}_{}", c, y, x));
  return out;
}

std::vector<int64_t> validation_first(int64_t count, uint64_t split_seed) {
  return permutation({split_seed, Stream::split, 1}, count);
}

int64_t validation_count(int64_t count, double share) { return std::llround(share * static_cast<double>(count)); }

uint32_t names_code(const ImageSet& set, int64_t originals) {
  const auto count = static_cast<size_t>(originals);
  std::string all;
  if (set.names.empty()) {
    for (size_t i = 0; i < count && !set.labels.empty(); ++i) all += std::to_string(set.labels[i]) + '\n';
  } else {
    // Without the folders that all are in: a part is read from its own folder or from the one above.
    size_t shared = set.names.front().rfind('/') + 1;
    for (size_t i = 1; i < count && shared > 0; ++i)
      while (shared > 0 && set.names[i].compare(0, shared, set.names.front(), 0, shared) != 0)
        shared = shared > 1 ? set.names.front().rfind('/', shared - 2) + 1 : 0;
    for (size_t i = 0; i < count; ++i) all.append(set.names[i], shared).append("\n");
  }
  return all.empty() ? 0 : std::max<uint32_t>(1, crc32c(all));
}

}  // namespace roulade
