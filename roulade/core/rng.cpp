// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/rng.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng_vectors.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace roulade {
namespace {

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
  // Partners come some at a time, so that they are on their way to the cache before they are needed.
  constexpr int64_t kSome = 128;
  std::array<uint64_t, kSome> partner;
  for (int64_t last = n; last > 1; last -= std::min(last, kSome)) {
    const int64_t first = std::max<int64_t>(0, last - kSome);
    bit_rows(key, first, last - first, partner.data());
    for (int64_t i = first; i < last; ++i) {
      uint64_t& j = partner[static_cast<size_t>(i - first)];
      // The high half of a 128-bit product: uniform on 0..i up to 2^-64 * i.
      j = static_cast<uint64_t>((static_cast<unsigned __int128>(j) * static_cast<uint64_t>(i + 1)) >> 64);
      __builtin_prefetch(&order[j], 1);
    }
    for (int64_t i = last - 1; i >= std::max<int64_t>(first, 1); --i)
      std::swap(order[static_cast<size_t>(i)], order[partner[static_cast<size_t>(i - first)]]);
  }
  return order;
}

uint64_t derive_seed(uint64_t seed, uint64_t index) {
  const auto w = philox({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
                        {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), 0x5eed5eedu, 0});
  return (uint64_t{w[0]} << 32) | w[1];
}

}  // namespace roulade
