// SPDX-License-Identifier: Apache-2.0
// Distances of features: reference values by tools/golden/judging.py, and what Gaussians of known law must give.
#include "roulade/core/process.hpp"
#include "roulade/eval/feature_store.hpp"
#include "roulade/io/npy.hpp"
#include "sets.hpp"
#include "tests/io/scratch.hpp"
#include "tests/tree.hpp"

#include <cmath>
#include <fstream>
#include <numeric>

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using test::judge;

PointSet read(const std::string& name) {
  const NpyArray array = read_npy((test::tree() / "tests/golden/judging" / name).string());
  return test::set_of(array.shape.at(1), {array.values.begin(), array.values.end()});
}

nlohmann::json figures() {
  std::ifstream file(test::tree() / "tests/golden/judging/figures.json");
  return nlohmann::json::parse(file);
}

PointSet first(const PointSet& set, int64_t rows) {
  return test::set_of(set.width, {set.values.begin(), set.values.begin() + rows * set.width});
}

std::vector<double> errors(const std::string& metric, const PointSet& judged, const PointSet& reference,
                           const Table& options = {}) {
  const PointView view = judged.view();
  return eval::registry().make(metric, options)->errors({&view, 1}, reference.view(), {3, nullptr}).front();
}

/// deviation z + shift in the first column.
PointSet gaussian(uint64_t seed, int64_t rows, int64_t width, double deviation, double shift) {
  PointSet set = test::normal(seed, rows, width);
  for (float& x : set.values) x *= static_cast<float>(deviation);
  for (int64_t i = 0; i < rows; ++i) set.values[static_cast<size_t>(i * width)] += static_cast<float>(shift);
  return set;
}

TEST(Frechet, IsWhatScipySays) {
  EXPECT_NEAR(judge("frechet", read("judged.npy"), read("reference.npy"))[0], figures()["frechet"].get<double>(), 1e-9);
}

TEST(Kid, IsTheSumOverPairs) {
  const PointSet judged = read("judged.npy"), real = read("reference.npy");
  EXPECT_NEAR(judge("kid", judged, real, {1, nullptr}, {{"kid_subsets", 1}})[0], figures()["kid"].get<double>(), 1e-12);
  const auto few = judge("kid", first(judged, 7), first(real, 7), {1, nullptr}, {{"kid_subsets", 3}});
  EXPECT_NEAR(few[0], figures()["kid_few"].get<double>(), 1e-12);
  EXPECT_NEAR(few[1], 0, 1e-12);  // the whole set each time
}

// Of N(0, I) and N(c e_1, s^2 I) in d dimensions: c^2 + d (s - 1)^2.
TEST(Frechet, OfGaussiansIsTheFormula) {
  const int64_t rows = 20000, width = 5;
  const double found = judge("frechet", gaussian(1, rows, width, 1.5, 0.7), gaussian(2, rows, width, 1, 0))[0];
  EXPECT_NEAR(found, 0.49 + 5 * 0.25,
              4 * errors("frechet", gaussian(1, rows, width, 1.5, 0.7), gaussian(2, rows, width, 1, 0))[0]);
  EXPECT_NEAR(found, 0.49 + 5 * 0.25, 0.08);
}

TEST(Frechet, OfASetAndItselfIsNothing) {
  const PointSet set = gaussian(1, 200, 8, 3, 5);
  EXPECT_NEAR(judge("frechet", set, set)[0], 0, 1e-10);  // of traces of 72
  const PointSet few = gaussian(1, 5, 40, 3, 5);         // 5 rows span 4 dimensions of 40
  EXPECT_NEAR(judge("frechet", few, few)[0], 0, 1e-10);
}

