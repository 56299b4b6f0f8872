// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/discrete.hpp"

#include "roulade/schedule/forward.hpp"
#include "tests/schedule/csv.hpp"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

namespace roulade {
namespace {

std::unique_ptr<const Schedule> make(const std::string& name, const Table& options = {}) {
  return schedule::registry().make(name, options);
}

double abar(const Schedule& s, int64_t i) {
  const double alpha = s.alpha(static_cast<double>(i) / static_cast<double>(s.states()));
  return alpha * alpha;
}

double beta(const Schedule& s, int64_t i) {
  const auto last = static_cast<double>(s.states());
  const double d = transition(s, static_cast<double>(i - 1) / last, static_cast<double>(i) / last).deviation;
  return d * d;
}

/// tools/golden/schedule.py: the tables of diffusers 0.42.1's DDPMScheduler in float64.
TEST(Discrete, MeetsTheTablesOfDiffusers) {
  const std::map<std::string, std::pair<std::string, Table>> cases{
      {"linear", {"linear", {}}},
      {"scaled_linear", {"scaled_linear", {}}},
      {"cosine", {"cosine", {}}},
      {"sigmoid", {"sigmoid", {}}},
      {"linear_zero", {"linear", {{"zero_terminal_snr", true}}}},
      {"scaled_linear_zero", {"scaled_linear", {{"zero_terminal_snr", true}}}},
      {"cosine_zero", {"cosine", {{"zero_terminal_snr", true}}}}};
  const auto rows = test::golden("tables");
  ASSERT_EQ(rows.size(), 7 * 16u);
  for (const auto& row : rows) {
    SCOPED_TRACE(row[0] + " k = " + row[1]);
    const auto& [name, options] = cases.at(row[0]);
    const auto s = make(name, options);
    ASSERT_EQ(s->states(), 1000);
    const int64_t i = std::stoll(row[1]) + 1;
    const double want_beta = std::stod(row[2]), want_abar = std::stod(row[3]);
    // abar: diffusers multiplies 1000 rounded factors; its rescaling also subtracts the last root, 0.006 from as little
    // as 0.00607. beta: ours comes from the difference of two log_snr of up to 10 (1e-15 each);
    // its rescaled ones subtract ratios of such abar from 1; its cosine near pi/2 has an error of 1e-16 in 2e-3.
    const bool zero = row[0].find("zero") != std::string::npos, cosine = row[0].find("cosine") != std::string::npos;
    EXPECT_NEAR(abar(*s, i), want_abar, (zero ? 1e-10 : 1e-12) * want_abar);
    EXPECT_NEAR(beta(*s, i), want_beta, zero ? 1e-11 : cosine ? 2e-13 : 5e-15);
  }
}

/// The article's notebook, a table by its own formula: 40 states, abar[0] = 1, no clip, the network sees the state.
TEST(Discrete, MeetsTheNotebooksTable) {
  const auto s = make("cosine", {{"steps", 40}, {"index", "from_clean"}});
  ASSERT_EQ(s->states(), 39);
  const auto rows = test::golden("notebook");
  ASSERT_EQ(rows.size(), 40u);
  for (int64_t i = 0; i < 40; ++i) {
    const auto& row = rows[static_cast<size_t>(i)];
    const double want_beta = std::stod(row[1]), want_abar = std::stod(row[2]);
    EXPECT_NEAR(abar(*s, i), want_abar, 1e-14) << i;
    if (i > 0) {
      EXPECT_NEAR(beta(*s, i), want_beta, 1e-14) << i;
    }
    EXPECT_EQ(s->network_time(static_cast<double>(i) / 39), static_cast<double>(i));
  }
  EXPECT_EQ(abar(*s, 0), 1);
}

/// 1 - abar of the first states keeps all digits: sigma_1^2 = beta_1.
TEST(Discrete, SmallBetasKeepTheirDigits) {
  for (const double first : {1e-4, 1e-9, 1e-14}) {
    const auto s = make("table", {{"betas", std::vector<double>{first, 0.5}}});
    const double sigma = s->sigma(0.5);
    EXPECT_NEAR(sigma * sigma, first, 1e-15 * first);
    EXPECT_NEAR(s->log_snr(0.5), std::log1p(-first) - std::log(first), 1e-13);
  }
}

TEST(Discrete, RescalingKeepsTheFirstStateAndEndsWithoutSignal) {
  const auto plain = make("linear"), zero = make("linear", {{"zero_terminal_snr", true}});
  EXPECT_NEAR(zero->alpha(1e-3), plain->alpha(1e-3), 1e-15);
  EXPECT_NEAR(zero->sigma(1e-3), plain->sigma(1e-3), 1e-14 * plain->sigma(1e-3));
  EXPECT_EQ(zero->alpha(1), 0);
  EXPECT_EQ(zero->sigma(1), 1);
  // alpha' is an affine map of alpha
  const double slope = zero->alpha(0.001) / (plain->alpha(0.001) - plain->alpha(1));
  for (const double t : {0.1, 0.5, 0.9, 0.999})
    EXPECT_NEAR(zero->alpha(t), slope * (plain->alpha(t) - plain->alpha(1)), 1e-15) << t;
}

TEST(Discrete, CosineCutsTheLastBetas) {
  const auto cut = make("cosine");
  EXPECT_NEAR(beta(*cut, 1000), 0.999, 1e-12);
  const auto lower = make("cosine", {{"max_beta", 0.5}});
  EXPECT_NEAR(beta(*lower, 1000), 0.5, 1e-12);
  const auto whole = make("cosine", {{"max_beta", 1.0}});
  EXPECT_EQ(whole->alpha(1), 0) << "cos(pi/2)^2 = 0 when nothing is cut";
}

/// Counted from clean data, `steps` includes the clean state.
TEST(Discrete, CountsFromCleanData) {
  EXPECT_EQ(make("linear", {{"steps", 10}})->states(), 10);
  const auto s = make("linear", {{"steps", 10}, {"index", "from_clean"}});
  EXPECT_EQ(s->states(), 9);
  EXPECT_NEAR(beta(*s, 1), 1e-4, 1e-14);
  EXPECT_NEAR(beta(*s, 9), 0.02, 1e-14);
}

TEST(Discrete, RefusesWhatIsNoChain) {
  EXPECT_THROW(make("linear", {{"steps", 0}}), Error);
  EXPECT_THROW(make("linear", {{"steps", 1}, {"index", "from_clean"}}), Error);
  EXPECT_THROW(make("linear", {{"steps", 1}, {"zero_terminal_snr", true}}), Error);
  EXPECT_THROW(make("linear", {{"index", "sideways"}}), Error);
  EXPECT_THROW(make("linear", {{"beta_end", 1.5}}), Error);
  const Counting counting;
  EXPECT_THROW(discrete({}, counting), Error);
  EXPECT_THROW(discrete({1.0}, counting), Error);
  EXPECT_THROW(discrete({0.1, 0.0, 0.1}, counting), Error);
  EXPECT_THROW(discrete({0.1, 1.0, 0.1}, counting), Error);
  EXPECT_THROW(discrete({0.1, std::nan(""), 0.1}, counting), Error);
  EXPECT_THROW(discrete({0.5, 1e-30, 0.5}, counting), Error) << "log_snr would not fall";
  EXPECT_EQ(discrete({0.1, 1.0}, counting)->alpha(1), 0);
}

}  // namespace
}  // namespace roulade
