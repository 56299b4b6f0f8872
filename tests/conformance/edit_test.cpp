// SPDX-License-Identifier: Apache-2.0
// Sampling from what is given, on Gaussian data: every method is affine there, so unit inputs give the law that it
// really has, to be held against the paper's steps in plain numbers and against the conditional law itself.
#include "roulade/sampler/edit.hpp"

#include "roulade/core/error.hpp"
#include "roulade/schedule/forward.hpp"
#include "tests/conformance/sampler_cases.hpp"
#include "tests/sampler/function_denoiser.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

namespace roulade::testing {
namespace {

// Two coordinates of N(kMean, C), C = kPower [[1, kRho], [kRho, 1]]; the first is given as kGiven.
constexpr double kMean[2] = {0.4, -0.3}, kPower = 0.36, kGiven = 1.1;

struct Matrix {
  double a, b;  // [[a, b], [b, a]]: all that C makes is of this form
  Matrix operator*(const Matrix& o) const { return {a * o.a + b * o.b, a * o.b + b * o.a}; }
  Matrix inverse() const {
    const double d = a * a - b * b;
    return {a / d, -b / d};
  }
};

/// E[x_0 | x_t] = m + alpha C (alpha^2 C + sigma^2)^-1 (x_t - alpha m).
Matrix gain_at(const Schedule& s, double t, double rho) {
  const double alpha = s.alpha(t), sigma = s.sigma(t);
  const Matrix c{kPower, kPower * rho};
  return Matrix{alpha * c.a, alpha * c.b} * Matrix{alpha * alpha * c.a + sigma * sigma, alpha * alpha * c.b}.inverse();
}

FunctionDenoiser correlated(std::shared_ptr<const Schedule> schedule, double rho) {
  return FunctionDenoiser(schedule, [schedule, rho](const Tensor& x, double t) {
    const Matrix g = gain_at(*schedule, t, rho);
    const Tensor d0 = x.select(1, 0).sub(schedule->alpha(t) * kMean[0]);
    const Tensor d1 = x.select(1, 1).sub(schedule->alpha(t) * kMean[1]);
    return Denoised{
        at::stack({d0.mul(g.a).add(d1, g.b).add(kMean[0]), d0.mul(g.b).add(d1, g.a).add(kMean[1])}, 1), {}, {}};
  });
}

struct Law {
  double mean = 0, variance = 0;  // of the coordinate that is not given
};

std::vector<double> to_data(const Path& path, int64_t n) {
  std::vector<double> times = path.times(n);
  times.push_back(0);
  return times;
}

/// What sample_masked makes of x_T ~ N(0, start^2 I): unit inputs in a batch, each a row.
Law law_of_method(const Path& path, double rho, const std::vector<double>& times, int64_t walks, int64_t jump,
                  double start, const char* sampler = "ddpm") {
  const auto denoiser = correlated(path.schedule, rho);
  const auto method = sampler::registry().make(sampler, {});
  const auto run = [&](const Tensor& x, const NoiseFn& noise) {
    Tensor x0 = at::full_like(x, std::numeric_limits<double>::quiet_NaN());  // not read outside the mask
    x0.select(1, 0).fill_(kGiven);
    Tensor mask = at::zeros(x.sizes(), at::kBool);
    mask.select(1, 0).fill_(true);
    const SampleRun out = sample_masked(*method, denoiser, {}, times, x, {x0, mask, walks, jump}, noise);
    EXPECT_LT(out.x.select(1, 0).sub(kGiven).abs().max().item<double>(), 1e-12);
    return out.x.select(1, 1);
  };
  int64_t draws = 0;
  const auto options = at::TensorOptions(at::kDouble);
  run(at::zeros({1, 2}, options), [&](int64_t, int64_t, const Tensor& like) { return ++draws, at::zeros_like(like); });
  Tensor x = at::zeros({3 + 2 * draws, 2}, options);
  for (int64_t c : {0, 1}) x.select(0, 1 + c).select(0, c).fill_(start);
  int64_t k = 0;
  const Tensor out = run(x, [&](int64_t, int64_t, const Tensor& like) {
    Tensor z = at::zeros_like(like);
    for (int64_t c : {0, 1}) z.select(0, 3 + 2 * k + c).select(0, c).fill_(1);
    ++k;
    return z;
  });
  const double shift = out.select(0, 0).item<double>();
  return {shift, out.sub(shift).square().sum().item<double>()};
}

/// The same from Ho et al. 2020, eq. 6 and 7, and Lugmayr et al. 2022, algorithm 1, on mean and covariance.
Law law_of_paper(const Path& path, double rho, const std::vector<double>& times, int64_t walks, int64_t jump,
                 double start) {
  const Schedule& c = *path.schedule;
  double mean[2] = {0, 0}, v[2][2] = {{start * start, 0}, {0, start * start}};
  const auto replace = [&](double t) {
    mean[0] = c.alpha(t) * kGiven;
    v[0][0] = c.sigma(t) * c.sigma(t);
    v[0][1] = v[1][0] = 0;
  };
  const auto affine = [&](const double m[2][2], const double shift[2], double fresh) {
    const double old[2] = {mean[0], mean[1]};
    double mv[2][2], next[2][2];
    for (int i : {0, 1}) mean[i] = m[i][0] * old[0] + m[i][1] * old[1] + shift[i];
    for (int i : {0, 1})
      for (int j : {0, 1}) mv[i][j] = m[i][0] * v[0][j] + m[i][1] * v[1][j];
    for (int i : {0, 1})
      for (int j : {0, 1}) next[i][j] = mv[i][0] * m[j][0] + mv[i][1] * m[j][1] + (i == j ? fresh : 0);
    std::copy(&next[0][0], &next[0][0] + 4, &v[0][0]);
  };
  const auto n = static_cast<int64_t>(times.size()) - 1;
  replace(times.front());
  for (int64_t begin = 0, end; begin < n; begin = end) {
    const bool last = begin == n - 1;  // the jump to sigma 0
    end = last ? n : std::min(begin + jump, n - 1);
    for (int64_t walk = 0; walk < (last ? 1 : walks); ++walk) {
      if (walk > 0) {
        const double t = times[static_cast<size_t>(begin)], s = times[static_cast<size_t>(end)];
        const double scale = c.alpha(t) / c.alpha(s);
        const double m[2][2] = {{scale, 0}, {0, scale}}, shift[2] = {0, 0};
        affine(m, shift, c.sigma(t) * c.sigma(t) - std::pow(scale * c.sigma(s), 2));
      }
      for (int64_t i = begin; i < end; ++i) {
        const double t = times[static_cast<size_t>(i)], s = times[static_cast<size_t>(i + 1)];
        const double a = c.alpha(t), b = c.sigma(t), a_s = c.alpha(s), b_s = c.sigma(s);
        const double beta = b * b - std::pow(a / a_s * b_s, 2), of_x0 = a_s * beta / (b * b);
        const double of_x = a / a_s * b_s * b_s / (b * b);
        const Matrix g = gain_at(c, t, rho);
        const double m[2][2] = {{of_x + of_x0 * g.a, of_x0 * g.b}, {of_x0 * g.b, of_x + of_x0 * g.a}};
        const double shift[2] = {of_x0 * (kMean[0] - a * (g.a * kMean[0] + g.b * kMean[1])),
                                 of_x0 * (kMean[1] - a * (g.b * kMean[0] + g.a * kMean[1]))};
        affine(m, shift, b_s == 0 ? 0 : beta * b_s * b_s / (b * b));
        replace(s);
      }
    }
  }
  return {mean[1], v[1][1]};
}

TEST(MaskedSampling, FiniteStepsHaveThePapersLaw) {
  for (const Path& path : paths())
    for (const auto& [walks, jump] : {std::pair<int64_t, int64_t>{1, 1}, {1, 4}, {3, 1}, {4, 3}})
      for (const int64_t n : {1, 2, 7}) {
        SCOPED_TRACE(path.name + ", walks " + std::to_string(walks) + ", jump " + std::to_string(jump));
        const double start = path.schedule->prior_deviation();
        const Law got = law_of_method(path, 0.8, to_data(path, n), walks, jump, start);
        const Law expected = law_of_paper(path, 0.8, to_data(path, n), walks, jump, start);
        EXPECT_NEAR(got.mean, expected.mean, 1e-10) << n;
        EXPECT_NEAR(got.variance, expected.variance, 1e-10) << n;
      }
}

/// n - 1 even steps in log(sigma / alpha) from 6 to 0.01, then to data.
std::vector<double> fine_times(const Schedule& schedule, int64_t n) {
  std::vector<double> times;
  for (int64_t i = 0; i < n; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(n - 1);
    times.push_back(schedule.time_of(-2 * (std::log(6.0) + share * std::log(0.01 / 6.0))));
  }
  times.push_back(0);
  return times;
}

TEST(MaskedSampling, TendsToTheConditionalLawWithMoreWalksAndSteps) {
  // The mean's error falls with the walks, the variance's with the steps: each walk is ddpm's, of first order.
  const double mean = kMean[1] + 0.8 * (kGiven - kMean[0]), variance = kPower * (1 - 0.64);
  for (const Path& path : paths()) {
    SCOPED_TRACE(path.name);
    const double start = std::hypot(1, 6.0) * path.schedule->alpha(fine_times(*path.schedule, 2).front());
    const auto errors = [&](int64_t n, int64_t walks) {
      const Law law = law_of_method(path, 0.8, fine_times(*path.schedule, n), walks, 1, start);
      return std::array{std::abs(law.mean - mean), std::abs(law.variance - variance)};
    };
    const auto [plain, no] = errors(40, 1);
    const auto [two, coarse_two] = errors(40, 2);
    const auto [eight, coarse] = errors(40, 8);
    const auto [eight_fine, fine] = errors(80, 8);
    EXPECT_GT(plain, 0.1);
    EXPECT_LT(two, plain);
    EXPECT_LT(eight, two / 3);
    EXPECT_LT(fine, coarse / 1.5);
  }
}

TEST(MaskedSampling, TendsToTheConditionalLawWithWalksAloneWhereStepsAreNearlyExact) {
  const double mean = kMean[1] + 0.8 * (kGiven - kMean[0]), variance = kPower * (1 - 0.64);
  for (const Path& path : paths()) {
    SCOPED_TRACE(path.name);
    const std::vector<double> times = fine_times(*path.schedule, 30);
    const double start = std::hypot(1, 6.0) * path.schedule->alpha(times.front());
    const Law few = law_of_method(path, 0.8, times, 3, 1, start, "heun");
    const Law many = law_of_method(path, 0.8, times, 18, 1, start, "heun");
    EXPECT_LT(std::abs(many.mean - mean), std::abs(few.mean - mean) / 4);
    EXPECT_LT(std::abs(many.variance - variance), std::abs(few.variance - variance) / 4);
  }
}

TEST(MaskedSampling, IndependentPartsAreSampledAsEver) {
  const Path& path = paths().front();
  const auto method = sampler::registry().make("heun", {});
  const auto denoiser = correlated(path.schedule, 0);
  const Tensor x = start_points(*path.schedule, path.t_max);
  Tensor mask = at::zeros(x.sizes(), at::kBool);
  mask.select(1, 0).fill_(true);
  const Tensor masked = sample_masked(*method, denoiser, {}, to_data(path, 9), x, {x, mask, 1, 1}, silent).x;
  const Tensor free = sample(*method, denoiser, {}, to_data(path, 9), x, silent).x;
  EXPECT_EQ(masked.select(1, 1).sub(free.select(1, 1)).abs().max().item<double>(), 0);
  EXPECT_EQ(masked.select(1, 0).sub(x.select(1, 0)).abs().max().item<double>(), 0);
}

TEST(MaskedSampling, NoDrawIsUsedTwice) {
  // A sampler with as many draws a step as it may have.
  const auto most = static_cast<double>(kSamplerDraws);
  const auto restart = [](double times) {
    return sampler::registry().make("restart", {{"restart_min", std::vector<double>{0.3}},
                                                {"restart_max", std::vector<double>{1.0}},
                                                {"restart_times", std::vector<double>{times}},
                                                {"restart_steps", std::vector<double>{1}}});
  };
  const Path& path = paths().front();
  const Tensor x = start_points(*path.schedule, path.t_max);
  std::set<std::pair<int64_t, int64_t>> used;
  int64_t largest = 0;
  sample_masked(*restart(most), correlated(path.schedule, 0), {}, path.times(9), x,
                {x, at::ones_like(x, at::kBool), 3, 2}, [&](int64_t index, int64_t part, const Tensor& like) {
                  EXPECT_TRUE(used.emplace(index, part).second) << index << ", " << part;
                  largest = std::max(largest, part);
                  return counter_noise(0, 0)(index, part, like);
                });
  EXPECT_EQ(largest, kSamplerDraws + 1);
  EXPECT_TRUE(used.count({static_cast<int64_t>(used.rbegin()->first), kSamplerDraws}));
  EXPECT_THROW(restart(most + 1), Error);
}

TEST(MaskedSampling, WrongPartsAreRefused) {
  const Path& path = paths().front();
  const auto method = sampler::registry().make("ddpm", {});
  const auto denoiser = correlated(path.schedule, 0);
  const Tensor x = start_points(*path.schedule, path.t_max), mask = at::ones_like(x, at::kBool);
  const auto refuses = [&](const KnownPart& known) {
    EXPECT_THROW(sample_masked(*method, denoiser, {}, path.times(3), x, known, silent), Error);
  };
  refuses({x.narrow(0, 0, 3), mask});
  refuses({x, mask.narrow(0, 0, 3)});
  refuses({x, x});
  refuses({x, mask, 0, 1});
  refuses({x, mask, 1, 0});
  refuses({});
}

TEST(LastSteps, KeepTheShareThatIsAsked) {
  const std::vector<double> times{1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0};
  EXPECT_EQ(last_steps(times, 1), times);
  EXPECT_EQ(last_steps(times, 0.7).size(), 8u);
  EXPECT_EQ(last_steps(times, 0.7).front(), 0.7);
  EXPECT_EQ(last_steps(times, 0.01), (std::vector<double>{0.1, 0}));
  for (const double bad : {0.0, -1.0, 1.1, std::nan("")}) EXPECT_THROW(last_steps(times, bad), Error);
}

TEST(NoisedStart, HasTheLawOfTheFlowFromThere) {
  // x_t ~ N(alpha x_0, sigma^2): the flow multiplies y - m, y = x / alpha, by d / sqrt(d^2 + u^2) down to u = 0.
  constexpr double kX0 = 1.5, kM = 0.7, kD = 0.6;
  for (const Path& path : paths()) {
    SCOPED_TRACE(path.name);
    const auto options = at::TensorOptions(at::kDouble);
    const auto denoiser = make_exact_gaussian(path.schedule, at::full({1}, kM, options), at::full({1}, kD, options));
    const auto method = sampler::registry().make("heun", {});
    std::vector<double> window{40, 80, 160}, errors;
    for (const double n : window) {
      const std::vector<double> times = last_steps(path.times(static_cast<int64_t>(n)), 0.5);
      const Tensor x0 = at::full({2, 1}, kX0, options);
      Tensor eps = at::zeros({2, 1}, options);
      eps.select(0, 1).fill_(1);
      const double t = times.front(), s = times.back();
      const Tensor x = sample(*method, *denoiser, {}, times, add_noise(*path.schedule, x0, eps, {{t}}), silent).x;
      const double u = path.schedule->sigma(t) / path.schedule->alpha(t), a = path.schedule->alpha(s);
      const double shrink = std::hypot(kD, path.schedule->sigma(s) / a) / std::hypot(kD, u);
      const double mean = a * (kM + shrink * (kX0 - kM)), deviation = a * shrink * u;
      const double got = x.select(0, 0).item<double>();
      errors.push_back(std::hypot(got - mean, x.select(0, 1).item<double>() - got - deviation));
    }
    EXPECT_NEAR(-fitted_slope(window, errors), 2, 0.2) << listed(errors);
  }
}

TEST(SphericalMix, IsTheGreatCircle) {
  const Tensor a = at::zeros({1, 3}, at::kDouble), b = at::zeros({1, 3}, at::kDouble);
  a.select(1, 0).fill_(2);
  b.select(1, 1).fill_(2);
  const Tensor third = spherical_mix(a, b, 1.0 / 3);
  EXPECT_NEAR(third.select(1, 0).item<double>(), 2 * std::cos(M_PI / 6), 1e-14);
  EXPECT_NEAR(third.select(1, 1).item<double>(), 2 * std::sin(M_PI / 6), 1e-14);
  for (const double w : {0.0, 1.0})
    EXPECT_LT(spherical_mix(a, b, w).sub(w == 0 ? a : b).abs().max().item<double>(), 1e-14);
  // Of one direction, opposite, or nothing at all: a straight line, never NaN.
  EXPECT_NEAR(spherical_mix(a, a.mul(2), 0.5).select(1, 0).item<double>(), 3, 1e-12);
  EXPECT_NEAR(spherical_mix(a, a.neg(), 0.25).select(1, 0).item<double>(), 1, 1e-12);
  EXPECT_EQ(spherical_mix(a, at::zeros_like(a), 0.5).select(1, 0).item<double>(), 1);
  EXPECT_THROW(spherical_mix(a, at::zeros({2, 3}, at::kDouble), 0.5), Error);
}

TEST(SphericalMix, OfNoiseIsNoise) {
  // Width 64: the length of a straight mixture would be 0.71 of a sample's.
  const Tensor a = prior_noise(1, 0, 20000, std::array<int64_t, 1>{64}, 1),
               b = prior_noise(2, 0, 20000, std::array<int64_t, 1>{64}, 1);
  const Tensor mix = spherical_mix(a, b, 0.5);
  EXPECT_NEAR(mix.mean().item<double>(), 0, 5 / std::sqrt(64 * 20000.0));
  EXPECT_NEAR(mix.square().mean().item<double>(), 1, 5 * std::sqrt(2 / (64 * 20000.0)));
}

TEST(Inversion, TendsToTheFlowAndBack) {
  const auto ddim = sampler::registry().make("ddim", {});
  for (const Path& path : paths())
    for (const KnownData* data : {&gaussian(), &mixture()}) {
      SCOPED_TRACE(path.name);
      const auto denoiser = data->denoiser(path.schedule);
      const Tensor start =
          exact_solution(*data, *path.schedule, start_points(*path.schedule, path.t_max), path.t_max, path.t_min);
      const std::vector<double> window{40, 80, 160};
      std::vector<double> up, round, repeated;
      for (const double n : window) {
        const std::vector<double> times = path.times(static_cast<int64_t>(n));
        const SampleRun noise = invert(*denoiser, {}, times, start);
        EXPECT_EQ(noise.calls, static_cast<int64_t>(n));
        up.push_back(rms(noise.x.sub(exact_solution(*data, *path.schedule, start, path.t_min, path.t_max))));
        round.push_back(rms(sample(*ddim, *denoiser, {}, times, noise.x, silent).x.sub(start)));
        const SampleRun exact = invert(*denoiser, {}, times, start, 40);
        EXPECT_EQ(exact.calls, 41 * static_cast<int64_t>(n));
        repeated.push_back(rms(sample(*ddim, *denoiser, {}, times, exact.x, silent).x.sub(start)));
      }
      EXPECT_NEAR(-fitted_slope(window, up), 1, 0.2) << listed(up);
      EXPECT_NEAR(-fitted_slope(window, round), 1, 0.2) << listed(round);
      EXPECT_LT(repeated.back(), 1e-10) << listed(repeated);
    }
}

TEST(Inversion, BeginsAtDataWithoutNoise) {
  // From t = 0, where no noise says what eps is.
  const auto ddim = sampler::registry().make("ddim", {});
  const Path& path = paths().front();
  const auto denoiser = gaussian().denoiser(path.schedule);
  const Tensor x0 = start_points(*path.schedule, 0);
  std::vector<double> times = path.times(20);
  times.push_back(0);
  const Tensor plain = sample(*ddim, *denoiser, {}, times, invert(*denoiser, {}, times, x0).x, silent).x;
  const Tensor repeated = sample(*ddim, *denoiser, {}, times, invert(*denoiser, {}, times, x0, 60).x, silent).x;
  EXPECT_LT(rms(repeated.sub(x0)), 1e-6 * rms(plain.sub(x0)));
  EXPECT_THROW(invert(*denoiser, {}, times, x0, -1), Error);
  EXPECT_THROW(invert(*denoiser, {}, {{0.1, 0.5}}, x0), Error);
}

}  // namespace
}  // namespace roulade::testing
