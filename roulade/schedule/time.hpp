// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace roulade {

/// t itself. Throws Error(usage) unless 0 <= t <= 1.
double checked_time(double t);

/// log_snr itself; infinities are welcome. Throws Error(usage) when it is not a number.
double checked_log_snr(double log_snr);

}  // namespace roulade
