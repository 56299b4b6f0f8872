// SPDX-License-Identifier: Apache-2.0
// Walks of the ODE's methods against their papers' formulas in plain numbers, on a denoiser without symmetry. Where the
// code has a closed form the formula here is an integral by Simpson's rule, and the other way round.
#include "roulade/core/error.hpp"
#include "roulade/sampler/multistep.hpp"
#include "tests/sampler/walk.hpp"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using namespace testing;

double integral(double from, double to, const std::function<double(double)>& f) {
  constexpr int kHalves = 400;
  const double h = (to - from) / (2 * kHalves);
  double sum = 0;
  for (int i = 0; i < kHalves; ++i)
    sum += f(from + 2 * i * h) + 4 * f(from + (2 * i + 1) * h) + f(from + (2 * i + 2) * h);
  return sum * h / 3;
}

TEST(MultistepWeights, MomentsAreIntegrals) {
  for (const double z : {-20.0, -3.0, -1.0, -0.999, -1e-9, 0.0, 0.3, 1.0, 5.0})
    for (int k = 0; k < 4; ++k) {
      // Simpson's rule with 800 parts of z / 800: (z / 800)^4 / 180.
      const double expected = integral(0, 1, [&](double u) { return std::exp(z * u) * std::pow(u, k); });
      EXPECT_NEAR(exponential_moment(k, z), expected, 1e-8 * expected) << z << ", " << k;
    }
}

TEST(MultistepWeights, IntegratePolynomials) {
  // int (theta + 2 theta^2 - theta^3) = 1/2 + 2/3 - 1/4, its differences from 0 at three uneven nodes.
  const std::vector<double> nodes{-0.7, -1.9, 1}, moments{1 / 2.0, 1 / 3.0, 1 / 4.0};
  const std::vector<double> weights = difference_weights(nodes, moments);
  double sum = 0;
  for (size_t j = 0; j < 3; ++j) sum += weights[j] * nodes[j] * (1 + nodes[j] * (2 - nodes[j]));
  EXPECT_NEAR(sum, 1 / 2.0 + 2 / 3.0 - 1 / 4.0, 1e-14);
  EXPECT_TRUE(difference_weights({}, moments).empty());
}

/// The j-th Lagrange polynomial of these nodes.
double lagrange(const std::vector<double>& nodes, size_t j, double at) {
  double product = 1;
  for (size_t k = 0; k < nodes.size(); ++k)
    if (k != j) product *= (at - nodes[k]) / (nodes[j] - nodes[k]);
  return product;
}

/// sigma / alpha, x as y = x / alpha, and dy / d(sigma / alpha).
struct Ve {
  const Schedule& c;
  double rho(double t) const { return c.sigma(t) / c.alpha(t); }
  double eps(double y, double t) const { return (y - estimate(c.alpha(t) * y, t)) / rho(t); }
  double time(double rho) const { return c.time_of(-2 * std::log(rho)); }
};

/// Steps along polynomials through the last `order` slopes, which are in `variable`; y at the end.
double multistep(const Ve& ve, const std::vector<double>& times, size_t order,
                 const std::function<double(double rho)>& variable) {
  double y = kStart / ve.c.alpha(times[0]);
  std::vector<double> nodes, slopes;  // newest first
  for (size_t i = 0; i + 1 < times.size(); ++i) {
    nodes.insert(nodes.begin(), variable(ve.rho(times[i])));
    slopes.insert(slopes.begin(), ve.eps(y, times[i]));
    nodes.resize(std::min(nodes.size(), order)), slopes.resize(nodes.size());
    for (size_t j = 0; j < nodes.size(); ++j)
      y += slopes[j] * integral(ve.rho(times[i]), ve.rho(times[i + 1]),
                                [&](double rho) { return lagrange(nodes, j, variable(rho)); });
  }
  return ve.c.alpha(times.back()) * y;
}

TEST(OdeMethod, LmsIntegratesLagrangesPolynomialsOverSigma) {
  on_schedules([](const auto& schedule) {
    for (const int64_t order : {1, 2, 3, 4}) {
      const auto identity = [](double rho) { return rho; };
      const double expected = multistep({*schedule}, kTimes, static_cast<size_t>(order), identity);
      EXPECT_NEAR(run("lms", {{"order", order}, {"space", "ve"}}, schedule, kTimes).x, expected, kClose) << order;
    }
    EXPECT_NEAR(run("ipndm", {{"variable_step", true}, {"space", "ve"}}, schedule, kTimes).x,
                multistep({*schedule}, kTimes, 4, [](double rho) { return rho; }), kClose);
  });
}

