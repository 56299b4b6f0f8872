// SPDX-License-Identifier: Apache-2.0
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

/// What is multiplied for one block.
struct Factors {
  PointMatrices v;    // B^T d B
  PointMatrices m;    // A dy A^T
  int64_t tiles = 0;  // in use
};

/// A gradient by the weights: what is summed, and where.
struct GradientTask {
  const ConvShape& shape;
  const ConvInput& input;
  const float* dy;
  const TileBlocks& blocks;
  PointMatrices products;  // the sums: [36][panel of out][in][16]
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
void factor_panel(const GradientTask& t, int64_t block, int64_t panel, float* staged, const Factors& to) {
  const ConvShape& s = t.shape;
  const bool of_input = panel < to.v.panels;
  const Pixels x{t.input, s.in, s.height, s.width, s.order};
  const Pixels dy{{t.dy}, s.out, s.height, s.width, s.order};
  if (!of_input) panel -= to.v.panels;
  int64_t tile = 0;
  for (int64_t i = t.blocks.first_rect(block); i < t.blocks.last_rect(block); ++i) {
    const TileRect rect = t.blocks.rect(i);
    if (of_input) {
      stage(x, rect, 1, panel, staged);
      transform_staged<6, InputTransform>(staged, rect, tile, panel, to.v);
    } else {
      stage(dy, rect, 0, panel, staged);
      add_pixels(staged, 4 * rect.rows, 4 * rect.columns, t.bias_sums + panel * kPanel);
      transform_staged<4, OutputGradientTransform>(staged, rect, tile, panel, to.m);
    }
    tile += rect.rows * rect.columns;
  }
}

/// One product: V^T M of one point and panel of inputs, and outputs from panel `out_panel` on.
inline PanelProduct product_of(const Factors& from, int64_t point, int64_t in_panel, int64_t out_panel) {
  PanelProduct p;
  p.a = from.v.panel(point, in_panel);
  p.k = from.tiles;
  p.b = from.m.panel(point, out_panel);
  p.b_panel = from.m.panel_stride();
  return p;
}

/// The sums over a block's tiles of one point and some panels of inputs, added to those of the blocks before.
void sum_products(const GradientTask& t, const Factors& from, bool first_block, int64_t point, int64_t first,
                  int64_t last) {
  for (int64_t panel = first; panel < last; ++panel) {
    PanelProduct p = product_of(from, point, panel, 0);
    p.c = t.products.panel(point, 0) + panel * kPanel * kPanel;
    p.c_panel = t.products.panel_stride();
    p.add = !first_block;
    panel_product<false>(p, std::min(kPanel, t.shape.in - panel * kPanel), from.m.panels);
  }
}

/// G^T u G of outputs from `output` on and inputs first..last-1: u[36], `point` floats apart, each [last - first][16].
inline void write_gradient(const ConvShape& s, const float* u, int64_t point, int64_t output, int64_t first,
                           int64_t last, float* d_weight) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  const int64_t outputs = std::min(kPanel, s.out - output);
  alignas(64) float taps[9][kPanel];
  for (int64_t c = first; c < last; ++c, u += kPanel) {
    for (int64_t l = 0; l < kPanel; l += lanes)
      transform_2d<6, 3>(
          WeightGradientTransform(),
          [&](int i, int j) ROULADE_INLINE_LAMBDA { return hn::Load(f, u + (i * 6 + j) * point + l); },
          [&](int i, int j, Vec v) ROULADE_INLINE_LAMBDA { hn::Store(v, f, taps[i * 3 + j] + l); });
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t k = 0; k < 9; ++k) d_weight[((output + o) * s.in + c) * 9 + k] = taps[k][o];
  }
}

/// Of one panel of outputs and inputs first..last-1, from the sums of all blocks.
void gradient_of_sums(const GradientTask& t, int64_t panel, int64_t first, int64_t last, float* d_weight) {
  write_gradient(t.shape, t.products.panel(0, panel) + first * kPanel, t.products.point_stride(), panel * kPanel, first,
                 last, d_weight);
}

