// SPDX-License-Identifier: Apache-2.0
// Judges of obedience on cases whose answer is known; the ridge map against scikit-learn (tools/golden/obedience.py).
#include "roulade/eval/obedience.hpp"

#include "roulade/core/rng.hpp"
#include "roulade/eval/nearness.hpp"
#include "roulade/eval/ridge.hpp"
#include "tests/io/scratch.hpp"
#include "tests/tree.hpp"

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <span>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

Tensor matrix(const nlohmann::json& rows) {
  Tensor out = at::empty({static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows[0].size())}, at::kDouble);
  double* to = out.mutable_data_ptr<double>();
  for (const auto& row : rows)
    for (const double x : row) *to++ = x;
  return out;
}

Tensor normal(uint64_t seed, int64_t rows, int64_t width) {
  Tensor out = at::empty({rows, width}, at::kDouble);
  fill_normal({seed, Stream::data}, 0, width,
              std::span(out.mutable_data_ptr<double>(), static_cast<size_t>(rows * width)));
  return out;
}

double apart(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(Ridge, IsWhatScikitLearnSays) {
  std::ifstream file(test::tree() / "tests/golden/obedience/ridge.json");
  for (const auto& golden : nlohmann::json::parse(file)) {  // taller than wide, then wider than tall
    const Tensor x = matrix(golden["features"]), y = matrix(golden["texts"]);
    const std::vector<double> strengths = golden["strengths"];
    for (size_t k = 0; k < strengths.size(); ++k)
      EXPECT_NEAR(fit_ridge(x, y, {strengths[k]}).left_out_error, golden["errors"][k].get<double>(), 1e-10) << k;
    const RidgeMap map = fit_ridge(x, y, strengths);
    EXPECT_EQ(map.strength, golden["chosen"].get<double>());
    EXPECT_LT(apart(map.weights, matrix(golden["weights"])), 1e-10);
    EXPECT_LT(apart(map.apply(matrix(golden["fresh"])), matrix(golden["mapped"])), 1e-10);
  }
}

TEST(Ridge, FindsALinearMapAndSaysWhereThereIsNone) {
  const Tensor x = normal(1, 80, 5), w = normal(2, 5, 3);
  const RidgeMap exact = fit_ridge(x, at::matmul(x, w) + 4);
  EXPECT_LT(apart(exact.weights, w), 1e-6);  // the least strength is 1e-8 of the largest eigenvalue
  EXPECT_LT(apart(exact.apply(x), at::matmul(x, w) + 4), 1e-6);
  // Of texts that have nothing to do with the features the strongest shrinking is best: the mean, variance 1.
  const RidgeMap none = fit_ridge(x, normal(3, 80, 40), {1e-3, 1e6});
  EXPECT_EQ(none.strength, 1e6);
  EXPECT_NEAR(none.left_out_error, 1, 0.1);

  expect_error(Code::usage, {"ridge] rows"}, [&] { fit_ridge(x, w); });
  expect_error(Code::usage, {"ridge] strength: expected above 0, got 0"}, [&] { fit_ridge(x, x, {0.0}); });
  expect_error(Code::usage, {"ridge] features of a picture: expected 5, got 3"}, [&] { exact.apply(w); });
  expect_error(Code::numeric, {"ridge] features", "alike"}, [&] { fit_ridge(at::ones({4, 2}), at::ones({4, 2})); });
  expect_error(Code::numeric, {"not finite"}, [&] { fit_ridge(x / 0, x); });
}

TEST(Retrieval, CountsRanksAndSharesTies) {
  // Candidates are the axes, so a picture's numbers are its cosines up to a factor.
  const Tensor axes = at::eye(4, at::kDouble);
  const Tensor pictures = matrix(nlohmann::json::parse("[[9, 1, 0, 2], [5, 4, 3, 2], [1, 2, 3, 4], [1, 1, 1, 1]]"));
  const Retrieval found = retrieve(pictures, axes, {0, 1, 0, 2}, 2);
  EXPECT_EQ(found.ranks, (std::vector<double>{1, 2, 4, 2.5}));  // four equal ones share places 1 to 4
  EXPECT_EQ(found.in_top, (std::vector<double>{1, 1, 0, 0.5}));
  EXPECT_EQ(found.share, 0.625);
  EXPECT_NEAR(found.share_error, std::sqrt((2 * 0.140625 + 0.390625 + 0.015625) / 16), 1e-12);
  EXPECT_EQ(found.median, 2.25);
  EXPECT_EQ(found.chance_share, 0.5);
  EXPECT_EQ(found.chance_median, 2.5);
  const Retrieval two = retrieval_of(found, {0, 2});
  EXPECT_EQ(two.share, 0.5);
  EXPECT_EQ(two.median, 2.5);
  EXPECT_NEAR(two.share_error, std::sqrt(0.5 * 0.5 / 2), 1e-12);

  // A caption that stands twice among the candidates shares the first place.
  const Tensor twice = at::cat({axes, axes.slice(0, 0, 1) * 3});
  EXPECT_EQ(retrieve(pictures.slice(0, 0, 1), twice, {4}, 1).ranks.at(0), 1.5);
  EXPECT_EQ(retrieve(pictures.slice(0, 0, 1), twice, {0}, 1).in_top.at(0), 0.5);
  EXPECT_EQ(retrieve(at::zeros({1, 4}), axes, {1}, 1).ranks.at(0), 2.5) << "a picture without a direction";

  expect_error(Code::usage, {"retrieval] shapes"}, [&] { retrieve(pictures, axes, {0}); });
  expect_error(Code::usage, {"retrieval] top: expected 1 to 4, got 10"}, [&] {
    retrieve(pictures, axes, {0, 1, 2, 3});
  });
  expect_error(Code::usage, {"caption: expected 0 to 3, got 4"}, [&] { retrieve(pictures, axes, {0, 1, 2, 4}, 1); });
  expect_error(Code::numeric, {"not finite"}, [&] { retrieve(pictures / 0, axes, {0, 1, 2, 3}, 1); });
}

TEST(Retrieval, OfNoiseIsChance) {
  constexpr int64_t kCount = 600, kTexts = 100;
  std::vector<int64_t> own;
  for (int64_t i = 0; i < kCount; ++i) own.push_back(i % kTexts);
  const Retrieval found = retrieve(normal(1, kCount, 16), normal(2, kTexts, 16), own);
  EXPECT_NEAR(found.share, found.chance_share, 4 * found.share_error);
  EXPECT_NEAR(found.share_error, std::sqrt(0.1 * 0.9 / kCount), 0.002);
  EXPECT_NEAR(found.median, 50.5, 4 * found.median_error);
  // The deviation of a uniform law's median is the width / (2 sqrt(n)).
  EXPECT_NEAR(found.median_error, kTexts / (2 * std::sqrt(kCount)), 1.2);
}

Tensor plain(int64_t side, const Rgb& colour) {
  Tensor out = at::empty({1, 3, side, side}, at::kByte);
  for (int64_t c = 0; c < 3; ++c) out.select(1, c).fill_(static_cast<int64_t>(colour[static_cast<size_t>(c)]));
  return out;
}

TEST(GroundColour, IsInCielab) {
  // Published values of sRGB's primaries, white D65.
  const std::vector<std::pair<Rgb, std::array<double, 3>>> known = {{{255, 0, 0}, {53.2408, 80.0925, 67.2032}},
                                                                    {{0, 255, 0}, {87.7347, -86.1827, 83.1793}},
                                                                    {{0, 0, 255}, {32.2970, 79.1875, -107.8602}},
                                                                    {{255, 255, 255}, {100, 0, 0}},
                                                                    {{0, 0, 0}, {0, 0, 0}}};
  for (const auto& [colour, lab] : known)
    for (size_t k = 0; k < 3; ++k) EXPECT_NEAR(lab_of(colour)[k], lab[k], 0.01);
}

TEST(GroundColour, IsThatOfTheFrame) {
  const GroundJudge judge;
  for (const NamedColour& ground : judge.grounds()) {
    Tensor picture = plain(32, ground.colour);  // a frame of two pixels
    picture.slice(2, 2, 30).slice(3, 2, 30).fill_(77);
    const auto corner = [](const Tensor& x) { return x.slice(2, 0, 9).slice(3, 0, 20); };
    corner(picture).copy_(corner(plain(32, {230, 125, 40})));  // what is drawn reaches the edge
    const Ground found = judge.of(picture).at(0);
    EXPECT_EQ(found.index, judge.find(ground.name)) << ground.name;
    EXPECT_EQ(found.distance, 0);
    EXPECT_LT(found.share, 0.9);
    EXPECT_GT(found.share, 0.7);
  }
  // Between two names there is none, and no frame of many colours has one.
  const Tensor orange = plain(16, {230, 125, 40});
  EXPECT_EQ(judge.of(orange).at(0).index, -1);
  Tensor mixed = plain(16, {0, 0, 0});
  mixed.slice(3, 6, 16).fill_(255);
  mixed.slice(2, 9, 16).fill_(128);
  const Ground none = judge.of(mixed).at(0);
  EXPECT_EQ(none.index, -1);
  EXPECT_LT(none.share, 0.5);
  // A shade off is the same name.
  EXPECT_EQ(judge.of(plain(16, {50, 100, 200})).at(0).index, judge.find("blue"));

  expect_error(Code::usage, {"ground] pictures: expected bytes [n, 3, height, width]"}, [&] {
    judge.of(at::zeros({1, 3, 8, 8}));
  });
  expect_error(Code::usage, {"did you mean 'grey'?"}, [&] { judge.find("gray"); });
  expect_error(Code::usage, {"a and b alike"}, [] { GroundJudge({{"a", {1, 2, 3}}, {"b", {1, 2, 3}}}); });
}

TEST(Obedience, OfEmojiCountsGroundsAndObjects) {
  const GroundJudge judge;
  const Tensor axes = at::eye(20, at::kDouble);
  const Rgb red = judge.grounds()[3].colour, blue = judge.grounds()[6].colour;
  const Tensor pictures = at::cat({plain(16, red), plain(16, red), plain(16, blue), plain(16, blue)});
  // Two pictures show their object; the others look like all others more than like it.
  Tensor mapped = at::zeros({4, 20}, at::kDouble);
  mapped[0][5] = 1;
  mapped[1].fill_(1)[6] = 0;
  mapped[2][7] = 1;
  mapped[3].fill_(1)[8] = 0;
  const std::vector<AskedEmoji> asked = {{5, "red"}, {6, "red"}, {7, "red"}, {8, "blue"}};
  const auto figures = judge_emoji(pictures, mapped, axes, asked, judge);
  ASSERT_EQ(figures.size(), size_t{5});
  EXPECT_EQ(figures[0].name, "retrieval_top_10");
  EXPECT_EQ(figures[0].value, 0.5);
  EXPECT_EQ(figures[0].chance, 0.5);
  EXPECT_EQ(figures[1].value, 10.5);  // the middle of 1 and 20
  EXPECT_EQ(figures[2].value, 0.75);
  EXPECT_EQ(figures[2].chance, 0.125);
  const auto of_two = judge_emoji(pictures, mapped, axes, asked, judge, 10, 2);  // the data have two grounds
  EXPECT_EQ(of_two[2].value, 0.75);
  EXPECT_EQ(of_two[2].chance, 0.5);
  EXPECT_EQ(of_two[3].chance, 0.25);
  EXPECT_NEAR(figures[2].error, std::sqrt(0.75 * 0.25 / 4), 1e-12);
  EXPECT_EQ(figures[3].value, 0.25) << "the first picture alone";
  EXPECT_EQ(figures[3].count, 4);
  // Four pictures of two objects are two draws: each object's deviations add up before they are squared.
  Tensor right = at::zeros({4, 20}, at::kDouble);
  right[0][5] = right[1][5] = right[2][6] = 1;
  right[3].fill_(1)[6] = 0;
  const auto grouped = judge_emoji(pictures, right, axes, {{5, "red"}, {5, "red"}, {6, "blue"}, {6, "blue"}}, judge);
  EXPECT_EQ(grouped[0].value, 0.75);
  EXPECT_NEAR(grouped[0].error, std::sqrt(0.5 * 0.5 + 0.5 * 0.5) / 4, 1e-12);
  EXPECT_EQ(grouped[2].error, 0);
  EXPECT_EQ(figures[4].name, "kept_on_other_grounds");
  EXPECT_TRUE(std::isnan(figures[4].value)) << "no object stands on two grounds";
  expect_error(Code::usage, {"obedience] pictures"}, [&] { judge_emoji(pictures, mapped, axes, {{0, "red"}}); });
  expect_error(Code::usage, {"did you mean 'red'?"}, [&] {
    judge_emoji(pictures.slice(0, 0, 1), mapped.slice(0, 0, 1), axes, {{0, "rad"}});
  });
}

TEST(Obedience, OfEmojiKeptOnOtherGroundsGoesByPairs) {
  const GroundJudge judge;
  const auto ground = [&](const char* name) {
    return plain(16, judge.grounds()[static_cast<size_t>(judge.find(name))].colour);
  };
  const auto red = ground("red"), blue = ground("blue"), green = ground("green");
  // Object 0 is right on red, twice, and on blue, not on green; object 1 on red, not on blue; object 2 stands alone.
  const Tensor pictures = at::cat({red, red, blue, green, red, blue, red});
  const std::vector<AskedEmoji> asked = {{0, "red"}, {0, "red"},  {0, "blue"}, {0, "green"},
                                         {1, "red"}, {1, "blue"}, {2, "red"}};
  Tensor mapped = at::zeros({7, 20}, at::kDouble);
  for (const int64_t row : {0, 1, 2}) mapped[row][0] = 1;
  mapped[3].fill_(1)[0] = 0;
  mapped[4][1] = mapped[6][2] = 1;
  mapped[5].fill_(1)[1] = 0;
  const auto figures = judge_emoji(pictures, mapped, at::eye(20, at::kDouble), asked, judge);
  // Object 0: red first, 2 of 4 others; blue first, 2 of 3. Object 1: 0 of 1.
  const double both = 2 + 2, first = 4 + 3 + 1, value = both / first;
  EXPECT_NEAR(figures[4].value, value, 1e-12);
  EXPECT_NEAR(figures[4].error, std::sqrt(std::pow(4 - value * 7, 2) + std::pow(value, 2)) / first, 1e-12);
  EXPECT_EQ(figures[4].chance, 10.0 / 20 / 8);
  // A right object on another ground than it was asked for is not right.
  std::vector<AskedEmoji> other = asked;
  other[2].ground = "white";
  EXPECT_EQ(judge_emoji(pictures, mapped, at::eye(20, at::kDouble), other, judge)[4].value, 0);
}

TEST(Obedience, OfAttributesIsWhatTheirJudgesSay) {
  const auto network = [](uint64_t seed, int64_t classes) {
    PictureClassifierShape shape;
    shape.picture = {3, 8, 8};
    shape.classes = classes;
    return std::make_shared<const PictureClassifier>(shape, seed);
  };
  const Judge colour(network(1, 2), {"blue", "red"}, 1), symbol(network(2, 3), {"cloud", "git", "music"}, 1);
  Tensor pictures = at::empty({6, 3, 8, 8}, at::kByte);
  for (int64_t i = 0; i < pictures.numel(); ++i)
    pictures.mutable_data_ptr<uint8_t>()[i] = static_cast<uint8_t>(i * i * 31 % 251);
  std::vector<std::string> colours, symbols;
  const Tensor a = colour.answers()->of(pictures).argmax(1), b = symbol.answers()->of(pictures).argmax(1);
  for (int64_t i = 0; i < 6; ++i) {  // right in colour but for the first, in symbol but for the last two
    const int64_t one = a[i].item<int64_t>(), other = b[i].item<int64_t>();
    colours.push_back(colour.class_names()[static_cast<size_t>(i == 0 ? 1 - one : one)]);
    symbols.push_back(symbol.class_names()[static_cast<size_t>(i > 3 ? (other + 1) % 3 : other)]);
  }
  const auto figures = judge_attributes(pictures, {{"colour", &colour, colours}, {"symbol", &symbol, symbols}});
  ASSERT_EQ(figures.size(), size_t{3});
  EXPECT_NEAR(figures[0].value, 5.0 / 6, 1e-12);
  EXPECT_NEAR(figures[1].value, 4.0 / 6, 1e-12);
  EXPECT_NEAR(figures[2].value, 3.0 / 6, 1e-12);
  EXPECT_EQ(figures[2].name, "all");
  EXPECT_NEAR(figures[2].chance, 1.0 / 6, 1e-12);
  std::map<std::string, double> deviations;  // of the symbol, by what both judges were asked for
  for (size_t i = 0; i < 6; ++i) deviations[colours[i] + " " + symbols[i]] += (i > 3 ? 0 : 1) - 4.0 / 6;
  double squares = 0;
  for (const auto& [what, sum] : deviations) squares += sum * sum;
  EXPECT_NEAR(figures[1].error, std::sqrt(squares) / 6, 1e-12);
  colours[0] = "bleu";
  expect_error(Code::usage, {"obedience] unknown colour 'bleu'", "blue"}, [&] {
    judge_attributes(pictures, {{"colour", &colour, colours}});
  });
}

TEST(NearnessTest, IsTheRootMeanSquareToTheNearest) {
  Tensor training = at::zeros({3, 1, 2, 2}, at::kByte);
  training[1].fill_(51);
  training[2].fill_(255);
  Tensor pictures = at::zeros({2, 1, 2, 2}, at::kByte);
  pictures[0][0][0][0] = 51;  // from black: 51 / 255 in one value of four
  pictures[1].fill_(204);     // from white: 51 / 255
  const KnownPictures known(training);
  const Nearness near = known.from(pictures);
  EXPECT_NEAR(near.mean, (0.1 + 0.2) / 2, 1e-6);
  EXPECT_NEAR(near.error, std::sqrt(2 * 0.05 * 0.05) / 2, 1e-6);
  EXPECT_EQ(near.count, 2);
  EXPECT_EQ(known.from(training).mean, 0);
  EXPECT_NEAR(known.from(training, true).mean, (0.2 + 0.2 + 0.8) / 3, 1e-6);  // beside itself
  EXPECT_THROW(known.from(at::zeros({3, 1, 2, 3}, at::kByte)), Error);
  EXPECT_THROW(KnownPictures(pictures.narrow(0, 0, 1)).from(pictures, true), Error);
  EXPECT_THROW(KnownPictures(pictures.to(at::kFloat)), Error);
  EXPECT_THROW(KnownPictures(at::zeros({0, 1, 2, 2}, at::kByte)), Error);
}

}  // namespace
}  // namespace roulade