TEST(OdeMethod, LmsGoesOnToSigmaZero) {
  const auto schedule = schedule_of("edm");
  std::vector<double> times = kTimes;
  times.push_back(0);
  EXPECT_NEAR(run("lms", {}, schedule, times).x, multistep({*schedule}, times, 4, [](double rho) { return rho; }),
              kClose);
  const double before = run("lms", {}, schedule, kTimes).x;
  EXPECT_EQ(run("lms", {{"lower_order_final", true}}, schedule, times).x, estimate(before, kTimes.back()));
}

TEST(OdeMethod, DeisIntegratesPolynomialsInLogRho) {
  on_schedules([](const auto& schedule) {
    for (const int64_t order : {1, 2, 3}) {
      const auto log = [](double rho) { return std::log(rho); };
      const double expected = multistep({*schedule}, kTimes, static_cast<size_t>(order), log);
      EXPECT_NEAR(run("deis", {{"order", order}}, schedule, kTimes).x, expected, kClose) << order;
    }
  });
}

TEST(OdeMethod, DeisLowersItsOrderAtTheEndOfFewSteps) {
  const auto schedule = schedule_of("vp");
  const Table third{{"order", 3}}, plain{{"order", 3}, {"lower_order_final", false}};
  const auto at = [&](const Table& options, size_t steps, int64_t count) {
    return run("deis", options, schedule, {kTimes.begin(), kTimes.begin() + 1 + static_cast<int64_t>(steps)}, count).x;
  };
  EXPECT_EQ(at(third, 4, 15), at(plain, 4, 15));  // 15 are not few
  EXPECT_EQ(at(third, 3, 14), at(plain, 3, 14));  // neither of the last two
  // The last but one at order 2, the last at order 1, after steps of order 1, 2, 3 at most.
  const double third_x = run("deis", plain, schedule, {kTimes.begin(), kTimes.begin() + 3}).x;
  EXPECT_EQ(at(third, 2, 4), third_x);
  EXPECT_NE(at(third, 3, 4), at(plain, 3, 4));
  const double x = at(third, 3, 4), t = kTimes[3], s = kTimes[4], keep = schedule->sigma(s) / schedule->sigma(t);
  EXPECT_NEAR(at(third, 4, 4), keep * x + (schedule->alpha(s) - keep * schedule->alpha(t)) * estimate(x, t), kClose);
  EXPECT_NEAR(at(third, 3, 4), at({{"order", 2}, {"lower_order_final", false}}, 3, 100), kClose);
}

/// The transfer of Liu et al. 2022, section 3: x_t to s along one eps.
double transfer(const Schedule& c, double x, double e, double t, double s) {
  const double a = std::pow(c.alpha(t), 2), a_s = std::pow(c.alpha(s), 2);
  return std::sqrt(a_s / a) * x -
         (a_s - a) * e / (std::sqrt(a) * (std::sqrt((1 - a_s) * a) + std::sqrt((1 - a) * a_s)));
}

/// The linear multistep weights there, and those of lower orders while there are fewer.   e: newest last.
double adams(const std::vector<double>& e) {
  const auto last = [&](size_t j) { return e[e.size() - 1 - j]; };
  if (e.size() == 1) return last(0);
  if (e.size() == 2) return (3 * last(0) - last(1)) / 2;
  if (e.size() == 3) return (23 * last(0) - 16 * last(1) + 5 * last(2)) / 12;
  return (55 * last(0) - 59 * last(1) + 37 * last(2) - 9 * last(3)) / 24;
}

class Pseudo : public ::testing::Test {
 protected:
  double eps(double x, double t) const { return (x - c.alpha(t) * estimate(x, t)) / c.sigma(t); }
  double go(double x, double e, size_t i) const { return transfer(c, x, e, kTimes[i], kTimes[i + 1]); }

  std::shared_ptr<const Schedule> schedule = schedule_of("vp");
  const Schedule& c = *schedule;
};

TEST_F(Pseudo, IpndmRisesInOrder) {
  double x = kStart;
  std::vector<double> e;
  for (size_t i = 0; i < 4; ++i) {
    e.push_back(eps(x, kTimes[i]));
    x = go(x, adams(e), i);
  }
  const Ran ran = run("ipndm", {}, schedule, kTimes);
  EXPECT_NEAR(ran.x, x, kClose);
  EXPECT_EQ(ran.asked, std::vector<double>(kTimes.begin(), kTimes.end() - 1));
}

