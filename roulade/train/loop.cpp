// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/trainer.hpp"

#include <fmt/format.h>

namespace roulade {
namespace {

bool due(int64_t every, int64_t step) { return every > 0 && step % every == 0; }

}  // namespace

bool train(Trainer& trainer, const TrainSettings& settings, const BatchFn& batches, const TrainHooks& hooks,
           const ProgressFn& progress, const Cancel& cancel) {
  const int64_t before = trainer.done();
  const Pace pace("train", settings.steps, before);
  double last_report = -1;
  bool stop = trainer.any(cancel.requested());
  while (trainer.done() < settings.steps && !stop) {
    trainer.step(batches);
    const int64_t done = trainer.done();
    const bool end = done == settings.steps;
    if (hooks.row && (due(settings.log_every, done) || end)) {
      MetricRow row = trainer.take_row();
      row.seconds = pace.seconds();
      hooks.row(row);
    }
    if (hooks.validate && settings.validate_every > 0 && (due(settings.validate_every, done) || end)) {
      MetricRow row;
      row.step = done;
      row.validation = hooks.validate();
      row.seconds = pace.seconds();
      if (hooks.row) hooks.row(row);
      if (trainer.note_validation(*row.validation) && hooks.improved) hooks.improved();
    }
    if (hooks.preview) hooks.preview(done);
    if (hooks.snapshot && due(settings.snapshot_every(), done)) hooks.snapshot();
    if (hooks.checkpoint && !end && (due(settings.checkpoint_every, done) || settings.keeps(done))) hooks.checkpoint();
    const double now = pace.seconds();
    if (progress && (end || now - last_report > 0.1)) {
      last_report = now;
      progress(pace.at(done, fmt::format("loss {:.4f}", trainer.last_loss())));
    }
    stop = trainer.any(cancel.requested());
  }
  if (hooks.checkpoint && trainer.done() > before) hooks.checkpoint();
  return trainer.done() >= settings.steps;
}

}  // namespace roulade
