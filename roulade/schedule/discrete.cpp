// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/discrete.hpp"

#include "roulade/schedule/time.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// log abar_0..log abar_T. Summed as logarithms: a product of numbers near 1 would lose 1 - abar.
std::vector<double> log_products(const std::vector<double>& betas) {
  std::vector<double> out{0.0};
  long double sum = 0;
  for (const double beta : betas)
    out.push_back(static_cast<double>(sum += std::log1p(-static_cast<long double>(beta))));
  return out;
}

/// alpha_i = sqrt(abar_i) and sigma_i = sqrt(1 - abar_i) of every state, both to rounding.
struct States {
  std::vector<double> alpha, sigma;
};

States plain(const std::vector<double>& log_abar) {
  States out{{1.0}, {0.0}};
  for (size_t i = 1; i < log_abar.size(); ++i) {
    out.alpha.push_back(std::exp(0.5 * log_abar[i]));
    out.sigma.push_back(std::sqrt(-std::expm1(log_abar[i])));
  }
  return out;
}

/// alpha_i' = alpha_1 (alpha_i - alpha_T) / (alpha_1 - alpha_T) for i >= 1: keeps state 1, ends without signal.
/// Source: Lin et al. 2023, "Common Diffusion Noise Schedules and Sample Steps are Flawed", algorithm 1.
States zero_terminal(const std::vector<double>& log_abar) {
  const double last = 0.5 * log_abar.back(), first = 0.5 * log_abar[1];
  if (last == -kInfinity) return plain(log_abar);
  const double span = -std::expm1(last - first);  // (alpha_1 - alpha_T) / alpha_1
  States out{{1.0}, {0.0}};
  for (size_t i = 1; i < log_abar.size(); ++i) {
    const double log = 0.5 * log_abar[i];
    const double alpha = std::exp(last) * std::expm1(log - last) / span;
    // 1 - alpha' = (1 - alpha_i - (alpha_T / alpha_1) (1 - alpha_1)) / span, without subtracting from 1
    const double rest = (-std::expm1(log) + std::exp(last - first) * std::expm1(first)) / span;
    out.alpha.push_back(alpha);
    out.sigma.push_back(std::sqrt(rest * (1 + alpha)));
  }
  out.sigma.back() = 1;
  return out;
}

class Discrete final : public Schedule {
 public:
  Discrete(States states, bool from_clean)
      : alpha_(std::move(states.alpha)), sigma_(std::move(states.sigma)), from_clean_(from_clean) {
    for (size_t i = 0; i < alpha_.size(); ++i) log_snr_.push_back(2 * std::log(alpha_[i] / sigma_[i]));
    for (size_t i = 1; i < log_snr_.size(); ++i)
      if (!(log_snr_[i] < log_snr_[i - 1]))
        fail(Code::usage, "schedule", "log_snr", "one that falls from state to state",
             fmt::format("{} at state {} and {} at state {}", log_snr_[i - 1], i - 1, log_snr_[i], i));
  }

  double alpha(double t) const override {
    const Place p = place(t);
    if (p.fraction == 0) return alpha_[p.state];
    const double log_snr = between(p);
    const double e = std::exp(-std::abs(log_snr));  // never overflows
    return log_snr > 0 ? 1 / std::sqrt(1 + e) : std::exp(0.5 * log_snr) / std::sqrt(1 + e);
  }

  double sigma(double t) const override {
    const Place p = place(t);
    if (p.fraction == 0) return sigma_[p.state];
    const double log_snr = between(p);
    const double e = std::exp(-std::abs(log_snr));
    return log_snr > 0 ? std::exp(-0.5 * log_snr) / std::sqrt(1 + e) : 1 / std::sqrt(1 + e);
  }

  double log_snr(double t) const override {
    const Place p = place(t);
    return p.fraction == 0 ? log_snr_[p.state] : between(p);
  }

