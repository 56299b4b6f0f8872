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

/// In place of how many lanes: all of them, which is known when the code is compiled.
struct Whole {};

/// The first `count` floats, 1 to lanes(), and zeros; no more is read.
HWY_INLINE Vec load_some(const float* from, int64_t count) {
  const Floats f;
  if (count == static_cast<int64_t>(hn::Lanes(f))) return hn::LoadU(f, from);
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2  // what a mask leaves out is not touched there
  return hn::MaskedLoad(hn::FirstN(f, static_cast<size_t>(count)), f, from);
#else
  alignas(64) float lane[16] = {};
  std::copy_n(from, count, lane);
  return hn::Load(f, lane);
#endif
}
HWY_INLINE Vec load_some(const float* from, Whole) { return hn::LoadU(Floats(), from); }

/// The first `count` lanes; no more is written.
HWY_INLINE void store_some(Vec v, float* to, int64_t count) {
  const Floats f;
  if (count == static_cast<int64_t>(hn::Lanes(f))) {
    hn::StoreU(v, f, to);
    return;
  }
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
  hn::BlendedStore(v, hn::FirstN(f, static_cast<size_t>(count)), f, to);
#else
  alignas(64) float lane[16];
  hn::Store(v, f, lane);
  std::copy_n(lane, count, to);
#endif
}
HWY_INLINE void store_some(Vec v, float* to, Whole) { hn::StoreU(v, Floats(), to); }

/// The first `count` lanes of v, and those of `rest`.
HWY_INLINE Vec some_of(Vec v, int64_t count, Vec rest) {
  return hn::IfThenElse(hn::FirstN(Floats(), static_cast<size_t>(count)), v, rest);
}
HWY_INLINE Vec some_of(Vec v, Whole, Vec) { return v; }

/// Calls body(first, Whole()) for the vectors of a row of `count` floats, and body(first, how many) for the rest.
template <class Body>
HWY_INLINE void for_vectors(int64_t count, const Body& body) {
  int64_t i = 0;
  for (; i + lanes() <= count; i += lanes()) body(i, Whole());
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
