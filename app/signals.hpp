// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"

#include <initializer_list>

namespace roulade::app {

/// SIGINT and SIGTERM: sent on purpose, so a second one means more than the first. SIGHUP and SIGPIPE come again by
/// themselves, from each shell above and at each write.
bool is_deliberate(int number);

/// Calls `handler` on these signals from now on. SIGHUP and SIGPIPE stay ignored where they were, as nohup does.
/// flags: of sigaction(2).
void call_on_signals(void (*handler)(int), std::initializer_list<int> numbers, int flags);

/// From now on the first SIGINT or SIGTERM requests `cancel` and says so on standard error (not when `quiet`); the
/// second one ends the process at once. SIGHUP (the terminal is gone) and SIGPIPE (who read the output is: at Ctrl-C
/// `tee` may end first) request it, too, and say nothing. The object behind `cancel` lives until the process ends.
void cancel_on_signal(const Cancel& cancel, bool quiet);

/// The signal that came, or 0.
int caught_signal();

}  // namespace roulade::app
