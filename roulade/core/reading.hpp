// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"

namespace roulade {

/// While one lives, data that are opened on this thread show how far they are read (stage "read", a unit a picture),
/// and hear a cancel: what opens them throws Error(stopped) then. Of several the last one made counts. For data
/// sources, which are made from settings alone; not copied, and gone in the reverse order.
class WatchedReading {
 public:
  WatchedReading(ProgressFn progress, Cancel cancel);
  ~WatchedReading();
  WatchedReading(const WatchedReading&) = delete;
  WatchedReading& operator=(const WatchedReading&) = delete;

  /// Of this thread; null = nobody watches.
  static const WatchedReading* current();
  const ProgressFn& progress() const { return progress_; }
  const Cancel& cancel() const { return cancel_; }

 private:
  ProgressFn progress_;
  Cancel cancel_;
  const WatchedReading* before_;
};

}  // namespace roulade
