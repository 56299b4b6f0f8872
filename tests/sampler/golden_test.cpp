// SPDX-License-Identifier: Apache-2.0
// Whole walks against those of diffusers and k-diffusion: tools/golden/sampler.py.
#include "roulade/sampler/sampler.hpp"
#include "tests/sampler/function_denoiser.hpp"
#include "tests/sampler/golden_cases.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include <ATen/ops/empty.h>
#include <ATen/ops/tanh.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using nlohmann::json;
using testing::FunctionDenoiser;
using testing::golden_cases;
using testing::table_of;

// The files hold 13 digits, and u from 4096 down to 0.03 costs a few more: x = alpha x_0 + sigma eps cancels.
constexpr double kClose = 1e-9;

std::shared_ptr<const Schedule> schedule_of(const std::string& name) {
  if (name == "zero") return schedule::registry().make("scaled_linear", {{"zero_terminal_snr", true}});
  return schedule::registry().make(name);
}

/// u = sigma / alpha as a time, on a schedule of 1000 states that state's where it has one; null is infinity.
double time_of(const Schedule& schedule, const json& level) {
  if (level.is_null()) return 1;
  const double u = level.get<double>();
  if (u == 0) return 0;
  const double t = schedule.time_of(-2 * std::log(u)), state = std::nearbyint(t * 1000);
  const bool of_state = schedule.states() > 0 && std::abs(t * 1000 - state) < 1e-9;
  return of_state ? state / 1000 : t;
}

Tensor rows(const json& numbers) {
  Tensor out = at::empty({static_cast<int64_t>(numbers.size()) / 3, 3}, at::TensorOptions(at::kDouble));
  for (size_t j = 0; j < numbers.size(); ++j) out.data_ptr<double>()[j] = numbers[j].get<double>();
  return out;
}

/// The script's denoiser.
FunctionDenoiser denoiser_on(const std::shared_ptr<const Schedule>& schedule) {
  return FunctionDenoiser(schedule, [schedule](const Tensor& x, double t) {
    const double alpha = schedule->alpha(t), sigma = schedule->sigma(t), r = std::hypot(alpha, sigma), a = alpha / r;
    const Tensor y = x.div(r);
    return Denoised{at::tanh(y.sub(0.2 * a)).mul_(0.5).add_(y, 0.4 * a).add_(0.3), {}, {}};
  });
}

/// The script's noise; draws[i]: how many came before step i.
NoiseFn noise_of(const json& one) {
  const std::vector<int64_t> draws = one.value("draws", std::vector<int64_t>(one["levels"].size(), 0));
  return [draws](int64_t index, int64_t part, const Tensor& like) {
    const auto draw = static_cast<double>(draws.at(static_cast<size_t>(index)) + part);
    Tensor z = at::empty(like.sizes(), like.options());
    for (int64_t j = 0; j < z.numel(); ++j)
      z.data_ptr<double>()[j] = std::numbers::sqrt2 * std::sin(1 + 2 * draw + 3 * static_cast<double>(j));
    return z;
  };
}

/// The largest difference after each step, relative to the largest of `wanted` there; -1 where that is null.
std::vector<double> walk(const json& one, const json& wanted) {
  const auto schedule = schedule_of(one["schedule"]);
  const auto sampler = sampler::registry().make(one["sampler"], table_of(one["options"]));
  const FunctionDenoiser denoiser = denoiser_on(schedule);
  std::vector<double> times, differences;
  for (const json& level : one["levels"]) times.push_back(time_of(*schedule, level));
  sample(*sampler, denoiser, {}, times, rows(wanted.at(0)), noise_of(one), [&](int64_t step, double, const Tensor& x) {
    const json& numbers = wanted.at(static_cast<size_t>(step) + 1);
    if (numbers.is_null()) {
      differences.push_back(-1);
      return;
    }
    const Tensor want = rows(numbers);
    differences.push_back(x.sub(want).abs().max().item<double>() / want.abs().max().item<double>());
  });
  return differences;
}

void expect_close(const json& one, const json& wanted) {
  const std::vector<double> differences = walk(one, wanted);
  EXPECT_EQ(differences.size() + 1, wanted.size());
  EXPECT_GE(*std::max_element(differences.begin(), differences.end()), 0) << "nothing to compare";
  for (size_t j = 0; j < differences.size(); ++j) EXPECT_LT(differences[j], kClose) << "after step " << j + 1;
}

TEST(SamplerGolden, WalksAreThoseOfOthers) {
  std::set<std::string> names;
  for (const json& one : golden_cases()) {
    SCOPED_TRACE(one["name"].get<std::string>() + ": " + one["peer"].get<std::string>());
    EXPECT_TRUE(names.insert(one["name"]).second) << "listed twice";
    expect_close(one, one["x"]);
  }
  EXPECT_EQ(names.size(), 85u);
}

/// Where the other code is not followed: our walk is what the file says is right, and theirs is not.
TEST(SamplerGolden, DifferencesHaveTheirReasons) {
  const std::vector<json> all = golden_cases({"differences"});
  EXPECT_EQ(all.size(), 6u);
  for (const json& one : all) {
    SCOPED_TRACE(one["name"].get<std::string>() + ": " + one["reason"].get<std::string>());
    expect_close(one, one["right"]);
    const std::vector<double> theirs = walk(one, one["x"]);
    EXPECT_GT(*std::max_element(theirs.begin(), theirs.end()), 1e-3) << "they agree now";
  }
}

TEST(SamplerGolden, OneNumberTooManyIsSeen) {
  json one = golden_cases().front();
  one["x"][3][2] = one["x"][3][2].get<double>() + 1e-7;
  EXPECT_NONFATAL_FAILURE(expect_close(one, one["x"]), "after step 3");
}

}  // namespace
}  // namespace roulade
