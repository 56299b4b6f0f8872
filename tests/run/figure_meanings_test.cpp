// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/figure_meanings.hpp"

#include "roulade/eval/metric.hpp"
#include "roulade/report/page.hpp"

#include <gtest/gtest.h>

namespace roulade {
namespace {

// What is better is not guessed: a report calls figures good or bad by it.
TEST(FigureMeanings, EveryFigureOfEveryMetricHasItsOwn) {
  for (const MetricEntry& entry : eval::registry().entries())
    for (const std::string& figure : entry.figures) {
      const FigureMeaning* meaning = meaning_of(figure);
      ASSERT_NE(meaning, nullptr) << figure;
      EXPECT_EQ(meaning->name, figure);
      EXPECT_EQ(meaning_of(figure + "_lite0"), meaning);
    }
}

TEST(FigureMeanings, SamplesThatAreAlikeAreNotBetterThanReal) {
  ReportFigure figure;
  figure.aim = meaning_of("class_spread_lite0")->aim;
  figure.floor = 1;
  figure.floor_error = 0.02;
  for (const double spread : {0.4, 1.6}) {
    figure.generated = spread;
    EXPECT_FALSE(plot::verdict_of(figure).good) << spread;
  }
  figure.generated = 1.03;
  EXPECT_EQ(plot::verdict_of(figure).word, "at the floor");
}

}  // namespace
}  // namespace roulade