// Equal rows in two columns, each over the root of two: the distance of the single column. Covariances have no inverse.
TEST(Frechet, OfPoorRankIsExact) {
  const PointSet a = gaussian(1, 50, 2, 1, 0), b = gaussian(2, 60, 2, 2, 1);
  const auto doubled = [](const PointSet& set) {
    PointSet out{set.rows, 2 * set.width, {}};
    for (int64_t i = 0; i < set.rows; ++i)
      for (int k = 0; k < 2; ++k)
        for (int64_t c = 0; c < set.width; ++c)
          out.values.push_back(set.values[static_cast<size_t>(i * set.width + c)] / 2);
    return out;
  };
  EXPECT_NEAR(judge("frechet", doubled(a), doubled(b))[0], judge("frechet", a, b)[0] / 2, 1e-12);
  EXPECT_NEAR(errors("frechet", doubled(a), doubled(b))[0], errors("frechet", a, b)[0] / 2, 1e-9);
}

// The error that one pair claims is the spread of independent pairs.
TEST(Frechet, ErrorOfOnePairIsTheSpreadOfPairs) {
  const int64_t rows = 400, pairs = 60;
  std::vector<double> values, claimed;
  for (uint64_t k = 0; k < pairs; ++k) {
    const PointSet a = gaussian(100 + k, rows, 4, 1.3, 0.5), b = gaussian(300 + k, rows, 4, 1, 0);
    values.push_back(judge("frechet", a, b)[0]);
    claimed.push_back(errors("frechet", a, b)[0]);
  }
  const auto mean = [](const std::vector<double>& x) {
    return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  };
  double square = 0;
  for (const double x : values) square += (x - mean(values)) * (x - mean(values)) / (pairs - 1);
  EXPECT_NEAR(mean(claimed) / std::sqrt(square), 1, 0.25);  // a deviation of 60 is known to 9 %
}

// Unbiased: over independent pairs of one law the mean is 0 within its error, and the claimed errors are their spread.
TEST(Kid, OfOneLawIsNothingOnAverage) {
  const int64_t pairs = 40;
  const Table options{{"kid_size", 50}, {"kid_subsets", 10}};
  double sum = 0, square = 0, claimed = 0;
  for (uint64_t k = 0; k < pairs; ++k) {
    const PointSet a = test::normal(100 + k, 300, 4), b = test::normal(300 + k, 300, 4);
    const double value = judge("kid", a, b, {k, nullptr}, options)[0];
    sum += value;
    square += value * value;
    claimed += errors("kid", a, b, options)[0] / pairs;
  }
  const double spread = std::sqrt(square / pairs);
  EXPECT_LT(std::abs(sum / pairs), 3 * spread / std::sqrt(pairs));
  EXPECT_GT(claimed / spread, 0.7);
  EXPECT_LT(claimed / spread, 1.6);  // six subsets apart, and ten are averaged
  EXPECT_TRUE(std::isnan(errors("kid", test::normal(1, 30, 4), test::normal(2, 30, 4))[0]));  // one subset: no spread
}

// To a factor of two: balls are larger in a tenth of the rows, and shares lie elsewhere.
TEST(Neighbours, ErrorOfOnePairIsAboutTheSpreadOfPairs) {
  constexpr size_t kPairs = 60;
  for (const char* metric : {"precision_recall", "density_coverage"}) {
    std::vector<double> values[2], claimed[2];
    for (uint64_t k = 0; k < kPairs; ++k) {
      const PointSet a = gaussian(100 + k, 1000, 3, 1.5, 1), b = gaussian(300 + k, 1000, 3, 1, 0);
      for (size_t i = 0; i < 2; ++i) {
        values[i].push_back(judge(metric, a, b)[i]);
        claimed[i].push_back(errors(metric, a, b)[i]);
      }
    }
    for (size_t i = 0; i < 2; ++i) {
      const double mean = std::accumulate(values[i].begin(), values[i].end(), 0.0) / kPairs;
      double square = 0;
      for (const double x : values[i]) square += (x - mean) * (x - mean) / (kPairs - 1);
      const double ratio = std::accumulate(claimed[i].begin(), claimed[i].end(), 0.0) / kPairs / std::sqrt(square);
      EXPECT_GT(ratio, 0.5) << metric << i;
      EXPECT_LT(ratio, 2) << metric << i;
    }
    const PointSet few = gaussian(1, 50, 3, 1, 0);  // parts of 5 rows
    const PointView view = few.view();
    EXPECT_TRUE(eval::registry().make(metric, {})->errors({&view, 1}, view, {3, nullptr}).empty());
  }
}

