// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/nearest.hpp"

#include "roulade/kernel/tasks.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/nearest.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace roulade {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, Columns::kPad>;
using Vec = hn::Vec<Floats>;

/// Squared distances from row i of x to the lanes of y at j. Both functions below use the same expression in the same
/// order, so a neighbour is inside the ball that it defines.
template <int kWidth>
inline Vec squared(const Columns& x, int64_t i, const Columns& y, int64_t j) {
  const Floats f;
  Vec d2 = hn::Zero(f);
  for (int64_t c = 0; c < (kWidth > 0 ? kWidth : x.width()); ++c) {
    const Vec d = hn::Sub(hn::Load(f, y.column(c) + j), hn::Set(f, x.column(c)[i]));
    d2 = hn::MulAdd(d, d, d2);
  }
  return d2;
}

/// best[0..k-1]: the k smallest squared distances so far, ascending.
template <int kWidth>
void radius(const Columns& x, int64_t i, int64_t k, float* best) {
  const Floats f;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(f));
  const int64_t vectors = (x.rows() + lanes - 1) / lanes;
  HWY_ALIGN float lane[Columns::kPad];
  std::fill(best, best + k, std::numeric_limits<float>::infinity());
  const auto insert = [&](Vec d2, int64_t j) {
    hn::Store(d2, f, lane);
    for (int64_t l = 0; l < lanes && j + l < x.rows(); ++l) {
      if (!(lane[l] < best[k - 1]) || j + l == i) continue;
      int64_t at = k - 1;
      for (; at > 0 && best[at - 1] > lane[l]; --at) best[at] = best[at - 1];
      best[at] = lane[l];
    }
  };
  int64_t v = 0;
  for (; v + 4 <= vectors; v += 4) {  // four at a time: nearly always none of them is near enough
    const int64_t j = v * lanes;
    const Vec a = squared<kWidth>(x, i, x, j), b = squared<kWidth>(x, i, x, j + lanes);
    const Vec c = squared<kWidth>(x, i, x, j + 2 * lanes), d = squared<kWidth>(x, i, x, j + 3 * lanes);
    const Vec least = hn::Min(hn::Min(a, b), hn::Min(c, d));
    if (hn::AllFalse(f, hn::Lt(least, hn::Set(f, best[k - 1])))) continue;
    insert(a, j);
    insert(b, j + lanes);
    insert(c, j + 2 * lanes);
    insert(d, j + 3 * lanes);
  }
  for (; v < vectors; ++v) insert(squared<kWidth>(x, i, x, v * lanes), v * lanes);
}

void radius_any(const Columns& x, int64_t i, int64_t k, float* best) {
  x.width() == 2 ? radius<2>(x, i, k, best) : radius<0>(x, i, k, best);
}

/// `radii` is padded with -1, which no distance reaches.
template <int kWidth>
bool covered(const Columns& x, int64_t i, const Columns& y, const float* radii) {
  const Floats f;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(f));
  for (int64_t j = 0; j < y.rows(); j += lanes)
    if (!hn::AllFalse(f, hn::Le(squared<kWidth>(x, i, y, j), hn::Load(f, radii + j)))) return true;
  return false;
}

bool covered_any(const Columns& x, int64_t i, const Columns& y, const float* radii) {
  return x.width() == 2 ? covered<2>(x, i, y, radii) : covered<0>(x, i, y, radii);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade {
namespace {

HWY_EXPORT(radius_any);
HWY_EXPORT(covered_any);

constexpr int64_t kRows = 128;  // rows of one task

double squared_plain(const float* a, const float* b, int64_t width) {
  double d2 = 0;
  for (int64_t c = 0; c < width; ++c) {
    const double d = double{a[c]} - double{b[c]};
    d2 += d * d;
  }
  return d2;
}

}  // namespace

std::vector<float> neighbour_radii(const Columns& x, int64_t k) {
  std::vector<float> radii(static_cast<size_t>(x.rows()));
  for_each_task((x.rows() + kRows - 1) / kRows, [&](int64_t task) {
    std::vector<float> best(static_cast<size_t>(k));
    for (int64_t i = task * kRows; i < std::min(x.rows(), (task + 1) * kRows); ++i) {
      HWY_DYNAMIC_DISPATCH(radius_any)(x, i, k, best.data());
      radii[static_cast<size_t>(i)] = best.back();
    }
  });
  return radii;
}

int64_t count_covered(const Columns& x, const Columns& y, std::span<const float> radii) {
  const std::vector<float> columns = [&] {
    std::vector<float> v(radii.begin(), radii.end());
    v.resize(static_cast<size_t>(y.padded()), -1.0f);
    return v;
  }();
  const Columns padded(columns.data(), y.padded(), 1);  // on 64-byte lines
  std::vector<int64_t> counts(static_cast<size_t>((x.rows() + kRows - 1) / kRows));
  for_each_task(static_cast<int64_t>(counts.size()), [&](int64_t task) {
    int64_t count = 0;
    for (int64_t i = task * kRows; i < std::min(x.rows(), (task + 1) * kRows); ++i)
      count += HWY_DYNAMIC_DISPATCH(covered_any)(x, i, y, padded.column(0));
    counts[static_cast<size_t>(task)] = count;
  });
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

std::vector<double> neighbour_radii_plain(const float* x, int64_t n, int64_t width, int64_t k) {
  std::vector<double> radii, others;
  for (int64_t i = 0; i < n; ++i) {
    others.clear();
    for (int64_t j = 0; j < n; ++j)
      if (j != i) others.push_back(squared_plain(x + i * width, x + j * width, width));
    std::nth_element(others.begin(), others.begin() + (k - 1), others.end());
    radii.push_back(others[static_cast<size_t>(k - 1)]);
  }
  return radii;
}

int64_t count_covered_plain(const float* x, int64_t n, const float* y, int64_t m, int64_t width,
                            std::span<const double> radii) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) {
    bool inside = false;
    for (int64_t j = 0; j < m; ++j)
      inside = inside || squared_plain(x + i * width, y + j * width, width) <= radii[static_cast<size_t>(j)];
    count += inside;
  }
  return count;
}

}  // namespace roulade
#endif  // HWY_ONCE
