// SPDX-License-Identifier: Apache-2.0
// UniPC against its paper's formulas in plain numbers.
#include "tests/sampler/walk.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using namespace testing;

/// Solves a x = b by elimination; few and well apart.
std::vector<double> solve(std::vector<std::vector<double>> a, std::vector<double> b) {
  const size_t n = b.size();
  for (size_t k = 0; k < n; ++k)
    for (size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      const double factor = a[i][k] / a[k][k];
      for (size_t j = k; j < n; ++j) a[i][j] -= factor * a[k][j];
      b[i] -= factor * b[k];
    }
  for (size_t k = 0; k < n; ++k) b[k] /= a[k][k];
  return b;
}

/// UniPC on x_0 (Zhao et al. 2023, section 3): R_p rho = phi_p / B(h), with h^n n! phi_(n+1) by their
/// recursion.
class UnipcPaper {
 public:
  UnipcPaper(const Schedule& c, bool bh1) : c_(c), bh1_(bh1) {}

  /// x at `to` from x at the last of `t` by the estimates m at the times t, the newest last, and m_to where given.
  double step(double x, const std::vector<double>& t, const std::vector<double>& m, double to,
              const double* m_to) const {
    const double now = t.back(), h = lambda(to) - lambda(now), hh = -h, b = bh1_ ? hh : std::expm1(hh);
    std::vector<double> r, d;
    for (size_t j = t.size() - 1; j-- > 0;) r.push_back((lambda(t[j]) - lambda(now)) / h), d.push_back(m[j] - m.back());
    if (m_to) r.push_back(1), d.push_back(*m_to - m.back());
    std::vector<std::vector<double>> rows;
    std::vector<double> right;
    double phi = std::expm1(hh) / hh - 1, factorial = 1;
    for (size_t n = 1; n <= r.size(); ++n) {
      rows.emplace_back();
      for (const double one : r) rows.back().push_back(std::pow(one, static_cast<double>(n - 1)));
      right.push_back(phi * factorial / b);
      factorial *= static_cast<double>(n + 1);
      phi = phi / hh - 1 / factorial;
    }
    std::vector<double> rho = r.size() == 1 ? std::vector<double>{0.5} : solve(rows, right);
    double sum = 0;
    for (size_t j = 0; j < r.size(); ++j) sum += rho[j] * d[j] / r[j];
    return c_.sigma(to) / c_.sigma(now) * x - c_.alpha(to) * (std::expm1(hh) * m.back() + b * sum);
  }

  double walk(const std::vector<double>& times, size_t order, bool correct) const {
    double x = kStart, corrected = x;
    std::vector<double> t, m;  // of the last `order` steps, newest last
    for (size_t i = 0; i + 1 < times.size(); ++i) {
      const double now = estimate(x, times[i]);
      if (i > 0) corrected = correct ? step(corrected, t, m, times[i], &now) : x;
      t.push_back(times[i]), m.push_back(now);
      if (t.size() > order) t.erase(t.begin()), m.erase(m.begin());
      x = step(corrected, t, m, times[i + 1], nullptr);
    }
    return x;
  }

 private:
  double lambda(double t) const { return std::log(c_.alpha(t) / c_.sigma(t)); }

  const Schedule& c_;
  bool bh1_;
};

TEST(Unipc, IsThePapersPredictorAndCorrector) {
  on_schedules([](const auto& schedule) {
    for (const int64_t order : {1, 2, 3})
      for (const char* variant : {"bh1", "bh2"})
        for (const bool corrector : {true, false}) {
          const UnipcPaper paper(*schedule, std::string(variant) == "bh1");
          const double expected = paper.walk(kTimes, static_cast<size_t>(order), corrector);
          const Ran ran =
              run("unipc", {{"order", order}, {"variant", variant}, {"corrector", corrector}}, schedule, kTimes);
          // The paper's recursion for phi divides differences by h, here 0.2 or so, up to four times.
          EXPECT_NEAR(ran.x, expected, 1e-10) << order << variant << corrector;
          EXPECT_EQ(ran.asked, std::vector<double>(kTimes.begin(), kTimes.end() - 1));
        }
  });
}

TEST(Unipc, LowersItsOrderToTheStepsThatAreLeft) {
  const auto schedule = schedule_of("vp");
  const UnipcPaper paper(*schedule, false);
  // Of four steps at order 3 the orders are 1, 2, 2, 1; the corrector is of the predictor's order.
  std::vector<double> t, m;
  double x = kStart, corrected = x;
  const size_t orders[] = {1, 2, 2, 1};
  for (size_t i = 0; i < 4; ++i) {
    const double now = estimate(x, kTimes[i]);
    if (i > 0) corrected = paper.step(corrected, t, m, kTimes[i], &now);
    t.push_back(kTimes[i]), m.push_back(now);
    while (t.size() > orders[i]) t.erase(t.begin()), m.erase(m.begin());
    x = paper.step(corrected, t, m, kTimes[i + 1], nullptr);
  }
  EXPECT_NEAR(run("unipc", {{"order", 3}}, schedule, kTimes, 4).x, x, 1e-10);
  EXPECT_NEAR(run("unipc", {{"order", 3}, {"lower_order_final", false}}, schedule, kTimes, 4).x,
              paper.walk(kTimes, 3, true), 1e-10);
}

}  // namespace
}  // namespace roulade
