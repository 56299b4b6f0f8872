// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"

namespace roulade::app {

/// From now on the first SIGINT or SIGTERM requests `cancel` and says so on standard error (not when `quiet`); the
/// second one ends the process at once. The object behind `cancel` lives until the process ends.
void cancel_on_signal(const Cancel& cancel, bool quiet);

/// The signal that came, or 0.
int caught_signal();

}  // namespace roulade::app
