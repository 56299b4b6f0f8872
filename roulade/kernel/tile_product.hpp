// SPDX-License-Identifier: Apache-2.0
// Matrix products and activations on tiles that lie in the cache; compiled once for each instruction set.

#if defined(ROULADE_TILE_PRODUCT_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ROULADE_TILE_PRODUCT_HPP
#undef ROULADE_TILE_PRODUCT_HPP
#else
#define ROULADE_TILE_PRODUCT_HPP
#endif

#include "roulade/kernel/simd.hpp"

#include <cstdint>

#include <hwy/highway.h>

#if defined(__clang__)
#define ROULADE_UNROLL _Pragma("unroll")
#else
#define ROULADE_UNROLL _Pragma("GCC unroll 16")
#endif

HWY_BEFORE_NAMESPACE();
namespace roulade::kernel {
namespace HWY_NAMESPACE {
namespace {

using roulade::HWY_NAMESPACE::Floats;
using roulade::HWY_NAMESPACE::for_vectors;
using roulade::HWY_NAMESPACE::load_some;
using roulade::HWY_NAMESPACE::some_of;
using roulade::HWY_NAMESPACE::store_some;
using roulade::HWY_NAMESPACE::Vec;
using roulade::HWY_NAMESPACE::Whole;
namespace hn = hwy::HWY_NAMESPACE;

/// What a product's sums begin with: nothing, a bias for each column, another matrix, the sum of the last two, or a
/// bias and another product.
enum class Begin { zero, bias, matrix, bias_and_matrix, bias_and_product };

/// What a product adds and multiplies by; null where its Begin has no use for it. Matrices lie in memory as C does.
struct Ends {
  const float* bias = nullptr;    ///< [columns]
  const float* matrix = nullptr;  ///< may be C
  const float* scale = nullptr;   ///< C is multiplied by it, element by element
  /// The other product, A' B': a_too[row a_too_row + k] for k < k_too, b_too[k b_too_row + column].
  const float* a_too = nullptr;
  int64_t a_too_row = 0, k_too = 0;
  const float* b_too = nullptr;
  int64_t b_too_row = 0;

