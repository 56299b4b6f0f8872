// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/error.hpp"
#include "roulade/core/parallel.hpp"
#include "roulade/core/process.hpp"
#include "roulade/kernel/winograd.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace roulade::kernel {

constexpr int64_t kPanel = 16;   // channels that lie side by side in a transformed matrix
constexpr int64_t kPoints = 36;  // of the transform: matrices of one block

constexpr int64_t panels(int64_t channels) { return (channels + kPanel - 1) / kPanel; }

inline void check_sizes(const ConvShape& shape, const ConvInput& input, const char* where) {
  if (std::min({shape.batch, shape.in, shape.out, shape.height, shape.width}) < 1)
    fail(Code::usage, where, "shape", "sizes of at least 1");
  if (input.doubled && (shape.height % 2 != 0 || shape.width % 2 != 0))
    fail(Code::usage, where, "height and width of a doubled input", "even numbers");
}

/// Neighbouring tiles of one image.
struct TileRect {
  int64_t sample = 0, row = 0, column = 0;  ///< the first tile
  int64_t rows = 0, columns = 0;
};

/// The images' tiles cut into rectangles, and these gathered into blocks: what is transformed and multiplied at once.
class TileBlocks {
 public:
  TileBlocks(const ConvShape& shape, int64_t most_tiles)
      : tiles_down_((shape.height + 3) / 4), tiles_across_((shape.width + 3) / 4) {
    across_ = (tiles_across_ + 7) / 8;
    columns_ = (tiles_across_ + across_ - 1) / across_;
    const int64_t most_rows = std::max<int64_t>(1, most_tiles / columns_);
    down_ = (tiles_down_ + most_rows - 1) / most_rows;
    rows_ = (tiles_down_ + down_ - 1) / down_;
    across_ = (tiles_across_ + columns_ - 1) / columns_;  // rounding up may leave fewer
    down_ = (tiles_down_ + rows_ - 1) / rows_;
    rects_ = shape.batch * down_ * across_;
    const int64_t most_rects = std::clamp<int64_t>(most_tiles / (rows_ * columns_), 1, rects_);
    blocks_ = (rects_ + most_rects - 1) / most_rects;
    per_block_ = (rects_ + blocks_ - 1) / blocks_;
    blocks_ = (rects_ + per_block_ - 1) / per_block_;
  }

  int64_t blocks() const { return blocks_; }
  int64_t most_rows() const { return rows_; }        ///< of a rectangle
  int64_t most_columns() const { return columns_; }  ///< of a rectangle
  int64_t most_rects() const { return per_block_; }  ///< of a block
  int64_t most_tiles() const { return per_block_ * rows_ * columns_; }
  int64_t first_rect(int64_t block) const { return block * per_block_; }
  int64_t last_rect(int64_t block) const { return std::min(rects_, (block + 1) * per_block_); }

  TileRect rect(int64_t index) const {
    TileRect out;
    out.sample = index / (down_ * across_);
    out.row = index / across_ % down_ * rows_;
    out.column = index % across_ * columns_;
    out.rows = std::min(rows_, tiles_down_ - out.row);
    out.columns = std::min(columns_, tiles_across_ - out.column);
    return out;
  }
  int64_t tiles(int64_t block) const {
    int64_t out = 0;
    for (int64_t i = first_rect(block); i < last_rect(block); ++i) out += rect(i).rows * rect(i).columns;
    return out;
  }

 private:
  int64_t tiles_down_, tiles_across_;
  int64_t rows_ = 0, columns_ = 0;  // of a whole rectangle
  int64_t down_ = 0, across_ = 0;   // rectangles of an image
  int64_t rects_ = 0, per_block_ = 0, blocks_ = 0;
};

/// The 36 transformed matrices of a block: [36][panel][tile][16], with a line between panels and between points: at
/// distances of powers of two they would share the cache's sets.
struct PointMatrices {
  float* data = nullptr;
  int64_t tiles = 0, panels = 0;

  int64_t panel_stride() const { return (tiles + 1) * kPanel; }
  int64_t point_stride() const { return panels * panel_stride() + kPanel; }
  int64_t size() const { return kPoints * point_stride(); }
  float* panel(int64_t point, int64_t p) const { return data + point * point_stride() + p * panel_stride(); }
};

/// Threads worth waking for `steps` multiplications or numbers written.
inline int64_t workers_for(int64_t steps) {
  constexpr int64_t kLeast = int64_t{1} << 19;
  return std::clamp<int64_t>(steps / kLeast, 1, threads());
}

/// Calls body(worker, task) once for each task in [0, count): a worker has one task at a time, and there are at most
/// `workers`.
template <class Body>
void spread_tasks(int64_t workers, int64_t count, const Body& body) {
  std::atomic<int64_t> next{0};
  parallel_for(0, std::min(workers, count), 1, [&](int64_t first, int64_t last) {
    for (int64_t worker = first; worker < last; ++worker)
      for (int64_t task = next++; task < count; task = next++) body(worker, task);
  });
}

}  // namespace roulade::kernel
