// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/cos_sin.hpp"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/cos_sin.cpp"
#include <hwy/foreach_target.h>
// after foreach_target.h
#include "roulade/kernel/simd.hpp"

HWY_BEFORE_NAMESPACE();
namespace roulade::kernel {
namespace HWY_NAMESPACE {
namespace {

using roulade::HWY_NAMESPACE::Floats;
using roulade::HWY_NAMESPACE::Vec;
namespace hn = hwy::HWY_NAMESPACE;

constexpr float kFar = 1e4f;  // from here on the angle less its quarter turns would lose digits

/// Cosine and sine of |x| < kFar. x = n pi / 2 + r, |r| <= pi / 4; minimax polynomials in r, right to 2e-9.
HWY_INLINE void cos_sin(Vec x, Vec& cosine, Vec& sine) {
  const Floats f;
  const hn::RebindToUnsigned<Floats> bits;
  const Vec magic = hn::Set(f, 0x1.8p23f);  // a float of this size has n in its low bits
  const Vec shifted = hn::MulAdd(x, hn::Set(f, 0.636619772f), magic);
  const Vec n = hn::Sub(shifted, magic);
  // pi / 2 in three parts; n times the first two is exact, so that no fused instruction is needed.
  Vec r = hn::MulAdd(n, hn::Set(f, -1.5703125f), x);
  r = hn::MulAdd(n, hn::Set(f, -0x1.fb4p-12f), r);
  r = hn::MulAdd(n, hn::Set(f, -7.54978995e-8f), r);
  const Vec r2 = hn::Mul(r, r);
  Vec s = hn::MulAdd(r2, hn::Set(f, -1.9494950e-4f), hn::Set(f, 8.3319733e-3f));
  s = hn::MulAdd(s, r2, hn::Set(f, -0.16666651f));
  s = hn::MulAdd(hn::Mul(s, r2), r, r);
  Vec c = hn::MulAdd(r2, hn::Set(f, 2.4437729e-5f), hn::Set(f, -1.3887361e-3f));
  c = hn::MulAdd(c, r2, hn::Set(f, 4.1666647e-2f));
  c = hn::MulAdd(c, r2, hn::Set(f, -0.5f));
  c = hn::MulAdd(c, r2, hn::Set(f, 1.0f));
  // Quarter turns: an odd n swaps the two; bit 1 of n is the sine's sign, of n + 1 the cosine's.
  const auto quarter = hn::BitCast(bits, shifted);
  const auto sign = hn::Set(bits, 0x80000000u);
  const auto odd = hn::RebindMask(f, hn::TestBit(quarter, hn::Set(bits, 1u)));
  const auto sine_sign = hn::And(hn::ShiftLeft<30>(quarter), sign);
  const auto cosine_sign = hn::And(hn::ShiftLeft<30>(hn::Add(quarter, hn::Set(bits, 1u))), sign);
  sine = hn::Xor(hn::IfThenElse(odd, c, s), hn::BitCast(f, sine_sign));
  cosine = hn::Xor(hn::IfThenElse(odd, s, c), hn::BitCast(f, cosine_sign));
}

/// One vector of angles; far ones and what is no number as the standard library has them.
HWY_INLINE void features(Vec angle, float* cosine, float* sine) {
  const Floats f;
  if (hn::AllTrue(f, hn::Lt(hn::Abs(angle), hn::Set(f, kFar)))) {
    Vec c, s;
    cos_sin(angle, c, s);
    hn::StoreU(c, f, cosine);
    hn::StoreU(s, f, sine);
    return;
  }
  HWY_ALIGN float each[16];
  hn::Store(angle, f, each);
  for (size_t l = 0; l < hn::Lanes(f); ++l) {
    cosine[l] = std::cos(each[l]);
    sine[l] = std::sin(each[l]);
  }
}

void run_cos_sin(int64_t n, const float* k, const float* frequency, int64_t half, float factor, float* out,
                 int64_t stride) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  const int64_t whole = half / lanes * lanes, rest = half - whole;
  HWY_ALIGN float tail[16] = {}, cosine[16], sine[16];
  std::copy_n(frequency + whole, rest, tail);
  const Vec by = hn::Set(f, factor), last = hn::Load(f, tail);
  for (int64_t i = 0; i < n; ++i, out += stride) {
    const Vec level = hn::Set(f, k[i]);
    for (int64_t j = 0; j < whole; j += lanes)
      features(hn::Mul(hn::Mul(level, hn::LoadU(f, frequency + j)), by), out + j, out + half + j);
    if (rest == 0) continue;
    features(hn::Mul(hn::Mul(level, last), by), cosine, sine);
    std::copy_n(cosine, rest, out + whole);
    std::copy_n(sine, rest, out + half + whole);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade::kernel {
namespace {

HWY_EXPORT(run_cos_sin);

}  // namespace

void cos_sin_features(int64_t n, const float* k, std::span<const float> f, float factor, float* out, int64_t stride) {
  HWY_DYNAMIC_DISPATCH(run_cos_sin)(n, k, f.data(), static_cast<int64_t>(f.size()), factor, out, stride);
}

}  // namespace roulade::kernel
#endif  // HWY_ONCE
