// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/nearest.hpp"

#include "roulade/kernel/squared_distance.hpp"
#include "roulade/kernel/tasks.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/nearest.cpp"
#include <hwy/foreach_target.h>
// after foreach_target.h
#include "roulade/kernel/simd.hpp"

HWY_BEFORE_NAMESPACE();
namespace roulade {
namespace HWY_NAMESPACE {
namespace {

/// best[0..k-1]: the k smallest squared distances from row i of x to the rows of y but `skip`, ascending.
template <int kWidth>
void radius(const Columns& x, int64_t i, const Columns& y, int64_t skip, int64_t k, float* best) {
  const Floats f;
  const int64_t step = lanes(), vectors = (y.rows() + step - 1) / step;
  HWY_ALIGN float lane[Columns::kPad];
  std::fill(best, best + k, std::numeric_limits<float>::infinity());
  const auto insert = [&](Vec d2, int64_t j) {
    if (hn::AllFalse(f, hn::Lt(d2, hn::Set(f, best[k - 1])))) return;
    hn::Store(d2, f, lane);
    for (int64_t l = 0; l < step && j + l < y.rows(); ++l) {
      if (!(lane[l] < best[k - 1]) || j + l == skip) continue;
      float* at = std::upper_bound(best, best + k - 1, lane[l]);
      std::copy_backward(at, best + k - 1, best + k);
      *at = lane[l];
    }
  };
  int64_t v = 0;
  for (; v + 4 <= vectors; v += 4) {  // four at a time: nearly always none of them is near enough
    const int64_t j = v * step;
    const Vec a = squared<kWidth>(x, i, y, j), b = squared<kWidth>(x, i, y, j + step);
    const Vec c = squared<kWidth>(x, i, y, j + 2 * step), d = squared<kWidth>(x, i, y, j + 3 * step);
    const Vec least = hn::Min(hn::Min(a, b), hn::Min(c, d));
    if (hn::AllFalse(f, hn::Lt(least, hn::Set(f, best[k - 1])))) continue;
    insert(a, j);
    insert(b, j + step);
    insert(c, j + 2 * step);
    insert(d, j + 3 * step);
  }
  for (; v < vectors; ++v) insert(squared<kWidth>(x, i, y, v * step), v * step);
}

void radius_any(const Columns& x, int64_t i, const Columns& y, int64_t skip, int64_t k, float* best) {
  x.width() == 2 ? radius<2>(x, i, y, skip, k, best) : radius<0>(x, i, y, skip, k, best);
}

/// `radii` is padded with -1, which no distance reaches.
template <int kWidth>
bool covered(const Columns& x, int64_t i, const Columns& y, const float* radii) {
  const Floats f;
  const int64_t step = lanes();
  for (int64_t j = 0; j < y.rows(); j += step)
    if (!hn::AllFalse(f, hn::Le(squared<kWidth>(x, i, y, j), hn::Load(f, radii + j)))) return true;
  return false;
}

bool covered_any(const Columns& x, int64_t i, const Columns& y, const float* radii) {
  return x.width() == 2 ? covered<2>(x, i, y, radii) : covered<0>(x, i, y, radii);
}

/// Rows of y within the squared radius of row i of x.
template <int kWidth>
int64_t within(const Columns& x, int64_t i, float radius, const Columns& y) {
  const Floats f;
  const hn::RebindToSigned<Floats> whole;
  const int64_t step = lanes(), full = y.rows() / step * step;
  const Vec r = hn::Set(f, radius);
  auto counts = hn::Zero(whole);  // a true lane is -1
  int64_t j = 0;
  for (; j < full; j += step)
    counts = hn::Sub(counts, hn::VecFromMask(whole, hn::RebindMask(whole, hn::Le(squared<kWidth>(x, i, y, j), r))));
  if (j < y.rows()) {
    const auto mask = hn::And(hn::Le(squared<kWidth>(x, i, y, j), r), hn::FirstN(f, static_cast<size_t>(y.rows() - j)));
    counts = hn::Sub(counts, hn::VecFromMask(whole, hn::RebindMask(whole, mask)));
  }
  return hn::GetLane(hn::SumOfLanes(whole, counts));
}

int64_t within_any(const Columns& x, int64_t i, float radius, const Columns& y) {
  return x.width() == 2 ? within<2>(x, i, radius, y) : within<0>(x, i, radius, y);
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
HWY_EXPORT(within_any);

/// out[i] = of_row(i) for each row of x.
template <class T, class OfRow>
std::vector<T> for_rows(const Columns& x, const OfRow& of_row) {
  constexpr int64_t kRows = 128;  // rows of one task
  std::vector<T> out(static_cast<size_t>(x.rows()));
  for_each_task((x.rows() + kRows - 1) / kRows, [&](int64_t task) {
    for (int64_t i = task * kRows; i < std::min(x.rows(), (task + 1) * kRows); ++i)
      out[static_cast<size_t>(i)] = of_row(i);
  });
  return out;
}

/// `self`: y is x, and a row is no neighbour of itself.
std::vector<float> radii_of(const Columns& x, const Columns& y, bool self, int64_t k) {
  return for_rows<float>(x, [&](int64_t i) {
    thread_local std::vector<float> best;
    best.resize(static_cast<size_t>(k));
    HWY_DYNAMIC_DISPATCH(radius_any)(x, i, y, self ? i : -1, k, best.data());
    return best.back();
  });
}

std::vector<double> radii_plain(const float* x, int64_t n, const float* y, int64_t m, int64_t width, bool self,
                                int64_t k) {
  std::vector<double> radii, others;
  for (int64_t i = 0; i < n; ++i) {
    others.clear();
    for (int64_t j = 0; j < m; ++j)
      if (!self || j != i) others.push_back(squared_distance(x + i * width, y + j * width, width));
    std::nth_element(others.begin(), others.begin() + (k - 1), others.end());
    radii.push_back(others[static_cast<size_t>(k - 1)]);
  }
  return radii;
}

}  // namespace

std::vector<float> neighbour_radii(const Columns& x, int64_t k) { return radii_of(x, x, true, k); }

std::vector<float> neighbour_radii(const Columns& x, const Columns& y, int64_t k) { return radii_of(x, y, false, k); }

int64_t count_covered(const Columns& x, const Columns& y, std::span<const float> radii) {
  const std::vector<float> columns = [&] {
    std::vector<float> v(radii.begin(), radii.end());
    v.resize(static_cast<size_t>(y.padded()), -1.0f);
    return v;
  }();
  const Columns padded(columns.data(), y.padded(), 1);  // on 64-byte lines
  const auto inside =
      for_rows<char>(x, [&](int64_t i) { return HWY_DYNAMIC_DISPATCH(covered_any)(x, i, y, padded.column(0)); });
  return std::accumulate(inside.begin(), inside.end(), int64_t{0});
}

std::vector<int64_t> count_within(const Columns& x, std::span<const float> radii, const Columns& y) {
  return for_rows<int64_t>(
      x, [&](int64_t i) { return HWY_DYNAMIC_DISPATCH(within_any)(x, i, radii[static_cast<size_t>(i)], y); });
}

std::vector<double> neighbour_radii_plain(const float* x, int64_t n, int64_t width, int64_t k) {
  return radii_plain(x, n, x, n, width, true, k);
}

std::vector<double> neighbour_radii_plain(const float* x, int64_t n, const float* y, int64_t m, int64_t width,
                                          int64_t k) {
  return radii_plain(x, n, y, m, width, false, k);
}

int64_t count_covered_plain(const float* x, int64_t n, const float* y, int64_t m, int64_t width,
                            std::span<const double> radii) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) {
    bool inside = false;
    for (int64_t j = 0; j < m; ++j)
      inside = inside || squared_distance(x + i * width, y + j * width, width) <= radii[static_cast<size_t>(j)];
    count += inside;
  }
  return count;
}

std::vector<int64_t> count_within_plain(const float* x, int64_t n, std::span<const double> radii, const float* y,
                                        int64_t m, int64_t width) {
  std::vector<int64_t> counts;
  for (int64_t i = 0; i < n; ++i) {
    counts.push_back(0);
    for (int64_t j = 0; j < m; ++j)
      counts.back() += squared_distance(x + i * width, y + j * width, width) <= radii[static_cast<size_t>(i)];
  }
  return counts;
}

}  // namespace roulade
#endif  // HWY_ONCE
