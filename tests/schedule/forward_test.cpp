// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/forward.hpp"

#include "roulade/core/rng.hpp"
#include "tests/conformance/schedule_cases.hpp"
#include "tests/schedule/csv.hpp"

#include <array>
#include <cmath>

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

Tensor normal(uint64_t step, int64_t rows, int64_t width) {
  Tensor out = at::empty({rows, width}, at::kDouble);
  fill_normal({0, Stream::noise, step}, 0, width, std::span<double>(out.data_ptr<double>(), out.numel()));
  return out;
}

/// Mean and covariance of rows [n, 2] as mean_0, mean_1, C_00, C_01, C_11.
std::array<double, 5> moments(const Tensor& x) {
  const int64_t n = x.size(0);
  const double* p = x.data_ptr<double>();
  std::array<double, 5> m{};
  for (int64_t i = 0; i < n; ++i) m[0] += p[2 * i] / n, m[1] += p[2 * i + 1] / n;
  for (int64_t i = 0; i < n; ++i) {
    const double a = p[2 * i] - m[0], b = p[2 * i + 1] - m[1];
    m[2] += a * a / n, m[3] += a * b / n, m[4] += b * b / n;
  }
  return m;
}

/// T chained steps and the closed form against the exact mean and covariance of x_t, x_0 ~ N(mu, C).
TEST(Forward, ChainAndClosedFormHaveTheSameMoments) {
  constexpr int64_t kRows = 100000;
  constexpr std::array<double, 5> kData{2, -1, 1, 0.6, 0.5};  // mu, C = [[1, 0.6], [0.6, 0.5]]
  const auto s = schedule::registry().make("cosine", {{"steps", 40}, {"index", "from_clean"}});
  Tensor x0 = normal(1000, kRows, 2);
  double* p = x0.data_ptr<double>();
  for (int64_t i = 0; i < kRows; ++i) {
    const double a = p[2 * i], b = p[2 * i + 1];
    p[2 * i] = kData[0] + a;
    p[2 * i + 1] = kData[1] + 0.6 * a + std::sqrt(0.5 - 0.36) * b;  // Cholesky
  }
  Tensor x = x0;
  for (int64_t i = 1; i <= 39; ++i) {
    const double t = static_cast<double>(i) / 39;
    x = chain_step(transition(*s, static_cast<double>(i - 1) / 39, t), x, normal(i, kRows, 2));
    if (i != 1 && i != 10 && i != 25 && i != 39) continue;
    const double a = s->alpha(t), v = s->sigma(t) * s->sigma(t);
    const std::array<double, 5> want{a * kData[0], a * kData[1], a * a * kData[2] + v, a * a * kData[3],
                                     a * a * kData[4] + v};
    // standard errors: sqrt(C_jj / n) and, of a Gaussian, sqrt((C_jj C_kk + C_jk^2) / n)
    const double n = kRows;
    const std::array<double, 5> error{
        std::sqrt(want[2] / n), std::sqrt(want[4] / n), std::sqrt(2 * want[2] * want[2] / n),
        std::sqrt((want[2] * want[4] + want[3] * want[3]) / n), std::sqrt(2 * want[4] * want[4] / n)};
    const auto chained = moments(x);
    const auto direct = moments(add_noise(*s, x0, normal(2000 + i, kRows, 2), std::array{t}));
    for (size_t j = 0; j < 5; ++j) {
      // 4 standard errors: a fixed seed fails a right code with probability 6e-5 a figure; 1.3 % of the variance
      EXPECT_NEAR(chained[j], want[j], 4 * error[j]) << "chain, state " << i << ", moment " << j;
      EXPECT_NEAR(direct[j], want[j], 4 * error[j]) << "closed form, state " << i << ", moment " << j;
    }
  }
}

/// q(x_s | x_t, x_0) is the product of N(x_s; alpha_s x_0, sigma_s^2) and N(x_t; scale x_s, deviation^2), normalised.
TEST(Forward, PosteriorIsBayesRule) {
  const std::vector<std::array<double, 2>> pairs{{0.1, 0.2}, {0.25, 0.75}, {0.5, 0.55}, {0.9, 0.975}, {0.5, 1}};
  for (const auto& [name, s] : test::schedule_cases()) {
    for (const auto& [early, late] : pairs) {
      SCOPED_TRACE(name + " s = " + std::to_string(early) + " t = " + std::to_string(late));
      const long double alpha_s = s->alpha(early), sigma_s = s->sigma(early), sigma_t = s->sigma(late);
      const long double scale = s->alpha(late) / alpha_s;
      const long double added = sigma_t * sigma_t - scale * scale * sigma_s * sigma_s;
      const long double precision = 1 / (sigma_s * sigma_s) + scale * scale / added;
      const Posterior q = posterior(*s, early, late);
      // 1e-11: alpha and sigma come as doubles, and `added` is their difference
      const auto expect = [](double got, long double want) {
        EXPECT_NEAR(got, static_cast<double>(want), 1e-11 * static_cast<double>(want));
      };
      expect(q.of_x0, alpha_s / (sigma_s * sigma_s) / precision);
      expect(q.of_x_t, scale / added / precision);
      expect(q.deviation, std::sqrt(1 / precision));
    }
  }
}

