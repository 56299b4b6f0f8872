// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/adam.hpp"

#include "roulade/core/parallel.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/adam.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef ROULADE_ADAM_FACTORS
#define ROULADE_ADAM_FACTORS
namespace roulade::kernel {
namespace {

/// The step's numbers in the form that the loop reads.
struct Factors {
  float rate, inverse2, b1, c1, b2, c2, epsilon, scale, coupled, keep;
};

}  // namespace
}  // namespace roulade::kernel
#endif

HWY_BEFORE_NAMESPACE();
namespace roulade::kernel {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// Calls body(tag, first) for whole vectors, then for single elements.
template <class Body>
HWY_INLINE void for_lanes(int64_t count, const Body& body) {
  const hn::CappedTag<float, 16> wide;
  const hn::CappedTag<float, 1> single;
  const auto lanes = static_cast<int64_t>(hn::Lanes(wide));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) body(wide, i);
  for (; i < count; ++i) body(single, i);
}

void adam_range(const Factors& s, int64_t count, float* weight, const float* gradient, float* m, float* v) {
  for_lanes(count, [&](auto f, int64_t i) HWY_ATTR {
    const auto w = hn::LoadU(f, weight + i);
    const auto g = hn::MulAdd(hn::Set(f, s.coupled), w, hn::Mul(hn::Set(f, s.scale), hn::LoadU(f, gradient + i)));
    const auto m1 = hn::MulAdd(hn::Set(f, s.c1), g, hn::Mul(hn::Set(f, s.b1), hn::LoadU(f, m + i)));
    const auto v1 = hn::MulAdd(hn::Mul(hn::Set(f, s.c2), g), g, hn::Mul(hn::Set(f, s.b2), hn::LoadU(f, v + i)));
    const auto size = hn::MulAdd(hn::Sqrt(v1), hn::Set(f, s.inverse2), hn::Set(f, s.epsilon));
    hn::StoreU(m1, f, m + i);
    hn::StoreU(v1, f, v + i);
    hn::StoreU(hn::Sub(hn::Mul(hn::Set(f, s.keep), w), hn::Div(hn::Mul(hn::Set(f, s.rate), m1), size)), f, weight + i);
  });
}

void average_range(float step, int64_t count, float* average, const float* weight) {
  for_lanes(count, [&](auto f, int64_t i) HWY_ATTR {
    const auto a = hn::LoadU(f, average + i);
    hn::StoreU(hn::MulAdd(hn::Set(f, step), hn::Sub(hn::LoadU(f, weight + i), a), a), f, average + i);
  });
}

double squares_range(int64_t count, const float* values) {
  const hn::CappedTag<double, 8> d;
  const hn::Rebind<float, decltype(d)> f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto even = hn::Zero(d), odd = hn::Zero(d);
  int64_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    const auto a = hn::PromoteTo(d, hn::LoadU(f, values + i)), b = hn::PromoteTo(d, hn::LoadU(f, values + i + lanes));
    even = hn::MulAdd(a, a, even);
    odd = hn::MulAdd(b, b, odd);
  }
  double sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  for (; i < count; ++i) sum += double{values[i]} * double{values[i]};
  return sum;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade::kernel {
namespace {

HWY_EXPORT(adam_range);
HWY_EXPORT(average_range);
HWY_EXPORT(squares_range);

constexpr int64_t kGrain = 1 << 15;
constexpr int64_t kPiece = 1 << 12;  // of a weight, its gradient, moments and averages: they share the cache

}  // namespace

void adam(const AdamStep& s, std::span<float> weight, std::span<const float> gradient, std::span<float> m,
          std::span<float> v, std::span<const Follower> followers) {
  const double correct1 = 1 - std::pow(s.beta1, static_cast<double>(s.step));
  const double correct2 = 1 - std::pow(s.beta2, static_cast<double>(s.step));
  const auto f = [](double x) { return static_cast<float>(x); };
  const Factors factors = {.rate = f(s.lr / correct1),
                           .inverse2 = f(1 / std::sqrt(correct2)),
                           .b1 = f(s.beta1),
                           .c1 = f(1 - s.beta1),
                           .b2 = f(s.beta2),
                           .c2 = f(1 - s.beta2),
                           .epsilon = f(s.epsilon),
                           .scale = f(s.gradient_scale),
                           .coupled = f(s.decoupled ? 0 : s.weight_decay),
                           .keep = f(s.decoupled ? 1 - s.lr * s.weight_decay : 1)};
  parallel_for(0, static_cast<int64_t>(weight.size()), kGrain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; i += kPiece) {
      const int64_t count = std::min(kPiece, last - i);
      HWY_DYNAMIC_DISPATCH(adam_range)
      (factors, count, weight.data() + i, gradient.data() + i, m.data() + i, v.data() + i);
      for (const Follower& follower : followers) HWY_DYNAMIC_DISPATCH(average_range)
      (f(1 - follower.decay), count, follower.average.data() + i, weight.data() + i);
    }
  });
}

void average(double decay, std::span<float> average, std::span<const float> weight) {
  parallel_for(0, static_cast<int64_t>(weight.size()), kGrain, [&](int64_t first, int64_t last) {
    HWY_DYNAMIC_DISPATCH(average_range)
    (static_cast<float>(1 - decay), last - first, average.data() + first, weight.data() + first);
  });
}

double sum_of_squares(std::span<const float> values) {
  const auto n = static_cast<int64_t>(values.size());
  const int64_t pieces = (n + kGrain - 1) / kGrain;
  std::vector<double> sums(static_cast<size_t>(pieces));
  parallel_for(0, pieces, 1, [&](int64_t first, int64_t last) {
    for (int64_t p = first; p < last; ++p)
      sums[static_cast<size_t>(p)] =
          HWY_DYNAMIC_DISPATCH(squares_range)(std::min(n, (p + 1) * kGrain) - p * kGrain, values.data() + p * kGrain);
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace roulade::kernel
#endif  // HWY_ONCE
