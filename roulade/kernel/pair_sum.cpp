// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/pair_sum.hpp"

#include "roulade/kernel/squared_distance.hpp"
#include "roulade/kernel/tasks.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/pair_sum.cpp"
#include <hwy/foreach_target.h>
// after foreach_target.h
#include "roulade/kernel/simd.hpp"

HWY_BEFORE_NAMESPACE();
namespace roulade {
namespace HWY_NAMESPACE {
namespace {

constexpr int64_t kRows = 4;    // rows of x that share the loads of y
constexpr int64_t kFlush = 32;  // float additions in one lane before they go to double

/// sqrt(d2). On x86 a reciprocal root and one Newton step take two thirds of the time of the square root's instruction;
/// they are right to 3e-7 (12-bit estimate) or 1e-7 (14-bit). The lower bound keeps 0 from becoming 0 * inf.
struct Root {
  Vec operator()(Vec d2) const {
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
};

/// 2^(-scale d2), from 2^-125 on. z = n + r with n whole and |r| <= 1/2: 2^r is the polynomial of degree 6 of least
/// relative error (2e-9; float rounding makes it 1e-7), and n goes into the exponent's bits.
struct Gaussian {
  float scale;

  Vec operator()(Vec d2) const {
    const Floats f;
    const hn::RebindToSigned<Floats> whole;
    const Vec z = hn::Max(hn::Mul(d2, hn::Set(f, -scale)), hn::Set(f, -125.0f));
    const auto n = hn::NearestInt(z);
    const Vec r = hn::Sub(z, hn::ConvertTo(f, n));
    Vec p = hn::MulAdd(hn::Set(f, 1.5345812e-4f), r, hn::Set(f, 1.3399931e-3f));
    p = hn::MulAdd(p, r, hn::Set(f, 9.618489e-3f));
    p = hn::MulAdd(p, r, hn::Set(f, 5.5503286e-2f));
    p = hn::MulAdd(p, r, hn::Set(f, 0.24022646f));
    p = hn::MulAdd(p, r, hn::Set(f, 0.6931472f));
    p = hn::MulAdd(p, r, hn::Set(f, 1.0f));
    return hn::BitCast(f, hn::Add(hn::BitCast(whole, p), hn::ShiftLeft<23>(n)));
  }
};

/// Sum of term(squared distance) over rows first..first+3 of x and the rows of y; `self`: only the pairs i < j of one
/// set.
template <int kWidth, class Term>
double strip(const Columns& x, int64_t first, const Columns& y, bool self, const Term& term) {
  const Floats f;
  const hn::RebindToSigned<Floats> di;
  const int64_t step = lanes(), rows = std::min(kRows, x.rows() - first);
  double total = 0;
  // Vectors that hold a pair to leave out: the diagonal's and the last one.
  const auto edge = [&](int64_t j) {
    Vec sum = hn::Zero(f);
    const auto column = hn::Iota(di, static_cast<int32_t>(j));
    for (int64_t r = 0; r < rows; ++r) {
      auto keep = hn::Lt(column, hn::Set(di, static_cast<int32_t>(y.rows())));
      if (self) keep = hn::And(keep, hn::Gt(column, hn::Set(di, static_cast<int32_t>(first + r))));
      sum = hn::Add(sum, hn::IfThenElseZero(hn::RebindMask(f, keep), term(squared<kWidth>(x, first + r, y, j))));
    }
    total += sum_in_double(sum);
  };
  int64_t j = self ? first / step * step : 0;
  if (self)
    for (; j < first + rows && j < y.rows(); j += step) edge(j);
  const int64_t whole = y.rows() / step * step;
  while (j < whole) {
    const int64_t stop = std::min(whole, j + kFlush * step);
    Vec s0 = hn::Zero(f), s1 = s0, s2 = s0, s3 = s0;
    // Rows past the last are padding (zeros may be read), and their sums are dropped.
    for (; j < stop; j += step) {
      s0 = hn::Add(s0, term(squared<kWidth>(x, first, y, j)));
      s1 = hn::Add(s1, term(squared<kWidth>(x, first + 1, y, j)));
      s2 = hn::Add(s2, term(squared<kWidth>(x, first + 2, y, j)));
      s3 = hn::Add(s3, term(squared<kWidth>(x, first + 3, y, j)));
    }
    const Vec sums[kRows] = {s0, s1, s2, s3};
    for (int64_t r = 0; r < rows; ++r) total += sum_in_double(sums[r]);
  }
  if (j < y.rows()) edge(j);
  return total;
}

template <class Term>
double strip_of(const Columns& x, int64_t first, const Columns& y, bool self, const Term& term) {
  return x.width() == 2 ? strip<2>(x, first, y, self, term) : strip<0>(x, first, y, self, term);
}

double distance_strip(const Columns& x, int64_t first, const Columns& y, bool self) {
  return strip_of(x, first, y, self, Root());
}

double gaussian_strip(const Columns& x, int64_t first, const Columns& y, bool self, float scale) {
  return strip_of(x, first, y, self, Gaussian{scale});
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade {
namespace {

HWY_EXPORT(distance_strip);
HWY_EXPORT(gaussian_strip);

/// strip_at(first): the sum of rows first..first+3.
template <class Strip>
double sum(const Columns& x, const Strip& strip_at) {
  constexpr int64_t kTask = 64;  // rows
  std::vector<double> parts(static_cast<size_t>((x.rows() + kTask - 1) / kTask));
  for_each_task(static_cast<int64_t>(parts.size()), [&](int64_t task) {
    double part = 0;
    for (int64_t i = task * kTask; i < std::min(x.rows(), (task + 1) * kTask); i += 4) part += strip_at(i);
    parts[static_cast<size_t>(task)] = part;
  });
  return std::accumulate(parts.begin(), parts.end(), 0.0);
}

double distance_sum(const Columns& x, const Columns& y, bool self) {
  return sum(x, [&](int64_t i) { return HWY_DYNAMIC_DISPATCH(distance_strip)(x, i, y, self); });
}

double gaussian_sum(const Columns& x, const Columns& y, bool self, double bandwidth) {
  // The upper bound keeps 0 from becoming 0 * inf; all other pairs are out of reach of so narrow a kernel.
  const auto scale = static_cast<float>(std::min(1e30, 0.5 * std::numbers::log2e / (bandwidth * bandwidth)));
  return sum(x, [&](int64_t i) { return HWY_DYNAMIC_DISPATCH(gaussian_strip)(x, i, y, self, scale); });
}

/// self: y is x, and only pairs i < j count.
template <class Term>
double plain(const float* x, int64_t n, const float* y, int64_t m, int64_t width, bool self, const Term& term) {
  double total = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = self ? i + 1 : 0; j < m; ++j) total += term(squared_distance(x + i * width, y + j * width, width));
  return total;
}

double root(double d2) { return std::sqrt(d2); }

auto gaussian(double bandwidth) {
  return [bandwidth](double d2) { return std::exp(-d2 / (2 * bandwidth * bandwidth)); };
}

}  // namespace

double pair_distance_sum(const Columns& x, const Columns& y) { return distance_sum(x, y, false); }
double pair_distance_sum(const Columns& x) { return distance_sum(x, x, true); }
double pair_gaussian_sum(const Columns& x, const Columns& y, double bandwidth) {
  return gaussian_sum(x, y, false, bandwidth);
}
double pair_gaussian_sum(const Columns& x, double bandwidth) { return gaussian_sum(x, x, true, bandwidth); }

double pair_distance_sum_plain(const float* x, int64_t n, const float* y, int64_t m, int64_t width) {
  return plain(x, n, y, m, width, false, root);
}
double pair_distance_sum_plain(const float* x, int64_t n, int64_t width) {
  return plain(x, n, x, n, width, true, root);
}
double pair_gaussian_sum_plain(const float* x, int64_t n, const float* y, int64_t m, int64_t width, double bandwidth) {
  return plain(x, n, y, m, width, false, gaussian(bandwidth));
}
double pair_gaussian_sum_plain(const float* x, int64_t n, int64_t width, double bandwidth) {
  return plain(x, n, x, n, width, true, gaussian(bandwidth));
}

}  // namespace roulade
#endif  // HWY_ONCE