TEST_F(Pseudo, PlmsStartsByHeunsStep) {
  std::vector<double> e{eps(kStart, kTimes[0])};
  const double ahead = eps(go(kStart, e[0], 0), kTimes[1]);
  double x = go(kStart, (e[0] + ahead) / 2, 0);
  for (size_t i = 1; i < 4; ++i) {
    e.push_back(eps(x, kTimes[i]));
    x = go(x, adams(e), i);
  }
  const Ran ran = run("pndm", {}, schedule, kTimes);
  EXPECT_NEAR(ran.x, x, kClose);
  EXPECT_EQ(ran.asked, (std::vector<double>{kTimes[0], kTimes[1], kTimes[1], kTimes[2], kTimes[3]}));
}

TEST_F(Pseudo, FPndmStartsByThreePseudoRungeKuttaSteps) {
  double x = kStart;
  std::vector<double> e;
  for (size_t i = 0; i < 3; ++i) {
    const double t = kTimes[i], s = kTimes[i + 1], middle = (t + s) / 2;
    const double e1 = eps(x, t), e2 = eps(transfer(c, x, e1, t, middle), middle);
    const double e3 = eps(transfer(c, x, e2, t, middle), middle), e4 = eps(transfer(c, x, e3, t, s), s);
    e.push_back(e1);
    x = transfer(c, x, (e1 + 2 * e2 + 2 * e3 + e4) / 6, t, s);
  }
  e.push_back(eps(x, kTimes[3]));
  const Ran ran = run("pndm", {{"skip_prk_steps", false}}, schedule, kTimes);
  EXPECT_NEAR(ran.x, go(x, adams(e), 3), kClose);
  EXPECT_EQ(ran.asked.size(), 13u);
}

TEST_F(Pseudo, EulerGradientMixesTwoSlopes) {
  for (const double gamma : {1.0, 2.0}) {
    double x = kStart, before = 0;
    for (size_t i = 0; i < 4; ++i) {
      const double e = eps(x, kTimes[i]);
      x = go(x, i == 0 ? e : gamma * e + (1 - gamma) * before, i);
      before = e;
    }
    EXPECT_NEAR(run("euler_gradient", {{"gamma", gamma}}, schedule, kTimes).x, x, kClose);
  }
  EXPECT_NEAR(run("euler_gradient", {{"gamma", 1.0}}, schedule, kTimes).x, run("euler", {}, schedule, kTimes).x,
              kClose);
}

TEST(OdeMethod, Dpm2LooksHalfwayInLogSigma) {
  on_schedules([](const auto& schedule) {
    const Ve ve{*schedule};
    const double t = 0.5, s = 0.4, u = ve.rho(t), v = ve.rho(s), middle = std::exp((std::log(u) + std::log(v)) / 2);
    const double y = kStart / schedule->alpha(t), y_middle = y + (middle - u) * ve.eps(y, t);
    const double expected = schedule->alpha(s) * (y + (v - u) * ve.eps(y_middle, ve.time(middle)));
    EXPECT_NEAR(run("dpm2", {{"space", "ve"}}, schedule, {t, s}).x, expected, kClose);
  });
  // From alpha = 0, a flow's own coordinates go on.
  const auto flow = schedule_of("flow");
  const double middle = std::sqrt(0.7), velocity = (kStart - estimate(kStart, 1));
  const double x_middle = kStart + (middle - 1) * velocity, x0 = estimate(x_middle, middle);
  EXPECT_NEAR(run("dpm2", {}, flow, {1, 0.7}).x, kStart + (0.7 - 1) * ((x_middle - (1 - middle) * x0) / middle - x0),
              kClose);
}

/// DPM-Solver of order 1, 2 or 3 (Lu et al. 2022a, eq. 3.7 and algorithms 1 and 2).
double dpm_solver(const Schedule& c, double x, double t, double s, int64_t order) {
  const auto lambda = [&](double at) { return std::log(c.alpha(at) / c.sigma(at)); };
  const auto eps = [&](double at_x, double at) { return (at_x - c.alpha(at) * estimate(at_x, at)) / c.sigma(at); };
  const double h = lambda(s) - lambda(t), e = eps(x, t);
  const auto time = [&](double r) { return c.time_of(2 * (lambda(t) + r * h)); };
  const auto first = [&](double to, double r) {
    return c.alpha(to) / c.alpha(t) * x - c.sigma(to) * (std::exp(r * h) - 1) * e;
  };
  if (order == 1) return first(s, 1);
  if (order == 2) {
    const double s1 = time(0.5), u = first(s1, 0.5);
    return c.alpha(s) / c.alpha(t) * x - c.sigma(s) * (std::exp(h) - 1) * eps(u, s1);
  }
  const double r1 = 1 / 3.0, r2 = 2 / 3.0, s1 = time(r1), s2 = time(r2);
  const double d1 = eps(first(s1, r1), s1) - e;
  const double u2 = first(s2, r2) - c.sigma(s2) * r2 / r1 * ((std::exp(r2 * h) - 1) / (r2 * h) - 1) * d1;
  return first(s, 1) - c.sigma(s) / r2 * ((std::exp(h) - 1) / h - 1) * (eps(u2, s2) - e);
}

