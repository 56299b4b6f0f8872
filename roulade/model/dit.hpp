// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/dit_config.hpp"
#include "roulade/model/model.hpp"

#include <memory>

namespace roulade {

/// diffusers' DiTTransformer2DModel: the same arithmetic and tensor names.   x: [B, in_channels, H, W], H and W
/// multiples of patch_size; noise_level: [B], k in diffusers' counting; classes: Condition::label, -1 or none = the
/// last row of the table. Blocks with adaLN-zero start as the identity. Throws Error(usage) for a configuration that
/// does not fit together, and from forward for another shape. Source: Peebles and Xie 2023, section 3.
std::unique_ptr<Model> make_dit(const DitConfig& config, uint64_t seed);

/// What [model] and the data say together: size and channels of the samples, and the classes. Throws Error(usage) for
/// samples that are no square pictures.
DitConfig dit_config_for(Binder& model, const ModelShape& shape);

/// Position features of the patches of a picture, [rows * columns, width]: sin and cos of column / 10000^(4 j / width),
/// then those of the row. Rows and columns count as on a grid of `base` x `base`. Source: Vaswani et al. 2017, section
/// 3.5, for two axes.
Tensor patch_positions(int64_t rows, int64_t columns, int64_t base, int64_t width, const at::TensorOptions& options);

}  // namespace roulade
