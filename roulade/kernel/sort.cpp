// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/sort.hpp"

#include <algorithm>
#include <bit>

namespace roulade {
namespace {

constexpr uint32_t kBins = 1u << 11, kMask = kBins - 1;

/// The bits of a float as an unsigned number in the same order: negative numbers inverted, positive ones above them.
uint32_t to_key(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  return bits ^ (static_cast<uint32_t>(static_cast<int32_t>(bits) >> 31) | 0x80000000u);
}

float to_float(uint32_t key) {
  const uint32_t mask = (key >> 31) - 1;  // all ones where the number was negative
  return std::bit_cast<float>(key ^ (mask | 0x80000000u));
}

}  // namespace

void RadixSort::operator()(std::span<float> values) {
  const size_t n = values.size();
  keys_.resize(n);
  other_.resize(n);
  counts_.assign(3 * kBins, 0);
  uint32_t *low = counts_.data(), *middle = low + kBins, *high = middle + kBins;
  for (size_t i = 0; i < n; ++i) {
    const uint32_t key = to_key(values[i]);
    keys_[i] = key;
    ++low[key & kMask];
    ++middle[(key >> 11) & kMask];
    ++high[key >> 22];
  }
  uint32_t sums[3] = {0, 0, 0};
  for (uint32_t bin = 0; bin < kBins; ++bin) {  // counts become first places
    low[bin] = (sums[0] += low[bin]) - low[bin];
    middle[bin] = (sums[1] += middle[bin]) - middle[bin];
    high[bin] = (sums[2] += high[bin]) - high[bin];
  }
  const uint32_t* from = keys_.data();
  uint32_t* to = other_.data();
  for (size_t i = 0; i < n; ++i) to[low[from[i] & kMask]++] = from[i];
  from = other_.data();
  to = keys_.data();
  for (size_t i = 0; i < n; ++i) to[middle[(from[i] >> 11) & kMask]++] = from[i];
  from = keys_.data();
  for (size_t i = 0; i < n; ++i) values[high[from[i] >> 22]++] = to_float(from[i]);
}

}  // namespace roulade
