// SPDX-License-Identifier: Apache-2.0
#include "roulade/latent/tiling.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

/// One tile along one axis, in places of the latents, and how much each number of its answer counts.
struct Span {
  int64_t begin = 0, size = 0;
  Tensor weights;  ///< [out size] double
};

/// The beginnings of the tiles: equally large, evenly spread, neighbours sharing `overlap` places at least.
std::vector<int64_t> beginnings(int64_t places, const Tiling& tiling) {
  const int64_t rest = places - tiling.tile, stride = tiling.tile - tiling.overlap;
  if (rest <= 0) return {0};
  const int64_t steps = (rest + stride - 1) / stride;
  std::vector<int64_t> out;
  for (int64_t i = 0; i <= steps; ++i) out.push_back(i * rest / steps);
  return out;
}

/// Tile i counts up_i (1 - up_{i+1}) (1 - up_{i+2}) ..., up_i rising from 0 to 1 between the margins of what tile i
/// shares with the one before it: at each place the tiles' weights have the sum 1.
std::vector<Span> spans(int64_t places, int64_t scale, const Tiling& tiling) {
  const std::vector<int64_t> at = beginnings(places, tiling);
  const int64_t size = std::min(tiling.tile, places);
  const auto up = [&](size_t i, int64_t number) {  // number: of the whole answer
    if (i == 0) return 1.0;
    const auto from = static_cast<double>((at[i] + tiling.margin) * scale);
    const auto to = static_cast<double>((at[i - 1] + size - tiling.margin) * scale);
    return std::clamp((static_cast<double>(number) + 0.5 - from) / (to - from), 0.0, 1.0);
  };
  std::vector<Span> out;
  for (size_t i = 0; i < at.size(); ++i) {
    Span span{at[i], size, at::empty({size * scale}, at::kDouble)};
    double* const w = span.weights.mutable_data_ptr<double>();
    for (int64_t k = 0; k < size * scale; ++k) {
      const int64_t number = at[i] * scale + k;
      w[k] = up(i, number);
      for (size_t j = i + 1; j < at.size() && w[k] > 0; ++j) w[k] *= 1 - up(j, number);
    }
    out.push_back(std::move(span));
  }
  return out;
}

void check(const Tensor& x, const TileScale& scale, const Tiling& t) {
  if (t.tile < 1 || t.overlap < 0 || t.overlap >= t.tile || t.margin < 0 || 2 * t.margin > t.overlap)
    fail(Code::usage, "tiling", "tile, overlap, margin", "0 <= 2 margin <= overlap < tile",
         fmt::format("{}, {}, {}", t.tile, t.overlap, t.margin));
  if (scale.in < 1 || scale.out < 1)
    fail(Code::usage, "tiling", "scale", "at least 1", fmt::format("{} and {}", scale.in, scale.out));
  if (x.dim() != 4 || x.size(0) < 1 || x.size(2) < scale.in || x.size(3) < scale.in)
    fail(Code::usage, "tiling", "x", fmt::format("[B, C, H, W] with H and W at least {}", scale.in),
         fmt::format("{}", x.sizes().vec()));
}

}  // namespace

Tensor in_tiles(const Tensor& x, const TileMap& map, const TileScale& scale, const Tiling& tiling) {
  check(x, scale, tiling);
  const at::NoGradGuard no_grad;
  const int64_t height = x.size(2) / scale.in, width = x.size(3) / scale.in;
  const std::vector<Span> rows = spans(height, scale.out, tiling), columns = spans(width, scale.out, tiling);
  /// Where a tile's input ends: the last one has what a division leaves.
  const auto length = [&](const Span& span, int64_t places, int64_t axis) {
    const int64_t end = span.begin + span.size;
    return (end == places ? x.size(axis) : end * scale.in) - span.begin * scale.in;
  };
  Tensor out;
  for (int64_t b = 0; b < x.size(0); ++b) {
    for (const Span& row : rows) {
      for (const Span& column : columns) {
        const Tensor tile = x.narrow(0, b, 1)
                                .narrow(2, row.begin * scale.in, length(row, height, 2))
                                .narrow(3, column.begin * scale.in, length(column, width, 3));
        const Tensor answer = map(tile);
        const int64_t h = row.size * scale.out, w = column.size * scale.out;
        if (answer.dim() != 4 || answer.size(0) != 1 || answer.size(2) != h || answer.size(3) != w ||
            (out.defined() && answer.size(1) != out.size(1)))
          fail(Code::usage, "tiling", "answer to a tile", fmt::format("[1, C, {}, {}]", h, w),
               fmt::format("{}", answer.sizes().vec()));
        if (!out.defined())
          out = at::zeros({x.size(0), answer.size(1), height * scale.out, width * scale.out}, answer.options());
        const Tensor share = (row.weights.unsqueeze(1) * column.weights.unsqueeze(0)).to(answer.options());
        out.narrow(0, b, 1)
            .narrow(2, row.begin * scale.out, h)
            .narrow(3, column.begin * scale.out, w)
            .add_(answer * share);
      }
    }
  }
  return out;
}

LatentGaussian tiled_encode(const AutoencoderKl& autoencoder, const Tensor& x, const Tiling& tiling) {
  return LatentGaussian::of(in_tiles(
      x, [&](const Tensor& tile) { return autoencoder.moments(tile); }, {.in = autoencoder.factor()}, tiling));
}

Tensor tiled_decode(const AutoencoderKl& autoencoder, const Tensor& z, const Tiling& tiling) {
  return in_tiles(
      z, [&](const Tensor& tile) { return autoencoder.decode(tile); }, {.out = autoencoder.factor()}, tiling);
}

LatentGaussian encode_by(const AutoencoderKl& autoencoder, const Tensor& x, const std::optional<Tiling>& tiling) {
  return tiling ? tiled_encode(autoencoder, x, *tiling) : autoencoder.encode(x);
}

Tensor decode_by(const AutoencoderKl& autoencoder, const Tensor& z, const std::optional<Tiling>& tiling) {
  return tiling ? tiled_decode(autoencoder, z, *tiling) : autoencoder.decode(z);
}

}  // namespace roulade
