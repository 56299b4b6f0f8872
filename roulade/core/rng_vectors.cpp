// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/rng_vectors.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/core/rng_vectors.cpp"
// What is compiled once for each instruction set comes last.
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace roulade {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::CappedTag<uint64_t, 8>;  // 32-bit words in the low halves: products need the room
using Halves = hn::Repartition<uint32_t, Words>;
using Doubles = hn::Repartition<double, Words>;
using Word = hn::Vec<Words>;

/// Philox4x32-10 in each lane.
HWY_INLINE void philox_lanes(uint64_t seed, Word c[4]) {
  const Words w;
  const Halves h;
  const Word low = hn::Set(w, 0xFFFFFFFFu);
  const auto a_factor = hn::BitCast(h, hn::Set(w, uint64_t{0xD2511F53u}));
  const auto b_factor = hn::BitCast(h, hn::Set(w, uint64_t{0xCD9E8D57u}));
  auto k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const Word a = hn::MulEven(hn::BitCast(h, c[0]), a_factor), b = hn::MulEven(hn::BitCast(h, c[2]), b_factor);
    c[0] = hn::Xor(hn::Xor(hn::ShiftRight<32>(b), c[1]), hn::Set(w, uint64_t{k0}));
    c[1] = hn::And(b, low);
    c[2] = hn::Xor(hn::Xor(hn::ShiftRight<32>(a), c[3]), hn::Set(w, uint64_t{k1}));
    c[3] = hn::And(a, low);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

/// (word + 0.5) 2^-32, exactly: 2^52 + word is a double whose low bits are the word.
HWY_INLINE hn::Vec<Doubles> unit_lanes(Word word) {
  const Doubles d;
  const auto shifted = hn::BitCast(d, hn::Or(word, hn::Set(Words(), uint64_t{0x4330000000000000})));
  return hn::Mul(hn::Add(hn::Sub(shifted, hn::Set(d, 0x1p52)), hn::Set(d, 0.5)), hn::Set(d, 0x1p-32));
}

/// Calls body(words) for lanes of (row, block of four numbers), then take(i, j, lane) for each live lane.
template <class Body, class Take>
HWY_INLINE void for_blocks(const RandomKey& key, int64_t first, int64_t rows, int64_t width, const Body& body,
                           const Take& take) {
  const Words w;
  const auto lanes = static_cast<int64_t>(hn::Lanes(w));
  const int64_t blocks = (width + 3) / 4, count = rows * blocks;
  HWY_ALIGN uint64_t block[8], sample[8];
  for (int64_t start = 0; start < count; start += lanes) {
    const int64_t live = std::min(lanes, count - start);
    for (int64_t l = 0; l < lanes; ++l) {
      const int64_t at = std::min(start + l, count - 1);
      block[l] = static_cast<uint64_t>(blocks == 1 ? 0 : at % blocks);
      sample[l] = static_cast<uint64_t>(first + (blocks == 1 ? at : at / blocks));
    }
    Word c[4] = {hn::Load(w, block), hn::Load(w, sample), hn::Set(w, key.step),
                 hn::Set(w, static_cast<uint64_t>(key.stream))};
    philox_lanes(key.seed, c);
    body(c);
    for (int64_t l = 0; l < live; ++l)
      take(static_cast<int64_t>(sample[l]) - first, 4 * static_cast<int64_t>(block[l]), l);
  }
}

template <class Real>
void normal_all(const RandomKey& key, int64_t first, int64_t rows, int64_t width, Real* out) {
  const Doubles d;
  HWY_ALIGN double z[4][8];
  const int pairs = width > 2 ? 2 : 1;
  for_blocks(
      key, first, rows, width,
      [&](const Word* c) HWY_ATTR {
        for (int p = 0; p < pairs; ++p) {
          const auto radius = hn::Sqrt(hn::Mul(hn::Set(d, -2.0), hn::Log(d, unit_lanes(c[2 * p]))));
          const auto angle = hn::Mul(hn::Set(d, 2 * std::numbers::pi), unit_lanes(c[2 * p + 1]));
          hn::Store(hn::Mul(radius, hn::Cos(d, angle)), d, z[2 * p]);
          if (width > 1) hn::Store(hn::Mul(radius, hn::Sin(d, angle)), d, z[2 * p + 1]);
        }
      },
      [&](int64_t i, int64_t j, int64_t lane) {
        for (int64_t k = 0; k < std::min<int64_t>(4, width - j); ++k)
          out[i * width + j + k] = static_cast<Real>(z[k][lane]);
      });
}

void normal_float(const RandomKey& key, int64_t first, int64_t rows, int64_t width, float* out) {
  normal_all(key, first, rows, width, out);
}

void normal_double(const RandomKey& key, int64_t first, int64_t rows, int64_t width, double* out) {
  normal_all(key, first, rows, width, out);
}

void uniform_double(const RandomKey& key, int64_t first, int64_t rows, int64_t width, double* out) {
  const Doubles d;
  HWY_ALIGN double u[4][8];
  for_blocks(
      key, first, rows, width,
      [&](const Word* c) HWY_ATTR {
        for (int k = 0; k < 4; ++k) hn::Store(unit_lanes(c[k]), d, u[k]);
      },
      [&](int64_t i, int64_t j, int64_t lane) {
        for (int64_t k = 0; k < std::min<int64_t>(4, width - j); ++k) out[i * width + j + k] = u[k][lane];
      });
}

void bits_all(const RandomKey& key, int64_t first, int64_t rows, uint64_t* out) {
  HWY_ALIGN uint64_t bits[8];
  for_blocks(
      key, first, rows, 1,
      [&](const Word* c) HWY_ATTR { hn::Store(hn::Or(hn::ShiftLeft<32>(c[0]), c[1]), Words(), bits); },
      [&](int64_t i, int64_t, int64_t lane) { out[i] = bits[lane]; });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade {
namespace {

HWY_EXPORT(normal_float);
HWY_EXPORT(normal_double);
HWY_EXPORT(uniform_double);
HWY_EXPORT(bits_all);

}  // namespace

void normal_rows(const RandomKey& key, int64_t first, int64_t rows, int64_t width, float* out) {
  HWY_DYNAMIC_DISPATCH(normal_float)(key, first, rows, width, out);
}

void normal_rows(const RandomKey& key, int64_t first, int64_t rows, int64_t width, double* out) {
  HWY_DYNAMIC_DISPATCH(normal_double)(key, first, rows, width, out);
}

void uniform_rows(const RandomKey& key, int64_t first, int64_t rows, int64_t width, double* out) {
  HWY_DYNAMIC_DISPATCH(uniform_double)(key, first, rows, width, out);
}

void bit_rows(const RandomKey& key, int64_t first, int64_t rows, uint64_t* out) {
  HWY_DYNAMIC_DISPATCH(bits_all)(key, first, rows, out);
}

double plain_uniform(const RandomKey& key, int64_t sample, int64_t j) {
  const auto words = philox({static_cast<uint32_t>(key.seed), static_cast<uint32_t>(key.seed >> 32)},
                            {static_cast<uint32_t>(j / 4), static_cast<uint32_t>(sample),
                             static_cast<uint32_t>(key.step), static_cast<uint32_t>(key.stream)});
  return (words[static_cast<size_t>(j % 4)] + 0.5) * 0x1p-32;
}

double plain_normal(const RandomKey& key, int64_t sample, int64_t j) {
  const double radius = std::sqrt(-2 * std::log(plain_uniform(key, sample, j / 2 * 2)));
  const double angle = 2 * std::numbers::pi * plain_uniform(key, sample, j / 2 * 2 + 1);
  return radius * (j % 2 ? std::sin(angle) : std::cos(angle));
}

}  // namespace roulade
#endif  // HWY_ONCE
