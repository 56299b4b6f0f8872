// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/fitted_grid.hpp"

#include "roulade/core/error.hpp"
#include "roulade/denoiser/exact.hpp"
#include "roulade/grid/grid.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

struct Case {
  std::shared_ptr<const Schedule> schedule;
  std::shared_ptr<const Denoiser> denoiser;

  explicit Case(const std::string& name) : schedule(schedule::registry().make(name)) {
    denoiser = make_exact_mixture(schedule, {0.2, 0.3, 0.5}, {{1, 0.5}, {-1, 0.2}, {0.1, -1}}, {0.1, 0.2, 0.05});
  }

  Tensor start(uint64_t seed, int64_t count, double t) const {
    return prior_noise(seed, 0, count, std::array<int64_t, 1>{2}, prior_deviation(*schedule, t)).to(at::kDouble);
  }
  Tensor walk(const std::string& sampler, const std::vector<double>& times, const Tensor& x) const {
    return sample(*sampler::registry().make(sampler), *denoiser, {}, times, x, Noise()).x;
  }
};

double rms(const Tensor& x) { return x.square().mean().sqrt().item<double>(); }

/// Sum of the errors of euler's own steps from where heun is on all candidates.
double sum_of_errors(const Case& c, const std::vector<double>& candidates, const std::vector<Tensor>& exact,
                     const std::vector<size_t>& chosen) {
  double sum = 0;
  for (size_t k = 0; k + 1 < chosen.size(); ++k) {
    const double t = candidates[chosen[k]], s = candidates[chosen[k + 1]];
    const Tensor x = c.walk("euler", {t, s}, exact[chosen[k]]);
    sum += rms(x.sub(exact[chosen[k + 1]])) / std::hypot(c.schedule->alpha(s), c.schedule->sigma(s));
  }
  return sum;
}

TEST(FittedGrid, NoOtherChoiceOfCandidatesHasLessError) {
  const Case c("edm");
  const std::vector<double> candidates = grid::registry().make("karras")->times(*c.schedule, 8);
  const Tensor x = c.start(3, 40, candidates.front());
  std::vector<Tensor> exact{x};
  sample(*sampler::registry().make("heun"), *c.denoiser, {}, candidates, x, Noise(),
         [&](int64_t, double, const Tensor& now) { exact.push_back(now.clone()); });
  const SamplerFacts euler = sampler::registry().find("euler").facts;
  for (const int64_t n : {1, 3, 8}) {
    const std::vector<double> fitted = fit_grid(*c.denoiser, {}, x, candidates, euler, n);
    ASSERT_EQ(fitted.size(), static_cast<size_t>(n) + 1);
    std::vector<size_t> own;
    for (const double t : fitted)
      own.push_back(static_cast<size_t>(std::find(candidates.begin(), candidates.end(), t) - candidates.begin()));
    const double least = sum_of_errors(c, candidates, exact, own);
    for (unsigned mask = 0; mask < 1U << 7; ++mask) {  // which of the seven inner candidates are visited
      std::vector<size_t> chosen{0};
      for (size_t j = 1; j < 8; ++j)
        if ((mask >> (j - 1) & 1U) != 0) chosen.push_back(j);
      chosen.push_back(8);
      if (chosen.size() == static_cast<size_t>(n) + 1) {
        EXPECT_GE(sum_of_errors(c, candidates, exact, chosen), least * (1 - 1e-9));
      }
    }
  }
}

