// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace roulade {

/// What a random number is for. Two uses never share a stream, so adding one never changes another.
enum class Stream : uint32_t {
  init = 1,       ///< weights at start
  order = 2,      ///< order of the training data
  time = 3,       ///< training times
  noise = 4,      ///< training noise
  dropout = 5,    ///< label and unit dropout
  prior = 6,      ///< x_T of sampling
  sampler = 7,    ///< noise added by stochastic samplers
  data = 8,       ///< points of toy sets
  split = 9,      ///< train / validation / test
  evaluate = 10,  ///< directions and subsets of metrics
  brownian = 11,  ///< paths of stochastic samplers
  wording = 12    ///< which of its texts goes with a sample
};

/// Names one sequence of random numbers: the same key and sample index give the same number, whatever came before.
struct RandomKey {
  uint64_t seed = 0;
  Stream stream = Stream::noise;
  uint64_t step = 0;  ///< training or sampling step, below 2^32
};

/// Philox4x32-10: 128 random bits from a 64-bit key and a 128-bit counter.
/// Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3.
std::array<uint32_t, 4> philox(std::array<uint32_t, 2> key, std::array<uint32_t, 4> counter);

/// out[i * width + j] ~ N(0, 1), a function of (key, first + i, j) alone.   out: [n * width]; first + n <= 2^32.
/// Box-Muller on 32-bit uniforms: |z| <= 6.66. Float and double give the same numbers up to rounding.
void fill_normal(const RandomKey& key, int64_t first, int64_t width, std::span<float> out);
void fill_normal(const RandomKey& key, int64_t first, int64_t width, std::span<double> out);

/// out[i * width + j] ~ U(0, 1) exclusive at both ends, a function of (key, first + i, j) alone.
void fill_uniform(const RandomKey& key, int64_t first, int64_t width, std::span<double> out);

/// A permutation of 0..n-1, each equally likely, that depends on the key alone (Fisher-Yates).
std::vector<int64_t> permutation(const RandomKey& key, int64_t n);

/// A new seed from a seed and an index (e.g. one per evaluation pair): philox of both, so nearby inputs are unrelated.
uint64_t derive_seed(uint64_t seed, uint64_t index);

}  // namespace roulade
