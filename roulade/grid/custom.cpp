// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/steps.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade::grid {
namespace {

struct Settings {
  std::vector<double> times, sigmas;
  void bind(Binder& b) {
    b.add("times", times, between(0, 1), "falling times; a final 0 is added where it is missing");
    b.add("sigmas", sigmas, at_least(0),
          "falling sigma/alpha instead of times; a final 0 is added where it is missing");
  }
};

/// The times given, or those where sigma/alpha is as given.
class Custom final : public Grid {
 public:
  explicit Custom(const Settings& s) : s_(s) {
    if (s_.times.empty() == s_.sigmas.empty())
      fail(Code::usage, "grid custom", "list", "one of times and sigmas", s_.times.empty() ? "neither" : "both");
    std::vector<double>& list = s_.times.empty() ? s_.sigmas : s_.times;
    if (list.back() != 0) list.push_back(0);
    if (!s_.times.empty()) falling("grid custom", s_.times);
  }

  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    std::vector<double> out = s_.times;
    for (size_t j = 0; j < s_.sigmas.size(); ++j) out.push_back(time_of_ratio(schedule, j));
    const auto steps = static_cast<int64_t>(out.size()) - 1;
    if (n != 0 && n != steps)
      fail(Code::usage, "grid custom", "steps", fmt::format("{}, as many as the list has", steps),
           fmt::format("{}", n));
    return falling("grid custom", out);
  }

 private:
  double time_of_ratio(const Schedule& schedule, size_t j) const {
    const double sigma = s_.sigmas[j], log_snr = -2 * std::log(sigma);
    // 1e-9: a largest sigma that was printed and read again
    if (log_snr < schedule.log_snr(1) - 1e-9)
      fail(Code::usage, "grid custom", fmt::format("sigma {}", j),
           fmt::format("at most {}, the schedule's", std::exp(-0.5 * schedule.log_snr(1))), fmt::format("{}", sigma));
    return schedule.time_of(log_snr);
  }

  Settings s_;
};

}  // namespace

Entry custom() {
  Entry entry;
  entry.name = "custom";
  entry.summary = "A list of times, or of sigma/alpha";
  entry.source = "as given";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Custom>(s); });
}

}  // namespace roulade::grid