TEST(OdeMethod, DpmFastIsDpmSolverOfOrdersByBudget) {
  on_schedules([](const auto& schedule) {
    // Section 3.4: 3, ..., 3, then 2, 1 or 1 or 2. Four steps.
    const std::vector<std::pair<int64_t, std::vector<int64_t>>> budgets{
        {0, {3, 3, 3, 1}}, {9, {3, 3, 2, 1}}, {10, {3, 3, 3, 1}}, {11, {3, 3, 3, 2}}, {4, {1, 1, 1, 1}}};
    for (const auto& [budget, orders] : budgets) {
      double x = kStart;
      int64_t calls = 0;
      for (size_t i = 0; i < 4; ++i) {
        x = dpm_solver(*schedule, x, kTimes[i], kTimes[i + 1], orders[i]);
        calls += orders[i];
      }
      const Ran ran = run("dpm_fast", {{"budget", budget}}, schedule, kTimes, 4);
      EXPECT_NEAR(ran.x, x, kClose) << budget;
      EXPECT_EQ(static_cast<int64_t>(ran.asked.size()), calls) << budget;
    }
    EXPECT_THROW(run("dpm_fast", {{"budget", 3}}, schedule, kTimes, 4), Error);
  });
}

TEST(OdeMethod, DpmAdaptiveTakesDpmSolversSteps) {
  // A tolerance that all tries keep: lengths h_init, then 1 + atan(...) times that, until the end.
  on_schedules([](const auto& schedule) {
    for (const int64_t order : {2, 3}) {
      const double far = schedule->time_of(schedule->log_snr(0.5) + 2 * 0.3);
      const Ran ran = run("dpm_adaptive", {{"order", order}, {"atol", 1e9}, {"h_init", 0.2}}, schedule, {0.5, far});
      const double middle = schedule->time_of(schedule->log_snr(0.5) + 2 * 0.2);
      const double x = dpm_solver(*schedule, kStart, 0.5, middle, order);
      EXPECT_NEAR(ran.x, dpm_solver(*schedule, x, middle, far, order), kClose);
      EXPECT_EQ(static_cast<int64_t>(ran.asked.size()), 2 * order);
    }
  });
}

TEST(OdeMethod, LogSnrMethodsGoOnFromPureNoise) {
  const auto schedule = schedule_of("flow");  // alpha(1) = 0: log(alpha / sigma) is infinite there
  const std::vector<double> times{1, 0.6, 0.5};
  const double first = run("euler", {}, schedule, {1, 0.6}).x;
  for (const char* name : {"dpm_fast", "unipc", "deis", "lms"}) {
    const Table space = std::string(name) == "lms" ? Table{{"space", "ve"}} : Table{};
    EXPECT_EQ(run(name, space, schedule, {1, 0.6}).x, first) << name;
    EXPECT_TRUE(std::isfinite(run(name, space, schedule, times).x)) << name;
  }
  // deis and lms drop the estimate at infinity.
  const double x0 = estimate(first, 0.6), keep = 0.5 / 0.6, euler = keep * first + (0.5 - keep * 0.4) * x0;
  EXPECT_NEAR(run("deis", {}, schedule, times).x, euler, kClose);
  EXPECT_NEAR(run("lms", {{"space", "ve"}}, schedule, times).x, euler, kClose);
  // unipc's corrector (bh2) at h = infinity: half of the new estimate.
  const double corrected = first + 0.4 / 2 * (x0 - estimate(kStart, 1));
  EXPECT_NEAR(run("unipc", {}, schedule, times).x, keep * corrected + (0.5 - keep * 0.4) * x0, kClose);
  EXPECT_NEAR(run("unipc", {{"variant", "bh1"}}, schedule, times).x, euler, kClose);
}

}  // namespace
}  // namespace roulade
