// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/latent/autoencoder_kl.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace roulade {

/// How pictures are cut, in places of their latents (factor x factor pixels each).
struct Tiling {
  int64_t tile = 64;     ///< height and width of a tile, as far as the latents reach
  int64_t overlap = 16;  ///< places that neighbours share at least; 0 to tile - 1
  int64_t margin = 4;    ///< places at a tile's inner edges that count nothing; 0 to overlap / 2
};

/// How large a latent's place is in what a map takes and in what it makes.
struct TileScale {
  int64_t in = 1, out = 1;
};

using TileMap = std::function<Tensor(const Tensor& tile)>;

/// map(x) computed by tiles, in the memory of one tile and the answer. Tiles are equally large and spread evenly; where
/// two overlap, their answers are blended along a line, but for the margins, where an edge within the picture was taken
/// for its end. A map whose answer at a place depends on `margin` places around it gives map(x) itself; others give
/// what is near it, without a step between tiles. Samples are computed one by one, without gradients.
/// x: [B, C, H, W]; map: [1, C, in h, in w] (the last tile with the rest of a division by `in`) to
/// [1, C', out h, out w]; result: [B, C', out (H / in), out (W / in)]. Throws Error(usage) for a tiling out of range
/// and for an answer of another shape.
Tensor in_tiles(const Tensor& x, const TileMap& map, const TileScale& scale, const Tiling& tiling = {});

/// AutoencoderKl::encode by tiles; what is blended are the moments.
LatentGaussian tiled_encode(const AutoencoderKl& autoencoder, const Tensor& x, const Tiling& tiling = {});

/// AutoencoderKl::decode by tiles.
Tensor tiled_decode(const AutoencoderKl& autoencoder, const Tensor& z, const Tiling& tiling = {});

/// By tiles, or whole where there is no tiling.
LatentGaussian encode_by(const AutoencoderKl& autoencoder, const Tensor& x, const std::optional<Tiling>& tiling);
Tensor decode_by(const AutoencoderKl& autoencoder, const Tensor& z, const std::optional<Tiling>& tiling);

}  // namespace roulade