/// Ho et al. 2020, eq. 7, from the notebook's own table of beta and abar.
TEST(Forward, PosteriorOfTheNotebook) {
  const auto s = schedule::registry().make("cosine", {{"steps", 40}, {"index", "from_clean"}});
  const auto rows = test::golden("notebook");
  for (size_t i = 1; i < 40; ++i) {
    const double beta = std::stod(rows[i][1]), abar = std::stod(rows[i][2]), before = std::stod(rows[i - 1][2]);
    const Posterior q = posterior(*s, static_cast<double>(i - 1) / 39, static_cast<double>(i) / 39);
    EXPECT_NEAR(q.of_x0, std::sqrt(before) * beta / (1 - abar), 1e-12) << i;
    EXPECT_NEAR(q.of_x_t, std::sqrt(1 - beta) * (1 - before) / (1 - abar), 1e-12) << i;
    EXPECT_NEAR(q.deviation, std::sqrt(beta * (1 - before) / (1 - abar)), 1e-12) << i;
  }
}

TEST(Forward, LastPosteriorIsTheData) {
  for (const auto& [name, s] : test::schedule_cases()) {
    const Posterior q = posterior(*s, 0, 0.5);
    EXPECT_EQ(q.of_x0, 1) << name;
    EXPECT_EQ(q.of_x_t, 0) << name;
    EXPECT_EQ(q.deviation, 0) << name;
  }
}

/// Sampling x_s from the posterior of true x_0 and x_t gives back q(x_s | x_0): mean and variance by algebra.
TEST(Forward, PosteriorPreservesTheMarginal) {
  for (const auto& [name, s] : test::schedule_cases()) {
    SCOPED_TRACE(name);
    for (double t = 0.05; t <= 1; t += 0.05) {
      const double early = 0.8 * t;
      const Posterior q = posterior(*s, early, t);
      EXPECT_NEAR(q.of_x0 + q.of_x_t * s->alpha(t), s->alpha(early), 1e-12);
      const double variance = std::pow(q.of_x_t * s->sigma(t), 2) + q.deviation * q.deviation;
      EXPECT_NEAR(variance, std::pow(s->sigma(early), 2), 1e-12 * variance);
    }
  }
}

TEST(Forward, KnownNoiseGivesTheDataBack) {
  const Tensor x0 = normal(1, 5, 3), eps = normal(2, 5, 3);
  const std::vector<double> times{0.001, 0.2, 0.5, 0.9, 0.99};
  for (const auto& [name, s] : test::schedule_cases()) {
    SCOPED_TRACE(name);
    for (const bool single : {false, true}) {
      const auto type = single ? at::kFloat : at::kDouble;
      const Tensor x = x0.to(type), e = eps.to(type);
      const Tensor back = recover_x0(*s, add_noise(*s, x, e, times), e, times);
      ASSERT_EQ(back.scalar_type(), type);
      const double unit = single ? std::ldexp(1.0, -24) : std::ldexp(1.0, -53);
      for (int64_t i = 0; i < x.numel(); ++i) {
        const double t = times[static_cast<size_t>(i / 3)], a = s->alpha(t);
        const double value = x.view(-1)[i].item<double>(), noise = std::abs(s->sigma(t) * e.view(-1)[i].item<double>());
        // rounded once each: alpha, sigma, two products, the sum, the difference, the quotient
        EXPECT_NEAR(back.view(-1)[i].item<double>(), value, 6 * unit * (std::abs(value) + noise / a)) << t;
      }
    }
  }
}

TEST(Forward, EachRowHasItsTime) {
  const auto s = schedule::registry().make("vp");
  const Tensor x0 = normal(1, 3, 4).view({3, 2, 2}), eps = normal(2, 3, 4).view({3, 2, 2});
  const std::vector<double> times{0.1, 0.5, 1};
  const Tensor all = add_noise(*s, x0, eps, times);
  ASSERT_TRUE(all.sizes().equals(x0.sizes()));
  for (int64_t i = 0; i < 3; ++i) {
    const double t = times[static_cast<size_t>(i)];
    EXPECT_TRUE(all[i].equal(add_noise(*s, x0[i], eps[i], std::array{t}))) << i;
    for (int64_t j = 0; j < 4; ++j)
      EXPECT_NEAR(all[i].view(-1)[j].item<double>(),
                  s->alpha(t) * x0[i].view(-1)[j].item<double>() + s->sigma(t) * eps[i].view(-1)[j].item<double>(),
                  1e-15);
  }
}

TEST(Forward, RefusesWhatHasNoMeaning) {
  const auto s = schedule::registry().make("flow");
  const Tensor x = normal(1, 3, 2);
  EXPECT_THROW(transition(*s, 0.5, 0.5), Error);
  EXPECT_THROW(posterior(*s, 0.6, 0.5), Error);
  EXPECT_THROW(recover_x0(*s, x, x, std::array{1.0}), Error) << "no signal left";
  EXPECT_THROW(recover_x0(*s, x, x, std::array{0.5, 0.5, 1.0}), Error);
  EXPECT_THROW(add_noise(*s, x, x, std::array{0.1, 0.2}), Error) << "2 times, 3 rows";
  EXPECT_THROW(add_noise(*s, x, x, std::span<const double>()), Error);
  EXPECT_THROW(add_noise(*s, x, normal(1, 2, 3), std::array{0.1}), Error);
  EXPECT_THROW(chain_step({}, x, normal(1, 3, 1)), Error);
}

}  // namespace
}  // namespace roulade
