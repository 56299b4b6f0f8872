// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"

#include <initializer_list>

namespace roulade::app {

/// SIGINT and SIGTERM: those that somebody sends on purpose. SIGHUP and SIGPIPE come again by themselves, from each
/// shell above and at each write.
bool is_wish(int number);

/// Calls `handler` on these signals from now on. One that is no wish and was ignored before stays so: nohup does that.
/// flags: of sigaction(2).
void call_on_signals(void (*handler)(int), std::initializer_list<int> numbers, int flags);

/// From now on the first SIGINT or SIGTERM requests `cancel` and says so on standard error (not when `quiet`); the
/// second one ends the process at once. SIGHUP and SIGPIPE request it, too: the terminal is gone, or who read the
/// output
/// (`| tee FILE` before this process, at Ctrl-C). The object behind `cancel` lives until the process ends.
void cancel_on_signal(const Cancel& cancel, bool quiet);

/// The signal that came, or 0.
int caught_signal();

}  // namespace roulade::app
