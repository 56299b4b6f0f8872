// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/training_history.hpp"

#include "roulade/run/metrics_file.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace roulade {
namespace {

using Row = TrainingHistory::Row;

std::vector<Row> last_third(const std::vector<Row>& rows) {
  std::vector<Row> out;
  for (const Row& row : rows)
    if (3 * row.step > 2 * rows.back().step) out.push_back(row);
  return out;
}

/// The last tenth, at least three rows.
std::span<const Row> last_rows(const std::vector<Row>& rows) {
  return std::span(rows).last(std::min(rows.size(), std::max<size_t>(3, rows.size() / 10)));
}

}  // namespace

std::optional<double> TrainingHistory::last_loss() const {
  if (rows.empty()) return std::nullopt;
  const auto part = last_rows(rows);
  double sum = 0;
  for (const Row& row : part) sum += row.loss;
  return sum / static_cast<double>(part.size());
}

double TrainingHistory::last_spread() const {
  const auto part = last_rows(rows);
  if (part.size() < 2) return 0;
  const double mean = *last_loss();
  double sum = 0;
  for (const Row& row : part) sum += std::pow(row.loss - mean, 2);
  return std::sqrt(sum / static_cast<double>(part.size() - 1));
}

std::optional<double> TrainingHistory::first_loss() const {
  return rows.empty() ? std::nullopt : std::optional(rows.front().loss);
}

std::optional<TrainingHistory::Fall> TrainingHistory::fall() const {
  const std::vector<Row> part = last_third(rows);
  if (part.size() < 4) return std::nullopt;
  const auto n = static_cast<double>(part.size());
  double x = 0, y = 0;
  for (const Row& row : part) {
    x += static_cast<double>(row.step) / n;
    y += row.loss / n;
  }
  double xx = 0, xy = 0, rest = 0;
  for (const Row& row : part) {
    xx += std::pow(static_cast<double>(row.step) - x, 2);
    xy += (static_cast<double>(row.step) - x) * (row.loss - y);
  }
  const double slope = xy / xx;
  for (const Row& row : part) rest += std::pow(row.loss - y - slope * (static_cast<double>(row.step) - x), 2);
  const int64_t span = part.back().step - part.front().step;
  return Fall{-slope * static_cast<double>(span), std::sqrt(rest / (n - 2) / xx) * static_cast<double>(span), span};
}

double TrainingHistory::median_norm() const {
  std::vector<Row> part = last_third(rows);
  if (part.empty()) return 0;
  const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
  std::nth_element(part.begin(), middle, part.end(),
                   [](const Row& a, const Row& b) { return a.gradient_norm < b.gradient_norm; });
  return middle->gradient_norm;
}

double TrainingHistory::largest_norm() const {
  double out = 0;
  for (const Row& row : last_third(rows)) out = std::max(out, row.gradient_norm);
  return out;
}

double TrainingHistory::rate_left() const {
  double highest = 0;
  for (const Row& row : rows) highest = std::max(highest, row.lr);
  return highest > 0 ? rows.back().lr / highest : 1;
}

TrainingHistory read_history(const std::filesystem::path& file, int64_t up_to) {
  TrainingHistory out;
  for (const MetricRow& row : read_metrics(file))
    if (row.loss && row.step <= up_to)
      out.rows.push_back({row.step, *row.loss, row.lr.value_or(0), row.gradient_norm.value_or(0)});
  return out;
}

}  // namespace roulade