TEST(ClassAccuracy, CountsTheLargestAnswer) {
  PointSet answers = test::set_of(3, {3, 1, 2, 0, 5, 1, 0, 0, 9, 2, 2, 1});
  EXPECT_TRUE(std::isnan(judge("class_accuracy", answers, answers)[0]));  // nobody asked for a class
  answers.labels = {0, 1, 1, -1};
  EXPECT_DOUBLE_EQ(judge("class_accuracy", answers, answers)[0], 2.0 / 3);
  EXPECT_DOUBLE_EQ(errors("class_accuracy", answers, answers)[0], std::sqrt(2.0 / 3 / 3 / 3));
}

TEST(PictureFormat, UndoesTheScaling) {
  const PictureFormat grey{{1, 1, 2}, 0, 255, {{127.5, 127.5}, {127.5, 127.5}}};
  const PointSet set = test::set_of(2, {-1, 1, 0, 2, 0.0039216f, -7});
  const Tensor bytes = grey.bytes(set.view());
  ASSERT_EQ(bytes.sizes(), (std::vector<int64_t>{3, 1, 1, 2}));
  const auto* b = bytes.const_data_ptr<uint8_t>();
  EXPECT_EQ(std::vector<int>(b, b + 6), (std::vector<int>{0, 255, 128, 255, 128, 0}));
  const PictureFormat clear{{4, 1, 1}, 0, 1, {{0, 0, 0, 0}, {1, 1, 1, 1}}};
  const Tensor seen = clear.bytes(test::set_of(4, {0, 1, 0.5f, 0.1f, 1, 0, 0.2f, 0, 0.2f, 0, 1, 1}).view());
  ASSERT_EQ(seen.sizes(), (std::vector<int64_t>{3, 3, 1, 1}));
  const auto* s = seen.const_data_ptr<uint8_t>();  // opacity of 26, 0 and 255, on white
  EXPECT_EQ(std::vector<int>(s, s + 9), (std::vector<int>{229, 255, 242, 255, 255, 255, 51, 0, 255}));
  expect_error(Code::usage, {"1 x 1 x 2", "3"}, [&] { grey.bytes(test::set_of(3, {1, 2, 3}).view()); });
  const PictureFormat five{{5, 1, 1}, 0, 1, {{0, 0, 0, 0, 0}, {1, 1, 1, 1, 1}}};
  expect_error(Code::usage, {"channels: expected 1 to 4", "got 5"}, [&] {
    five.bytes(test::set_of(5, {0, 0, 0, 0, 0}).view());
  });
}

/// (mean, first pixel) of a picture, times a factor; counts what it is shown.
class Two final : public Features {
 public:
  explicit Two(float factor = 1) : factor_(factor) {}
  const std::string& name() const override { return name_; }
  int64_t width() const override { return 2; }
  Tensor of(const Tensor& pictures) const override {
    seen += pictures.size(0);
    const Tensor flat = pictures.flatten(1).to(at::kFloat) * factor_;
    return at::stack({flat.mean(1), flat.select(1, 0)}, 1);
  }
  mutable int64_t seen = 0;

 private:
  std::string name_ = "two";
  float factor_;
};

/// Pictures of 2 x 2 pixels, one of `count`: equal seeds draw equal ones.
PointSet pictures(uint64_t seed, int64_t rows, uint64_t count) {
  PointSet set{rows, 4, {}, {}};
  for (int64_t i = 0; i < rows; ++i) {
    const uint64_t which = derive_seed(seed, static_cast<uint64_t>(i)) % count;
    for (uint64_t c = 0; c < 4; ++c) set.values.push_back(static_cast<float>(derive_seed(which, c) % 256));
    set.labels.push_back(static_cast<int64_t>(which % 2));
  }
  return set;
}