  Ends at(int64_t row, int64_t column, int64_t c_row) const {
    const int64_t offset = row * c_row + column;
    Ends out = *this;
    if (bias) out.bias += column;
    if (matrix) out.matrix += offset;
    if (scale) out.scale += offset;
    if (a_too) out.a_too += row * a_too_row;
    if (b_too) out.b_too += column;
    return out;
  }
};

/// sum[m, n] += sum_k A[m, k] B[k, n] in registers: kM rows, kN vectors. Nothing need be aligned.
template <int kM, int kN>
HWY_INLINE void add_products(int64_t k, const float* a, int64_t a_row, int64_t a_k, const float* b, int64_t b_row,
                             Vec (&sum)[kM][kN]) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  for (int64_t i = 0; i < k; ++i) {
    Vec row[kN];
    ROULADE_UNROLL
    for (int n = 0; n < kN; ++n) row[n] = hn::LoadU(f, b + i * b_row + n * lanes);
    ROULADE_UNROLL
    for (int m = 0; m < kM; ++m) {
      const Vec factor = hn::Set(f, a[m * a_row + i * a_k]);
      ROULADE_UNROLL
      for (int n = 0; n < kN; ++n) sum[m][n] = hn::MulAdd(factor, row[n], sum[m][n]);
    }
  }
}

/// One register block: kM rows, kN vectors.
template <int kM, int kN, Begin kBegin, bool kScaled>
HWY_INLINE void product_block(int64_t k, const float* a, int64_t a_row, int64_t a_k, const float* b, int64_t b_row,
                              float* c, int64_t c_row, const Ends& ends) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  Vec sum[kM][kN];
  ROULADE_UNROLL
  for (int m = 0; m < kM; ++m) {
    ROULADE_UNROLL
    for (int n = 0; n < kN; ++n) {
      if constexpr (kBegin == Begin::zero) sum[m][n] = hn::Zero(f);
      if constexpr (kBegin == Begin::bias || kBegin == Begin::bias_and_product)
        sum[m][n] = hn::Load(f, ends.bias + n * lanes);
      if constexpr (kBegin == Begin::matrix) sum[m][n] = hn::Load(f, ends.matrix + m * c_row + n * lanes);
      if constexpr (kBegin == Begin::bias_and_matrix)
        sum[m][n] = hn::Add(hn::Load(f, ends.bias + n * lanes), hn::Load(f, ends.matrix + m * c_row + n * lanes));
    }
  }
  if constexpr (kBegin == Begin::bias_and_product)
    add_products<kM, kN>(ends.k_too, ends.a_too, ends.a_too_row, 1, ends.b_too, ends.b_too_row, sum);
  add_products<kM, kN>(k, a, a_row, a_k, b, b_row, sum);
  ROULADE_UNROLL
  for (int m = 0; m < kM; ++m) {
    ROULADE_UNROLL
    for (int n = 0; n < kN; ++n) {
      if constexpr (kScaled) sum[m][n] = hn::Mul(sum[m][n], hn::Load(f, ends.scale + m * c_row + n * lanes));
      hn::Store(sum[m][n], f, c + m * c_row + n * lanes);
    }
  }
}

template <int kN, Begin kBegin, bool kScaled>
HWY_INLINE void product_columns(int64_t rows, int64_t k, const float* a, int64_t a_row, int64_t a_k, const float* b,
                                int64_t b_row, float* c, int64_t c_row, const Ends& ends) {
  constexpr int kM = HWY_MAX_BYTES >= 64 ? 8 : 6;  // as many sums as there are registers
  int64_t m = 0;
  // Few sums at once wait for each other: 8 rows left are two blocks of 4, not one of 6 and one of 2.
  for (; m + kM <= rows && (kM == 8 || rows - m != 8); m += kM)
    product_block<kM, kN, kBegin, kScaled>(k, a + m * a_row, a_row, a_k, b, b_row, c + m * c_row, c_row,
                                           ends.at(m, 0, c_row));
  for (; m + 4 <= rows; m += 4)
    product_block<4, kN, kBegin, kScaled>(k, a + m * a_row, a_row, a_k, b, b_row, c + m * c_row, c_row,
                                          ends.at(m, 0, c_row));
  for (; m + 2 <= rows; m += 2)
    product_block<2, kN, kBegin, kScaled>(k, a + m * a_row, a_row, a_k, b, b_row, c + m * c_row, c_row,
                                          ends.at(m, 0, c_row));
  if (m < rows)
    product_block<1, kN, kBegin, kScaled>(k, a + m * a_row, a_row, a_k, b, b_row, c + m * c_row, c_row,
                                          ends.at(m, 0, c_row));
}

/// C[m, n] = (begin + sum_k A[m, k] B[k, n]) scale.   A[m, k] = a[m a_row + k a_k]; b, c, their rows and what `ends`
/// names on 64-byte lines. C is written in whole vectors, so its rows are longer than `columns` where that is not a
/// multiple of 16.
template <Begin kBegin, bool kScaled = false>
void product(int64_t rows, int64_t columns, int64_t k, const float* a, int64_t a_row, int64_t a_k, const float* b,
             int64_t b_row, float* c, int64_t c_row, const Ends& ends) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Floats()));
  int64_t n = 0;
  for (; n + lanes < columns; n += 2 * lanes)
    product_columns<2, kBegin, kScaled>(rows, k, a, a_row, a_k, b + n, b_row, c + n, c_row, ends.at(0, n, c_row));
  if (n < columns)
    product_columns<1, kBegin, kScaled>(rows, k, a, a_row, a_k, b + n, b_row, c + n, c_row, ends.at(0, n, c_row));
}

