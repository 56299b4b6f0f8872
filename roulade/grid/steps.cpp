// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/steps.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade {

void check_steps(std::string_view where, int64_t n, int64_t most) {
  if (n < 1 || n > most) fail(Code::usage, where, "steps", fmt::format("1 to {}", most), fmt::format("{}", n));
}

void check_states(std::string_view where, const Schedule& schedule, int64_t n) {
  const int64_t states = schedule.states();
  if (n < 1 || n > states)
    fail(Code::usage, where, "steps", fmt::format("1 to {}, the noisy states of the schedule", states),
         fmt::format("{}", n));
}

std::vector<double> times_of_states(const Schedule& schedule, const std::vector<double>& states) {
  std::vector<double> times;
  for (const double i : states) times.push_back(i / static_cast<double>(schedule.states()));
  times.push_back(0);
  return times;
}

std::vector<double> falling(std::string_view where, std::vector<double> times) {
  for (size_t j = 0; j < times.size(); ++j) {
    if (!(times[j] >= 0 && times[j] <= 1))
      fail(Code::usage, where, fmt::format("time {}", j), "0 to 1", fmt::format("{}", times[j]));
    if (j > 0 && !(times[j] < times[j - 1]))
      fail(Code::usage, where, fmt::format("time {}", j), fmt::format("below time {} = {}", j - 1, times[j - 1]),
           fmt::format("{}", times[j]));
  }
  if (times.size() < 2 || times.back() != 0) fail(Code::usage, where, "times", "two or more that end with 0");
  return times;
}

std::vector<double> trained(std::string_view where, const Schedule& schedule, std::vector<double> times) {
  const double last = times.at(times.size() - 2);
  if (last < schedule.t_min() * (1 - 1e-9))  // 1e-9: a time that was computed
    fail(Code::usage, where, "start of the last step", fmt::format("t_min = {} or more", schedule.t_min()),
         fmt::format("{}", last));
  return times;
}

double last_with_signal(const Schedule& schedule) {
  if (std::isfinite(schedule.log_snr(1))) return 1;
  const auto states = static_cast<double>(schedule.states());
  return states > 0 ? (states - 1) / states : 1 - schedule.t_min();
}

}  // namespace roulade
