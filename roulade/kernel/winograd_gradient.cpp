// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/kernel/winograd.hpp"
#include "roulade/kernel/winograd_blocks.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/winograd_gradient.cpp"
// What is compiled once for each instruction set comes last.
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "roulade/kernel/winograd_product.hpp"
#include "roulade/kernel/winograd_stage.hpp"
// clang-format on

#ifndef ROULADE_WINOGRAD_GRADIENT_TYPES
#define ROULADE_WINOGRAD_GRADIENT_TYPES
namespace roulade::kernel {
namespace {

/// A gradient by the weights: what is summed, and where.
struct GradientTask {
  const ConvShape& shape;
  const ConvInput& input;
  const float* dy;
  const TileBlocks& blocks;
  PointMatrices v;         // B^T d B
  PointMatrices m;         // A dy A^T
  PointMatrices products;  // their products: [36][panel of out][in][16]
  float* bias_sums;        // [panel of out][16]
};

}  // namespace
}  // namespace roulade::kernel
#endif

HWY_BEFORE_NAMESPACE();
namespace roulade::kernel {
namespace HWY_NAMESPACE {
namespace {

/// total += the sum of staged pixels: of each row, then of the rows, for few summands round less.
inline void add_pixels(const float* staged, int64_t rows, int64_t columns, float* total) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  for (int64_t l = 0; l < kPanel; l += lanes) {
    Vec sum = hn::Zero(f);
    for (int64_t r = 0; r < rows; ++r) {
      Vec row = hn::Zero(f);
      for (int64_t c = 0; c < columns; ++c) row = hn::Add(row, hn::Load(f, staged + (r * columns + c) * kPanel + l));
      sum = hn::Add(sum, row);
    }
    hn::Store(hn::Add(sum, hn::Load(f, total + l)), f, total + l);
  }
}

/// One panel of one of the two factors of a block: of the inputs, then of the gradients.
void factor_panel(const GradientTask& t, int64_t block, int64_t panel, float* staged) {
  const ConvShape& s = t.shape;
  const bool of_input = panel < t.v.panels;
  const Pixels x{t.input, s.in, s.height, s.width, s.order};
  const Pixels dy{{t.dy, nullptr, nullptr}, s.out, s.height, s.width, s.order};
  if (!of_input) panel -= t.v.panels;
  int64_t tile = 0;
  for (int64_t i = t.blocks.first_rect(block); i < t.blocks.last_rect(block); ++i) {
    const TileRect rect = t.blocks.rect(i);
    if (of_input) {
      stage(x, rect, 1, panel, staged);
      transform_staged<6, InputTransform>(staged, rect, tile, panel, t.v);
    } else {
      stage(dy, rect, 0, panel, staged);
      add_pixels(staged, 4 * rect.rows, 4 * rect.columns, t.bias_sums + panel * kPanel);
      transform_staged<4, OutputGradientTransform>(staged, rect, tile, panel, t.m);
    }
    tile += rect.rows * rect.columns;
  }
}

/// The sums over a block's tiles of one point and some panels of inputs, added to those of the blocks before.
void sum_products(const GradientTask& t, int64_t block, int64_t point, int64_t first, int64_t last) {
  for (int64_t panel = first; panel < last; ++panel) {
    PanelProduct p;
    p.a = t.v.panel(point, panel);
    p.k = t.blocks.tiles(block);
    p.b = t.m.panel(point, 0);
    p.b_panel = t.m.panel_stride();
    p.c = t.products.panel(point, 0) + panel * kPanel * kPanel;
    p.c_panel = t.products.panel_stride();
    p.add = block > 0;
    panel_product<false>(p, std::min(kPanel, t.shape.in - panel * kPanel), t.m.panels);
  }
}

/// G^T u G of one panel of outputs and inputs first..last-1.
void weight_gradient_panel(const GradientTask& t, int64_t panel, int64_t first, int64_t last, float* d_weight) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  const int64_t point = t.products.point_stride(), outputs = std::min(kPanel, t.shape.out - panel * kPanel);
  alignas(64) float taps[9][kPanel];
  for (int64_t c = first; c < last; ++c) {
    const float* const from = t.products.panel(0, panel) + c * kPanel;
    for (int64_t l = 0; l < kPanel; l += lanes)
      transform_2d<6, 3>(
          WeightGradientTransform(),
          [&](int i, int j) ROULADE_INLINE_LAMBDA { return hn::Load(f, from + (i * 6 + j) * point + l); },
          [&](int i, int j, Vec v) ROULADE_INLINE_LAMBDA { hn::Store(v, f, taps[i * 3 + j] + l); });
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t k = 0; k < 9; ++k) d_weight[((panel * kPanel + o) * t.shape.in + c) * 9 + k] = taps[k][o];
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade::kernel {
namespace {

HWY_EXPORT(factor_panel);
HWY_EXPORT(sum_products);
HWY_EXPORT(weight_gradient_panel);

/// Tiles of a block: both factors stay in the last cache, and the sums are read and written seldom.
int64_t gradient_tiles(const ConvShape& shape) {
  constexpr int64_t kFloats = int64_t{3} << 20;
  return std::clamp<int64_t>(kFloats / (kPoints * (shape.in + shape.out)), 32, 256);
}

}  // namespace

void winograd_weight_gradient(const ConvShape& shape, const ConvInput& input, const float* dy, float* d_weight,
                              float* d_bias, WinogradScratch& scratch) {
  if (std::min({shape.batch, shape.in, shape.out, shape.height, shape.width}) < 1)
    fail(Code::usage, "winograd_weight_gradient", "shape", "sizes of at least 1");
  const TileBlocks blocks(shape, gradient_tiles(shape));
  const int64_t workers = workers_for(blocks.blocks() * blocks.most_tiles() * kPoints * shape.in * shape.out);
  const int64_t in_panels = panels(shape.in), out_panels = panels(shape.out);
  GradientTask task{shape,
                    input,
                    dy,
                    blocks,
                    {nullptr, blocks.most_tiles(), in_panels},
                    {nullptr, blocks.most_tiles(), out_panels},
                    {nullptr, shape.in, out_panels},
                    nullptr};
  const int64_t staged = (4 * blocks.most_rows() + 2) * (4 * blocks.most_columns() + 2) * kPanel;
  float* const memory =
      scratch.at_least(staged * workers + task.v.size() + task.m.size() + task.products.size() + out_panels * kPanel);
  task.v.data = memory + staged * workers;
  task.m.data = task.v.data + task.v.size();
  task.products.data = task.m.data + task.m.size();
  task.bias_sums = task.products.data + task.products.size();
  std::fill_n(task.bias_sums, out_panels * kPanel, 0.0F);

  constexpr int64_t kGroup = 4;  // panels of inputs that one task multiplies
  const int64_t groups = (in_panels + kGroup - 1) / kGroup;
  for (int64_t block = 0; block < blocks.blocks(); ++block) {
    spread_tasks(workers, in_panels + out_panels, [&](int64_t worker, int64_t panel) {
      HWY_DYNAMIC_DISPATCH(factor_panel)(task, block, panel, memory + worker * staged);
    });
    spread_tasks(workers, kPoints * groups, [&](int64_t, int64_t i) {
      const int64_t first = i % groups * kGroup;
      HWY_DYNAMIC_DISPATCH(sum_products)(task, block, i / groups, first, std::min(in_panels, first + kGroup));
    });
  }
  constexpr int64_t kInputs = 32;
  const int64_t stretches = (shape.in + kInputs - 1) / kInputs;
  spread_tasks(workers, out_panels * stretches, [&](int64_t, int64_t i) {
    const int64_t first = i % stretches * kInputs, last = std::min(shape.in, first + kInputs);
    HWY_DYNAMIC_DISPATCH(weight_gradient_panel)(task, i / stretches, first, last, d_weight);
  });
  if (d_bias) std::copy_n(task.bias_sums, shape.out, d_bias);
}

}  // namespace roulade::kernel
#endif  // HWY_ONCE
