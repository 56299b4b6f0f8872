// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/sliced.hpp"

#include "roulade/kernel/sort.hpp"
#include "roulade/kernel/tasks.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/sliced.cpp"
#include <hwy/foreach_target.h>
// after foreach_target.h
#include "roulade/kernel/simd.hpp"

HWY_BEFORE_NAMESPACE();
namespace roulade {
namespace HWY_NAMESPACE {
namespace {

/// out[i] = sum_c x[i, c] direction[c].   out: [x.padded()].
void project(const Columns& x, const float* direction, float* out) {
  const Floats f;
  const int64_t step = lanes();
  for (int64_t j = 0; j < x.padded(); j += step) {
    Vec sum = hn::Mul(hn::Load(f, x.column(0) + j), hn::Set(f, direction[0]));
    for (int64_t c = 1; c < x.width(); ++c)
      sum = hn::MulAdd(hn::Load(f, x.column(c) + j), hn::Set(f, direction[c]), sum);
    hn::StoreU(sum, f, out + j);
  }
}

/// sum_i |a_i - b_i|: at most 64 float additions in a lane before they go to double.
double difference(const float* a, const float* b, int64_t n) {
  const Floats f;
  const int64_t step = lanes(), whole = n / step * step;
  double total = 0;
  int64_t j = 0;
  while (j < whole) {
    const int64_t stop = std::min(whole, j + 64 * step);
    Vec sum = hn::Zero(f);
    for (; j < stop; j += step) sum = hn::Add(sum, hn::AbsDiff(hn::LoadU(f, a + j), hn::LoadU(f, b + j)));
    total += sum_in_double(sum);
  }
  for (; j < n; ++j) total += std::abs(a[j] - b[j]);
  return total;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade {
namespace {

HWY_EXPORT(project);
HWY_EXPORT(difference);

}  // namespace

std::vector<double> sliced_wasserstein(std::span<const Columns> sets, const Columns& reference,
                                       std::span<const float> directions) {
  constexpr int64_t kDirections = 4;  // directions of one task
  const int64_t n = reference.rows(), width = reference.width();
  const int64_t count = static_cast<int64_t>(directions.size()) / width;
  std::vector<double> parts(static_cast<size_t>(count) * sets.size());
  for_each_task((count + kDirections - 1) / kDirections, [&](int64_t task) {
    std::vector<float> a(static_cast<size_t>(reference.padded())), b(a.size());
    RadixSort sort;
    const auto sorted = [&](const Columns& x, int64_t k, std::vector<float>& out) {
      HWY_DYNAMIC_DISPATCH(project)(x, directions.data() + k * width, out.data());
      sort(std::span<float>(out).first(static_cast<size_t>(n)));
    };
    for (int64_t k = task * kDirections; k < std::min(count, (task + 1) * kDirections); ++k) {
      sorted(reference, k, a);
      for (size_t s = 0; s < sets.size(); ++s) {
        sorted(sets[s], k, b);
        parts[s * static_cast<size_t>(count) + static_cast<size_t>(k)] =
            HWY_DYNAMIC_DISPATCH(difference)(a.data(), b.data(), n);
      }
    }
  });
  std::vector<double> means;
  for (auto from = parts.begin(); from != parts.end(); from += count)
    means.push_back(std::accumulate(from, from + count, 0.0) / static_cast<double>(n * count));
  return means;
}

double sliced_wasserstein_plain(const float* x, const float* y, int64_t n, int64_t width,
                                std::span<const float> directions) {
  const auto projected = [&](const float* points, int64_t k) {
    std::vector<double> p(static_cast<size_t>(n), 0.0);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t c = 0; c < width; ++c)
        p[static_cast<size_t>(i)] += double{points[i * width + c]} * directions[static_cast<size_t>(k * width + c)];
    std::sort(p.begin(), p.end());
    return p;
  };
  const int64_t count = static_cast<int64_t>(directions.size()) / width;
  double total = 0;
  for (int64_t k = 0; k < count; ++k) {
    const std::vector<double> a = projected(x, k), b = projected(y, k);
    for (size_t i = 0; i < a.size(); ++i) total += std::abs(a[i] - b[i]);
  }
  return total / static_cast<double>(n * count);
}

}  // namespace roulade
#endif  // HWY_ONCE
