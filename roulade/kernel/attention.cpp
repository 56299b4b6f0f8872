// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/attention.hpp"

#include "roulade/kernel/matrix_product.hpp"
#include "roulade/kernel/tasks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/attention.cpp"
// What is compiled once for each instruction set comes last.
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "roulade/kernel/tile_product.hpp"
// clang-format on

#ifndef ROULADE_ATTENTION_TYPES
#define ROULADE_ATTENTION_TYPES
namespace roulade::kernel {
namespace {

constexpr int64_t kQueries = 128, kKeys = 512;  // of a block of scores, which stays in the second cache

/// Scores of some queries and keys, row after row.
struct ScoreBlock {
  int64_t queries = 0, keys = 0;
  float* scores = nullptr;  // [queries, row]
  int64_t row = 0;
  const float* bias = nullptr;  // [keys] or null
};

}  // namespace
}  // namespace roulade::kernel
#endif

HWY_BEFORE_NAMESPACE();
namespace roulade::kernel {
namespace HWY_NAMESPACE {
namespace {

constexpr float kLeast = -87;  // exp() below is 0

/// exp(x) for x < 87 to 2e-7 of its value, 0 below -87, NaN of NaN. As in sigmoid(), exp(x) = 2^n p(-r).
HWY_INLINE Vec exponential(Vec x) {
  const Floats f;
  const hn::RebindToSigned<Floats> whole;
  const Vec magic = hn::Set(f, 0x1.8p23f);  // a float of this size has n in its low bits
  const Vec inside = hn::Max(x, hn::Set(f, kLeast));
  const Vec shifted = hn::MulAdd(inside, hn::Set(f, 1.44269504f), magic);
  const Vec n = hn::Sub(shifted, magic);
  // x - n ln 2 in two parts, the first of which is exact.
  const Vec r = hn::NegMulAdd(n, hn::Set(f, 1.42860677e-6f), hn::NegMulAdd(n, hn::Set(f, 0.693145752f), inside));
  const Vec r2 = hn::Mul(r, r);
  const Vec high = hn::MulAdd(r, hn::Set(f, 0.0083125204f), hn::Set(f, 0.0418901578f));
  const Vec middle = hn::MulAdd(r, hn::Set(f, 0.1666711465f), hn::Set(f, 0.4999923149f));
  const Vec p = hn::MulAdd(hn::MulAdd(high, r2, middle), r2, hn::Add(hn::Set(f, 1.0f), r));
  const Vec out = hn::BitCast(f, hn::Add(hn::BitCast(whole, p), hn::ShiftLeft<23>(hn::BitCast(whole, shifted))));
  return hn::IfThenElse(hn::Eq(x, x), hn::IfThenZeroElse(hn::Lt(x, hn::Set(f, kLeast)), out), x);
}

/// Scores become exp(score + bias - most), most being the largest so far; sums and what was summed with the former
/// largest are scaled to it.   most, sums: [queries]; out: rows of `width`, `out_row` apart.
void soften(const ScoreBlock& b, float* most, float* sums, float* out, int64_t out_row, int64_t width) {
  const Floats f;
  const Vec none = hn::Set(f, -std::numeric_limits<float>::infinity());
  for (int64_t i = 0; i < b.queries; ++i) {
    float* const row = b.scores + i * b.row;
    Vec top = none;
    for_vectors(b.keys, [&](int64_t at, auto n) HWY_ATTR {
      Vec s = load_some(row + at, n);
      if (b.bias) {
        s = hn::Add(s, load_some(b.bias + at, n));
        store_some(s, row + at, n);
      }
      top = hn::Max(top, some_of(s, n, none));
    });
    const float before = most[i], now = std::max(before, hn::GetLane(hn::MaxOfLanes(f, top)));
    const float base = now == -std::numeric_limits<float>::infinity() ? 0.0F : now;
    const float kept = before == now ? 1.0F : std::exp(before - base);
    most[i] = now;
    Vec sum = hn::Zero(f);
    for_vectors(b.keys, [&](int64_t at, auto n) HWY_ATTR {
      const Vec e = exponential(hn::Sub(load_some(row + at, n), hn::Set(f, base)));
      store_some(e, row + at, n);
      sum = hn::Add(sum, some_of(e, n, hn::Zero(f)));
    });
    sums[i] = sums[i] * kept + hn::GetLane(hn::SumOfLanes(f, sum));
    if (kept == 1) continue;
    for_vectors(width, [&](int64_t at, auto n) HWY_ATTR {
      store_some(hn::Mul(load_some(out + i * out_row + at, n), hn::Set(f, kept)), out + i * out_row + at, n);
    });
  }
}

/// Scores become P = exp(score + bias - log_sum), and by_p becomes P (by_p - inner): the derivative by the scores.
void soften_gradient(const ScoreBlock& b, const float* log_sums, const float* inner, float* by_p) {
  const Floats f;
  for (int64_t i = 0; i < b.queries; ++i) {
    float *const row = b.scores + i * b.row, *const by = by_p + i * b.row;
    const Vec log_sum = hn::Set(f, log_sums[i]), own = hn::Set(f, inner[i]);
    for_vectors(b.keys, [&](int64_t at, auto n) HWY_ATTR {
      Vec s = load_some(row + at, n);
      if (b.bias) s = hn::Add(s, load_some(b.bias + at, n));  // in the order of soften()
      const Vec p = exponential(hn::Sub(s, log_sum));
      store_some(p, row + at, n);
      store_some(hn::Mul(p, hn::Sub(load_some(by + at, n), own)), by + at, n);
    });
  }
}

/// a b, summed.
float inner_product(int64_t width, const float* a, const float* b) {
  Vec sum = hn::Zero(Floats());
  for_vectors(width,
              [&](int64_t at, auto n) HWY_ATTR { sum = hn::MulAdd(load_some(a + at, n), load_some(b + at, n), sum); });
  return hn::GetLane(hn::SumOfLanes(Floats(), sum));
}

void scale_row(int64_t width, float by, float* row) {
  const Floats f;
  for_vectors(width, [&](int64_t at, auto n)
                         HWY_ATTR { store_some(hn::Mul(load_some(row + at, n), hn::Set(f, by)), row + at, n); });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade::kernel {
namespace {

HWY_EXPORT(soften);
HWY_EXPORT(soften_gradient);
HWY_EXPORT(inner_product);
HWY_EXPORT(scale_row);

/// Where a head of one sample lies.
struct Head {
  int64_t sample, head, row;  // row: floats between tokens

  Head(const AttentionShape& s, int64_t task) : sample(task / s.heads), head(task % s.heads), row(s.heads * s.width) {}
  int64_t at(const AttentionShape& s, int64_t tokens, int64_t token) const {
    return (sample * tokens + token) * row + head * s.width;
  }
};

/// C = alpha A B + beta C, one head's block.
void product(int64_t rows, int64_t columns, int64_t depth, const Matrix& a, const Matrix& b, float* c, int64_t c_row,
             float alpha, float beta) {
  MatrixProduct p(rows, columns, depth, a, b, c, c_row);
  p.alpha = alpha;
  if (beta != 0) {
    p.beta = beta;
    p.d = c;
    p.d_row = c_row;
  }
  multiply(p);
}

/// scale Q K^T of a block.
ScoreBlock scores_of(const AttentionShape& s, const Head& head, const float* q, const float* k, const float* bias,
                     int64_t query, int64_t key, float* to) {
  const int64_t keys = std::min(kKeys, s.keys - key);
  const ScoreBlock out{std::min(kQueries, s.queries - query), keys, to, (keys + 15) / 16 * 16,
                       bias ? bias + head.sample * s.keys + key : nullptr};
  product(out.queries, out.keys, s.width, {q + head.at(s, s.queries, query), head.row, 1},
          {k + head.at(s, s.keys, key), 1, head.row}, to, out.row, s.scale, 0);
  return out;
}

/// Memory for a block of scores: the thread's own, the first or the second.
float* block(size_t which) {
  thread_local std::vector<float> kept[2];
  kept[which].resize(static_cast<size_t>(kQueries * kKeys));
  return kept[which].data();
}

}  // namespace

void attention(const AttentionShape& s, const float* q, const float* k, const float* v, const float* bias, float* out,
               float* log_sums) {
  const int64_t blocks = (s.queries + kQueries - 1) / kQueries;
  for_each_task(s.batch * s.heads * blocks, [&](int64_t task) {
    const Head head(s, task / blocks);
    const int64_t query = task % blocks * kQueries, rows = std::min(kQueries, s.queries - query);
    float* const scores = block(0);
    std::vector<float> most(static_cast<size_t>(rows), -std::numeric_limits<float>::infinity()),
        sums(most.size(), 0.0F);
    float* const o = out + head.at(s, s.queries, query);
    for (int64_t i = 0; i < rows; ++i) std::fill_n(o + i * head.row, s.width, 0.0F);
    for (int64_t key = 0; key < s.keys; key += kKeys) {
      const ScoreBlock b = scores_of(s, head, q, k, bias, query, key, scores);
      HWY_DYNAMIC_DISPATCH(soften)(b, most.data(), sums.data(), o, head.row, s.width);
      product(rows, s.width, b.keys, {scores, b.row, 1}, {v + head.at(s, s.keys, key), head.row, 1}, o, head.row, 1, 1);
    }
    for (int64_t i = 0; i < rows; ++i) {
      const auto at = static_cast<size_t>(i);
      if (sums[at] != 0) HWY_DYNAMIC_DISPATCH(scale_row)(s.width, 1 / sums[at], o + i * head.row);
      if (log_sums)
        log_sums[(head.sample * s.heads + head.head) * s.queries + query + i] =
            sums[at] == 0 ? std::numeric_limits<float>::infinity() : most[at] + std::log(sums[at]);
    }
  });
}

void attention_gradient(const AttentionShape& s, const float* q, const float* k, const float* v, const float* bias,
                        const AttentionAnswer& answer, const AttentionGradients& to) {
  if (s.queries == 0 || s.keys == 0) {
    const int64_t row = s.heads * s.width;
    std::fill_n(to.q, s.batch * s.queries * row, 0.0F);
    std::fill_n(to.k, s.batch * s.keys * row, 0.0F);
    std::fill_n(to.v, s.batch * s.keys * row, 0.0F);
    return;
  }
  for_each_task(s.batch * s.heads, [&](int64_t task) {
    const Head head(s, task);
    float *const scores = block(0), *const by_p = block(1);
    std::vector<float> inner(static_cast<size_t>(kQueries));
    for (int64_t query = 0; query < s.queries; query += kQueries) {
      const int64_t rows = std::min(kQueries, s.queries - query), at = head.at(s, s.queries, query);
      const float* const by_out = answer.by_out + at;
      for (int64_t i = 0; i < rows; ++i)
        inner[static_cast<size_t>(i)] =
            HWY_DYNAMIC_DISPATCH(inner_product)(s.width, answer.out + at + i * head.row, by_out + i * head.row);
      for (int64_t key = 0; key < s.keys; key += kKeys) {
        const int64_t key_at = head.at(s, s.keys, key);
        const ScoreBlock b = scores_of(s, head, q, k, bias, query, key, scores);
        product(rows, b.keys, s.width, {by_out, head.row, 1}, {v + key_at, 1, head.row}, by_p, b.row, 1, 0);
        HWY_DYNAMIC_DISPATCH(soften_gradient)
        (b, answer.log_sums + task * s.queries + query, inner.data(), by_p);
        const float again = query == 0 ? 0.0F : 1.0F;
        product(b.keys, s.width, rows, {scores, 1, b.row}, {by_out, head.row, 1}, to.v + key_at, head.row, 1, again);
        product(b.keys, s.width, rows, {by_p, 1, b.row}, {q + at, head.row, 1}, to.k + key_at, head.row, s.scale,
                again);
        product(rows, s.width, b.keys, {by_p, b.row, 1}, {k + key_at, head.row, 1}, to.q + at, head.row, s.scale,
                key == 0 ? 0.0F : 1.0F);
      }
    }
  });
}

}  // namespace roulade::kernel
#endif  // HWY_ONCE
