// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/rng.hpp"

#include <cstdint>

namespace roulade {

/// The vectorised loops of fill_normal and fill_uniform.   Rows first..first+rows-1 of `key`, each of `width` numbers;
/// ranges are checked by the caller. Numbers differ from the plain expressions below by rounding alone.
void normal_rows(const RandomKey& key, int64_t first, int64_t rows, int64_t width, float* out);
void normal_rows(const RandomKey& key, int64_t first, int64_t rows, int64_t width, double* out);
void uniform_rows(const RandomKey& key, int64_t first, int64_t rows, int64_t width, double* out);

/// The first 64 bits of each sample first..first+rows-1: philox's word 0 above its word 1.
void bit_rows(const RandomKey& key, int64_t first, int64_t rows, uint64_t* out);

/// The expressions that they must equal: number j of one sample.
double plain_uniform(const RandomKey& key, int64_t sample, int64_t j);
double plain_normal(const RandomKey& key, int64_t sample, int64_t j);

}  // namespace roulade
