// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/csv.hpp"
#include "roulade/run/likelihood.hpp"
#include "roulade/run/sample_files.hpp"
#include "roulade/run/statistics.hpp"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

namespace roulade {
namespace {

double bits(double nats, int64_t width) { return nats / (static_cast<double>(width) * std::numbers::ln2); }

/// A vector of one value a row, and its name.
struct Column {
  const char* name;
  const std::vector<double>* values;
};

std::vector<Column> columns_of(const LikelihoodResult& result) {
  std::vector<Column> out{{"log_likelihood", &result.log_density}};
  if (!result.bound.empty()) out.push_back({"bound", &result.bound});
  if (!result.law.empty()) out.push_back({"law", &result.law});
  if (!result.noised_law.empty()) out.push_back({"noised_law", &result.noised_law});
  return out;
}

}  // namespace

Description describe(const TrainedRun& run, const LikelihoodResult& result) {
  const int64_t width = result.points.width;
  const auto rows = static_cast<double>(result.points.rows);
  Description out;
  out.add("data", result.source);
  out.add("rows", result.points.rows);
  out.add("step", run.step);
  out.add("least_noise", result.least_noise);
  out.add("prior_mismatch", result.prior_mismatch, "nats");
  out.add("solver_error", result.solver_error, "nats");
  out.add("solver_error_of_a_row", result.row_error, "nats");
  double squares = 0;
  for (const double error : result.probe_error) squares += error * error;
  if (squares > 0) out.add("probe_error", std::sqrt(squares) / rows, "nats");
  out.add("network_calls", result.calls);
  if (result.bound_calls > 0) out.add("network_calls_of_the_bound", result.bound_calls);
  out.add("time", result.seconds, "s");
  if (result.bound_calls > 0) out.add("time_of_the_bound", result.bound_seconds, "s");

  Sheet sheet{"densities", {"density", "nats", "error", "bits_per_dimension", "bits_error"}, {}};
  const auto add = [&](const char* name, const Mean& mean, double sign) {
    sheet.rows.push_back({name, mean.value, mean.error, bits(sign * mean.value, width), bits(mean.error, width)});
  };
  for (const Column& column : columns_of(result)) add(column.name, mean_of(*column.values), -1);
  // Row by row, so that what the rows share drops out: the divergence of the model from the law.
  if (!result.law.empty()) add("law_less_model", mean_difference(result.law, result.log_density), 1);
  out.sheets.push_back(std::move(sheet));
  return out;
}

void write_likelihoods(const std::filesystem::path& path, const TrainedRun& run, const LikelihoodResult& result) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) fail(Code::io, path.parent_path().string(), fmt::format("cannot make this folder: {}", error.message()));
  std::vector<std::string> names = run.facts.columns;
  std::vector<Column> columns = columns_of(result);
  columns.insert(columns.begin() + 1, {"standard_error", &result.probe_error});
  for (const Column& column : columns) names.emplace_back(column.name);
  std::vector<double> values;
  for (int64_t i = 0; i < result.points.rows; ++i) {
    values.insert(values.end(), result.points.row(i), result.points.row(i) + result.points.width);
    for (const Column& column : columns) values.push_back((*column.values)[static_cast<size_t>(i)]);
  }
  if (!result.points.labels.empty()) names.push_back(label_name(run.recipe));
  write_csv(path, names, values, label_texts(result.points, run.facts.class_names));
}

}  // namespace roulade
