// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/rng.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng_vectors.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace roulade {
namespace {

/// The four words for numbers 4b..4b+3 of one sample.
std::array<uint32_t, 4> words(const RandomKey& key, uint32_t sample, uint32_t block) {
  return philox({static_cast<uint32_t>(key.seed), static_cast<uint32_t>(key.seed >> 32)},
                {block, sample, static_cast<uint32_t>(key.step), static_cast<uint32_t>(key.stream)});
}

int64_t check(const RandomKey& key, int64_t first, int64_t width, size_t size) {
  constexpr int64_t kLimit = int64_t{1} << 32;
  if (width <= 0 || size % static_cast<size_t>(width) != 0)
    fail(Code::usage, "rng", "size of the output", "a multiple of the width");
  const int64_t rows = static_cast<int64_t>(size) / width;
  if (first < 0 || first + rows > kLimit || key.step >= static_cast<uint64_t>(kLimit))
    fail(Code::usage, "rng", "sample index or step out of range", "at most 2^32");
  return rows;
}

}  // namespace

std::array<uint32_t, 4> philox(std::array<uint32_t, 2> key, std::array<uint32_t, 4> counter) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53u} * counter[0];
    const uint64_t b = uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(a)};
    key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
  }
  return counter;
}

void fill_normal(const RandomKey& key, int64_t first, int64_t width, std::span<float> out) {
  normal_rows(key, first, check(key, first, width, out.size()), width, out.data());
}

void fill_normal(const RandomKey& key, int64_t first, int64_t width, std::span<double> out) {
  normal_rows(key, first, check(key, first, width, out.size()), width, out.data());
}

void fill_uniform(const RandomKey& key, int64_t first, int64_t width, std::span<double> out) {
  uniform_rows(key, first, check(key, first, width, out.size()), width, out.data());
}

std::vector<int64_t> permutation(const RandomKey& key, int64_t n) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  for (int64_t i = n - 1; i > 0; --i) {
    const auto w = words(key, static_cast<uint32_t>(i), 0);
    const uint64_t bits = (uint64_t{w[0]} << 32) | w[1];
    // The high half of a 128-bit product: uniform on 0..i up to 2^-64 * i.
    const auto j = static_cast<int64_t>((static_cast<unsigned __int128>(bits) * static_cast<uint64_t>(i + 1)) >> 64);
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(j)]);
  }
  return order;
}

uint64_t derive_seed(uint64_t seed, uint64_t index) {
  const auto w = philox({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
                        {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), 0x5eed5eedu, 0});
  return (uint64_t{w[0]} << 32) | w[1];
}

}  // namespace roulade
