// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/schedule/schedule.hpp"

#include <string_view>
#include <vector>

namespace roulade {

/// Throws Error(usage) unless n is from 1 to `most`.
void check_steps(std::string_view where, int64_t n, int64_t most = 1'000'000);

/// Throws Error(usage) unless 1 <= n <= the states of a discrete schedule.
void check_states(std::string_view where, const Schedule& schedule, int64_t n);

/// The times i/T of the given states, then 0.
std::vector<double> times_of_states(const Schedule& schedule, const std::vector<double>& states);

/// `times` itself, where they fall strictly within [0, 1] and end with 0. Throws Error(usage) naming the first that
/// does not.
std::vector<double> falling(std::string_view where, std::vector<double> times);

/// `times` itself, unless a step begins below t_min: it would ask a network about times that it never saw. Throws
/// Error(usage).
std::vector<double> trained(std::string_view where, const Schedule& schedule, std::vector<double> times);

/// The noisiest time with some signal: 1, or where log_snr(1) is infinite state T - 1 or 1 - t_min.
double last_with_signal(const Schedule& schedule);

}  // namespace roulade
