// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/attention.hpp"

#include "sets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace roulade::kernel {
namespace {

constexpr double kNear = 5e-6;  // of the largest value or term: sums of up to 1,100 terms
                                // in float, and exp() to 2e-7

// One block and several of queries and keys, widths that fill no vector, one key.
const std::vector<AttentionShape> kShapes = {{2, 5, 7, 1, 4, 0.5F},        {1, 130, 20, 3, 40, 0.158F},
                                             {2, 129, 513, 2, 32, 0.177F}, {1, 40, 1100, 1, 8, 0.3F},
                                             {3, 12, 1, 2, 64, 0.125F},    {1, 300, 300, 1, 17, 0.25F}};

struct Case {
  AttentionShape s;
  std::vector<float> q, k, v, bias, by, out, log_sums, dq, dk, dv;

  Case(const AttentionShape& shape, bool masked) : s(shape) {
    const int64_t row = s.heads * s.width;
    q = test::normal(1, s.batch * s.queries, row);
    k = test::normal(2, s.batch * s.keys, row);
    v = test::normal(3, s.batch * s.keys, row);
    by = test::normal(4, s.batch * s.queries, row);
    for (float& x : q) x *= 3;  // some keys far ahead of others
    if (masked) {
      bias = test::normal(5, s.batch, s.keys);
      for (size_t i = 0; i < bias.size(); i += 3) bias[i] = -std::numeric_limits<float>::infinity();
      // The first keys of a sample count for nothing, a block of them where there are so many.
      for (int64_t i = 0; i < std::min<int64_t>(s.keys / 2, 600); ++i)
        bias[static_cast<size_t>(i)] = -std::numeric_limits<float>::infinity();
      bias[static_cast<size_t>(s.keys - 1)] = 0.5F;
    }
    out.resize(q.size());
    dq.resize(q.size(), -77);
    dk.resize(k.size(), -77);
    dv.resize(v.size(), -77);
    log_sums.resize(static_cast<size_t>(s.batch * s.heads * s.queries));
  }
  void run() {
    const float* added = bias.empty() ? nullptr : bias.data();
    attention(s, q.data(), k.data(), v.data(), added, out.data(), log_sums.data());
    attention_gradient(s, q.data(), k.data(), v.data(), added, {out.data(), log_sums.data(), by.data()},
                       {dq.data(), dk.data(), dv.data()});
  }
};

/// The definition and its derivatives, in double.
struct Plain {
  std::vector<double> out, dq, dk, dv;
  double q_term = 0, k_term = 0;  ///< the largest of what dq and dk sum, which may be next to nothing

