// SPDX-License-Identifier: Apache-2.0
// What every entry of the data registry promises.
#include "roulade/data/points.hpp"
#include "tests/io/scratch.hpp"

#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include <gtest/gtest.h>

namespace roulade {
namespace {

constexpr Split kSplits[] = {Split::train, Split::validation, Split::test};

class DataConformance : public testing::TestWithParam<std::string> {
 protected:
  /// The entry with these options; a table gets a file of 500 rows and two classes, a picture one of 7 x 5 pixels,
  /// images a folder with 500 pictures of 1 x 3 pixels in IDX files.
  std::unique_ptr<const PointSource> make(Table options = {}) const {
    if (GetParam() == "table") {
      std::string content = "a,b,kind\n";
      for (int i = 0; i < 500; ++i)
        content += std::to_string(i) + "," + std::to_string(0.5 * i) + (i % 3 ? ",red\n" : ",blue\n");
      spill(scratch_ / "t.csv", content);
      options["file"] = (scratch_ / "t.csv").string();
      options["label"] = "kind";
    }
    if (GetParam() == "picture") options["file"] = golden("io/grey8.png").string();
    if (GetParam() == "images") {
      const auto number = [](int n) {
        return std::string{'\0', '\0', static_cast<char>(n >> 8), static_cast<char>(n)};
      };
      std::string pixels = std::string("\0\0\x08\x03", 4) + number(500) + number(1) + number(3);
      std::string classes = std::string("\0\0\x08\x01", 4) + number(500);
      for (int i = 0; i < 500; ++i) {
        pixels += {static_cast<char>(i % 256), static_cast<char>(i / 256), static_cast<char>(7 * i)};
        classes += static_cast<char>(i % 3 ? 1 : 0);
      }
      std::filesystem::create_directories(scratch_ / "idx");
      spill(scratch_ / "idx/train-images-idx3-ubyte", pixels);
      spill(scratch_ / "idx/train-labels-idx1-ubyte", classes);
      options["path"] = (scratch_ / "idx").string();
    }
    return data::registry().make(GetParam(), options);
  }

  Scratch scratch_;
};

TEST_P(DataConformance, DescribesItself) {
  const data::Entry& entry = data::registry().find(GetParam());
  EXPECT_FALSE(entry.summary.empty());
  EXPECT_FALSE(entry.source.empty());
  EXPECT_FALSE(entry.options().empty());
  for (const OptionInfo& option : entry.options()) EXPECT_FALSE(option.help.empty()) << option.key;
}

TEST_P(DataConformance, UnknownOptionIsRefused) {
  expect_error(Code::usage, {"unknown key 'nois_e'"}, [&] { make({{"nois_e", 0.5}}); });
}

TEST_P(DataConformance, RowsAreFiniteAndLabelsAreClasses) {
  const auto source = make();
  for (const Split split : kSplits) {
    const Points p = source->draw(split, 7, 1000);
    EXPECT_GT(p.rows, 0);
    EXPECT_EQ(p.rows == 1000, source->endless());
    EXPECT_EQ(static_cast<size_t>(p.width), source->columns().size());
    ASSERT_EQ(p.values.size(), static_cast<size_t>(p.rows * p.width));
    for (const double x : p.values) ASSERT_TRUE(std::isfinite(x));
    ASSERT_EQ(p.labels.size(), source->classes() > 0 ? static_cast<size_t>(p.rows) : 0u);
    std::set<int64_t> seen(p.labels.begin(), p.labels.end());
    for (const int64_t label : seen) EXPECT_TRUE(label >= 0 && label < source->classes()) << label;
    EXPECT_EQ(static_cast<int64_t>(seen.size()), source->classes());  // all have weights of 1/8 and more
  }
  const size_t names = source->class_names().size();
  EXPECT_TRUE(names == 0 || names == static_cast<size_t>(source->classes()));
}

TEST_P(DataConformance, ADrawIsAFunctionOfSplitSeedAndCount) {
  const auto source = make(), again = make();
  for (const Split split : kSplits) {
    const Points a = source->draw(split, 3, 40), b = again->draw(split, 3, 40);
    EXPECT_EQ(a.values, b.values);
    EXPECT_EQ(a.labels, b.labels);
    EXPECT_NE(a.values, source->draw(split, 4, 40).values);
  }
}

TEST_P(DataConformance, ASmallDrawIsTheBeginningOfALargeOne) {
  const auto source = make();
  const Points large = source->draw(Split::train, 3, 9000);  // over two of a generator's blocks
  for (const int64_t count : {1, 17, 300}) {
    const Points small = source->draw(Split::train, 3, count);
    ASSERT_EQ(small.rows, count);
    EXPECT_TRUE(std::equal(small.values.begin(), small.values.end(), large.values.begin())) << count;
    EXPECT_TRUE(std::equal(small.labels.begin(), small.labels.end(), large.labels.begin())) << count;
  }
}

TEST_P(DataConformance, SplitsShareNoRow) {
  const auto source = make();
  std::set<std::vector<double>> seen;
  for (const Split split : kSplits) {
    const Points p = source->draw(split, 5, 3000);
    for (int64_t i = 0; i < p.rows; ++i)
      EXPECT_TRUE(seen.emplace(p.row(i), p.row(i) + p.width).second) << "row " << i << " came up before";
  }
}

TEST_P(DataConformance, NegativeCountIsRefused) {
  const auto source = make();
  expect_error(Code::usage, {"number of points", "got -1"}, [&] { source->draw(Split::train, 0, -1); });
}

double distance(const Curve& curve, const double* p) {
  double least = std::numeric_limits<double>::infinity();
  for (const auto& piece : curve.pieces)
    for (size_t i = 0; i + 1 < piece.size(); ++i) {
      const auto &a = piece[i], &b = piece[i + 1];
      const double dx = b[0] - a[0], dy = b[1] - a[1];
      const double t = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy);
      const double c = std::min(1.0, std::max(0.0, t));
      least = std::min(least, std::hypot(p[0] - a[0] - c * dx, p[1] - a[1] - c * dy));
    }
  return least;
}

TEST_P(DataConformance, PointsSpreadAroundTheCurveByItsNoise) {
  if (!make()->curve()) GTEST_SKIP() << "no curve";
  EXPECT_EQ(make({{"noise", 0.0}})->curve()->noise, 0);
  // Noise small against every radius of curvature (1/2 and more), so that the distance is its normal component.
  constexpr double kNoise = 0.005;
  constexpr int64_t kRows = 5000;
  const auto source = make({{"noise", kNoise}});
  const Curve curve = *source->curve();
  EXPECT_EQ(curve.noise, kNoise);
  const Points p = source->draw(Split::test, 1, kRows);
  double squares = 0;
  for (int64_t i = 0; i < kRows; ++i) squares += std::pow(distance(curve, p.row(i)), 2);
  // Five standard errors 1 / sqrt(2 n), and 0.2 % for curvature and the points beyond the ends.
  EXPECT_NEAR(std::sqrt(squares / kRows) / kNoise, 1, 5 / std::sqrt(2.0 * kRows) + 0.002);

  const Points on = make({{"noise", 0.0}})->draw(Split::test, 1, 1000);
  for (int64_t i = 0; i < on.rows; ++i) EXPECT_LT(distance(curve, on.row(i)), 6e-5);  // how far chords stray
}

INSTANTIATE_TEST_SUITE_P(All, DataConformance, testing::ValuesIn(data::registry().names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace roulade