const PictureFormat kBytes{{1, 2, 2}, 0, 255, {{0, 0, 0, 0}, {1, 1, 1, 1}}};

TEST(FeatureStore, RealPicturesAreSeenOnce) {
  const auto two = std::make_shared<Two>();
  FeatureStore store(two, kBytes);
  const PointSet set = pictures(1, 30, 1000000);
  const PointSet found = store.of(set.view(), true);
  EXPECT_EQ(two->seen, 30);
  EXPECT_EQ(found.labels, set.labels);
  for (int64_t i = 0; i < 30; ++i)
    EXPECT_EQ(found.values[static_cast<size_t>(2 * i + 1)], set.values[static_cast<size_t>(4 * i)]);
  EXPECT_EQ(store.of(first(set, 10).view(), false).values, first(found, 10).values);
  EXPECT_EQ(two->seen, 30);
  const PointSet others = pictures(2, 5, 1000000);
  store.of(others.view(), false);
  store.of(others.view(), false);
  EXPECT_EQ(two->seen, 40);  // generated ones are not kept
  FeatureStore small(two, kBytes, 2 * 2 * sizeof(float));
  small.of(set.view(), true);
  small.of(set.view(), true);
  EXPECT_EQ(two->seen, 40 + 30 + 28);
}

TEST(FeatureStore, FilesServeTheSameFeaturesAlone) {
  const Scratch scratch;
  const auto file = scratch / "deep/two.safetensors";
  const PointSet set = pictures(1, 30, 1000000);
  FeatureStore maker(std::make_shared<Two>(), kBytes);
  EXPECT_EQ(maker.read(file), 0);
  const PointSet found = maker.of(set.view(), true);
  maker.write(file);
  const auto two = std::make_shared<Two>();
  FeatureStore reader(two, kBytes);
  EXPECT_EQ(reader.read(file), 30);
  two->seen = 0;
  EXPECT_EQ(reader.of(set.view(), true).values, found.values);
  EXPECT_EQ(two->seen, 0);
  FeatureStore other(std::make_shared<Two>(2.0f), kBytes);  // other weights of the same name
  EXPECT_EQ(other.read(file), 0);
  std::ofstream(file, std::ios::trunc) << "no tensors";
  FeatureStore again(two, kBytes);
  EXPECT_EQ(again.read(file), 0);
}

ProtocolInput input_of(FeatureStore& store) {
  ProtocolInput input;
  input.generated = [](int64_t, uint64_t seed) { return pictures(seed, 40, 1000000); };
  input.reference = [](int64_t, uint64_t seed) { return pictures(seed, 40, 60); };
  input.floor = [](int64_t, uint64_t seed) { return FloorSets{pictures(seed, 40, 60), std::nullopt}; };
  input.features = &store;
  return input;
}

TEST(PictureProtocol, JudgesFeaturesBesideTheirFloor) {
  const auto two = std::make_shared<Two>();
  FeatureStore store(two, kBytes);
  ProtocolInput input = input_of(store);
  const auto result = Protocol::from_table({{"pairs", 2}}).run(input, 1);
  std::vector<std::string> names;
  for (const FigureResult& figure : result.figures) names.push_back(figure.figure);
  EXPECT_EQ(names, (std::vector<std::string>{"sliced_wasserstein", "energy", "precision", "recall", "precision_two",
                                             "recall_two", "frechet_two", "kid_two", "kid_deviation_two"}));
  EXPECT_LT(two->seen, 6 * 40);  // real ones that came again were not
  // Each of them is the metric of the vectors.
  const auto set = [&](uint64_t role, uint64_t count) {
    return store.of(pictures(derive_seed(derive_seed(1, 1), role), 40, count).view(), false);
  };
  const PointSet generated = set(0, 1000000), reference = set(1, 60), floor = set(2, 60);
  EXPECT_EQ(result.figures[6].generated.values[1], judge("frechet", generated, reference)[0]);
  EXPECT_EQ(result.figures[6].floor->values[1], judge("frechet", floor, reference)[0]);
  EXPECT_EQ(result.figures[4].generated.values[1], judge("precision_recall", generated, reference)[0]);
}

