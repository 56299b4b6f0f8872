// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/event_file.hpp"
#include "roulade/run/preview.hpp"
#include "roulade/train/trainer.hpp"

#include <filesystem>
#include <vector>

namespace roulade {

/// A training as TensorBoard shows it: FOLDER/events.out.tfevents.SECONDS.STEP.roulade with the scalars loss,
/// learning_rate, gradient_norm and validation_loss of each row of metrics, and pictures of samples.
class TensorBoardLog {
 public:
  /// step: that the training starts from; above 0 = resumed, a further file whose steps go on. steps: of the whole
  /// training. Throws Error(io).
  TensorBoardLog(const std::filesystem::path& folder, int64_t step, int64_t steps);

  void row(const MetricRow& row);
  /// Draws the preview (see preview_png). About fifty of a training are kept, the last one always.
  void samples(const TrainPreview& preview, const DataFacts& facts);

 private:
  int64_t steps_, every_, next_;
  EventFile file_;
};

}  // namespace roulade
