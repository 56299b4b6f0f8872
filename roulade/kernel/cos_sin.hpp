// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace roulade::kernel {

/// cos((k f_j) factor) for j < half, then the sines, for each k: the features of sinusoidal and Fourier embeddings.
/// k: [n]; f: [half]; out[i * stride + j]. The angle is rounded as written; beyond that errors are below 3e-7.
void cos_sin_features(int64_t n, const float* k, std::span<const float> f, float factor, float* out, int64_t stride);

}  // namespace roulade::kernel
