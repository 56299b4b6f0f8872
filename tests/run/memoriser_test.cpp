// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/memoriser.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/denoiser/exact.hpp"
#include "roulade/run/training_history.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace roulade {
namespace {

Points normal_points(int64_t rows, uint64_t seed) {
  Points out{rows, 2, std::vector<double>(static_cast<size_t>(2 * rows)), {}};
  fill_normal({seed, Stream::data, 0}, 0, 2, std::span<double>(out.values));
  return out;
}

// The exact denoiser of a mixture whose components have no spread is the memoriser.
TEST(Memoriser, EqualsTheExactDenoiserOfDeltas) {
  const Points training = normal_points(50, 1), from = normal_points(40, 2);
  const std::shared_ptr<const Schedule> schedule = schedule::registry().make("cosine_continuous", {});
  std::vector<std::vector<double>> means;
  for (int64_t i = 0; i < training.rows; ++i) means.push_back({training.row(i)[0], training.row(i)[1]});
  const auto exact = make_exact_mixture(schedule, std::vector<double>(50, 1.0), means, std::vector<double>(50, 0.0));
  const Tensor x_t = at::tensor(from.values, at::kFloat).view({40, 2});
  for (const double t : {0.05, 0.3, 0.7, 0.98}) {
    const std::vector<double> alpha(40, schedule->alpha(t)), sigma(40, schedule->sigma(t));
    const Tensor wanted = exact->denoise(x_t, std::span(&t, 1), {}).x0;
    const Tensor got = memorised_x0(training, x_t, alpha, sigma, {});
    // Float32 distances divided by sigma^2 down to 0.006.
    EXPECT_LT(wanted.sub(got).abs().max().item<double>(), 2e-3) << t;
  }
}

TEST(Memoriser, ClassesSeeTheirOwnPoints) {
  Points training{3, 1, {0, 1, 10}, {0, 0, 1}};
  const Tensor x_t = at::tensor({0.9, 0.9, 0.9}, at::kFloat).view({3, 1});
  const std::vector<double> alpha(3, 1), sigma(3, 0.01);
  const Tensor got = memorised_x0(training, x_t, alpha, sigma, {0, 1, -1});
  EXPECT_FLOAT_EQ(got[0][0].item<float>(), 1);
  EXPECT_FLOAT_EQ(got[1][0].item<float>(), 10);
  EXPECT_FLOAT_EQ(got[2][0].item<float>(), 1);
  EXPECT_THROW(memorised_x0(training, x_t, alpha, sigma, {2, 0, 0}), Error);
  EXPECT_THROW(memorised_x0({0, 1, {}, {}}, x_t, alpha, sigma, {}), Error);
}

TEST(TrainingHistory, FitsTheLastThird) {
  const auto file = std::filesystem::temp_directory_path() / ("roulade-history-" + std::to_string(getpid()));
  {
    std::ofstream out(file);
    for (int step = 10; step <= 300; step += 10)
      out << R"({"step":)" << step << R"(,"loss":)" << (step <= 200 ? 5 : 2 - 0.001 * step) << R"(,"lr":)"
          << (step == 300 ? 0.25 : 1) << R"(,"gradient_norm":)" << (step == 250 ? 9 : 3) << "}\n"
          << R"({"step":)" << step << R"(,"validation":7})"
          << "\n";
  }
  const TrainingHistory history = read_history(file, 300);
  ASSERT_EQ(history.rows.size(), 30u);
  ASSERT_TRUE(history.fall());
  EXPECT_NEAR(history.fall()->value, 0.09, 1e-9);  // 0.001 a step over the 90 steps from 210 to 300
  EXPECT_NEAR(history.fall()->error, 0, 1e-9);
  EXPECT_NEAR(*history.last_loss(), 1.71, 1e-9);  // steps 280, 290, 300
  EXPECT_EQ(history.median_norm(), 3);
  EXPECT_EQ(history.largest_norm(), 9);
  EXPECT_EQ(history.rate_left(), 0.25);
  EXPECT_EQ(read_history(file, 100).rows.size(), 10u);
  EXPECT_TRUE(read_history(file.string() + ".none", 100).rows.empty());
  std::ofstream(file, std::ios::app) << "[1]\n";
  EXPECT_THROW(read_history(file, 300), Error);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace roulade
