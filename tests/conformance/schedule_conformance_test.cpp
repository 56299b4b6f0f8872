// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/forward.hpp"
#include "tests/conformance/schedule_cases.hpp"

#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using test::schedule_cases;
using Family = Schedule::Family;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Times inside (0, 1) that are dense near both ends, where formulas lose digits.
std::vector<double> inner_times() {
  std::vector<double> out{1e-9, 1e-7, 1e-5, 1e-4};
  for (int j = 1; j < 997; ++j) out.push_back(j / 997.0);
  for (const double rest : {1e-4, 1e-5, 1e-7}) out.push_back(1 - rest);
  return out;
}

TEST(ScheduleConformance, EntriesDescribeThemselves) {
  std::set<std::string> names;
  for (const schedule::Entry& entry : schedule::registry().entries()) {
    SCOPED_TRACE(entry.name);
    EXPECT_TRUE(names.insert(entry.name).second) << "listed twice";
    EXPECT_FALSE(entry.summary.empty());
    EXPECT_FALSE(entry.source.empty());
    for (const OptionInfo& option : entry.options()) EXPECT_FALSE(option.help.empty()) << option.key;
    EXPECT_THROW(schedule::registry().make(entry.name, {{"no_such_key", 1}}), Error);
  }
}

TEST(ScheduleConformance, DataAtZeroAndFiniteAtOne) {
  for (const auto& [name, s] : schedule_cases()) {
    SCOPED_TRACE(name);
    EXPECT_EQ(s->alpha(0), 1);
    EXPECT_EQ(s->sigma(0), 0);
    EXPECT_EQ(s->log_snr(0), kInfinity);
    EXPECT_TRUE(s->alpha(1) >= 0 && s->alpha(1) <= 1) << s->alpha(1);
    EXPECT_TRUE(s->sigma(1) > 0 && std::isfinite(s->sigma(1))) << s->sigma(1);
    EXPECT_EQ(s->log_snr(1) == -kInfinity, s->alpha(1) == 0);
    EXPECT_EQ(s->prior_deviation(), s->family() == Family::variance_exploding ? s->sigma(1) : 1);
    EXPECT_TRUE(s->t_min() > 0 && s->t_min() <= 1);
    EXPECT_TRUE(std::isfinite(s->log_snr(s->t_min())));
    for (const double t : inner_times()) {
      EXPECT_TRUE(std::isfinite(s->alpha(t)) && s->alpha(t) > 0) << t;
      EXPECT_TRUE(std::isfinite(s->sigma(t)) && s->sigma(t) > 0) << t;
      EXPECT_TRUE(std::isfinite(s->log_snr(t))) << t;
    }
  }
}

TEST(ScheduleConformance, CoefficientsObeyTheFamily) {
  for (const auto& [name, s] : schedule_cases()) {
    SCOPED_TRACE(name);
    std::vector<double> times = inner_times();
    times.insert(times.end(), {0, 1});
    for (const double t : times) {
      const double alpha = s->alpha(t), sigma = s->sigma(t);
      // 4 eps: each side is one rounded square root or quotient
      if (s->family() == Family::variance_preserving) {
        EXPECT_NEAR(alpha * alpha + sigma * sigma, 1, 9e-16) << t;
      }
      if (s->family() == Family::flow) {
        EXPECT_NEAR(alpha + sigma, 1, 9e-16) << t;
      }
      if (s->family() == Family::variance_exploding) {
        EXPECT_EQ(alpha, 1) << t;
      }
    }
  }
}

TEST(ScheduleConformance, LogSnrFalls) {
  for (const auto& [name, s] : schedule_cases()) {
    SCOPED_TRACE(name);
    double before = s->log_snr(0);
    std::vector<double> times = inner_times();
    times.push_back(1);
    for (const double t : times) {
      EXPECT_LT(s->log_snr(t), before) << t;
      before = s->log_snr(t);
    }
  }
}

TEST(ScheduleConformance, LogSnrIsThatOfAlphaAndSigma) {
  for (const auto& [name, s] : schedule_cases()) {
    SCOPED_TRACE(name);
    for (const double t : inner_times()) {
      const double log_snr = s->log_snr(t), from_both = 2 * std::log(s->alpha(t) / s->sigma(t));
      // relative to at least 1: log_snr crosses zero, alpha and sigma do not
      if (std::abs(log_snr) <= 10) {
        EXPECT_NEAR(log_snr, from_both, 1e-12 * std::max(1.0, std::abs(log_snr))) << t;
      }
      EXPECT_NEAR(log_snr, from_both, 1e-10 * std::max(1.0, std::abs(log_snr))) << t;
    }
  }
}

TEST(ScheduleConformance, TimeOfInvertsLogSnr) {
  for (const auto& [name, s] : schedule_cases()) {
    SCOPED_TRACE(name);
    // log_snr is rounded to 1e-14 (|log_snr| <= 50) and falls by 1 or more over the unit of time
    for (const double t : inner_times()) EXPECT_NEAR(s->time_of(s->log_snr(t)), t, 1e-13);
    const auto last = static_cast<double>(s->states());
    for (int64_t i = 0; i <= s->states() && last > 0; ++i) {
      const double t = static_cast<double>(i) / last;
      EXPECT_EQ(s->time_of(s->log_snr(t)), t) << "state " << i;
    }
    EXPECT_EQ(s->time_of(kInfinity), 0);
    EXPECT_EQ(s->time_of(-kInfinity), s->log_snr(1) == -kInfinity ? 1 : s->time_of(s->log_snr(1) - 1));
    if (std::isfinite(s->log_snr(1))) {
      EXPECT_EQ(s->time_of(s->log_snr(1) - 1), 1) << "clamped";
    }
    EXPECT_THROW(s->time_of(std::nan("")), Error);
  }
}

