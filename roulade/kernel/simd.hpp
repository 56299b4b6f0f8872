// SPDX-License-Identifier: Apache-2.0
// What the kernels share within one instruction set. Highway compiles a kernel's .cpp once for each instruction set,
// and so this header with it: it is included after hwy/foreach_target.h, and its guard opens anew each time.
#if defined(ROULADE_KERNEL_SIMD_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ROULADE_KERNEL_SIMD_HPP
#undef ROULADE_KERNEL_SIMD_HPP
#else
#define ROULADE_KERNEL_SIMD_HPP
#endif

#include "roulade/kernel/columns.hpp"

#include <algorithm>
#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace roulade {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, Columns::kPad>;
using Doubles = hn::Repartition<double, Floats>;
using Vec = hn::Vec<Floats>;

inline int64_t lanes() { return static_cast<int64_t>(hn::Lanes(Floats())); }

/// Squared distances from row i of x to rows j, j + 1, ... of y, a lane each; j: a multiple of lanes(). kWidth: the
/// width where it is known beforehand, 0 = x.width(). Every kernel uses this expression, so a neighbour is inside the
/// ball that it defines.
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

/// The first `count` floats, 1 to lanes(), and zeros; no more is read.
HWY_INLINE Vec load_some(const float* from, int64_t count) {
  const Floats f;
  if (count == static_cast<int64_t>(hn::Lanes(f))) return hn::LoadU(f, from);
  alignas(64) float lane[16] = {};
  std::copy_n(from, count, lane);
  return hn::Load(f, lane);
}

/// The first `count` lanes; no more is written.
HWY_INLINE void store_some(Vec v, float* to, int64_t count) {
  const Floats f;
  if (count == static_cast<int64_t>(hn::Lanes(f))) {
    hn::StoreU(v, f, to);
    return;
  }
  alignas(64) float lane[16];
  hn::Store(v, f, lane);
  std::copy_n(lane, count, to);
}

/// Calls body(first, how many) for the vectors of a row of `count` floats, the last of which may be a part of one.
template <class Body>
HWY_INLINE void for_vectors(int64_t count, const Body& body) {
  int64_t i = 0;
  for (; i + lanes() <= count; i += lanes()) body(i, lanes());
  if (i < count) body(i, count - i);
}

/// The sum of the lanes, added in double.
inline double sum_in_double(Vec v) {
  const Doubles d;
  const hn::Half<Floats> half;
  return hn::GetLane(
      hn::SumOfLanes(d, hn::Add(hn::PromoteTo(d, hn::LowerHalf(half, v)), hn::PromoteTo(d, hn::UpperHalf(half, v)))));
}

}  // namespace HWY_NAMESPACE
}  // namespace roulade
HWY_AFTER_NAMESPACE();

#endif  // guard
