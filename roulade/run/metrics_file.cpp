// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/metrics_file.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/jsonl.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

/// The row of a file's line, counted from 1.
MetricRow row_at(const std::filesystem::path& file, int64_t line, std::string_view text) {
  const std::optional<MetricRow> row = parse_line(text);
  if (!row)
    fail(Code::input, fmt::format("{}:{}", file.string(), line), "damaged line",
         "{\"step\": whole number, \"loss\": number, ...}");
  return *row;
}

}  // namespace

std::string to_line(const MetricRow& row) {
  nlohmann::ordered_json json = {{"step", row.step}};
  if (row.loss) json["loss"] = *row.loss;
  if (row.lr) json["lr"] = *row.lr;
  if (row.gradient_norm) json["gradient_norm"] = *row.gradient_norm;
  if (row.validation) json["validation"] = *row.validation;
  json["seconds"] = row.seconds;
  return json.dump();
}

std::optional<MetricRow> parse_line(std::string_view line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto step = json.find("step");
  if (step == json.end() || !step->is_number_integer() || step->get<int64_t>() < 0) return std::nullopt;
  bool whole = true;
  const auto figure = [&](const char* key) -> std::optional<double> {
    const auto it = json.find(key);
    if (it == json.end() || it->is_null()) return std::nullopt;
    whole = whole && it->is_number();
    return it->is_number() ? std::optional(it->get<double>()) : std::nullopt;
  };
  const MetricRow row{step->get<int64_t>(),    figure("loss"),       figure("lr"),
                      figure("gradient_norm"), figure("validation"), figure("seconds").value_or(0)};
  return whole ? std::optional(row) : std::nullopt;
}

std::vector<MetricRow> read_metrics(const std::filesystem::path& file) {
  std::vector<MetricRow> out;
  if (!std::filesystem::exists(file)) return out;
  int64_t line = 0;
  for (const std::string& text : read_lines(file)) out.push_back(row_at(file, ++line, text));
  return out;
}

void cut_metrics(const std::filesystem::path& file, int64_t last_step) {
  int64_t line = 0;
  cut_back(file, [&](std::string_view text) { return row_at(file, ++line, text).step <= last_step; });
}

}  // namespace roulade
