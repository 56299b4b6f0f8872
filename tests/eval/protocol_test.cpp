// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/protocol.hpp"

#include "sets.hpp"
#include "tests/io/scratch.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

/// Twelve points of the line at `place`: their sliced distance from another such set is the difference of the places.
PointSet heap(double place) { return test::set_of(1, std::vector<float>(12, static_cast<float>(place))); }

/// Pair k: generated at k, reference at 0, floor at 10 + k.
ProtocolInput heaps() {
  ProtocolInput input;
  input.generated = [](int64_t pair, uint64_t) { return heap(static_cast<double>(pair)); };
  input.reference = [](int64_t, uint64_t) { return heap(0); };
  input.floor = [](int64_t pair, uint64_t) { return FloorSets{heap(10 + static_cast<double>(pair)), std::nullopt}; };
  return input;
}

Protocol sliced(int64_t pairs) {
  return Protocol::from_table({{"metrics", std::vector<std::string>{"sliced_wasserstein"}}, {"pairs", pairs}});
}

TEST(Protocol, MeansAndStandardErrorsByHand) {
  const auto result = sliced(4).run(heaps(), 1);
  ASSERT_EQ(result.figures.size(), 1u);
  const FigureResult& figure = result.figures[0];
  EXPECT_EQ(figure.metric, "sliced_wasserstein");
  EXPECT_EQ(figure.generated.values, (std::vector<double>{0, 1, 2, 3}));
  EXPECT_EQ(figure.generated.mean, 1.5);
  EXPECT_DOUBLE_EQ(figure.generated.error, std::sqrt((2.25 + 0.25 + 0.25 + 2.25) / 3 / 4));
  ASSERT_TRUE(figure.floor);
  EXPECT_EQ(figure.floor->values, (std::vector<double>{10, 11, 12, 13}));
  EXPECT_EQ(figure.floor->mean, 11.5);
  EXPECT_EQ(result.pairs, 4);
  EXPECT_TRUE(std::isnan(sliced(1).run(heaps(), 1).figures[0].generated.error));
}

TEST(Protocol, FloorOfATableComparesItsOwnHalves) {
  ProtocolInput input = heaps();
  input.floor = [](int64_t, uint64_t) { return FloorSets{heap(5), heap(7)}; };
  const auto result = sliced(2).run(input, 1);
  EXPECT_EQ(result.figures[0].floor->values, (std::vector<double>{2, 2}));
  EXPECT_EQ(result.figures[0].generated.values, (std::vector<double>{0, 1}));
  input.floor = {};
  EXPECT_FALSE(sliced(2).run(input, 1).figures[0].floor);
}

// The floor of a table is rows of its training split: of themselves they are copies.
TEST(Protocol, HeldOutSetsAreTheFloorOfMetricsOfTheTrainingSet) {
  const PointSet trained = test::normal(1, 300, 2), real = test::normal(2, 300, 2), other = test::normal(3, 300, 2);
  ProtocolInput input;
  input.generated = [&](int64_t, uint64_t) { return trained; };
  input.reference = [&](int64_t, uint64_t) { return real; };
  input.training = trained.view();
  FloorSets floor{trained, std::nullopt};
  input.floor = [&](int64_t, uint64_t) { return floor; };
  const auto run = [&] {
    return Protocol::from_table({{"pairs", 1}, {"metrics", std::vector<std::string>{"energy", "memorisation"}}})
        .run(input, 1);
  };
  const double energy = run().figures[0].floor->mean;
  EXPECT_EQ(run().figures[1].floor->mean, 1);
  floor.held_out = {other, real};
  const auto result = run();
  EXPECT_EQ(result.figures[1].generated.mean, 1);
  EXPECT_EQ(result.figures[1].floor->mean, test::judge("memorisation", other, real, {0, nullptr, trained.view()})[0]);
  EXPECT_LT(result.figures[1].floor->mean, 0.05);
  EXPECT_EQ(result.figures[0].floor->mean, energy);  // of other metrics the floor is what it was
}

