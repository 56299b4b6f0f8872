// SPDX-License-Identifier: Apache-2.0
// Samplers that take a Brownian path converge sample by sample: with one seed and twice the steps they differ by half.
#include "tests/conformance/sampler_cases.hpp"

#include <gtest/gtest.h>

namespace roulade::testing {
namespace {

constexpr int64_t kCount = 200;  // samples of two coordinates: their root mean square is off by about 4 %

/// x at the path's end from a fixed start.
Tensor walk(const std::string& name, const Table& options, const Path& path, int64_t n, const Noise& noise) {
  const double size = rms(start_points(*path.schedule, path.t_max));
  const Tensor x = prior_noise(5, 0, kCount, std::vector<int64_t>{2}, size).to(at::kDouble);
  const auto method = sampler::registry().make(name, options);
  return sample(*method, *gaussian().denoiser(path.schedule), {}, path.times(n), x, noise).x;
}

/// What doubling changes, at 80, 160 and 320 steps.
std::vector<double> changes(const std::string& name, const Table& options, const Path& path, const Noise& noise) {
  std::vector<double> out;
  Tensor before = walk(name, options, path, 80, noise);
  for (const int64_t n : {160, 320, 640}) {
    const Tensor now = walk(name, options, path, n, noise);
    out.push_back(rms(now.sub(before)));
    before = now;
  }
  return out;
}

TEST(SamplerStrong, SamplesConvergeAsDeclared) {
  for (const auto& entry : sampler::registry().entries()) {
    if (entry.facts.strong_order == 0) continue;
    for (const Path& path : paths()) {
      SCOPED_TRACE(entry.name + " on " + path.name);
      const std::vector<double> e = changes(entry.name, {}, path, counter_noise(7, 0));
      EXPECT_NEAR(-fitted_slope({80, 160, 320}, e), entry.facts.strong_order, 0.25) << listed(e);
    }
  }
}

TEST(SamplerStrong, IndependentDrawsDoNotConverge) {
  const NoiseFn draws = counter_noise(7, 0);
  for (const Path& path : paths()) {
    const std::vector<double> e = changes("dpmpp_sde", {}, path, draws);
    EXPECT_GT(e.back(), 0.5 * e.front()) << path.name << ": " << listed(e);
  }
}

/// At full noise these solve one equation, the reverse of the forward process; their samples must meet.
TEST(SamplerStrong, MethodsOfOneEquationMeet) {
  struct Method {
    std::string name;
    Table options;
  };
  const std::vector<Method> methods{{"dpmpp_2m_sde", {}},
                                    {"dpmpp_3m_sde", {}},
                                    {"sa_solver", {}},
                                    {"er_sde", {{"phi", "sde"}}},
                                    {"interpolant_sde", {{"diffusion", "kl"}}}};
  const std::vector<int64_t> steps{40, 80, 160, 320};
  for (const Path& path : paths()) {
    const Noise noise = counter_noise(7, 0);
    std::vector<Tensor> reference;
    for (const int64_t n : steps) reference.push_back(walk("dpmpp_sde", {}, path, n, noise));
    for (const Method& m : methods) {
      SCOPED_TRACE(m.name + " on " + path.name);
      std::vector<double> apart;
      for (size_t i = 0; i < steps.size(); ++i)
        apart.push_back(rms(walk(m.name, m.options, path, steps[i], noise).sub(reference[i])));
      // Both are of first order: an eighth of the start is left, or less where a higher order fades.
      EXPECT_LT(apart.back(), 0.2 * apart.front()) << listed(apart);
    }
  }
}

TEST(SamplerStrong, OneOfManyStepsIsTheLimit) {
  // Against 1,280 steps, whose own error is an eighth of that of 160.
  const Path& path = paths().front();
  const Noise noise = counter_noise(7, 0);
  const Tensor fine = walk("dpmpp_sde", {}, path, 1280, noise);
  std::vector<double> e;
  for (const int64_t n : {20, 40, 80, 160}) e.push_back(rms(walk("dpmpp_sde", {}, path, n, noise).sub(fine)));
  EXPECT_NEAR(-fitted_slope({20, 40, 80, 160}, e), 1, 0.25) << listed(e);
}

}  // namespace
}  // namespace roulade::testing
