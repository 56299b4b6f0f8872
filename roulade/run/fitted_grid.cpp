// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/fitted_grid.hpp"

#include "roulade/core/error.hpp"
#include "roulade/grid/grid.hpp"
#include "roulade/sampler/exponential_adams.hpp"
#include "roulade/sampler/update.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kCandidates = 200;
constexpr const char* kOthers[] = {"uniform", "karras", "log_snr", "trailing"};

/// A walk asked for random numbers.
struct Drawn {};

/// Where the trajectories are at a candidate, and the estimate of x_0 there.
struct Visit {
  double t = 0;
  Level level;
  Tensor x{}, x0{};  ///< [B, ...] float64
};

std::vector<Visit> visits_of(const Denoiser& denoiser, const Condition& condition, const Tensor& x,
                             std::span<const double> candidates) {
  std::vector<Visit> visits;
  const auto visit = [&](double t, const Tensor& now) {
    const Tensor x0 = denoiser.denoise(now, std::span<const double>(&t, 1), condition).x0;
    visits.push_back({t, level(denoiser.schedule(), t), now.to(at::kDouble, false, true), x0.to(at::kDouble)});
  };
  visit(candidates.front(), x);
  sample(*sampler::registry().make("heun"), denoiser, condition, candidates, x, Noise(),
         [&](int64_t, double t, const Tensor& now) { visit(t, now); });
  return visits;
}

/// Root mean square of the local error of one step.   before: the visit that the estimate's slope is taken from, null =
/// a step of first order.
double local_error(const Schedule& schedule, const Visit* before, const Visit& from, const Visit& to) {
  const double keep = to.level.sigma / from.level.sigma;
  Sum error(-1, to.x);
  if (to.level.sigma == 0) {
    error.add(to.level.alpha, from.x0);
  } else if (before == nullptr || before->level.alpha == 0) {
    error.add(1, renoise(from.x0, from.x, from.level, to.level.alpha, to.level.sigma));
  } else {
    const double h = (schedule.log_snr(to.t) - schedule.log_snr(from.t)) / 2;
    const double slope = 2 * h / (schedule.log_snr(from.t) - schedule.log_snr(before->t));
    const std::vector<double> moments = exponential_moments(h, 2);
    error.add(keep, from.x).add(to.level.alpha * (moments[0] + slope * moments[1]), from.x0);
    error.add(-to.level.alpha * slope * moments[1], before->x0);
  }
  return made(error).square().mean().sqrt().item<double>() / std::hypot(to.level.alpha, to.level.sigma);
}

/// The n + 1 of the visited times with the least sum of local errors.   slopes: of steps that have one (local_error).
std::vector<double> least_sum(const Schedule& schedule, const std::vector<Visit>& visits, bool slopes, int64_t n) {
  const size_t count = visits.size();
  constexpr double kNone = std::numeric_limits<double>::infinity();
  std::vector<std::vector<double>> errors(count, std::vector<double>(count, 0));
  for (size_t i = 0; i < count; ++i)
    for (size_t j = i + 1; j < count; ++j)
      errors[i][j] = local_error(schedule, i > 0 && slopes ? &visits[i - 1] : nullptr, visits[i], visits[j]);
  // least[j]: the least sum of k steps from the first to the j-th; before[k][j]: the one before on that way.
  std::vector<double> least(count, kNone);
  least[0] = 0;
  std::vector<std::vector<size_t>> before;
  for (int64_t k = 0; k < n; ++k) {
    std::vector<double> next(count, kNone);
    std::vector<size_t> from(count, 0);
    for (size_t j = 1; j < count; ++j)
      for (size_t i = 0; i < j; ++i)
        if (least[i] + errors[i][j] < next[j]) {
          next[j] = least[i] + errors[i][j];
          from[j] = i;
        }
    least = std::move(next);
    before.push_back(std::move(from));
  }
  std::vector<double> times{visits.back().t};
  size_t at = count - 1;
  for (size_t k = before.size(); k-- > 0;) {
    at = before[k][at];
    times.push_back(visits[at].t);
  }
  std::reverse(times.begin(), times.end());
  return times;
}

void check(std::span<const double> candidates, const Tensor& x, int64_t n) {
  check_grid(candidates, x);
  if (n < 1 || static_cast<size_t>(n) >= candidates.size())
    fail(Code::usage, "grid fitted", "steps", fmt::format("1 to {}", candidates.size() - 1), fmt::format("{}", n));
}

/// Another grid's times from the first candidate on; empty where it has none for so many steps.
std::vector<double> other_times(const char* grid, const Schedule& schedule, double first, int64_t n) {
  try {
    std::vector<double> times = grid::registry().make(grid)->times(schedule, n);
    times.front() = first;
    return times[1] < first ? times : std::vector<double>();
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::vector<double> fit_candidates(const Schedule& schedule) {
  if (schedule.states() == 0) return grid::registry().make("log_snr")->times(schedule, kCandidates);
  return grid::registry().make("uniform")->times(schedule, std::min(kCandidates, schedule.states()));
}

std::vector<double> fit_grid(const Denoiser& denoiser, const Condition& condition, const Tensor& x,
                             std::span<const double> candidates, const SamplerFacts& facts, int64_t n) {
  check(candidates, x, n);
  const at::NoGradGuard no_grad;
  return least_sum(denoiser.schedule(), visits_of(denoiser, condition, x, candidates), facts.global_order > 1, n);
}

std::vector<double> best_grid(const Denoiser& denoiser, const Condition& condition, const Tensor& x,
                              std::span<const double> candidates, const Sampler& sampler, const SamplerFacts& facts,
                              int64_t n) {
  check(candidates, x, n);
  const at::NoGradGuard no_grad;
  const Schedule& schedule = denoiser.schedule();
  const std::vector<Visit> visits = visits_of(denoiser, condition, x, candidates);
  std::vector<double> best = least_sum(schedule, visits, facts.global_order > 1, n);
  if (facts.stochastic) return best;
  // Options may make stochastic what is not at its defaults.
  const Noise none([](int64_t, int64_t, const Tensor&) -> Tensor { throw Drawn(); });
  const Tensor exact = visits.back().x;
  const auto error = [&](const std::vector<double>& times) {
    try {
      const Tensor end = sample(sampler, denoiser, condition, times, x, none).x;
      return end.to(at::kDouble).sub(exact).flatten(1).norm(2, 1).mean().item<double>();
    } catch (const Error& e) {
      if (e.code() != Code::numeric) throw;
      return std::numeric_limits<double>::infinity();  // the sampler diverges there
    }
  };
  const std::vector<double> of_least_sum = best;
  std::vector<std::vector<double>> others{least_sum(schedule, visits, facts.global_order <= 1, n)};
  for (const char* grid : kOthers) others.push_back(other_times(grid, schedule, candidates.front(), n));
  try {
    double least = error(best);
    for (std::vector<double>& times : others) {
      if (times.empty() || times == best) continue;
      if (const double here = error(times); here < least) {
        least = here;
        best = std::move(times);
      }
    }
  } catch (const Drawn&) {
    return of_least_sum;
  }
  return best;
}

}  // namespace roulade
