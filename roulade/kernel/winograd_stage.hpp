// SPDX-License-Identifier: Apache-2.0
// Tiles on their way into and out of the transform; compiled once for each instruction set.

#if defined(ROULADE_WINOGRAD_STAGE_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ROULADE_WINOGRAD_STAGE_HPP
#undef ROULADE_WINOGRAD_STAGE_HPP
#else
#define ROULADE_WINOGRAD_STAGE_HPP
#endif

#include "roulade/kernel/winograd_blocks.hpp"
#include "roulade/kernel/winograd_transform.hpp"

#include <algorithm>
#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace roulade::kernel {
namespace HWY_NAMESPACE {
namespace {

/// An image that is read in rectangles.
struct Pixels {
  ConvInput input;
  int64_t channels = 0, height = 0, width = 0;
  PixelOrder order = PixelOrder::channels_last;

  int64_t sample_size() const { return channels * height * width / (input.doubled ? 4 : 1); }
};

/// One panel of one value a channel, 0 beyond the last channel.
inline void stage_channels(const float* values, int64_t count, float* out) {
  for (int64_t c = 0; c < kPanel; ++c) out[c] = c < count ? values[c] : 0.0F;
}

/// Pixels first..first+count-1 of one row of a doubled image.
inline void stage_doubled_row(const Pixels& p, const float* image, int64_t panel, int64_t row, int64_t first,
                              int64_t count, float* to) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  const int64_t channels = std::min(kPanel, p.channels - panel * kPanel), pixels = p.height / 2 * (p.width / 2);
  const bool planes = p.order == PixelOrder::channels_first;
  const float* const start = image + panel * kPanel * (planes ? pixels : 1);
  for (int64_t i = first; i < first + count; ++i, to += kPanel) {
    const int64_t at = row / 2 * (p.width / 2) + i / 2;
    if (planes) {
      for (int64_t c = 0; c < kPanel; ++c) to[c] = c < channels ? start[c * pixels + at] : 0.0F;
    } else if (channels < kPanel) {
      stage_channels(start + at * p.channels, channels, to);
    } else {
      for (int64_t l = 0; l < kPanel; l += lanes) hn::Store(hn::LoadU(f, start + at * p.channels + l), f, to + l);
    }
  }
}

/// Pixels first..first+count-1 of one row, `to` 16 floats apart.
inline void stage_row(const Pixels& p, int64_t sample, int64_t panel, int64_t row, int64_t first, int64_t count,
                      float* to) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  const float* const image = p.input.x + sample * p.sample_size();
  if (p.input.doubled) {
    stage_doubled_row(p, image, panel, row, first, count, to);
    return;
  }
  const int64_t channels = std::min(kPanel, p.channels - panel * kPanel);
  if (p.order == PixelOrder::channels_first) {
    if (channels < kPanel) std::fill_n(to, count * kPanel, 0.0F);
    for (int64_t c = 0; c < channels; ++c) {
      const float* const from = image + ((panel * kPanel + c) * p.height + row) * p.width + first;
      for (int64_t i = 0; i < count; ++i) to[i * kPanel + c] = from[i];
    }
    return;
  }
  const float* from = image + (row * p.width + first) * p.channels + panel * kPanel;
  for (int64_t i = 0; i < count; ++i, from += p.channels, to += kPanel) {
    if (channels < kPanel)
      stage_channels(from, channels, to);
    else
      for (int64_t l = 0; l < kPanel; l += lanes) hn::Store(hn::LoadU(f, from + l), f, to + l);
  }
}

/// Of one panel, the pixels under a rectangle of tiles and `halo` more on each side: [4 rows + 2 halo][4 columns + 2
/// halo][16], activated; 0 outside the image.
inline void stage(const Pixels& p, const TileRect& rect, int64_t halo, int64_t panel, float* to) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  const int64_t top = 4 * rect.row - halo, left = 4 * rect.column - halo;
  const int64_t rows = 4 * rect.rows + 2 * halo, columns = 4 * rect.columns + 2 * halo;
  const int64_t before = std::max<int64_t>(0, -left), inside = std::min(columns, p.width - left) - before;
  alignas(64) float scale[kPanel], offset[kPanel];
  if (p.input.scale) {
    const int64_t first = panel * kPanel, count = std::min(kPanel, p.channels - first);
    stage_channels(p.input.scale + rect.sample * p.channels + first, count, scale);
    stage_channels(p.input.offset + rect.sample * p.channels + first, count, offset);
  }
  for (int64_t r = 0; r < rows; ++r, to += columns * kPanel) {
    if (top + r < 0 || top + r >= p.height) {
      std::fill_n(to, columns * kPanel, 0.0F);
      continue;
    }
    float* const pixels = to + before * kPanel;
    stage_row(p, rect.sample, panel, top + r, left + before, inside, pixels);
    for (int64_t l = 0; p.input.scale && l < kPanel; l += lanes) {
      const Vec factor = hn::Load(f, scale + l), summand = hn::Load(f, offset + l);
      for (int64_t i = l; i < inside * kPanel; i += kPanel) {
        const Vec v = hn::MulAdd(factor, hn::Load(f, pixels + i), summand);
        hn::Store(hn::Mul(v, sigmoid(v)), f, pixels + i);
      }
    }
    std::fill_n(to, before * kPanel, 0.0F);
    std::fill_n(pixels + inside * kPanel, (columns - before - inside) * kPanel, 0.0F);
  }
}

/// T d T^T of the tiles of a staged rectangle, kIn x kIn pixels each, into panel `panel` from tile `tile` on.
template <int kIn, class Transform>
inline void transform_staged(const float* staged, const TileRect& rect, int64_t tile, int64_t panel,
                             const PointMatrices& to) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  const int64_t pitch = (4 * rect.columns + kIn - 4) * kPanel, point = to.point_stride();
  for (int64_t r = 0; r < rect.rows; ++r)
    for (int64_t c = 0; c < rect.columns; ++c, ++tile)
      for (int64_t l = 0; l < kPanel; l += lanes) {
        const float* const from = staged + 4 * r * pitch + 4 * c * kPanel + l;
        float* const out = to.panel(0, panel) + tile * kPanel + l;
        transform_2d<kIn, 6>(
            Transform(), [&](int i, int j) ROULADE_INLINE_LAMBDA { return hn::Load(f, from + i * pitch + j * kPanel); },
            [&](int i, int j, Vec v) ROULADE_INLINE_LAMBDA { hn::Store(v, f, out + (i * 6 + j) * point); });
      }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade::kernel
HWY_AFTER_NAMESPACE();

#endif