// With noise that it was not fitted on, and on discrete and continuous schedules; 2 %: other noise.
TEST(FittedGrid, IsNotWorseThanGridsThatKnowNoModel) {
  double gain = 0, count = 0;
  for (const char* name : {"edm", "linear", "flow"})
    for (const char* sampler : {"euler", "dpmpp_2m", "heun", "unipc"})
      for (const int64_t n : {6, 12}) {
        SCOPED_TRACE(std::string(name) + " " + sampler + " " + std::to_string(n));
        const Case c(name);
        const std::vector<double> candidates = fit_candidates(*c.schedule);
        const auto facts = sampler::registry().find(sampler).facts;
        const auto fitted = best_grid(*c.denoiser, {}, c.start(1, 128, candidates.front()), candidates,
                                      *sampler::registry().make(sampler), facts, n);
        const Tensor x = c.start(2, 400, candidates.front());
        const Tensor exact = c.walk("heun", candidates, x);
        const auto distance = [&](const std::vector<double>& times) {
          return c.walk(sampler, times, x).sub(exact).norm(2, 1).mean().item<double>();
        };
        const double own = distance(fitted);
        double best = INFINITY;
        for (const char* other : {"uniform", "karras", "log_snr", "trailing"}) {
          std::vector<double> times = grid::registry().make(other)->times(*c.schedule, n);
          times.front() = candidates.front();
          best = std::min(best, distance(times));
          EXPECT_LT(own, 1.02 * distance(times)) << other;
        }
        gain += std::log(best / own);
        ++count;
      }
  EXPECT_GT(std::exp(gain / count), 1.5);  // than the best of the others for each case, in the geometric mean
}

// What the walk's own end says is only for samplers that have one.
TEST(FittedGrid, OfAStochasticSamplerIsTheOneWithTheLeastSum) {
  const Case c("vp");
  const std::vector<double> candidates = fit_candidates(*c.schedule);
  const Tensor x = c.start(1, 64, candidates.front());
  const auto& entry = sampler::registry().find("er_sde");
  EXPECT_EQ(best_grid(*c.denoiser, {}, x, candidates, *sampler::registry().make("er_sde"), entry.facts, 6),
            fit_grid(*c.denoiser, {}, x, candidates, entry.facts, 6));
}

// Facts are those of default options: these make the walk stochastic.
TEST(FittedGrid, OfOptionsThatDrawNoiseIsTheOneWithTheLeastSum) {
  const Case c("edm");
  const std::vector<double> candidates = fit_candidates(*c.schedule);
  const Tensor x = c.start(1, 64, candidates.front());
  for (const auto& [name, options] : {std::pair<const char*, Table>("ddim", {{"eta", 1.0}}),
                                      {"heun", {{"s_churn", 5.0}}},
                                      {"heun", {{"s_churn", 5.0}, {"s_tmin", 0.95}, {"s_tmax", 1.05}}}}) {
    const SamplerFacts facts = sampler::registry().find(name).facts;
    ASSERT_FALSE(facts.stochastic) << name;
    EXPECT_EQ(best_grid(*c.denoiser, {}, x, candidates, *sampler::registry().make(name, options), facts, 6),
              fit_grid(*c.denoiser, {}, x, candidates, facts, 6))
        << name;
  }
}

// Flow's candidates begin at 1 - t_min: with 60 steps the uniform grid's second time lies above that.
TEST(FittedGrid, LeavesOutGridsThatDoNotBeginThere) {
  const std::shared_ptr<const Schedule> flow = schedule::registry().make("flow", {{"t_min", 0.02}});
  const auto denoiser = make_exact_mixture(flow, {1}, {{1, 0.5}}, {0.1});
  const std::vector<double> candidates = fit_candidates(*flow);
  ASSERT_LT(candidates.front(), 1 - 1.0 / 60);
  const Tensor x = prior_noise(1, 0, 16, std::array<int64_t, 1>{2}, prior_deviation(*flow, candidates.front()));
  const auto times = best_grid(*denoiser, {}, x, candidates, *sampler::registry().make("euler"),
                               sampler::registry().find("euler").facts, 60);
  EXPECT_EQ(times.size(), 61U);
  for (size_t i = 1; i < times.size(); ++i) EXPECT_LT(times[i], times[i - 1]) << i;
}

TEST(FittedGrid, RefusesMoreStepsThanCandidates) {
  const Case c("edm");
  const std::vector<double> candidates{1, 0.5, 0};
  const Tensor x = c.start(1, 4, 1);
  const SamplerFacts facts = sampler::registry().find("euler").facts;
  EXPECT_EQ(fit_grid(*c.denoiser, {}, x, candidates, facts, 2), candidates);
  for (const int64_t n : {0, 3}) EXPECT_THROW(fit_grid(*c.denoiser, {}, x, candidates, facts, n), Error);
  EXPECT_THROW(grid::registry().make("fitted")->times(*c.schedule, 5), Error);
}

}  // namespace
}  // namespace roulade