  explicit Plain(const Case& c) : out(c.q.size(), 0.0), dq(c.q.size(), 0.0), dk(c.k.size(), 0.0), dv(c.k.size(), 0.0) {
    const AttentionShape& s = c.s;
    const auto keys = static_cast<size_t>(s.keys);
    const auto value = [](const std::vector<float>& x, int64_t at) {
      return static_cast<double>(x[static_cast<size_t>(at)]);
    };
    for (int64_t b = 0; b < s.batch; ++b)
      for (int64_t h = 0; h < s.heads; ++h)
        for (int64_t i = 0; i < s.queries; ++i) {
          const int64_t at = ((b * s.queries + i) * s.heads + h) * s.width;
          const auto key_at = [&](size_t j) {
            return ((b * s.keys + static_cast<int64_t>(j)) * s.heads + h) * s.width;
          };
          std::vector<double> p(keys), by_p(keys, 0.0);
          double most = -std::numeric_limits<double>::infinity(), sum = 0, inner = 0;
          for (size_t j = 0; j < keys; ++j) {
            for (int64_t d = 0; d < s.width; ++d) p[j] += value(c.q, at + d) * value(c.k, key_at(j) + d);
            p[j] *= static_cast<double>(s.scale);
            if (!c.bias.empty()) p[j] += value(c.bias, b * s.keys + static_cast<int64_t>(j));
            most = std::max(most, p[j]);
          }
          for (double& x : p) sum += x = std::exp(x - most);
          for (size_t j = 0; j < keys; ++j) {
            p[j] /= sum;
            for (int64_t d = 0; d < s.width; ++d) {
              out[static_cast<size_t>(at + d)] += p[j] * value(c.v, key_at(j) + d);
              by_p[j] += value(c.by, at + d) * value(c.v, key_at(j) + d);
              dv[static_cast<size_t>(key_at(j) + d)] += p[j] * value(c.by, at + d);
            }
            inner += p[j] * by_p[j];
          }
          for (size_t j = 0; j < keys; ++j)
            for (int64_t d = 0; d < s.width; ++d) {
              const double by_score = p[j] * (by_p[j] - inner) * static_cast<double>(s.scale);
              dq[static_cast<size_t>(at + d)] += by_score * value(c.k, key_at(j) + d);
              dk[static_cast<size_t>(key_at(j) + d)] += by_score * value(c.q, at + d);
              const double term = p[j] * (std::abs(by_p[j]) + std::abs(inner)) * static_cast<double>(s.scale);
              q_term = std::max(q_term, term * std::abs(value(c.k, key_at(j) + d)));
              k_term = std::max(k_term, term * std::abs(value(c.q, at + d)));
            }
        }
  }
};

void near(const std::vector<float>& got, const std::vector<double>& expected, const std::string& what,
          double term = 0) {
  double largest = term;
  for (const double x : expected) largest = std::max(largest, std::abs(x));
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_LE(std::abs(static_cast<double>(got[i]) - expected[i]), kNear * largest) << what << ", element " << i;
}

TEST(Attention, EqualsThePlainExpressionWithItsGradients) {
  for (const AttentionShape& s : kShapes)
    for (const bool masked : {false, true}) {
      const Plain plain{Case(s, masked)};
      test::for_each_instruction_set([&](const char* set) {
        Case c(s, masked);
        c.run();
        const std::string what = fmt::format("{}: {} queries, {} keys, masked {}", set, s.queries, s.keys, masked);
        near(c.out, plain.out, what + ", answer");
        near(c.dq, plain.dq, what + ", by q", plain.q_term);
        near(c.dk, plain.dk, what + ", by k", plain.k_term);
        near(c.dv, plain.dv, what + ", by v");
      });
    }
}

TEST(Attention, HasTheSameBitsOnAnyNumberOfThreads) {
  const int before = threads();
  set_threads(1);
  Case one(kShapes[2], true);
  one.run();
  set_threads(4);
  Case four(kShapes[2], true);
  four.run();
  set_threads(before);
  EXPECT_EQ(one.out, four.out);
  EXPECT_EQ(one.dq, four.dq);
  EXPECT_EQ(one.dk, four.dk);
  EXPECT_EQ(one.dv, four.dv);
}

TEST(Attention, OfAQueryWithoutKeysIsNothing) {
  Case c({2, 5, 7, 1, 4, 0.5F}, true);
  std::fill_n(c.bias.begin(), 7, -std::numeric_limits<float>::infinity());
  c.run();
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(c.out[i], 0);
    EXPECT_EQ(c.dq[i], 0);
  }
  EXPECT_NE(c.out[20], 0);
}

TEST(Attention, HandsOnWhatIsNoNumber) {
  for (const int which : {0, 1, 2}) {
    Case c({1, 20, 33, 1, 4, 0.5F}, false);
    (which == 0 ? c.q : which == 1 ? c.k : c.v)[5 * 4] = std::numeric_limits<float>::quiet_NaN();
    c.run();
    EXPECT_TRUE(std::isnan(c.out[5 * 4])) << which;
    EXPECT_TRUE(std::isnan(c.dq[5 * 4])) << which;
  }
}

}  // namespace
}  // namespace roulade::kernel
