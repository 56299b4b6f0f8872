// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/time.hpp"

#include "roulade/core/error.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade {

double checked_time(double t) {
  if (!(t >= 0 && t <= 1)) fail(Code::usage, "schedule", "time", "0 to 1", fmt::format("{}", t));
  return t;
}

double checked_log_snr(double log_snr) {
  if (std::isnan(log_snr)) fail(Code::usage, "schedule", "log_snr", "a number or an infinity", "nan");
  return log_snr;
}

}  // namespace roulade
