// SPDX-License-Identifier: Apache-2.0
// What every entry of the metric registry promises, and what it refuses.
#include "sets.hpp"
#include "tests/io/scratch.hpp"

#include <cmath>
#include <limits>
#include <map>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using test::judge;

class MetricConformance : public testing::TestWithParam<std::string> {
 protected:
  const eval::Entry& entry() const { return eval::registry().find(GetParam()); }
  std::vector<double> judge(const PointSet& judged, const PointSet& reference) const {
    return test::judge(GetParam(), judged, reference, context_);
  }

  PointSet trained_ = test::labelled(test::roll().fresh(9, 60));
  Mixture mixture_{{0.5, 0.5}, {{0, 0}, {1, 1}}, {0.3, 0.3}, true};
  MetricContext context_{7, &test::roll().curve, trained_.view(), &mixture_};
  PointSet judged_ = test::labelled(test::roll().fresh(1, 50)), real_ = test::labelled(test::roll().fresh(2, 50));
};

TEST_P(MetricConformance, DescribesItself) {
  EXPECT_FALSE(entry().summary.empty());
  EXPECT_FALSE(entry().source.empty());
  for (const OptionInfo& option : entry().options()) EXPECT_FALSE(option.help.empty()) << option.key;
}

TEST_P(MetricConformance, GivesTheFiguresThatItNames) {
  const auto values = judge(judged_, real_);
  ASSERT_EQ(values.size(), entry().figures.size());
  const auto figures = entry().compute(judged_.view(), real_.view(), context_);
  ASSERT_EQ(figures.size(), values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_TRUE(std::isfinite(values[i]));
    EXPECT_EQ(figures[i].name, entry().figures[i]);
    EXPECT_EQ(figures[i].value, values[i]);
  }
}

TEST_P(MetricConformance, UnknownOptionIsRefused) {
  expect_error(Code::usage, {"unknown key 'direktions'"}, [&] {
    eval::registry().make(GetParam(), {{"direktions", 5}});
  });
}

TEST_P(MetricConformance, NotANumberIsRefusedWithItsPlace) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity, 1.1e15f}) {
    PointSet spoilt = judged_;
    spoilt.values[2 * 49 + 1] = bad;
    expect_error(Code::numeric, {"metric " + GetParam(), "judged set, row 49, column 1"},
                 [&] { judge(spoilt, real_); });
    expect_error(Code::numeric, {"reference set, row 49, column 1"}, [&] { judge(real_, spoilt); });
  }
}

TEST_P(MetricConformance, WrongWidthIsRefused) {
  const PointSet wide = test::normal(1, 50, 3);
  expect_error(Code::usage, {"metric " + GetParam(), "width", "3"}, [&] { judge(wide, real_); });
  expect_error(Code::usage, {"width"}, [&] { judge(real_, wide); });
  if (entry().needs_curve || entry().needs_mixture)
    expect_error(Code::usage, {"width", "2"}, [&] { judge(wide, wide); });
}

TEST_P(MetricConformance, TooFewRowsAreRefused) {
  const std::map<std::string, int64_t> least = {{"energy", 2},     {"precision_recall", 6}, {"mmd", 2},
                                                {"classifier", 2}, {"density_coverage", 6}, {"frechet", 2},
                                                {"kid", 2},        {"class_spread", 2}};  // others: 1
  const auto found = least.find(GetParam());
  const int64_t rows = found == least.end() ? 1 : found->second;
  const auto fresh = [&](uint64_t seed) {
    PointSet set = test::roll().fresh(seed, rows);
    set.labels.assign(static_cast<size_t>(rows), 0);
    return set;
  };
  const PointSet enough = fresh(3);
  EXPECT_NO_THROW(judge(enough, fresh(4)));
  const PointSet few{rows - 1, 2, {enough.values.begin(), enough.values.end() - 2}};
  expect_error(Code::usage, {"rows of the judged set"}, [&] { judge(few, enough); });
  expect_error(Code::usage, {"rows of the reference set"}, [&] { judge(enough, few); });
}

INSTANTIATE_TEST_SUITE_P(All, MetricConformance, testing::ValuesIn(eval::registry().names()),
                         [](const auto& info) { return info.param; });

TEST(MetricRefusals, SlicedWantsSetsOfOneSize) {
  expect_error(Code::usage, {"rows of the judged set", "50", "49"},
               [] { judge("sliced_wasserstein", test::normal(1, 49, 2), test::normal(2, 50, 2)); });
}

TEST(MetricRefusals, MedianOfEqualPointsIsNoBandwidth) {
  const PointSet same = test::set_of(1, {1, 1, 1, 1, 2}), other = test::normal(1, 4, 1);
  expect_error(Code::input, {"median distance", "mmd_bandwidth"}, [&] { judge("mmd", other, same); });
  EXPECT_NO_THROW(judge("mmd", other, same, {}, {{"mmd_bandwidth", 0.5}}));
  EXPECT_NO_THROW(judge("mmd", same, other));
}