  double time_of(double log_snr) const override {
    checked_log_snr(log_snr);
    const auto it = std::lower_bound(log_snr_.begin(), log_snr_.end(), log_snr, std::greater<double>());
    if (it == log_snr_.end()) return 1;
    const auto i = static_cast<size_t>(it - log_snr_.begin());
    const auto last = static_cast<double>(states());
    if (*it == log_snr) return static_cast<double>(i) / last;
    const auto below = static_cast<double>(i - 1);
    if (i == 1) return std::exp(0.5 * (log_snr_[1] - log_snr)) / last;
    if (*it == -kInfinity) return (last - std::exp(0.5 * (log_snr - log_snr_[i - 1]))) / last;
    return (below + (log_snr_[i - 1] - log_snr) / (log_snr_[i - 1] - log_snr_[i])) / last;
  }

  Family family() const override { return Family::variance_preserving; }
  int64_t states() const override { return static_cast<int64_t>(alpha_.size()) - 1; }
  double t_min() const override { return 1 / static_cast<double>(states()); }
  double prior_deviation() const override { return 1; }

  double network_time(double t) const override {
    const Place p = place(t);
    const double i = static_cast<double>(p.state) + p.fraction;
    return from_clean_ ? i : std::max(0.0, i - 1);
  }

 private:
  /// t T = state + fraction, 0 <= fraction < 1.
  struct Place {
    size_t state = 0;
    double fraction = 0;
  };

  Place place(double t) const {
    const double i = checked_time(t) * static_cast<double>(states());
    const double nearest = std::nearbyint(i);
    // i / T is rounded, and so is its product with T: such a time means state i
    if (std::abs(i - nearest) <= 4 * std::numeric_limits<double>::epsilon() * nearest)
      return {static_cast<size_t>(nearest), 0};
    return {static_cast<size_t>(i), i - std::floor(i)};
  }

  double between(const Place& p) const {
    if (p.state == 0) return log_snr_[1] - 2 * std::log(p.fraction);
    const double low = log_snr_[p.state], high = log_snr_[p.state + 1];
    if (high == -kInfinity) return low + 2 * std::log1p(-p.fraction);
    return low + p.fraction * (high - low);
  }

  std::vector<double> alpha_, sigma_, log_snr_;
  bool from_clean_;
};

}  // namespace

void Counting::bind(Binder& b) {
  b.add("steps", steps, at_least(1), "number of noise levels; counted from clean data, the clean state is one of them");
  bind_shared(b);
}

void Counting::bind_shared(Binder& b) {
  b.add("zero_terminal_snr", zero_terminal_snr, "shift and scale sqrt(abar) so that the last state holds no signal");
  b.add("index", index, {"from_noise", "from_clean"},
        "what the network is told for state i: i - 1 (from_noise) or i (from_clean, where 0 is clean data)");
}

std::unique_ptr<const Schedule> discrete(const std::vector<double>& betas, const Counting& counting) {
  if (betas.empty())
    fail(Code::usage, "schedule", "steps", counting.from_clean() ? "2 or more, one of them clean" : "1 or more",
         counting.from_clean() ? "1" : "0");
  for (size_t i = 0; i < betas.size(); ++i) {
    const bool may_be_one = i > 0 && i + 1 == betas.size();
    if (!(betas[i] > 0 && (betas[i] < 1 || (may_be_one && betas[i] == 1))))
      fail(Code::usage, "schedule", fmt::format("beta_{}", i + 1), "above 0 and below 1", fmt::format("{}", betas[i]));
  }
  if (counting.zero_terminal_snr && betas.size() < 2)
    fail(Code::usage, "schedule", "transitions for zero_terminal_snr", "2 or more", "1");
  const std::vector<double> log_abar = log_products(betas);
  return std::make_unique<const Discrete>(counting.zero_terminal_snr ? zero_terminal(log_abar) : plain(log_abar),
                                          counting.from_clean());
}

std::vector<double> spaced(double first, double last, int64_t n) {
  std::vector<double> out;
  for (int64_t i = 0; i < n; ++i)
    out.push_back(n > 1 ? std::lerp(first, last, static_cast<double>(i) / static_cast<double>(n - 1)) : first);
  return out;
}

}  // namespace roulade