// A judge of two classes: class 1 where the first pixel is lighter than the mean.
TEST(PictureProtocol, TheJudgesFloorIsTheReference) {
  FeatureStore judge_store(std::make_shared<Two>(), kBytes);
  ProtocolInput input = input_of(judge_store);
  input.features = nullptr;
  input.answers = &judge_store;
  const auto result =
      Protocol::from_table({{"pairs", 1}, {"metrics", std::vector<std::string>{"class_accuracy"}}}).run(input, 1);
  ASSERT_EQ(result.figures.size(), 1u);
  EXPECT_EQ(result.figures[0].figure, "class_accuracy");
  const auto share = [&](uint64_t role, uint64_t count) {
    const PointSet set = judge_store.of(pictures(derive_seed(derive_seed(1, 0), role), 40, count).view(), false);
    return judge("class_accuracy", set, set)[0];
  };
  EXPECT_EQ(result.figures[0].generated.mean, share(0, 1000000));
  EXPECT_EQ(result.figures[0].floor->mean, share(1, 60));
  EXPECT_NE(share(1, 60), share(2, 60));  // not that of training pictures
}

TEST(PictureProtocol, OnePairHasTheErrorsThatMetricsKnow) {
  FeatureStore store(std::make_shared<Two>(), kBytes);
  const Table options{{"pairs", 1}, {"metrics", std::vector<std::string>{"frechet", "energy"}}};
  const auto result = Protocol::from_table(options).run(input_of(store), 1);
  ASSERT_EQ(result.figures[0].figure, "energy");
  EXPECT_TRUE(std::isnan(result.figures[0].generated.error));
  EXPECT_GT(result.figures[1].generated.error, 0);
  EXPECT_GT(result.figures[1].floor->error, 0);
}

// Features and a judge bring their metrics to a list that names others.
TEST(PictureProtocol, FeaturesBringTheirMetrics) {
  FeatureStore store(std::make_shared<Two>(), kBytes);
  ProtocolInput input = input_of(store);
  input.answers = &store;
  const auto names = [&](const std::vector<std::string>& metrics) {
    std::vector<std::string> out;
    const Table options{{"pairs", 1}, {"metrics", metrics}, {"features", "judge"}, {"judge", "a folder"}};
    for (const FigureResult& figure : Protocol::from_table(options).run(input, 1).figures) out.push_back(figure.figure);
    return out;
  };
  EXPECT_EQ(names({"energy"}),
            (std::vector<std::string>{"energy", "frechet_two", "kid_two", "kid_deviation_two", "class_accuracy"}));
  EXPECT_EQ(names({"frechet"}), (std::vector<std::string>{"frechet_two", "class_accuracy"}));
}

TEST(PictureProtocol, NamedMetricsWantWhatTheyNeed) {
  FeatureStore store(std::make_shared<Two>(), kBytes);
  ProtocolInput input = input_of(store);
  const auto run = [&](const char* name) {
    Protocol::from_table({{"pairs", 1}, {"metrics", std::vector<std::string>{name}}}).run(input, 1);
  };
  EXPECT_NO_THROW(run("frechet"));
  expect_error(Code::usage, {"class_accuracy", "eval.judge"}, [&] { run("class_accuracy"); });
  input.features = nullptr;
  expect_error(Code::usage, {"frechet", "eval.features"}, [&] { run("frechet"); });
  EXPECT_NO_THROW(run("precision_recall"));
  expect_error(Code::usage, {"features", "judge"}, [] { Protocol::from_table({{"features", "juge"}}); });
}

}  // namespace
}  // namespace roulade