/// The same for one panel of each from the only block: the sums never leave the cache.
void gradient_of_block(const GradientTask& t, const Factors& from, int64_t in_panel, int64_t out_panel,
                       float* d_weight) {
  constexpr int64_t kPoint = kPanel * (kPanel + 1);
  alignas(64) float sums[kPoints * kPoint];
  const int64_t first = in_panel * kPanel, rows = std::min(kPanel, t.shape.in - first);
  for (int64_t point = 0; point < kPoints; ++point) {
    PanelProduct p = product_of(from, point, in_panel, out_panel);
    p.c = sums + point * kPoint;
    panel_product<false>(p, rows, 1);
  }
  write_gradient(t.shape, sums, kPoint, out_panel * kPanel, first, first + rows, d_weight);
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
HWY_EXPORT(gradient_of_sums);
HWY_EXPORT(gradient_of_block);

/// Tiles of a block: two blocks' factors stay in the last cache, and the sums are read and written seldom.
int64_t gradient_tiles(const ConvShape& shape) {
  constexpr int64_t kFloats = int64_t{3} << 19;
  return std::clamp<int64_t>(kFloats / (kPoints * (shape.in + shape.out)), 32, 256);
}

}  // namespace

void winograd_weight_gradient(const ConvShape& shape, const ConvInput& input, const float* dy, float* d_weight,
                              float* d_bias, WinogradScratch& scratch) {
  check_sizes(shape, input, "winograd_weight_gradient");
  const TileBlocks blocks(shape, gradient_tiles(shape));
  const int64_t workers = workers_for(blocks.blocks() * blocks.most_tiles() * kPoints * shape.in * shape.out);
  const int64_t in_panels = panels(shape.in), out_panels = panels(shape.out);
  const bool single = blocks.blocks() == 1;
  GradientTask task{shape, input, dy, blocks, {nullptr, shape.in, out_panels}, nullptr};
  Factors factors[2];
  for (Factors& f : factors) {
    f.v = {nullptr, blocks.most_tiles(), in_panels};
    f.m = {nullptr, blocks.most_tiles(), out_panels};
  }
  const int64_t staged = (4 * blocks.most_rows() + 2) * (4 * blocks.most_columns() + 2) * kPanel;
  const int64_t each = factors[0].v.size() + factors[0].m.size();
  float* const memory =
      scratch.at_least(staged * workers + out_panels * kPanel + (single ? each : 2 * each + task.products.size()));
  task.bias_sums = memory + staged * workers;
  std::fill_n(task.bias_sums, out_panels * kPanel, 0.0F);
  float* next = task.bias_sums + out_panels * kPanel;
  for (Factors& f : factors) {
    f.v.data = next;
    f.m.data = next + f.v.size();
    next += single ? 0 : each;
  }
  task.products.data = next;

  // While one block is multiplied the next is transformed.
  constexpr int64_t kGroup = 4;  // panels of inputs that one task multiplies
  const int64_t groups = (in_panels + kGroup - 1) / kGroup;
  for (int64_t block = 0; block < blocks.blocks() + (single ? 0 : 1); ++block) {
    Factors &to = factors[block % 2], &from = factors[(block + 1) % 2];
    const int64_t products = block > 0 ? kPoints * groups : 0;
    const int64_t transforms = block < blocks.blocks() ? in_panels + out_panels : 0;
    if (transforms > 0) to.tiles = blocks.tiles(block);
    spread_tasks(workers, products + transforms, [&](int64_t worker, int64_t i) {
      if (i >= products) {
        HWY_DYNAMIC_DISPATCH(factor_panel)(task, block, i - products, memory + worker * staged, to);
        return;
      }
      const int64_t first = i % groups * kGroup, last = std::min(in_panels, first + kGroup);
      HWY_DYNAMIC_DISPATCH(sum_products)(task, from, block == 1, i / groups, first, last);
    });
  }
  if (single) {
    spread_tasks(workers, in_panels * out_panels, [&](int64_t, int64_t i) {
      HWY_DYNAMIC_DISPATCH(gradient_of_block)(task, factors[0], i / out_panels, i % out_panels, d_weight);
    });
  } else {
    constexpr int64_t kInputs = 32;
    const int64_t stretches = (shape.in + kInputs - 1) / kInputs;
    spread_tasks(workers, out_panels * stretches, [&](int64_t, int64_t i) {
      const int64_t first = i % stretches * kInputs, last = std::min(shape.in, first + kInputs);
      HWY_DYNAMIC_DISPATCH(gradient_of_sums)(task, i / stretches, first, last, d_weight);
    });
  }
  if (d_bias) std::copy_n(task.bias_sums, shape.out, d_bias);
}

}  // namespace roulade::kernel
#endif  // HWY_ONCE
