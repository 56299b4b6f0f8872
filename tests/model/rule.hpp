// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/ops/empty.h>

namespace roulade::test {

/// The rule of tools/golden/networks.py: splitmix64 of FNV-1a of the name, plus i.
inline uint64_t name_hash(const std::string& name) {
  uint64_t h = 0xCBF29CE484222325U;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return h;
}

inline uint64_t hash_at(uint64_t start, uint64_t i) {
  uint64_t z = start + i + 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

/// Numbers in [-1, 1), float64.
inline Tensor rule(const std::string& name, at::IntArrayRef shape) {
  Tensor out = at::empty(shape, at::kDouble);
  double* to = out.mutable_data_ptr<double>();
  const uint64_t start = name_hash(name);
  for (int64_t i = 0; i < out.numel(); ++i)
    to[i] = static_cast<double>(hash_at(start, static_cast<uint64_t>(i)) >> 11) * 0x1p-52 - 1;
  return out;
}

/// 64 sums over a gradient with signs of the rule's.
inline std::vector<double> projections(const std::string& name, const Tensor& gradient) {
  const Tensor flat = gradient.contiguous().to(at::kDouble);
  const double* from = flat.const_data_ptr<double>();
  const uint64_t start = name_hash("signs of " + name);
  std::vector<double> sums(64, 0);
  for (int64_t i = 0; i < flat.numel(); ++i) {
    const uint64_t h = hash_at(start, static_cast<uint64_t>(i));
    for (size_t k = 0; k < sums.size(); ++k) sums[k] += (h >> k & 1U) != 0 ? -from[i] : from[i];
  }
  return sums;
}

}  // namespace roulade::test
