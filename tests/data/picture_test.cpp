// SPDX-License-Identifier: Apache-2.0
// Points of a picture fall as its pixels say. The golden pictures are 7 x 5: channel c of pixel (x, y) from the top is
// (37 x + 91 y + 53 c) mod 256.
#include "roulade/data/builtin.hpp"
#include "roulade/data/points.hpp"
#include "tests/io/scratch.hpp"
#include "tests/tree.hpp"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace roulade {
namespace {

constexpr int64_t kWidth = 7, kHeight = 5, kRows = 200000;

double number(int64_t x, int64_t y, int64_t c) { return static_cast<double>((37 * x + 91 * y + 53 * c) % 256) / 255; }

std::unique_ptr<const PointSource> make(const std::string& name, Table options = {}) {
  options["file"] = golden("io/" + name + ".png").string();
  return data::registry().make("picture", options);
}

using Density = std::function<double(int64_t x, int64_t y)>;

/// Counts the points of each pixel, x in [-3.5, 3.5] and y in [-2.5, 2.5] with y up, and where they lie within it.
void expect_density(const PointSource& source, const Density& density) {
  const Points p = source.draw(Split::train, 3, kRows);
  std::vector<double> hits(kWidth * kHeight);
  double within[2] = {}, squares[2] = {}, total = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    const double at[2] = {p.row(i)[0] + 3.5, 2.5 - p.row(i)[1]};
    const auto x = static_cast<int64_t>(std::floor(at[0])), y = static_cast<int64_t>(std::floor(at[1]));
    ASSERT_TRUE(x >= 0 && x < kWidth && y >= 0 && y < kHeight) << at[0] << " " << at[1];
    ++hits[static_cast<size_t>(y * kWidth + x)];
    for (int j = 0; j < 2; ++j) {
      const double d = at[j] - std::floor(at[j]) - 0.5;
      within[j] += d / kRows;
      squares[j] += d * d / kRows;
    }
  }
  for (int64_t y = 0; y < kHeight; ++y)
    for (int64_t x = 0; x < kWidth; ++x) total += density(x, y);
  for (int64_t y = 0; y < kHeight; ++y)
    for (int64_t x = 0; x < kWidth; ++x) {
      const double share = density(x, y) / total;
      EXPECT_NEAR(hits[static_cast<size_t>(y * kWidth + x)] / kRows, share,
                  5 * std::sqrt(share * (1 - share) / kRows) + 1e-12)
          << x << " " << y;
    }
  for (int j = 0; j < 2; ++j) {  // uniform: mean 0, variance 1/12, that of the square 1/180; five standard errors
    EXPECT_NEAR(within[j], 0, 5 * std::sqrt(1.0 / 12 / kRows));
    EXPECT_NEAR(squares[j], 1.0 / 12, 5 * std::sqrt(1.0 / 180 / kRows));
  }
}

TEST(Picture, DenseWhereItIsDark) {
  expect_density(*make("grey8", {{"extent", 3.5}}), [](int64_t x, int64_t y) { return 1 - number(x, y, 0); });
  expect_density(*make("rgb8", {{"extent", 3.5}}), [](int64_t x, int64_t y) {
    return 1 - 0.2126 * number(x, y, 0) - 0.7152 * number(x, y, 1) - 0.0722 * number(x, y, 2);
  });
}

TEST(Picture, InkByName) {
  expect_density(*make("grey8", {{"extent", 3.5}, {"ink", "light"}}),
                 [](int64_t x, int64_t y) { return number(x, y, 0); });
  expect_density(*make("grey_alpha8", {{"extent", 3.5}, {"ink", "dark"}}),
                 [](int64_t x, int64_t y) { return (1 - number(x, y, 0)) * number(x, y, 1); });
  const Density opacity = [](int64_t x, int64_t y) { return number(x, y, 3); };
  expect_density(*make("rgba8", {{"extent", 3.5}, {"ink", "alpha"}}), opacity);
  expect_density(*make("rgba8", {{"extent", 3.5}}), opacity);  // auto: it is transparent somewhere
}

TEST(Picture, RefusesWhatHasNoPoints) {
  expect_error(Code::usage, {"picture.file", "no file"}, [] { data::registry().make("picture"); });
  expect_error(Code::io, {"/nowhere.png"}, [] { data::registry().make("picture", {{"file", "/nowhere.png"}}); });
  expect_error(Code::input, {"grey8.png", "no transparency"}, [] { make("grey8", {{"ink", "alpha"}}); });
  expect_error(Code::input, {"white.png", "empty: no pixel is dark"}, [] { make("white"); });
  EXPECT_NO_THROW(make("white", {{"ink", "light"}}));
  expect_error(Code::input, {"statistics.json", "not a PNG file"}, [] {
    data::registry().make("picture", {{"file", golden("data/statistics.json").string()}});
  });
}

TEST(Picture, BuiltinFilesAreThoseOfTheRecipes) {
  const std::filesystem::path recipes = test::tree() / "recipes";
  EXPECT_TRUE(builtin_files().count("data/snail.png"));
  for (const auto& [name, content] : builtin_files()) {
    EXPECT_EQ(content, slurp(recipes / name)) << name;
    EXPECT_EQ(read_content("builtin:" + name), content) << name;
  }
  expect_error(Code::usage, {"builtin:data/snial.png", "did you mean 'data/snail.png'"},
               [] { read_content("builtin:data/snial.png"); });
}

}  // namespace
}  // namespace roulade
