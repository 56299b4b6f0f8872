// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/winograd.hpp"

#include "roulade/core/error.hpp"
#include "roulade/kernel/winograd_blocks.hpp"

#include <algorithm>

#include <fmt/format.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/winograd.cpp"
// What is compiled once for each instruction set comes last.
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "roulade/kernel/winograd_product.hpp"
#include "roulade/kernel/winograd_stage.hpp"
// clang-format on

#ifndef ROULADE_WINOGRAD_TYPES
#define ROULADE_WINOGRAD_TYPES
namespace roulade::kernel {
namespace {

constexpr int64_t kMostTiles = 64;   // of a block
constexpr int64_t kMostDepth = 256;  // channels of one pass of products: a panel of weights stays in the first cache

/// From one point's weights to the next: a line more than their size, as in PointMatrices.
constexpr int64_t weight_stride(int64_t out, int64_t in) { return (panels(out) * in + 1) * kPanel; }

/// A forward pass. The steps of a block may be split by panels and points.
struct ForwardTask {
  const ConvShape& shape;
  const WinogradWeights& weights;
  const ConvInput& input;
  const ConvOutput& output;
  const TileBlocks& blocks;
};

}  // namespace
}  // namespace roulade::kernel
#endif

HWY_BEFORE_NAMESPACE();
namespace roulade::kernel {
namespace HWY_NAMESPACE {
namespace {

/// G w G^T of output panel `panel` and of channels first..last-1 that it reads.
void weight_panel(const float* w, int64_t out, int64_t in, bool flipped, int64_t panel, int64_t first, int64_t last,
                  float* values) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  const int64_t writes = flipped ? in : out, reads = flipped ? out : in;
  const int64_t point = weight_stride(writes, reads);
  alignas(64) float taps[9][kPanel] = {};
  for (int64_t c = first; c < last; ++c) {
    for (int64_t o = 0; o < std::min(kPanel, writes - panel * kPanel); ++o) {
      const int64_t row = panel * kPanel + o;
      const float* const from = w + (flipped ? c * in + row : row * in + c) * 9;
      for (int64_t t = 0; t < 9; ++t) taps[flipped ? 8 - t : t][o] = from[t];
    }
    float* const to = values + (panel * reads + c) * kPanel;
    for (int64_t l = 0; l < kPanel; l += lanes)
      transform_2d<3, 6>(
          WeightTransform(), [&](int i, int j) ROULADE_INLINE_LAMBDA { return hn::Load(f, taps[i * 3 + j] + l); },
          [&](int i, int j, Vec v) ROULADE_INLINE_LAMBDA { hn::Store(v, f, to + (i * 6 + j) * point + l); });
  }
}

/// B^T d B of panels first..last-1 of a block.
void input_panels(const ForwardTask& t, int64_t block, int64_t first, int64_t last, float* staged,
                  const PointMatrices& v) {
  const Pixels pixels{t.input, t.shape.in, t.shape.height, t.shape.width, t.shape.order};
  int64_t tile = 0;
  for (int64_t i = t.blocks.first_rect(block); i < t.blocks.last_rect(block); ++i) {
    const TileRect rect = t.blocks.rect(i);
    for (int64_t panel = first; panel < last; ++panel) {
      stage(pixels, rect, 1, panel, staged);
      transform_staged<6, InputTransform>(staged, rect, tile, panel, v);
    }
    tile += rect.rows * rect.columns;
  }
}

/// The products of points first..last-1.
void multiply_points(const ForwardTask& t, int64_t tiles, int64_t first, int64_t last, const PointMatrices& v,
                     const PointMatrices& m) {
  const int64_t in = t.shape.in, panel = in * kPanel;
  for (int64_t point = first; point < last; ++point)
    for (int64_t k = 0; k < in; k += kMostDepth) {
      PanelProduct p;
      p.a = v.panel(point, k / kPanel);
      p.k = std::min(kMostDepth, in - k);
      p.a_panel = v.panel_stride();
      p.b = t.weights.values() + point * weight_stride(t.shape.out, in) + k * kPanel;
      p.b_panel = panel;
      p.c = m.panel(point, 0);
      p.c_panel = m.panel_stride();
      p.add = k > 0;
      panel_product<true>(p, tiles, m.panels);
    }
}

/// Where a tile's pixels lie: for those outside the image, somewhere else.
struct TileOutput {
  float* to[16];
  const float* residual[16];
};

/// A^T m A + added (+ residual) of one tile and panel.
template <bool kResidual>
HWY_INLINE void output_tile(const float* m, int64_t point, const float* added, const TileOutput& tile, int64_t offset) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  for (int64_t l = 0; l < kPanel; l += lanes) {
    const Vec sum = hn::Load(f, added + l);
    transform_2d<6, 4>(
        OutputTransform(), [&](int i, int j) ROULADE_INLINE_LAMBDA { return hn::Load(f, m + (i * 6 + j) * point + l); },
        [&](int i, int j, Vec v) ROULADE_INLINE_LAMBDA {
          v = hn::Add(v, sum);
          if (kResidual) v = hn::Add(v, hn::LoadU(f, tile.residual[i * 4 + j] + offset + l));
          hn::StoreU(v, f, tile.to[i * 4 + j] + offset + l);
        });
  }
}

/// Bias and shift of one panel.
inline void added_to(const ForwardTask& t, int64_t sample, int64_t panel, float* out) {
  const int64_t first = panel * kPanel, count = std::min(kPanel, t.shape.out - first);
  for (int64_t c = 0; c < kPanel; ++c) {
    out[c] = 0;
    if (c < count && t.output.bias) out[c] += t.output.bias[first + c];
    if (c < count && t.output.shift) out[c] += t.output.shift[sample * t.shape.out + first + c];
  }
}

/// Panels that do not lie in memory as they come out of the transform: by way of a tile of their own.
inline void output_scattered(const ForwardTask& t, const TileRect& rect, int64_t tile, int64_t panel,
                             const float* added, const PointMatrices& m) {
  const ConvShape& s = t.shape;
  alignas(64) float pixels[16][kPanel];
  TileOutput own{};
  for (int i = 0; i < 16; ++i) own.to[i] = pixels[i];
  const bool planes = s.order == PixelOrder::channels_first;
  const int64_t pixel = planes ? 1 : s.out, channel = planes ? s.height * s.width : 1;
  const int64_t first = panel * kPanel, count = std::min(kPanel, s.out - first);
  const int64_t start = rect.sample * s.out * s.height * s.width + first * channel;
  for (int64_t r = rect.row; r < rect.row + rect.rows; ++r)
    for (int64_t c = rect.column; c < rect.column + rect.columns; ++c, ++tile) {
      output_tile<false>(m.panel(0, panel) + tile * kPanel, m.point_stride(), added, own, 0);
      const int64_t rows = std::min<int64_t>(4, s.height - 4 * r), columns = std::min<int64_t>(4, s.width - 4 * c);
      for (int64_t o = 0; o < count; ++o)
        for (int64_t i = 0; i < rows; ++i)
          for (int64_t j = 0; j < columns; ++j) {
            const int64_t at = start + o * channel + ((4 * r + i) * s.width + 4 * c + j) * pixel;
            const float sum = pixels[i * 4 + j][o];
            t.output.y[at] = t.output.residual ? sum + t.output.residual[at] : sum;
          }
    }
}

/// Whole panels of channels_last.
template <bool kResidual>
inline void output_direct(const ForwardTask& t, const TileRect& rect, int64_t tile, int64_t panel, const float* added,
                          const PointMatrices& m) {
  const ConvShape& s = t.shape;
  alignas(64) float nowhere[kPanel];
  alignas(64) const float nothing[kPanel] = {};
  const int64_t start = rect.sample * s.out * s.height * s.width + panel * kPanel;
  for (int64_t r = rect.row; r < rect.row + rect.rows; ++r)
    for (int64_t c = rect.column; c < rect.column + rect.columns; ++c, ++tile) {
      TileOutput out;
      for (int64_t i = 0; i < 16; ++i) {
        const int64_t row = 4 * r + i / 4, column = 4 * c + i % 4;
        const bool inside = row < s.height && column < s.width;
        const int64_t at = start + (row * s.width + column) * s.out;
        out.to[i] = inside ? t.output.y + at : nowhere;
        if (kResidual) out.residual[i] = inside ? t.output.residual + at : nothing;
      }
      output_tile<kResidual>(m.panel(0, panel) + tile * kPanel, m.point_stride(), added, out, 0);
    }
}

/// y of panels first..last-1 of a block.
void output_panels(const ForwardTask& t, int64_t block, int64_t first, int64_t last, const PointMatrices& m) {
  alignas(64) float added[kPanel];
  int64_t tile = 0;
  for (int64_t i = t.blocks.first_rect(block); i < t.blocks.last_rect(block); ++i) {
    const TileRect rect = t.blocks.rect(i);
    for (int64_t panel = first; panel < last; ++panel) {
      added_to(t, rect.sample, panel, added);
      if (t.shape.order == PixelOrder::channels_first || (panel + 1) * kPanel > t.shape.out)
        output_scattered(t, rect, tile, panel, added, m);
      else if (t.output.residual)
        output_direct<true>(t, rect, tile, panel, added, m);
      else
        output_direct<false>(t, rect, tile, panel, added, m);
    }
    tile += rect.rows * rect.columns;
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade::kernel {
namespace {

HWY_EXPORT(weight_panel);
HWY_EXPORT(input_panels);
HWY_EXPORT(multiply_points);
HWY_EXPORT(output_panels);

}  // namespace

void WinogradWeights::set(const float* w, int64_t out, int64_t in) { set(w, out, in, false); }

void WinogradWeights::set_for_input_gradient(const float* w, int64_t out, int64_t in) { set(w, out, in, true); }

void WinogradWeights::set(const float* w, int64_t out, int64_t in, bool flipped) {
  in_ = flipped ? out : in;
  out_ = flipped ? in : out;
  values_.resize(static_cast<size_t>(kPoints * weight_stride(out_, in_) / kPanel));
  float* const values = values_.data()->lane;
  // A number costs as much as many multiplications, for what it is made of is gathered.
  constexpr int64_t kCost = 16, kChannels = 16;
  const int64_t stretches = (in_ + kChannels - 1) / kChannels;
  spread_tasks(workers_for(kCost * kPoints * in_ * out_), panels(out_) * stretches, [&](int64_t, int64_t task) {
    const int64_t first = task % stretches * kChannels, last = std::min(in_, first + kChannels);
    HWY_DYNAMIC_DISPATCH(weight_panel)(w, out, in, flipped, task / stretches, first, last, values);
  });
}

float* WinogradScratch::at_least(int64_t floats) {
  const auto lines = static_cast<size_t>((floats + 15) / 16);
  if (lines_.size() < lines) lines_ = std::vector<CacheLine>(lines);
  return lines_.data()->lane;
}

void winograd_forward(const ConvShape& shape, const WinogradWeights& weights, const ConvInput& input,
                      const ConvOutput& output, WinogradScratch& scratch) {
  check_sizes(shape, input, "winograd_forward");
  if (weights.in() != shape.in || weights.out() != shape.out)
    fail(Code::usage, "winograd_forward", "weights", fmt::format("{} to {} channels", shape.in, shape.out),
         fmt::format("{} to {}", weights.in(), weights.out()));
  TileBlocks blocks(shape, kMostTiles);
  const int64_t workers = workers_for(blocks.blocks() * blocks.most_tiles() * kPoints * shape.in * shape.out);
  // Workers without a block in the last round cost more than smaller blocks do.
  if (blocks.blocks() > workers && blocks.blocks() < 4 * workers && blocks.blocks() % workers > 0)
    blocks = TileBlocks(shape, kMostTiles / 2);
  const ForwardTask task{shape, weights, input, output, blocks};
  const int64_t staged = (4 * blocks.most_rows() + 2) * (4 * blocks.most_columns() + 2) * kPanel;
  PointMatrices v{nullptr, blocks.most_tiles(), panels(shape.in)};
  PointMatrices m{nullptr, blocks.most_tiles(), panels(shape.out)};

  // Each worker has blocks of its own; where there are too few, all share the steps of each.
  if (blocks.blocks() >= workers) {
    const int64_t each = staged + v.size() + m.size();
    float* const memory = scratch.at_least(each * workers);
    spread_tasks(workers, blocks.blocks(), [&](int64_t worker, int64_t block) {
      float* const own = memory + worker * each;
      PointMatrices from = v, to = m;
      from.data = own + staged;
      to.data = from.data + v.size();
      HWY_DYNAMIC_DISPATCH(input_panels)(task, block, 0, v.panels, own, from);
      HWY_DYNAMIC_DISPATCH(multiply_points)(task, blocks.tiles(block), 0, kPoints, from, to);
      HWY_DYNAMIC_DISPATCH(output_panels)(task, block, 0, m.panels, to);
    });
    return;
  }
  float* const memory = scratch.at_least(staged * workers + v.size() + m.size());
  v.data = memory + staged * workers;
  m.data = v.data + v.size();
  for (int64_t block = 0; block < blocks.blocks(); ++block) {
    spread_tasks(workers, v.panels, [&](int64_t worker, int64_t panel) {
      HWY_DYNAMIC_DISPATCH(input_panels)(task, block, panel, panel + 1, memory + worker * staged, v);
    });
    spread_tasks(workers, kPoints, [&](int64_t, int64_t point) {
      HWY_DYNAMIC_DISPATCH(multiply_points)(task, blocks.tiles(block), point, point + 1, v, m);
    });
    spread_tasks(workers, m.panels, [&](int64_t, int64_t panel) {
      HWY_DYNAMIC_DISPATCH(output_panels)(task, block, panel, panel + 1, m);
    });
  }
}

}  // namespace roulade::kernel
#endif  // HWY_ONCE