/// total[n] = sum over rows of x[row, n], added to what is there where `kAdd`.
template <bool kAdd>
void column_sums(int64_t rows, int64_t columns, const float* x, float* total) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  for (int64_t n = 0; n < columns; n += lanes) {
    Vec even = kAdd ? hn::Load(f, total + n) : hn::Zero(f), odd = hn::Zero(f);
    int64_t i = 0;
    for (; i + 2 <= rows; i += 2) {
      even = hn::Add(even, hn::Load(f, x + i * columns + n));
      odd = hn::Add(odd, hn::Load(f, x + (i + 1) * columns + n));
    }
    if (i < rows) even = hn::Add(even, hn::Load(f, x + i * columns + n));
    hn::Store(hn::Add(even, odd), f, total + n);
  }
}

/// 1 / (1 + exp(-x)) to 3e-7 + 8e-8 |x| of its value, for |x| > 87 the value there; anything for NaN.
/// exp(-x) = 2^n p(r) with -x = n ln 2 - r, |r| <= ln(2) / 2; p is the minimax polynomial 1 - r + ... of degree 5,
/// right to 1.1e-7. Half the instructions of Highway's Exp(), which is made for any argument.
HWY_INLINE Vec sigmoid(Vec x) {
  const Floats f;
  const hn::RebindToSigned<Floats> whole;
  const Vec one = hn::Set(f, 1.0f);
  const Vec magic = hn::Set(f, 0x1.8p23f);  // a float of this size has n in its low bits
  x = hn::Max(hn::Min(x, hn::Set(f, 87.0f)), hn::Set(f, -87.0f));
  const Vec shifted = hn::MulAdd(x, hn::Set(f, -1.44269504f), magic);
  const Vec n = hn::Sub(shifted, magic);
  const Vec r = hn::MulAdd(n, hn::Set(f, 0.693147181f), x);
  const Vec r2 = hn::Mul(r, r);  // in pairs, so that terms do not wait for each other
  const Vec high = hn::MulAdd(r, hn::Set(f, -0.0083125204f), hn::Set(f, 0.0418901578f));
  const Vec middle = hn::MulAdd(r, hn::Set(f, -0.1666711465f), hn::Set(f, 0.4999923149f));
  const Vec p = hn::MulAdd(hn::MulAdd(high, r2, middle), r2, hn::Sub(one, r));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(whole, shifted));
  return hn::Div(one, hn::Add(one, hn::BitCast(f, hn::Add(hn::BitCast(whole, p), exponent))));
}

/// y = x sigmoid(x); slope = dy/dx where it is not null.   count: a multiple of 16; y may be x.
template <bool kSlope>
HWY_INLINE void silu_all(int64_t count, const float* x, float* y, float* slope) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  const Vec one = hn::Set(f, 1.0f);
  for (int64_t i = 0; i < count; i += lanes) {
    const Vec v = hn::Load(f, x + i);
    const Vec s = sigmoid(v);
    const Vec out = hn::Mul(v, s);
    if (kSlope) hn::Store(hn::MulAdd(out, hn::Sub(one, s), s), f, slope + i);
    hn::Store(out, f, y + i);
  }
}

inline void silu(int64_t count, const float* x, float* y, float* slope) {
  slope ? silu_all<true>(count, x, y, slope) : silu_all<false>(count, x, y, slope);
}

/// y = max(x, 0); slope = 1 where x > 0, else 0, where it is not null.
inline void relu(int64_t count, const float* x, float* y, float* slope) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  const Vec zero = hn::Zero(f), one = hn::Set(f, 1.0f);
  for (int64_t i = 0; i < count; i += lanes) {
    const Vec v = hn::Load(f, x + i);
    if (slope) hn::Store(hn::IfThenElseZero(hn::Gt(v, zero), one), f, slope + i);
    // Not Max(): a NaN must come out as one.
    hn::Store(hn::IfThenElse(hn::Lt(v, zero), zero, v), f, y + i);
  }
}

/// y += x.
inline void add(int64_t count, const float* x, float* y) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  for (int64_t i = 0; i < count; i += lanes) hn::Store(hn::Add(hn::Load(f, x + i), hn::Load(f, y + i)), f, y + i);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade::kernel
HWY_AFTER_NAMESPACE();

#endif
