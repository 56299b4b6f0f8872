// SPDX-License-Identifier: Apache-2.0
// Matrix products and activations on tiles that lie in the cache; compiled once for each instruction set.

#if defined(ROULADE_TILE_PRODUCT_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ROULADE_TILE_PRODUCT_HPP
#undef ROULADE_TILE_PRODUCT_HPP
#else
#define ROULADE_TILE_PRODUCT_HPP
#endif

#include <cstdint>

#include <hwy/contrib/math/math-inl.h>
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

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using Vec = hn::Vec<Floats>;

/// Where the sums of a product begin.
enum class Begin { zero, bias, present };

/// One register block: kM rows, kN vectors.
template <int kM, int kN, Begin kBegin>
HWY_INLINE void product_block(int64_t k, const float* a, int64_t a_row, int64_t a_k, const float* b, int64_t b_row,
                              float* c, int64_t c_row, const float* bias) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  Vec sum[kM][kN];
  ROULADE_UNROLL
  for (int m = 0; m < kM; ++m) {
    ROULADE_UNROLL
    for (int n = 0; n < kN; ++n) {
      if constexpr (kBegin == Begin::zero) sum[m][n] = hn::Zero(f);
      if constexpr (kBegin == Begin::bias) sum[m][n] = hn::Load(f, bias + n * lanes);
      if constexpr (kBegin == Begin::present) sum[m][n] = hn::Load(f, c + m * c_row + n * lanes);
    }
  }
  for (int64_t i = 0; i < k; ++i) {
    Vec row[kN];
    ROULADE_UNROLL
    for (int n = 0; n < kN; ++n) row[n] = hn::Load(f, b + i * b_row + n * lanes);
    ROULADE_UNROLL
    for (int m = 0; m < kM; ++m) {
      const Vec factor = hn::Set(f, a[m * a_row + i * a_k]);
      ROULADE_UNROLL
      for (int n = 0; n < kN; ++n) sum[m][n] = hn::MulAdd(factor, row[n], sum[m][n]);
    }
  }
  ROULADE_UNROLL
  for (int m = 0; m < kM; ++m) {
    ROULADE_UNROLL
    for (int n = 0; n < kN; ++n) hn::Store(sum[m][n], f, c + m * c_row + n * lanes);
  }
}

template <int kN, Begin kBegin>
HWY_INLINE void product_columns(int64_t rows, int64_t k, const float* a, int64_t a_row, int64_t a_k, const float* b,
                                int64_t b_row, float* c, int64_t c_row, const float* bias) {
  constexpr int kM = HWY_MAX_BYTES >= 64 ? 8 : 6;  // as many sums as there are registers
  int64_t m = 0;
  for (; m + kM <= rows; m += kM)
    product_block<kM, kN, kBegin>(k, a + m * a_row, a_row, a_k, b, b_row, c + m * c_row, c_row, bias);
  if (m + 4 <= rows) {
    product_block<4, kN, kBegin>(k, a + m * a_row, a_row, a_k, b, b_row, c + m * c_row, c_row, bias);
    m += 4;
  }
  for (; m < rows; ++m)
    product_block<1, kN, kBegin>(k, a + m * a_row, a_row, a_k, b, b_row, c + m * c_row, c_row, bias);
}

/// C[m, n] = begin + sum_k A[m, k] B[k, n].   A[m, k] = a[m a_row + k a_k]; columns: a multiple of 16; b, c and their
/// rows on 64-byte lines; bias: [columns].
template <Begin kBegin>
void product(int64_t rows, int64_t columns, int64_t k, const float* a, int64_t a_row, int64_t a_k, const float* b,
             int64_t b_row, float* c, int64_t c_row, const float* bias = nullptr) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Floats()));
  int64_t n = 0;
  for (; n + 2 * lanes <= columns; n += 2 * lanes)
    product_columns<2, kBegin>(rows, k, a, a_row, a_k, b + n, b_row, c + n, c_row, bias + n);
  if (n < columns) product_columns<1, kBegin>(rows, k, a, a_row, a_k, b + n, b_row, c + n, c_row, bias + n);
}

/// total[n] += sum over rows of x[row, n].
inline void add_column_sums(int64_t rows, int64_t columns, const float* x, float* total) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  for (int64_t n = 0; n < columns; n += lanes) {
    Vec even = hn::Load(f, total + n), odd = hn::Zero(f);
    int64_t i = 0;
    for (; i + 2 <= rows; i += 2) {
      even = hn::Add(even, hn::Load(f, x + i * columns + n));
      odd = hn::Add(odd, hn::Load(f, x + (i + 1) * columns + n));
    }
    if (i < rows) even = hn::Add(even, hn::Load(f, x + i * columns + n));
    hn::Store(hn::Add(even, odd), f, total + n);
  }
}

/// y = x sigmoid(x); slope = dy/dx where it is not null.   count: a multiple of 16; y may be x.
inline void silu(int64_t count, const float* x, float* y, float* slope) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  const Vec one = hn::Set(f, 1.0f), most = hn::Set(f, 88.0f);  // exp(88) is finite; Exp() is wrong beyond 104
  for (int64_t i = 0; i < count; i += lanes) {
    const Vec v = hn::Load(f, x + i);
    const Vec s = hn::Div(one, hn::Add(one, hn::Exp(f, hn::Min(hn::Neg(v), most))));
    const Vec out = hn::Mul(v, s);
    if (slope) hn::Store(hn::MulAdd(out, hn::Sub(one, s), s), f, slope + i);
    hn::Store(out, f, y + i);
  }
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

/// y = x z.
inline void multiply(int64_t count, const float* x, const float* z, float* y) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  for (int64_t i = 0; i < count; i += lanes) hn::Store(hn::Mul(hn::Load(f, x + i), hn::Load(f, z + i)), f, y + i);
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
