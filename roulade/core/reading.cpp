// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/reading.hpp"

#include <utility>

namespace roulade {
namespace {

thread_local const WatchedReading* watching = nullptr;

}  // namespace

WatchedReading::WatchedReading(ProgressFn progress, Cancel cancel)
    : progress_(std::move(progress)), cancel_(std::move(cancel)), before_(std::exchange(watching, this)) {}

WatchedReading::~WatchedReading() { watching = before_; }

const WatchedReading* WatchedReading::current() { return watching; }

}  // namespace roulade
