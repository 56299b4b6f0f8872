// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/training.hpp"

#include <optional>

namespace roulade::app {

/// Which of several processes this is, from the variables that torchrun sets and run_processes() too: RANK, WORLD_SIZE,
/// MASTER_ADDR, MASTER_PORT. None where WORLD_SIZE is not set. Throws Error(usage).
std::optional<Meeting> meeting_from_environment();

/// True in a process that run_processes() started.
bool is_started_here();

/// Processes on this machine that share its cores (LOCAL_WORLD_SIZE, or 1).
int processes_here();

/// Starts this very command line `count` times, as ranks that meet on this machine, and waits for them. Rank 0 prints;
/// what another one says is shown if it was the one that failed. SIGINT, SIGTERM and SIGHUP go to rank 0, which stops
/// all with a checkpoint; the second of the first two ends all at once. When one ends that should not, rank 0 may still
/// save; then all are ended. Returns the exit code.
int run_processes(int count);

}  // namespace roulade::app
