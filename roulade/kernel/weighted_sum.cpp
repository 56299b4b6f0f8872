// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/weighted_sum.hpp"

#include "roulade/core/parallel.hpp"

#include <atomic>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/weighted_sum.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace roulade::kernel {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const float* from) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, D>(), from));
}

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const double* from) {
  return hn::LoadU(d, from);
}

/// Stores x, rounded; returns 0 for what became finite and else NaN.
template <class D>
HWY_INLINE hn::Vec<D> store(D d, hn::Vec<D> x, float* to) {
  const hn::Rebind<float, D> f;
  const auto rounded = hn::DemoteTo(f, x);
  hn::StoreU(rounded, f, to);
  return hn::PromoteTo(d, hn::Sub(rounded, rounded));
}

template <class D>
HWY_INLINE hn::Vec<D> store(D d, hn::Vec<D> x, double* to) {
  hn::StoreU(x, d, to);
  return hn::Sub(x, x);
}

/// One vector from element i on of one or two sums; adds to `bad` what `store` returns.
template <bool kTwo, class D, class Real>
HWY_INLINE void sums(D d, std::span<const SumTerm<Real>> terms, int64_t i, Real* out, Real* second, hn::Vec<D>& bad) {
  const auto v = load(d, terms[0].values + i);
  auto sum = hn::Mul(hn::Set(d, terms[0].weight), v);
  auto other = kTwo ? hn::Mul(hn::Set(d, terms[0].second_weight), v) : hn::Zero(d);
  for (size_t j = 1; j < terms.size(); ++j) {
    const auto w = load(d, terms[j].values + i);
    sum = hn::MulAdd(hn::Set(d, terms[j].weight), w, sum);
    if (kTwo) other = hn::MulAdd(hn::Set(d, terms[j].second_weight), w, other);
  }
  bad = hn::Add(bad, store(d, sum, out + i));
  if (kTwo) bad = hn::Add(bad, store(d, other, second + i));
}

template <bool kTwo, class Real>
HWY_INLINE bool range(std::span<const SumTerm<Real>> terms, int64_t first, int64_t last, Real* out, Real* second) {
  const hn::CappedTag<double, 8> wide;
  const hn::CappedTag<double, 1> single;
  const auto lanes = static_cast<int64_t>(hn::Lanes(wide));
  auto bad = hn::Zero(wide);
  auto bad_rest = hn::Zero(single);
  int64_t i = first;
  for (; i + lanes <= last; i += lanes) sums<kTwo>(wide, terms, i, out, second, bad);
  for (; i < last; ++i) sums<kTwo>(single, terms, i, out, second, bad_rest);
  return hn::GetLane(hn::SumOfLanes(wide, bad)) == 0 && hn::GetLane(bad_rest) == 0;
}

bool floats(std::span<const SumTerm<float>> terms, int64_t first, int64_t last, float* out, float* second) {
  return second ? range<true>(terms, first, last, out, second) : range<false>(terms, first, last, out, second);
}

bool doubles(std::span<const SumTerm<double>> terms, int64_t first, int64_t last, double* out, double* second) {
  return second ? range<true>(terms, first, last, out, second) : range<false>(terms, first, last, out, second);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade::kernel {
namespace {

HWY_EXPORT(floats);
HWY_EXPORT(doubles);

constexpr int64_t kGrain = 1 << 16;

template <class Range>
bool in_pieces(int64_t count, const Range& range) {
  std::atomic<bool> finite = true;
  parallel_for(0, count, kGrain, [&](int64_t first, int64_t last) {
    if (!range(first, last)) finite = false;
  });
  return finite;
}

}  // namespace

bool weighted_sum(std::span<const SumTerm<float>> terms, int64_t count, float* out, float* second) {
  return in_pieces(count, [&](int64_t first, int64_t last) {
    return HWY_DYNAMIC_DISPATCH(floats)(terms, first, last, out, second);
  });
}

bool weighted_sum(std::span<const SumTerm<double>> terms, int64_t count, double* out, double* second) {
  return in_pieces(count, [&](int64_t first, int64_t last) {
    return HWY_DYNAMIC_DISPATCH(doubles)(terms, first, last, out, second);
  });
}

}  // namespace roulade::kernel
#endif  // HWY_ONCE
