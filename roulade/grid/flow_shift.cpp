// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/steps.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade::grid {
namespace {

constexpr const char* kWhere = "grid flow_shift";

struct Settings {
  double shift = 3, base_shift = 0.5, max_shift = 1.15, terminal = 0;
  int64_t tokens = 0, base_tokens = 256, max_tokens = 4096;
  std::string rule = "exponential", spacing = "trailing";
  void bind(Binder& b) {
    b.add("shift", shift, above(0), "above 1: more of the steps at high noise; 1 = none");
    b.add("tokens", tokens, at_least(0),
          "patches of the image: the shift follows from their number; 0: `shift` itself");
    b.add("base_shift", base_shift, at_least(0), "mu at base_tokens");
    b.add("max_shift", max_shift, at_least(0), "mu at max_tokens; in between and beyond mu is linear");
    b.add("base_tokens", base_tokens, at_least(1), "number of patches with mu = base_shift");
    b.add("max_tokens", max_tokens, at_least(1), "number of patches with mu = max_shift");
    b.add("rule", rule, {"exponential", "linear"}, "the shift that mu means: e^mu, or mu itself");
    b.add("spacing", spacing, {"trailing", "uniform"}, "before the shift: 1 - j/n, or evenly from 1 to t_min");
    b.add("terminal", terminal, between(0, 1), "stretched so that the last step before 0 begins here; 0: not");
  }
};

/// t_j = shift u_j / (1 + (shift - 1) u_j) of evenly spaced u_j, j < n, then 0. On a flow that is shifted itself the
/// shifts multiply.
class FlowShift final : public Grid {
 public:
  explicit FlowShift(const Settings& s) : s_(s), shift_(s.shift) {
    if (s.terminal == 1) fail(Code::usage, kWhere, "terminal", "below 1", "1");
    if (s.tokens == 0) return;
    if (s.base_tokens >= s.max_tokens)
      fail(Code::usage, kWhere, "base_tokens", fmt::format("below max_tokens = {}", s.max_tokens),
           fmt::format("{}", s.base_tokens));
    const double share =
        static_cast<double>(s.tokens - s.base_tokens) / static_cast<double>(s.max_tokens - s.base_tokens);
    const double mu = std::lerp(s.base_shift, s.max_shift, share);
    shift_ = s.rule == "exponential" ? std::exp(mu) : mu;
    if (!(shift_ > 0 && std::isfinite(shift_)))
      fail(Code::usage, kWhere, fmt::format("shift of {} tokens", s.tokens), "above 0", fmt::format("{}", shift_));
  }

  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    check_steps(kWhere, n);
    const bool trailing = s_.spacing == "trailing";
    const auto count = static_cast<double>(trailing || n == 1 ? n : n - 1);
    std::vector<double> out;
    for (int64_t j = 0; j < n; ++j) {
      const double u = std::lerp(1.0, trailing ? 0.0 : schedule.t_min(), static_cast<double>(j) / count);
      out.push_back(shift_ * u / (shift_ * u + (1 - u)));  // 1 at u = 1, whatever the shift
    }
    if (s_.terminal > 0 && n > 1) {
      const double stretch = (1 - s_.terminal) / (1 - out.back());
      for (double& t : out) t = 1 - stretch * (1 - t);
    }
    out.push_back(0);
    return trained(kWhere, schedule, falling(kWhere, out));
  }

 private:
  Settings s_;
  double shift_;
};

}  // namespace

Entry flow_shift() {
  Entry entry;
  entry.name = "flow_shift";
  entry.summary = "Even times of a flow, shifted towards noise by a number or by the size of the image, then 0";
  entry.source = "Esser et al. 2024, Scaling Rectified Flow Transformers, eq. 23; by size: Flux, released code";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const FlowShift>(s); });
}

}  // namespace roulade::grid
