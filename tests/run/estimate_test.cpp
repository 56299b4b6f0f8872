// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/estimate.hpp"

#include "roulade/core/error.hpp"
#include "roulade/run/precision.hpp"
#include "roulade/run/step_cost.hpp"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

TrainParts digits(const std::vector<std::string>& set = {}) {
  Recipe recipe = find_recipe("digits");
  set_key(recipe, "model.block_out_channels=[16, 16]");
  for (const std::string& assignment : set) set_key(recipe, assignment);
  return make_train_parts(resolve(recipe));
}

TEST(StepCostTest, GrowsWithTheBatchAndLeavesTheWeightsAlone) {
  const TrainParts parts = digits();
  std::vector<Tensor> before;
  for (const auto& [name, weight] : parts.model->parameters()) before.push_back(weight.stored().detach().clone());
  // From so many samples on, all convolutions are made in one way.
  const StepCost few = measure_step(*parts.objective, parts, 16, 0),
                 more = measure_step(*parts.objective, parts, 32, 0),
                 most = measure_step(*parts.objective, parts, 64, 0);
  EXPECT_GT(few.seconds, 0);
  // Along a line: the second 32 samples take what the 16 before took more, twice.
  EXPECT_NEAR(static_cast<double>(most.bytes - more.bytes), 2.0 * static_cast<double>(more.bytes - few.bytes),
              0.1 * static_cast<double>(most.bytes));
  // More than the gradients and the activations that the first and last level keep: 16 channels of 64 float32 each.
  EXPECT_GT(few.bytes, 4 * parameter_count(*parts.objective));
  EXPECT_GT(most.bytes - more.bytes, 32 * 16 * 64 * 4);
  size_t i = 0;
  for (const auto& [name, weight] : parts.model->parameters()) {
    EXPECT_TRUE(at::equal(weight.stored(), before[i++])) << name;
    EXPECT_FALSE(weight.stored().grad().defined()) << name;
  }
}

TEST(StepCostTest, CountsTheProductsOfPointNetworks) {
  EXPECT_FALSE(loss_operations(digits()));
  const auto of_points = loss_operations(make_train_parts(resolve(find_recipe("swiss_roll_article"))));
  ASSERT_TRUE(of_points);
  EXPECT_EQ(*of_points, 2 * (3 * 64 + 4 * 64 * 64 + 64 * 2));
}

TEST(EstimateTest, FitsOrSaysWhatWould) {
  const TrainEstimate small = estimate_training(digits({"train.batch=16"}), 1);
  EXPECT_TRUE(small.fits());
  EXPECT_GT(small.step_seconds, 0);
  EXPECT_NO_THROW(check_estimate(small));
  const TrainEstimate large = estimate_training(digits({"train.batch=1073741824"}), 1);
  EXPECT_FALSE(large.fits());
  EXPECT_GT(large.fitting, 16);
  EXPECT_EQ(large.batch % large.fitting, 0);
  EXPECT_EQ(large.step_seconds, 0);
  try {
    check_estimate(large);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::device);
    EXPECT_NE(std::string(e.what()).find("train.accumulate"), std::string::npos) << e.what();
  }
  const TrainEstimate shared = estimate_training(digits({"train.batch=1073741824"}), 1, 4);  // on one machine
  EXPECT_EQ(shared.fitting % 4, 0);
  EXPECT_LE(shared.fitting, large.fitting);
  EXPECT_NEAR(static_cast<double>(shared.memory), static_cast<double>(large.memory),
              0.1 * static_cast<double>(large.memory));
  const TrainEstimate odd = estimate_training(digits({"train.batch=999999999"}), 1);
  EXPECT_EQ(odd.fitting, 0);
  try {
    check_estimate(odd);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("a smaller train.batch"), std::string::npos) << e.what();
  }
  const TrainEstimate extreme = estimate_training(digits({"train.batch=9000000000000000000"}), 1);
  EXPECT_FALSE(extreme.fits());
  EXPECT_GT(extreme.memory, large.memory);
}

TEST(PrecisionTest, BfloatMustBeWorthIt) {
  EXPECT_EQ(faster_precision(1, 0.95), "float32");
  EXPECT_EQ(faster_precision(1, 0.89), "bf16");
  EXPECT_EQ(faster_precision(1, 3), "float32");
}

TEST(PrecisionTest, IsMeasuredOnceAndThenAsRecorded) {
  TrainParts measured = digits({"train.precision=auto"});
  const auto before = measured.objective;
  const PrecisionChoice choice = choose_precision(measured);
  ASSERT_EQ(choice.seconds.size(), 2u);
  EXPECT_EQ(choice.precision, faster_precision(choice.seconds[0], choice.seconds[1]));
  EXPECT_EQ(measured.objective == before, choice.precision == "float32");
  for (const std::string precision : {"float32", "bf16"}) {
    TrainParts parts = digits({"train.precision=auto"});
    const auto wide = parts.objective;
    const PrecisionChoice again = choose_precision(parts, PrecisionChoice{precision, {1, 2}});
    EXPECT_EQ(again.precision, precision);
    EXPECT_EQ(again.seconds, (std::vector<double>{1, 2}));
    EXPECT_EQ(parts.objective == wide, precision == "float32");
  }
  Recipe gan = find_recipe("family_gan");
  set_key(gan, "train.precision=bf16");
  TrainParts parts = make_train_parts(resolve(gan));
  EXPECT_THROW(choose_precision(parts), Error);
}

}  // namespace
}  // namespace roulade
