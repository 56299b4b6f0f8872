// SPDX-License-Identifier: Apache-2.0
// The transforms of Winograd F(4x4, 3x3), in vectors of channels; compiled once for each instruction set.
// Points p: 0, +-a, +-b, infinity, with a = 1/sqrt(2), b = sqrt(2), so that a^2 b^2 = 1.

#if defined(ROULADE_WINOGRAD_TRANSFORM_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ROULADE_WINOGRAD_TRANSFORM_HPP
#undef ROULADE_WINOGRAD_TRANSFORM_HPP
#else
#define ROULADE_WINOGRAD_TRANSFORM_HPP
#endif

#include "roulade/kernel/tile_product.hpp"

#include <cstdint>

#include <hwy/highway.h>

// A vector handed to or from a function that is not inlined goes through memory.
#define ROULADE_INLINE_LAMBDA HWY_ATTR __attribute__((always_inline))

HWY_BEFORE_NAMESPACE();
namespace roulade::kernel {
namespace HWY_NAMESPACE {
namespace {

constexpr float kA = 0.70710678118654752F, kB = 1.41421356237309505F;

HWY_INLINE Vec constant(float value) { return hn::Set(Floats(), value); }

/// B^T d: row p holds the coefficients of prod over q != p of (x - q), the last those of prod over all q.
struct InputTransform {
  HWY_INLINE void operator()(const Vec (&d)[6], Vec (&out)[6]) const {
    const Vec two = constant(2), half = constant(0.5F), sum = constant(2.5F), a = constant(kA), b = constant(kB);
    const Vec even_a = hn::NegMulAdd(two, d[2], d[4]), odd_a = hn::NegMulAdd(two, d[1], d[3]);
    const Vec even_b = hn::NegMulAdd(half, d[2], d[4]), odd_b = hn::NegMulAdd(half, d[1], d[3]);
    out[0] = hn::NegMulAdd(sum, d[2], hn::Add(d[0], d[4]));
    out[1] = hn::MulAdd(a, odd_a, even_a);
    out[2] = hn::NegMulAdd(a, odd_a, even_a);
    out[3] = hn::MulAdd(b, odd_b, even_b);
    out[4] = hn::NegMulAdd(b, odd_b, even_b);
    out[5] = hn::NegMulAdd(sum, d[3], hn::Add(d[1], d[5]));
  }
};

/// A^T m: row k holds p^k, the last 1 at infinity.
struct OutputTransform {
  HWY_INLINE void operator()(const Vec (&m)[6], Vec (&out)[4]) const {
    const Vec sum_a = hn::Add(m[1], m[2]), difference_a = hn::Sub(m[1], m[2]);
    const Vec sum_b = hn::Add(m[3], m[4]), difference_b = hn::Sub(m[3], m[4]);
    out[0] = hn::Add(m[0], hn::Add(sum_a, sum_b));
    out[1] = hn::MulAdd(constant(kA), difference_a, hn::Mul(constant(kB), difference_b));
    out[2] = hn::MulAdd(constant(0.5F), sum_a, hn::Add(sum_b, sum_b));
    out[3] = hn::MulAdd(constant(kA / 2), difference_a, hn::MulAdd(constant(2 * kB), difference_b, m[5]));
  }
};

/// A e.
struct OutputGradientTransform {
  HWY_INLINE void operator()(const Vec (&e)[4], Vec (&out)[6]) const {
    const Vec two = constant(2), half = constant(0.5F), a = constant(kA), b = constant(kB);
    const Vec even_a = hn::MulAdd(half, e[2], e[0]), odd_a = hn::MulAdd(half, e[3], e[1]);
    const Vec even_b = hn::MulAdd(two, e[2], e[0]), odd_b = hn::MulAdd(two, e[3], e[1]);
    out[0] = e[0];
    out[1] = hn::MulAdd(a, odd_a, even_a);
    out[2] = hn::NegMulAdd(a, odd_a, even_a);
    out[3] = hn::MulAdd(b, odd_b, even_b);
    out[4] = hn::NegMulAdd(b, odd_b, even_b);
    out[5] = e[3];
  }
};

/// G w: row p holds 1, p, p^2 over prod of (p - q), the last 0, 0, 1.
struct WeightTransform {
  HWY_INLINE void operator()(const Vec (&w)[3], Vec (&out)[6]) const {
    const Vec even_a = hn::Mul(constant(-2.0F / 3), hn::MulAdd(constant(0.5F), w[2], w[0]));
    const Vec even_b = hn::Mul(constant(1.0F / 6), hn::MulAdd(constant(2), w[2], w[0]));
    const Vec odd_a = hn::Mul(constant(-2 * kA / 3), w[1]), odd_b = hn::Mul(constant(kB / 6), w[1]);
    out[0] = w[0];
    out[1] = hn::Add(even_a, odd_a);
    out[2] = hn::Sub(even_a, odd_a);
    out[3] = hn::Add(even_b, odd_b);
    out[4] = hn::Sub(even_b, odd_b);
    out[5] = w[2];
  }
};

/// G^T u.
struct WeightGradientTransform {
  HWY_INLINE void operator()(const Vec (&u)[6], Vec (&out)[3]) const {
    const Vec sum_a = hn::Mul(constant(-2.0F / 3), hn::Add(u[1], u[2]));
    const Vec sum_b = hn::Mul(constant(1.0F / 6), hn::Add(u[3], u[4]));
    const Vec difference_a = hn::Sub(u[1], u[2]), difference_b = hn::Sub(u[3], u[4]);
    out[0] = hn::Add(u[0], hn::Add(sum_a, sum_b));
    out[1] = hn::MulAdd(constant(-2 * kA / 3), difference_a, hn::Mul(constant(kB / 6), difference_b));
    out[2] = hn::MulAdd(constant(0.5F), sum_a, hn::MulAdd(constant(2), sum_b, u[5]));
  }
};

/// T x T^T of one vector of channels, T = `transform`, kIn to kOut.   load(row, column), store(row, column, vector).
template <int kIn, int kOut, class Transform, class Load, class Store>
HWY_INLINE void transform_2d(const Transform& transform, const Load& load, const Store& store) {
  Vec half[kOut][kIn];
  ROULADE_UNROLL
  for (int column = 0; column < kIn; ++column) {
    Vec in[kIn], out[kOut];
    ROULADE_UNROLL
    for (int row = 0; row < kIn; ++row) in[row] = load(row, column);
    transform(in, out);
    ROULADE_UNROLL
    for (int row = 0; row < kOut; ++row) half[row][column] = out[row];
  }
  ROULADE_UNROLL
  for (int row = 0; row < kOut; ++row) {
    Vec out[kOut];
    transform(half[row], out);
    ROULADE_UNROLL
    for (int column = 0; column < kOut; ++column) store(row, column, out[column]);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade::kernel
HWY_AFTER_NAMESPACE();

#endif
