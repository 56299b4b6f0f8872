// SPDX-License-Identifier: Apache-2.0
// The grids against those of others: tools/golden/grid.py.
#include "roulade/grid/beta_quantile.hpp"
#include "roulade/grid/grid.hpp"
#include "tests/schedule/csv.hpp"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace roulade {
namespace {

/// "rho=3.0;of=sigma;rounded=false" as options.
Table options_of(const std::string& text) {
  Table out;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ';');) {
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals), value = word.substr(equals + 1);
    if (value == "true" || value == "false") {
      out[key] = value == "true";
    } else if (std::isdigit(static_cast<unsigned char>(value[0])) == 0) {
      out[key] = value;
    } else if (value.find('.') == std::string::npos) {
      out[key] = int64_t{std::stoll(value)};
    } else {
      out[key] = std::stod(value);
    }
  }
  return out;
}

std::unique_ptr<const Schedule> schedule_of(const std::string& name) {
  if (name == "edm_wide") return schedule::registry().make("edm", {{"sigma_max", 700.0}});
  return schedule::registry().make(name);
}

TEST(GridGolden, LevelsAreThoseOfOthers) {
  std::set<std::string> seen;
  for (const auto& row : test::golden("levels", "grid")) {
    SCOPED_TRACE(row[0] + " " + row[1] + " on " + row[2] + ", n = " + row[3]);
    seen.insert(row[0]);
    const auto s = schedule_of(row[2]);
    const int64_t n = std::stoll(row[3]);
    const auto times = grid::registry().make(row[0], options_of(row[1]))->times(*s, n);
    ASSERT_EQ(times.size(), static_cast<size_t>(n + 1));
    for (size_t j = 0; j < static_cast<size_t>(n); ++j) {
      const bool flow = s->family() == Schedule::Family::flow;
      const double level = s->sigma(times[j]) / (flow ? 1 : s->alpha(times[j])), want = std::stod(row[4 + j]);
      // 1e-12: a few roundings of log sigma, up to 7 in size; t_min of diffusers' tables carries its own 1e-13
      EXPECT_NEAR(level, want, 2e-12 * want) << j;
    }
  }
  const std::set<std::string> all{"align_your_steps", "beta",     "exponential",      "flow_shift",      "karras",
                                  "kl_optimal",       "leading",  "linear_quadratic", "polyexponential", "sgm_uniform",
                                  "simple",           "trailing", "uniform"};
  EXPECT_EQ(seen, all);
}

TEST(GridGolden, BetaQuantilesAreScipys) {
  const auto rows = test::golden("beta_quantile", "grid");
  ASSERT_EQ(rows.size(), 64u);
  for (const auto& row : rows) {
    SCOPED_TRACE("p = " + row[0] + ", Beta(" + row[1] + ", " + row[2] + ")");
    const double want = std::stod(row[3]);
    EXPECT_NEAR(beta_quantile(std::stod(row[0]), std::stod(row[1]), std::stod(row[2])), want, 1e-11 * want);
  }
  EXPECT_EQ(beta_quantile(0, 0.6, 0.6), 0);
  EXPECT_EQ(beta_quantile(1, 0.6, 0.6), 1);
}

}  // namespace
}  // namespace roulade