TEST(MetricRefusals, MoreVotersThanTrainingPoints) {
  const PointSet set = test::normal(1, 10, 2);
  EXPECT_NO_THROW(judge("classifier", set, set, {}, {{"classifier_neighbours", 10}}));
  expect_error(Code::usage, {"classifier_neighbours", "10", "11"}, [&] {
    judge("classifier", set, set, {}, {{"classifier_neighbours", 11}});
  });
}

TEST(MetricRefusals, MemorisationWantsATrainingSet) {
  const PointSet set = test::normal(1, 10, 2), wide = test::normal(1, 10, 3);
  PointSet spoilt = set;
  spoilt.values[7] = std::nanf("");
  expect_error(Code::usage, {"metric memorisation", "training set", "none"}, [&] { judge("memorisation", set, set); });
  expect_error(Code::usage, {"width of the training set", "2", "3"}, [&] {
    judge("memorisation", set, set, {0, nullptr, wide.view()});
  });
  expect_error(Code::numeric, {"training set, row 3, column 1"}, [&] {
    judge("memorisation", set, set, {0, nullptr, spoilt.view()});
  });
}

TEST(MetricRefusals, NeighbourAmongTooFewPoints) {
  expect_error(Code::usage, {"neighbour_points"}, [] {
    judge("precision_recall", test::normal(1, 50, 2), test::normal(2, 50, 2), {},
          {{"neighbour", 5}, {"neighbour_points", 5}});
  });
  expect_error(Code::usage, {"density_points"}, [] {
    judge("density_coverage", test::normal(1, 50, 2), test::normal(2, 50, 2), {},
          {{"density_neighbour", 7}, {"density_points", 7}});
  });
}

TEST(MetricRefusals, CurvesThatMeasureNothing) {
  const PointSet set = test::normal(1, 50, 2);
  const Curve silent{{{{0, 0}, {1, 0}}}, 0}, empty{{}, 1}, point{{{{1, 1}, {1, 1}}}, 1},
      broken{{{{0, 0}, {std::nan(""), 0}}}, 1};
  expect_error(Code::usage, {"noise of the curve"}, [&] { judge("curve_distance", set, set, {0, &silent}); });
  for (const std::string metric : {"curve_distance", "arc_coverage"}) {
    expect_error(Code::usage, {"curve of the data", "none"}, [&] { judge(metric, set, set); });
    for (const Curve* curve : {&empty, &point, &broken})
      expect_error(Code::usage, {"vertices of the curve"}, [&] { judge(metric, set, set, {0, curve}); });
  }
  const Curve line{{{{-1, 0}, {1, 0}}}, 1};
  const PointSet on = test::set_of(2, {0, 0, 0.5f, 0});
  expect_error(Code::usage, {"mean distance"}, [&] { judge("curve_distance", set, on, {0, &line}); });
}

// The numbers of the definitions: who changes a default changes what published figures mean.
TEST(MetricDefaults, AreTheDefinition) {
  const std::map<std::string, Value> expected = {{"directions", int64_t{500}},
                                                 {"neighbour", int64_t{5}},
                                                 {"neighbour_points", int64_t{5000}},
                                                 {"off_curve_sigmas", 4.0},
                                                 {"arcs", int64_t{100}},
                                                 {"arc_share", 0.1},
                                                 {"mmd_bandwidth", 0.0},
                                                 {"mmd_factors", std::vector<double>{1}},
                                                 {"wasserstein2_points", int64_t{1000}},
                                                 {"classifier_points", int64_t{10000}},
                                                 {"classifier_neighbours", int64_t{0}},
                                                 {"density_neighbour", int64_t{5}},
                                                 {"density_points", int64_t{5000}},
                                                 {"memorisation_points", int64_t{5000}},
                                                 {"copied_quantile", 0.01},
                                                 {"mode_share", 0.1},
                                                 {"mode_sigmas", 4.0},
                                                 {"recognition_neighbours", int64_t{5}},
                                                 {"kid_subsets", int64_t{100}},
                                                 {"kid_size", int64_t{1000}},
                                                 {"features", std::string("none")},
                                                 {"features_cache", std::string()},
                                                 {"judge", std::string()},
                                                 {"pairs", int64_t{20}},
                                                 {"count", int64_t{10000}},
                                                 {"metrics", std::vector<std::string>{}}};
  Binder binder;
  const Protocol protocol(binder);
  std::map<std::string, Value> found;
  for (const OptionInfo& option : binder.infos()) found[option.key] = option.initial;
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace roulade