TEST(Protocol, EveryPairAndRoleHasItsSeed) {
  std::vector<uint64_t> seen;
  std::vector<int64_t> pairs;
  ProtocolInput input;
  const auto note = [&](int64_t pair, uint64_t seed) {
    pairs.push_back(pair);
    seen.push_back(seed);
    return test::normal(seed, 12, 2);
  };
  input.generated = input.reference = note;
  input.floor = [&](int64_t pair, uint64_t seed) { return FloorSets{note(pair, seed), std::nullopt}; };
  const auto result = sliced(2).run(input, 99);
  std::vector<uint64_t> expected;
  for (const uint64_t pair : {0, 1})
    for (const uint64_t role : {0, 1, 2}) expected.push_back(derive_seed(derive_seed(99, pair), role));
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(pairs, (std::vector<int64_t>{0, 0, 0, 1, 1, 1}));

  // Directions of a pair have the seed of role 3, the same for generated and floor.
  for (const size_t pair : {0, 1}) {
    const MetricContext context{derive_seed(derive_seed(99, pair), 3), nullptr};
    const PointSet reference = test::normal(expected[3 * pair + 1], 12, 2);
    const auto w = [&](size_t role) {
      return test::judge("sliced_wasserstein", test::normal(expected[3 * pair + role], 12, 2), reference, context)[0];
    };
    EXPECT_EQ(result.figures[0].generated.values[pair], w(0));
    EXPECT_EQ(result.figures[0].floor->values[pair], w(2));
  }
  EXPECT_EQ(sliced(2).run(input, 99).figures[0].generated.values, result.figures[0].generated.values);
  EXPECT_NE(sliced(2).run(input, 98).figures[0].generated.values, result.figures[0].generated.values);
}

