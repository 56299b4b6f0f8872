// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/schedule.hpp"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace roulade {
namespace {

std::unique_ptr<const Schedule> make(const std::string& name, const Table& options = {}) {
  return schedule::registry().make(name, options);
}

/// The papers' formulas as printed, in long double: they cancel, but with 11 bits to spare.
void expect_abar(const Schedule& s, double t, long double abar) {
  const double alpha = static_cast<double>(std::sqrt(abar)), sigma = static_cast<double>(std::sqrt(1 - abar));
  EXPECT_NEAR(s.alpha(t), alpha, 1e-15) << t;
  EXPECT_NEAR(s.sigma(t), sigma, 1e-14 * sigma) << t;
}

TEST(Vp, IsSongsFormula) {
  const auto s = make("vp");
  for (const double t : {1e-3, 0.1, 0.5, 0.9, 1.0}) {
    const long double integral = 0.1L * t + (20 - 0.1L) * t * t / 2;  // of beta(t) = 0.1 + 19.9 t
    expect_abar(*s, t, std::exp(-integral));
  }
  EXPECT_EQ(s->t_min(), 1e-3);
  EXPECT_THROW(make("vp", {{"beta_min", 3.0}, {"beta_max", 2.0}}), Error);
}

TEST(CosineContinuous, IsNicholsFormula) {
  const auto s = make("cosine_continuous"), plain = make("cosine_continuous", {{"s", 0.0}});
  const long double half_pi = std::numbers::pi_v<long double> / 2;
  const auto f = [half_pi](long double t) { return std::pow(std::cos((t + 0.008L) / 1.008L * half_pi), 2.0L); };
  for (const double t : {1e-2, 0.1, 0.5, 0.9}) {
    expect_abar(*s, t, f(t) / f(0));
    EXPECT_NEAR(plain->alpha(t), static_cast<double>(std::cos(half_pi * t)), 1e-15);
    EXPECT_NEAR(plain->sigma(t), static_cast<double>(std::sin(half_pi * t)), 1e-15);
  }
  EXPECT_EQ(s->alpha(1), 0);
  EXPECT_EQ(s->sigma(1), 1);
}

TEST(CosineContinuous, AgreesWithTheDiscreteOneAtItsStates) {
  const auto s = make("cosine_continuous"), d = make("cosine");
  for (const int i : {1, 10, 500, 900, 990})  // the cut of beta touches the last state only
    EXPECT_NEAR(s->log_snr(i / 1000.0), d->log_snr(i / 1000.0), 1e-11) << i;
}

TEST(SigmoidContinuous, IsTheLogisticFormula) {
  for (const double tau : {1.0, 0.7}) {
    const auto s = make("sigmoid_continuous", {{"start", -2.0}, {"end", 3.0}, {"tau", tau}});
    const auto logistic = [tau](long double x) { return 1 / (1 + std::exp(-x / static_cast<long double>(tau))); };
    for (const double t : {1e-2, 0.1, 0.5, 0.9}) {
      const long double x = -2 + 5 * static_cast<long double>(t);
      expect_abar(*s, t, (logistic(3) - logistic(x)) / (logistic(3) - logistic(-2)));
    }
    EXPECT_EQ(s->alpha(1), 0);
  }
  EXPECT_THROW(make("sigmoid_continuous", {{"start", 3.0}, {"end", 3.0}}), Error);
}

TEST(Edm, IsVarianceExploding) {
  const auto s = make("edm");
  EXPECT_EQ(s->sigma(1), 80);
  EXPECT_EQ(s->sigma(0.25), 20);
  EXPECT_EQ(s->prior_deviation(), 80);
  EXPECT_NEAR(s->sigma(s->t_min()), 0.002, 1e-18);
  EXPECT_NEAR(s->time_of(-2 * std::log(40.0)), 0.5, 1e-15);
  EXPECT_THROW(make("edm", {{"sigma_min", 80.0}}), Error);
}

TEST(Flow, IsTheStraightPath) {
  const auto s = make("flow");
  for (const double t : {0.0, 0.1, 0.5, 1.0}) {
    EXPECT_EQ(s->alpha(t), 1 - t);
    EXPECT_EQ(s->sigma(t), t);
    EXPECT_EQ(s->network_time(t), 1000 * t);
  }
}

TEST(Flow, ShiftMovesTimesTowardsNoise) {
  const auto s = make("flow", {{"shift", 3.0}});
  EXPECT_NEAR(s->sigma(0.5), 0.75, 1e-15);  // 3 t / (1 + 2 t)
  EXPECT_NEAR(s->alpha(0.5), 0.25, 1e-15);
  EXPECT_NEAR(s->network_time(0.5), 750, 1e-12);
  EXPECT_EQ(s->sigma(1), 1);
}

}  // namespace
}  // namespace roulade
