// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/points.hpp"

#include "roulade/data/byte_rows.hpp"
#include "tests/io/scratch.hpp"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

namespace roulade {
namespace {

const Points kPoints{3, 2, {1, 10, 2, 30, 6, 20}, {0, 1, 0}};

TEST(Scaling, ModesFitWhatTheySay) {
  const Scaling column = Scaling::fit(kPoints, "column");
  EXPECT_EQ(column.mean, (std::vector<double>{3, 20}));
  EXPECT_DOUBLE_EQ(column.deviation[0], std::sqrt(14.0 / 3));
  EXPECT_DOUBLE_EQ(column.deviation[1], std::sqrt(200.0 / 3));
  const Scaling global = Scaling::fit(kPoints, "global");
  EXPECT_EQ(global.mean, (std::vector<double>{11.5, 11.5}));
  // (10.5^2 + 1.5^2 + 9.5^2 + 18.5^2 + 5.5^2 + 8.5^2) / 6
  EXPECT_DOUBLE_EQ(global.deviation[0], std::sqrt(647.5 / 6));
  EXPECT_EQ(global.deviation[0], global.deviation[1]);
  const Scaling centred = Scaling::fit(kPoints, "centred");
  EXPECT_EQ(centred.mean, column.mean);
  EXPECT_DOUBLE_EQ(centred.deviation[0], std::sqrt((14.0 + 200.0) / 6));
  EXPECT_EQ(centred.deviation[0], centred.deviation[1]);
  const Scaling none = Scaling::fit(kPoints, "none");
  EXPECT_EQ(none.apply(kPoints).values, kPoints.values);
  expect_error(Code::usage, {"did you mean 'column'"}, [] { Scaling::fit(kPoints, "columns"); });
}

TEST(Scaling, OfBytesIsThatOfTheirNumbers) {
  std::vector<uint8_t> values;
  for (int i = 0; i < 90; ++i) values.push_back(static_cast<uint8_t>(i % 3 == 0 ? 250 + i % 2 : i * i * 11));
  ByteRows bytes{3, values, {4, 0, 4, 29, 17, 8, 3}, {}};
  const Points numbers = bytes.points(0, 7);
  for (const std::string mode : {"global", "centred", "column", "pixels", "none"}) {
    const Scaling of_bytes = fit_scaling(bytes, mode), of_numbers = Scaling::fit(numbers, mode);
    for (size_t j = 0; j < 3; ++j) {
      EXPECT_NEAR(of_bytes.mean[j], of_numbers.mean[j], 1e-12) << mode;
      EXPECT_NEAR(of_bytes.deviation[j], of_numbers.deviation[j], 1e-12) << mode;
    }
  }
  const std::vector<uint8_t> alike = {7, 1, 7, 2, 7, 3};
  bytes = {2, alike, {0, 1, 2}, {}};
  expect_error(Code::input, {"column 1", "two or more that differ"}, [&] { fit_scaling(bytes, "column"); });
  EXPECT_EQ(fit_scaling(bytes, "global").mean, (std::vector<double>{4.5, 4.5}));
  bytes.rows.clear();
  expect_error(Code::input, {"no points"}, [&] { fit_scaling(bytes, "global"); });
  expect_error(Code::usage, {"did you mean 'global'"}, [&] { fit_scaling(bytes, "globall"); });
}

TEST(Scaling, RoundTrip) {
  for (const std::string mode : {"global", "centred", "column", "none"}) {
    const Scaling s = Scaling::fit(kPoints, mode);
    const Points back = s.undo(s.apply(kPoints));
    EXPECT_EQ(back.labels, kPoints.labels);
    for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(back.values[i], kPoints.values[i], 1e-14 * 30);  // a few roundings
  }
}

TEST(Scaling, Refusals) {
  expect_error(Code::input, {"column 2", "two or more that differ"}, [] {
    Scaling::fit({2, 2, {1, 0.1, 2, 0.1}, {}}, "column");
  });
  expect_error(Code::input, {"column 1"}, [] { Scaling::fit({3, 1, {0.1, 0.1, 0.1}, {}}, "global"); });
  expect_error(Code::input, {"column 1"}, [] { Scaling::fit({2, 2, {0.1, 9, 0.1, 9}, {}}, "centred"); });
  expect_error(Code::input, {"no points"}, [] { Scaling::fit({0, 2, {}, {}}, "global"); });
  expect_error(Code::usage, {"width", "expected 1, got 2"}, [] { (void)Scaling{{0}, {1}}.apply(kPoints); });
  expect_error(Code::usage, {"one deviation"}, [] { (void)Scaling{{0, 0}, {1, 2}}.apply(Curve{}); });
}

TEST(Scaling, CurveMovesWithItsPoints) {
  const Curve curve{{{{1, 2}, {3, 6}}}, 0.5};
  const Curve scaled = Scaling{{1, 2}, {2, 2}}.apply(curve);
  EXPECT_EQ(scaled.pieces, (decltype(scaled.pieces){{{0, 0}, {1, 2}}}));
  EXPECT_EQ(scaled.noise, 0.25);
}

TEST(Checkerboard, EveryFilledCellAndNoOtherIsHitEqually) {
  for (const int64_t cells : {1, 4, 5}) {
    constexpr int64_t kRows = 50000;
    const auto source = data::registry().make("checkerboard", {{"cells", cells}, {"extent", 3.0}});
    const Points p = source->draw(Split::train, 2, kRows);
    std::map<std::pair<int64_t, int64_t>, int64_t> hits;
    for (int64_t i = 0; i < kRows; ++i) {
      const auto cell = [&](double x) {
        return static_cast<int64_t>(std::floor((x + 3) / 6 * static_cast<double>(cells)));
      };
      ++hits[{cell(p.row(i)[0]), cell(p.row(i)[1])}];
    }
    const int64_t filled = (cells * cells + 1) / 2;
    EXPECT_EQ(static_cast<int64_t>(hits.size()), filled);
    const double share = 1 / static_cast<double>(filled);
    for (const auto& [at, n] : hits) {
      EXPECT_EQ((at.first + at.second) % 2, 0);
      EXPECT_TRUE(at.first >= 0 && at.first < cells && at.second >= 0 && at.second < cells);
      EXPECT_NEAR(static_cast<double>(n) / kRows, share, 5 * std::sqrt(share * (1 - share) / kRows));
    }
  }
}

}  // namespace
}  // namespace roulade