TEST(ScheduleConformance, TimesOutsideTheUnitIntervalAreRefused) {
  for (const auto& [name, s] : schedule_cases()) {
    SCOPED_TRACE(name);
    for (const double t : {-1e-9, 1 + 1e-9, std::nan("")}) {
      EXPECT_THROW(s->alpha(t), Error) << t;
      EXPECT_THROW(s->sigma(t), Error) << t;
      EXPECT_THROW(s->log_snr(t), Error) << t;
      EXPECT_THROW(s->network_time(t), Error) << t;
    }
  }
}

TEST(ScheduleConformance, NetworkTimeCountsStates) {
  for (const auto& [name, s] : schedule_cases()) {
    SCOPED_TRACE(name);
    const int64_t states = s->states();
    if (states == 0) {
      for (const double t : inner_times())
        EXPECT_NEAR(s->network_time(t), 1000 * (s->family() == Family::flow ? s->sigma(t) : t), 1e-12);
      continue;
    }
    const bool from_clean = name.find("from_clean") != std::string::npos;
    const double first = from_clean ? 1 : 0;  // what state 1 is told
    const auto at = [&](double i) { return i / static_cast<double>(states); };
    for (int64_t i = 1; i <= states; ++i)
      EXPECT_EQ(s->network_time(at(static_cast<double>(i))), static_cast<double>(i - 1) + first);
    for (int64_t i = 1; i < states; ++i)
      EXPECT_NEAR(s->network_time(at(static_cast<double>(i) + 0.25)), static_cast<double>(i) - 0.75 + first, 1e-9);
    EXPECT_EQ(s->network_time(0), 0);
    EXPECT_EQ(s->t_min(), at(1));
  }
}

TEST(ScheduleConformance, BetweenStatesAsTheArchitectureSays) {
  for (const auto& [name, s] : schedule_cases()) {
    if (s->states() == 0) continue;
    SCOPED_TRACE(name);
    const int64_t states = s->states();
    const auto at = [&](double i) { return i / static_cast<double>(states); };
    const auto ratio = [&at, &schedule = *s](double i) { return schedule.sigma(at(i)) / schedule.alpha(at(i)); };
    // 1e-9: a fractional state loses the digits that its whole part takes
    EXPECT_NEAR(ratio(0.25), 0.25 * ratio(1), 1e-9 * ratio(1)) << "sigma/alpha is linear up to state 1";
    const bool signal = s->alpha(1) > 0;
    for (int64_t i = 1; i < states - (signal ? 0 : 1); ++i) {
      const auto low = static_cast<double>(i);
      const double want = 0.75 * s->log_snr(at(low)) + 0.25 * s->log_snr(at(low + 1));
      EXPECT_NEAR(s->log_snr(at(low + 0.25)), want, 1e-9) << i;
    }
    if (signal) continue;
    const auto last = static_cast<double>(states);
    EXPECT_NEAR(1 / ratio(last - 0.25), 0.25 / ratio(last - 1), 1e-9 / ratio(last - 1)) << "alpha/sigma is linear";
  }
}

/// The chain's steps, multiplied out, are the closed form: x_t = alpha x_0 + sigma eps.
TEST(ScheduleConformance, StepsOfTheChainMultiplyToTheClosedForm) {
  for (const auto& [name, s] : schedule_cases()) {
    SCOPED_TRACE(name);
    const int64_t n = s->states() > 0 ? s->states() : 100;
    double scale = 1, variance = 0, before = 0;
    for (int64_t i = 1; i <= n; ++i) {
      const double t = static_cast<double>(i) / static_cast<double>(n);
      const Transition step = transition(*s, before, t);
      scale *= step.scale;
      variance = step.scale * step.scale * variance + step.deviation * step.deviation;
      EXPECT_NEAR(scale, s->alpha(t), 1e-12 * s->alpha(t)) << t;
      // 1e-11: the steps' deviations come from differences of log_snr, each rounded
      EXPECT_NEAR(variance, s->sigma(t) * s->sigma(t), 1e-11 * variance) << t;
      before = t;
    }
  }
}

TEST(ScheduleConformance, ThreadsSeeTheSameValues) {
  for (const auto& [name, s] : schedule_cases()) {
    const auto all = [schedule = s] {
      std::vector<double> out;
      for (const double t : inner_times())
        out.insert(out.end(), {schedule->alpha(t), schedule->sigma(t), schedule->time_of(schedule->log_snr(t))});
      return out;
    };
    const std::vector<double> want = all();
    std::vector<std::vector<double>> got(4);
    std::vector<std::thread> threads;
    for (auto& out : got) threads.emplace_back([&out, &all] { out = all(); });
    for (std::thread& thread : threads) thread.join();
    for (const auto& out : got) EXPECT_EQ(out, want) << name;
  }
}

}  // namespace
}  // namespace roulade
