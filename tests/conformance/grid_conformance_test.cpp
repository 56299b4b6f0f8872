// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "tests/conformance/schedule_cases.hpp"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using test::schedule_cases;

/// The entry's grid; a custom one has no default, so it gets n falling times.
std::unique_ptr<const Grid> make(const grid::Entry& entry, int64_t n) {
  Table options;
  for (const OptionInfo& option : entry.options()) {
    if (option.key != "times") continue;
    std::vector<double> list;
    for (int64_t j = 0; j < n; ++j) list.push_back(1 - static_cast<double>(j) / static_cast<double>(n));
    options["times"] = list;
  }
  return grid::registry().make(entry.name, options);
}

bool rounds_to_states(const std::string& name) {
  return name == "uniform" || name == "trailing" || name == "leading" || name == "simple";
}

/// Where a grid must refuse: published noise levels that the schedule does not reach, or more steps than a rounded
/// quantile has states at its ends.
bool beyond(const std::string& grid, const Schedule& s, int64_t n) {
  const auto ratio = [&s](double t) { return std::exp(-0.5 * s.log_snr(t)); };
  if (grid == "align_your_steps") return ratio(1) < 14.6 || (n == 20 && ratio(s.t_min()) > 0.0665);
  return grid == "beta" && n == 20 && s.states() > 0 && s.states() <= 40;
}

TEST(GridConformance, EntriesDescribeThemselves) {
  std::set<std::string> names;
  for (const grid::Entry& entry : grid::registry().entries()) {
    SCOPED_TRACE(entry.name);
    EXPECT_TRUE(names.insert(entry.name).second) << "listed twice";
    EXPECT_FALSE(entry.summary.empty());
    EXPECT_FALSE(entry.source.empty());
    for (const OptionInfo& option : entry.options()) EXPECT_FALSE(option.help.empty()) << option.key;
    EXPECT_THROW(grid::registry().make(entry.name, {{"no_such_key", 1}}), Error);
  }
}

TEST(GridConformance, TimesFallStrictlyToZero) {
  for (const grid::Entry& entry : grid::registry().entries()) {
    if (entry.name == "fitted") continue;  // to a trained network: see the tests of run
    for (const auto& [name, s] : schedule_cases()) {
      for (const int64_t n : {1, 2, 3, 20}) {
        SCOPED_TRACE(entry.name + " on " + name + ", n = " + std::to_string(n));
        if (beyond(entry.name, *s, n)) {
          EXPECT_THROW(make(entry, n)->times(*s, n), Error);
          continue;
        }
        const std::vector<double> times = make(entry, n)->times(*s, n);
        ASSERT_EQ(times.size(), static_cast<size_t>(n + 1));
        EXPECT_LE(times.front(), 1);
        EXPECT_EQ(times.back(), 0);
        for (size_t j = 1; j < times.size(); ++j) EXPECT_LT(times[j], times[j - 1]) << j;
        // a step that begins below t_min asks a network about times that it never saw
        EXPECT_GE(times[times.size() - 2], s->t_min() * (1 - 1e-12));
      }
    }
  }
}

TEST(GridConformance, RoundingGridsHitStates) {
  for (const grid::Entry& entry : grid::registry().entries()) {
    if (!rounds_to_states(entry.name)) continue;
    for (const auto& [name, s] : schedule_cases()) {
      if (s->states() == 0) continue;
      for (const int64_t n : {int64_t{1}, int64_t{7}, s->states()}) {
        SCOPED_TRACE(entry.name + " on " + name + ", n = " + std::to_string(n));
        for (const double t : make(entry, n)->times(*s, n)) {
          const double i = std::nearbyint(t * static_cast<double>(s->states()));
          EXPECT_EQ(t, i / static_cast<double>(s->states()));
        }
      }
    }
  }
}

TEST(GridConformance, ImpossibleCountsAreRefused) {
  for (const grid::Entry& entry : grid::registry().entries()) {
    for (const auto& [name, s] : schedule_cases()) {
      SCOPED_TRACE(entry.name + " on " + name);
      const auto made = make(entry, 5);
      EXPECT_THROW(made->times(*s, -1), Error);
      if (entry.name != "custom") {
        EXPECT_THROW(made->times(*s, 0), Error);
      }
      EXPECT_THROW(made->times(*s, int64_t{1} << 40), Error);
      if (!rounds_to_states(entry.name) || s->states() == 0) continue;
      try {
        made->times(*s, s->states() + 1);
        ADD_FAILURE() << "more steps than states";
      } catch (const Error& e) {
        EXPECT_EQ(e.code(), Code::usage);
        const std::string text = e.what();
        EXPECT_NE(text.find("1 to " + std::to_string(s->states())), std::string::npos) << text;
        EXPECT_NE(text.find(std::to_string(s->states() + 1)), std::string::npos) << text;
      }
    }
  }
}

}  // namespace
}  // namespace roulade
