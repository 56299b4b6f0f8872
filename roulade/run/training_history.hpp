// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace roulade {

/// What metrics.jsonl tells of a training.
struct TrainingHistory {
  struct Row {
    int64_t step = 0;
    double loss = 0, lr = 0, gradient_norm = 0;
  };
  std::vector<Row> rows;  ///< those with a loss, in order

  /// Mean loss of the last rows: a tenth of the training, at least three rows. Absent without rows.
  std::optional<double> last_loss() const;
  /// The standard deviation of the same rows; 0 for fewer than two.
  double last_spread() const;
  std::optional<double> first_loss() const;
  /// How much the loss fell over the last third of the steps, by a straight line fitted to its rows, and the line's
  /// standard error. Absent with fewer than four rows there.
  struct Fall {
    double value = 0, error = 0;
    int64_t steps = 0;  ///< that the line spans
  };
  std::optional<Fall> fall() const;
  /// Of the last third: median and largest norm of the gradient.
  double median_norm() const, largest_norm() const;
  /// The rate of the last row as a share of the highest.
  double rate_left() const;
};

/// Rows up to a step. A missing file has none. Throws as read_metrics() does.
TrainingHistory read_history(const std::filesystem::path& file, int64_t up_to);

}  // namespace roulade
