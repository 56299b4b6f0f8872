// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/pair_distance.hpp"

#include "roulade/kernel/tasks.hpp"

#include <cmath>
#include <numeric>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/pair_distance.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace roulade {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, Columns::kPad>;
using Doubles = hn::Repartition<double, Floats>;
using Vec = hn::Vec<Floats>;

constexpr int64_t kRows = 4;    // rows of x that share the loads of y
constexpr int64_t kFlush = 32;  // float additions in one lane before they go to double

/// sqrt(d2). On x86 a reciprocal root and one Newton step take two thirds of the time of the square root's instruction;
/// they are right to 3e-7 (12-bit estimate) or 1e-7 (14-bit). The lower bound keeps 0 from becoming 0 * inf.
inline Vec root(Vec d2) {
#if HWY_ARCH_X86
  const Floats f;
  const Vec a = hn::Max(d2, hn::Set(f, 1e-30f));
  const Vec y = hn::ApproximateReciprocalSqrt(a);
  const Vec s = hn::Mul(a, y);
  return hn::Mul(s, hn::NegMulAdd(hn::Mul(s, y), hn::Set(f, 0.5f), hn::Set(f, 1.5f)));
#else
  return hn::Sqrt(d2);
#endif
}

/// Distances from one row of x (columns at x[c]) to the lanes of y at j.
template <int kWidth>
inline Vec distance(const float* const* x, int64_t i, const float* const* y, int64_t j, int64_t width) {
  const Floats f;
  Vec d2 = hn::Zero(f);
  for (int64_t c = 0; c < (kWidth > 0 ? kWidth : width); ++c) {
    const Vec d = hn::Sub(hn::Load(f, y[c] + j), hn::Set(f, x[c][i]));
    d2 = hn::MulAdd(d, d, d2);
  }
  return root(d2);
}

inline double to_double(Vec v) {
  const Doubles d;
  const hn::Half<Floats> half;
  return hn::GetLane(
      hn::SumOfLanes(d, hn::Add(hn::PromoteTo(d, hn::LowerHalf(half, v)), hn::PromoteTo(d, hn::UpperHalf(half, v)))));
}

/// Sum over rows first..first+3 of x and the rows of y; `self`: only the pairs i < j of one set.
template <int kWidth>
double strip(const Columns& x, int64_t first, const Columns& y, bool self) {
  const Floats f;
  const hn::RebindToSigned<Floats> di;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(f));
  const int64_t width = x.width(), rows = std::min(kRows, x.rows() - first);
  std::vector<const float*> xc(static_cast<size_t>(width)), yc(static_cast<size_t>(width));
  for (int64_t c = 0; c < width; ++c) {
    xc[static_cast<size_t>(c)] = x.column(c);
    yc[static_cast<size_t>(c)] = y.column(c);
  }
  double total = 0;
  // Vectors that hold a pair to leave out: the diagonal's and the last one.
  const auto edge = [&](int64_t j) {
    Vec sum = hn::Zero(f);
    const auto column = hn::Iota(di, static_cast<int32_t>(j));
    for (int64_t r = 0; r < rows; ++r) {
      auto keep = hn::Lt(column, hn::Set(di, static_cast<int32_t>(y.rows())));
      if (self) keep = hn::And(keep, hn::Gt(column, hn::Set(di, static_cast<int32_t>(first + r))));
      const Vec d = distance<kWidth>(xc.data(), first + r, yc.data(), j, width);
      sum = hn::Add(sum, hn::IfThenElseZero(hn::RebindMask(f, keep), d));
    }
    total += to_double(sum);
  };
  int64_t j = self ? first / lanes * lanes : 0;
  if (self)
    for (; j < first + rows && j < y.rows(); j += lanes) edge(j);
  const int64_t whole = y.rows() / lanes * lanes;
  while (j < whole) {
    const int64_t stop = std::min(whole, j + kFlush * lanes);
    Vec s0 = hn::Zero(f), s1 = s0, s2 = s0, s3 = s0;
    // Rows past the last are padding (zeros may be read), and their sums are dropped.
    for (; j < stop; j += lanes) {
      s0 = hn::Add(s0, distance<kWidth>(xc.data(), first, yc.data(), j, width));
      s1 = hn::Add(s1, distance<kWidth>(xc.data(), first + 1, yc.data(), j, width));
      s2 = hn::Add(s2, distance<kWidth>(xc.data(), first + 2, yc.data(), j, width));
      s3 = hn::Add(s3, distance<kWidth>(xc.data(), first + 3, yc.data(), j, width));
    }
    const Vec sums[kRows] = {s0, s1, s2, s3};
    for (int64_t r = 0; r < rows; ++r) total += to_double(sums[r]);
  }
  if (j < y.rows()) edge(j);
  return total;
}

double strip_any(const Columns& x, int64_t first, const Columns& y, bool self) {
  return x.width() == 2 ? strip<2>(x, first, y, self) : strip<0>(x, first, y, self);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade {
namespace {

HWY_EXPORT(strip_any);

double sum(const Columns& x, const Columns& y, bool self) {
  constexpr int64_t kStrip = 64;  // rows of one task
  std::vector<double> parts(static_cast<size_t>((x.rows() + kStrip - 1) / kStrip));
  for_each_task(static_cast<int64_t>(parts.size()), [&](int64_t task) {
    double part = 0;
    for (int64_t i = task * kStrip; i < std::min(x.rows(), (task + 1) * kStrip); i += 4)
      part += HWY_DYNAMIC_DISPATCH(strip_any)(x, i, y, self);
    parts[static_cast<size_t>(task)] = part;
  });
  return std::accumulate(parts.begin(), parts.end(), 0.0);
}

double plain(const float* a, const float* b, int64_t width) {
  double d2 = 0;
  for (int64_t c = 0; c < width; ++c) {
    const double d = double{a[c]} - double{b[c]};
    d2 += d * d;
  }
  return std::sqrt(d2);
}

}  // namespace

double pair_distance_sum(const Columns& x, const Columns& y) { return sum(x, y, false); }

double pair_distance_sum(const Columns& x) { return sum(x, x, true); }

double pair_distance_sum_plain(const float* x, int64_t n, const float* y, int64_t m, int64_t width) {
  double total = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < m; ++j) total += plain(x + i * width, y + j * width, width);
  return total;
}

double pair_distance_sum_plain(const float* x, int64_t n, int64_t width) {
  double total = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = i + 1; j < n; ++j) total += plain(x + i * width, x + j * width, width);
  return total;
}

}  // namespace roulade
#endif  // HWY_ONCE