TEST(Protocol, CancelKeepsThePairsDone) {
  Cancel cancel;
  std::vector<int64_t> done;
  const auto result = sliced(5).run(
      heaps(), 1,
      [&](const Progress& p) {
        EXPECT_EQ(p.total, 5);
        done.push_back(p.done);
        if (p.done == 2) cancel.request();
      },
      cancel);
  EXPECT_EQ(done, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(result.pairs, 2);
  EXPECT_EQ(result.figures[0].generated.values, (std::vector<double>{0, 1}));
  EXPECT_EQ(result.figures[0].generated.mean, 0.5);
}

TEST(Protocol, CancelWhileASetIsMadeDropsThatPair) {
  Cancel cancel;
  ProtocolInput input = heaps();
  input.generated = [&](int64_t pair, uint64_t) {
    if (pair == 2) cancel.request();  // sampling then returns what it has, which is no sample of the model
    return heap(pair == 2 ? 1000 : 1);
  };
  const auto result = sliced(5).run(input, 1, {}, cancel);
  EXPECT_EQ(result.pairs, 2);
  EXPECT_EQ(result.figures[0].generated.values, (std::vector<double>{1, 1}));
}

TEST(Protocol, MetricsAreTakenAsTheDataAllowAndAsNamed) {
  const PointSet trained = test::labelled(test::roll().fresh(3, 60)), nameless = test::roll().fresh(3, 60);
  const Mixture one{{1}, {{0, 0}}, {1}, true};
  const auto figures = [](const Protocol& protocol, const Curve* curve, const PointView& training,
                          const Mixture* mixture) {
    ProtocolInput input;
    input.generated =
        input.reference = [](int64_t, uint64_t seed) { return test::labelled(test::roll().fresh(seed, 50)); };
    input.curve = curve;
    input.training = training;
    input.mixture = mixture;
    std::vector<std::string> names;
    for (const FigureResult& figure : protocol.run(input, 1).figures) names.push_back(figure.figure);
    return names;
  };
  const auto metrics = [](const char* name) {
    return Protocol::from_table({{"pairs", 2}, {"metrics", std::vector<std::string>{name}}});
  };
  const Protocol usual = Protocol::from_table({{"pairs", 2}}), all = metrics("all");
  EXPECT_FALSE(usual.needs_training());
  EXPECT_TRUE(all.needs_training());
  for (const bool curve : {false, true})
    for (const bool training : {false, true}) {
      const bool mixture = curve == training;
      std::vector<std::string> every, by_default;
      for (const auto& entry : eval::registry().entries()) {
        if ((entry.needs_curve && !curve) || (entry.needs_training && !training)) continue;
        if ((entry.needs_mixture && !mixture) || (entry.needs_classes && !training)) continue;
        if (entry.needs_features || entry.needs_judge) continue;
        every.insert(every.end(), entry.figures.begin(), entry.figures.end());
        if (entry.by_default) by_default.insert(by_default.end(), entry.figures.begin(), entry.figures.end());
      }
      const PointView points = training ? trained.view() : PointView{};
      EXPECT_EQ(figures(all, curve ? &test::roll().curve : nullptr, points, mixture ? &one : nullptr), every);
      EXPECT_EQ(figures(usual, curve ? &test::roll().curve : nullptr, points, mixture ? &one : nullptr), by_default);
    }
  const auto without_classes = figures(all, nullptr, nameless.view(), nullptr);
  EXPECT_EQ(std::count(without_classes.begin(), without_classes.end(), "recognised"), 0);
  EXPECT_EQ(std::count(without_classes.begin(), without_classes.end(), "copied_share"), 1);
  expect_error(Code::usage, {"recognition", "classes"},
               [&] { figures(metrics("recognition"), nullptr, nameless.view(), nullptr); });
  expect_error(Code::usage, {"arc_coverage", "curve"}, [&] { figures(metrics("arc_coverage"), nullptr, {}, &one); });
  expect_error(Code::usage, {"memorisation", "training set"},
               [&] { figures(metrics("memorisation"), nullptr, {}, &one); });
  expect_error(Code::usage, {"modes", "mixture"},
               [&] { figures(metrics("modes"), &test::roll().curve, trained.view(), nullptr); });
}

TEST(Protocol, OptionsReachTheMetricsAndUnknownOnesAreRefused) {
  const auto once = [](Table options) {
    options["metrics"] = std::vector<std::string>{"sliced_wasserstein"};
    options["pairs"] = 2;
    ProtocolInput input;
    input.generated = input.reference = [](int64_t, uint64_t seed) { return test::normal(seed, 50, 2); };
    return Protocol::from_table(options).run(input, 1).figures[0].generated.values;
  };
  EXPECT_NE(once({{"directions", 3}}), once({{"directions", 4}}));
  EXPECT_EQ(once({{"directions", 500}}), once({}));
  expect_error(Code::usage, {"[eval]", "unknown key 'direction'", "directions"}, [&] { once({{"direction", 3}}); });
  expect_error(Code::usage, {"metrics", "enery"}, [] {
    Protocol::from_table({{"metrics", std::vector<std::string>{"enery"}}});
  });
  expect_error(Code::usage, {"pairs"}, [] { Protocol::from_table({{"pairs", 0}}); });
}

// Real data against real data at full size, in both roles: what a perfect model would score.
TEST(Protocol, FreshSwissRollAgainstFresh) {
  ProtocolInput input;
  const auto fresh = [](int64_t, uint64_t seed) { return test::roll().fresh(seed, 10000); };
  input.generated = input.reference = fresh;
  input.floor = [&](int64_t pair, uint64_t seed) { return FloorSets{fresh(pair, seed), std::nullopt}; };
  input.curve = &test::roll().curve;
  EXPECT_NEAR(input.curve->noise, 0.0728, 1e-4);
  const PointSet trained = test::roll().fresh(77, 20000);
  input.training = trained.view();
  const auto result = Protocol::from_table({{"pairs", 6}, {"metrics", std::vector<std::string>{"all"}}}).run(input, 0);
  for (const FigureResult& f : result.figures)
    for (const PairMean* m : {&f.generated, &*f.floor}) {
      SCOPED_TRACE(f.figure);
      if (f.figure == "sliced_wasserstein") {
        // Of single pairs mean 0.016, deviation 0.005: the mean of six within three standard errors.
        EXPECT_NEAR(m->mean, 0.016, 3 * 0.005 / std::sqrt(6));
      } else if (f.figure == "energy") {
        EXPECT_LT(m->error, 3e-4);
        EXPECT_LT(std::abs(m->mean), 5 * m->error);
      } else if (f.figure == "precision" || f.figure == "recall") {
        EXPECT_NEAR(m->mean, 0.992, 0.004);  // single pairs: deviation 0.001
      } else if (f.figure == "curve_distance") {
        EXPECT_NEAR(m->mean, 1,
                    3 * 0.0107 / std::sqrt(6));  // deviation of a ratio of half-normal means: 0.756 sqrt(2 / n)
      } else if (f.figure == "off_curve") {
        EXPECT_LT(m->mean, 3e-4);  // two-sided normal tail 6e-5, six sets: 4 points expected, 18 allowed
      } else if (f.figure == "arc_coverage") {
        EXPECT_EQ(m->mean, 1);
      } else if (f.figure == "mmd2") {
        EXPECT_LT(m->error, 1e-4);
        EXPECT_LT(std::abs(m->mean), 5 * m->error);
      } else if (f.figure == "classifier_accuracy") {
        EXPECT_NEAR(m->mean, 0.5, 4 * 0.5 / std::sqrt(10000 * 6));
      } else if (f.figure == "classifier_z" || f.figure == "copying_z") {
        EXPECT_NEAR(m->mean, 0, 4 / std::sqrt(6));
      } else if (f.figure == "density") {
        EXPECT_NEAR(m->mean, 1, 0.02);
      } else if (f.figure == "knn_coverage") {
        EXPECT_NEAR(m->mean, 1 - std::pow(2.0, -5), 0.004);  // single pairs: deviation 0.003
      } else if (f.figure == "copied_share") {
        EXPECT_NEAR(m->mean, 0.01, 4 * std::sqrt(2 * 0.01 * 0.99 / 5000 / 6));
      } else if (f.figure == "wasserstein2") {
        EXPECT_NEAR(m->mean, 0.15, 0.05);
      } else {
        ADD_FAILURE() << "what does real data score?";
      }
    }
}

}  // namespace
}  // namespace roulade
