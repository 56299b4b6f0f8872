// SPDX-License-Identifier: Apache-2.0
// The matrix products of Winograd convolutions on panels of 16 columns; compiled once for each instruction set.

#if defined(ROULADE_WINOGRAD_PRODUCT_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ROULADE_WINOGRAD_PRODUCT_HPP
#undef ROULADE_WINOGRAD_PRODUCT_HPP
#else
#define ROULADE_WINOGRAD_PRODUCT_HPP
#endif

#include "roulade/kernel/tile_product.hpp"
#include "roulade/kernel/winograd_blocks.hpp"

#include <algorithm>
#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace roulade::kernel {
namespace HWY_NAMESPACE {
namespace {

/// C[m, n] (+)= sum over k of A[m, k] B[k, n]; rows of b and c are 16 floats apart, n runs over one panel or two.
struct PanelProduct {
  const float* a = nullptr;
  int64_t k = 0;
  int64_t a_panel = 0;  ///< from k to k + 16 in a, where A's rows are 16 floats apart
  const float* b = nullptr;
  float* c = nullptr;
  int64_t b_panel = 0, c_panel = 0;  ///< to the next panel of columns
  bool add = false;                  ///< to what is in C, or from 0
};

constexpr int64_t kLines = 2;  // read ahead for every 16 of k: ten blocks of rows read a panel

/// sum[m, n] += a[m] b[n].
template <int kM, int kN, bool kAcross>
HWY_INLINE void add_row(const float* a, const float* b, int64_t b_vector, Vec (&sum)[kM][kN]) {
  const Floats f;
  Vec row[kN];
  ROULADE_UNROLL
  for (int n = 0; n < kN; ++n) row[n] = hn::Load(f, b + n * b_vector);
  ROULADE_UNROLL
  for (int m = 0; m < kM; ++m) {
    const Vec factor = hn::Set(f, a[m * (kAcross ? kPanel : 1)]);
    ROULADE_UNROLL
    for (int n = 0; n < kN; ++n) sum[m][n] = hn::MulAdd(factor, row[n], sum[m][n]);
  }
}

/// The sums of kM rows and kN vectors. kAcross: A's rows lie 16 floats apart and k runs along them in panels; else A's
/// columns do, and k runs down. next: where to read ahead.
template <int kM, int kN, bool kAcross>
HWY_INLINE void panel_block(const PanelProduct& p, const float* a, int64_t b_vector, const float* b, int64_t c_vector,
                            float* c, [[maybe_unused]] const float* next) {
  const Floats f;
  Vec sum[kM][kN];
  ROULADE_UNROLL
  for (int m = 0; m < kM; ++m) {
    ROULADE_UNROLL
    for (int n = 0; n < kN; ++n) sum[m][n] = hn::Zero(f);
  }
  if constexpr (kAcross) {
    int64_t left = p.k;
    for (; left >= kPanel; left -= kPanel, a += p.a_panel, b += kPanel * kPanel) {
      for (int64_t i = 0; i < kLines; ++i, next += kPanel) __builtin_prefetch(next);
      for (int64_t i = 0; i < kPanel; ++i) add_row<kM, kN, kAcross>(a + i, b + i * kPanel, b_vector, sum);
    }
    for (int64_t i = 0; i < left; ++i) add_row<kM, kN, kAcross>(a + i, b + i * kPanel, b_vector, sum);
  } else {
    for (int64_t i = 0; i < p.k; ++i) add_row<kM, kN, kAcross>(a + i * kPanel, b + i * kPanel, b_vector, sum);
  }
  ROULADE_UNROLL
  for (int m = 0; m < kM; ++m) {
    ROULADE_UNROLL
    for (int n = 0; n < kN; ++n) {
      float* const to = c + m * kPanel + n * c_vector;
      hn::Store(p.add ? hn::Add(sum[m][n], hn::Load(f, to)) : sum[m][n], f, to);
    }
  }
}

template <int kN, bool kAcross>
HWY_INLINE void panel_rows(const PanelProduct& p, int64_t rows, int64_t b_vector, const float* b, int64_t c_vector,
                           float* c) {
  constexpr int kM = HWY_MAX_BYTES >= 64 ? 8 : 6;  // as many sums as there are registers
  constexpr int64_t kRow = kAcross ? kPanel : 1;
  // With k across, B is weights from beyond the second cache: each block of rows reads a share of what comes next.
  const float* const after = b + (hn::Lanes(Floats()) == kPanel ? kN : 1) * p.b_panel;
  const auto next = [&](int64_t m) { return after + m / kM * (p.k / kPanel) * kLines * kPanel; };
  int64_t m = 0;
  // Few sums at once wait for each other: 8 rows left are two blocks of 4, not one of 6 and one of 2.
  for (; m + kM <= rows && (kM == 8 || rows - m != 8); m += kM)
    panel_block<kM, kN, kAcross>(p, p.a + m * kRow, b_vector, b, c_vector, c + m * kPanel, next(m));
  for (; m + 4 <= rows; m += 4)
    panel_block<4, kN, kAcross>(p, p.a + m * kRow, b_vector, b, c_vector, c + m * kPanel, next(m));
  for (; m + 2 <= rows; m += 2)
    panel_block<2, kN, kAcross>(p, p.a + m * kRow, b_vector, b, c_vector, c + m * kPanel, next(m));
  if (m < rows) panel_block<1, kN, kAcross>(p, p.a + m * kRow, b_vector, b, c_vector, c + m * kPanel, next(m));
}

/// `rows` rows by `count` panels of columns.
template <bool kAcross>
void panel_product(const PanelProduct& p, int64_t rows, int64_t count) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Floats()));
  int64_t n = 0;
  if (lanes == kPanel)  // two panels make a block of two vectors
    for (; n + 2 <= count; n += 2)
      panel_rows<2, kAcross>(p, rows, p.b_panel, p.b + n * p.b_panel, p.c_panel, p.c + n * p.c_panel);
  for (; n < count; ++n) {
    const float* b = p.b + n * p.b_panel;
    float* c = p.c + n * p.c_panel;
    if (lanes == kPanel) panel_rows<1, kAcross>(p, rows, 0, b, 0, c);
    for (int64_t i = 0; lanes < kPanel && i < kPanel; i += 2 * lanes)
      panel_rows<2, kAcross>(p, rows, lanes, b + i, lanes, c + i);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade::kernel
HWY_AFTER_NAMESPACE();

#endif
