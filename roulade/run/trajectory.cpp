// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/trajectory.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/byte_rows.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/settings.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr double kRounding = 1e-9;  // of sums in double, which another build may make in another order

/// As texts.
std::vector<std::string> shapes_of(const std::vector<BucketFacts>& buckets) {
  std::vector<std::string> out;
  for (const BucketFacts& b : buckets) out.push_back(fmt::format("{} of {} x {}", b.pictures, b.height, b.width));
  return out;
}

double largest(const std::vector<double>& values) {
  double out = 0;
  for (const double v : values) out = std::max(out, std::abs(v));
  return out;
}

/// Means and deviations of columns that differ by rounding alone.
struct SameMean {
  explicit SameMean(const Scaling& s) : unit(largest(s.deviation) + largest(s.mean)) {}
  bool operator()(double a, double b) const { return std::abs(a - b) <= kRounding * unit; }
  double unit;
};

bool same_deviation(double a, double b) { return std::abs(a - b) <= kRounding * a; }

}  // namespace

Recipe trajectory_of(const Recipe& resolved) {
  Recipe out;
  for (const char* table :
       {"run", "data", "autoencoder", "latent", "schedule", "model", "denoiser", "objective", "train", "text"})
    out.tables[table] = resolved.tables.at(table);
  out.tables["run"].erase("title");
  for (const char* key : {"path", "memory", "scratch"}) out.tables["data"].erase(key);  // see check_same_data
  out.tables["latent"].erase("cache");
  out.tables["text"].erase("path");  // what lies there is looked at
  out.tables["objective"].erase("perceptual_file");
  for (const char* key :
       {"log_every", "checkpoint_every", "keep", "keep_steps", "validate_every", "ema_snapshot_every", "preview_every"})
    out.tables["train"].erase(key);
  return out;
}

std::vector<std::string> trajectory_differences(const Recipe& a, const Recipe& b) {
  const Recipe x = trajectory_of(resolve(a)), y = trajectory_of(resolve(b));
  std::set<std::string> out;
  const auto differs = [&](const Recipe& one, const Recipe& other) {
    for (const auto& [name, table] : one.tables)
      for (const auto& [key, given] : table) {
        const Table& there = other.tables.at(name);
        const auto it = there.find(key);
        if (it == there.end() || it->second.value != given.value) out.insert(fmt::format("{}.{}", name, key));
      }
  };
  differs(x, y);
  differs(y, x);
  return {out.begin(), out.end()};
}

void check_unchanged(const std::filesystem::path& run, const Recipe& resolved) {
  const RunFolder folder{run};
  recover_folder(folder.root);
  const std::vector<std::string> differences = trajectory_differences(read_run_recipe(folder), resolved);
  if (!differences.empty())
    fail(Code::usage, folder.root.string(),
         fmt::format("resuming cannot change {} (start a new run with --init-from instead)",
                     fmt::join(differences, ", ")));
}

std::string place_of_data(const Recipe& recipe) {
  const auto data = recipe.tables.find("data");
  if (data == recipe.tables.end()) return "data";
  const auto given = data->second.find("path");
  const auto* path = given == data->second.end() ? nullptr : std::get_if<std::string>(&given->second.value);
  return path != nullptr ? *path : "data";
}

bool same_scaling(const Scaling& a, const Scaling& b) {
  return std::equal(a.mean.begin(), a.mean.end(), b.mean.begin(), b.mean.end(), SameMean(a)) &&
         std::equal(a.deviation.begin(), a.deviation.end(), b.deviation.begin(), b.deviation.end(), same_deviation);
}

void check_same_data(const DataFacts& trained, const DataFacts& now, const std::string& where) {
  const auto check = [&](const char* what, const auto& expected, const auto& got, const auto& same) {
    const auto apart = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end(), same);
    if (apart.first == expected.end() && apart.second == got.end()) return;
    const auto shown = [](const auto& list, auto at) {
      return at == list.end() ? std::string("none") : fmt::format("{}", *at);
    };
    const auto place = apart.first - expected.begin();
    fail(Code::input, where, fmt::format("these are other data than the run was trained on, by {} {}", what, place),
         shown(expected, apart.first), shown(got, apart.second));
  };
  const auto within = [](double unit) {
    return [unit](double a, double b) { return std::abs(a - b) <= kRounding * unit; };
  };
  const std::equal_to<> equal{};
  check("axis", trained.shape, now.shape, equal);
  check("column", trained.columns, now.columns, equal);
  check("class", trained.class_names, now.class_names, equal);
  if (trained.training_rows > 0 && now.training_rows > 0 && trained.training_rows != now.training_rows)
    fail(Code::input, where, "these are other data than the run was trained on, by training rows",
         std::to_string(trained.training_rows), std::to_string(now.training_rows));
  check("share of class", trained.class_shares, now.class_shares, within(1));
  check("bucket", shapes_of(trained.buckets), shapes_of(now.buckets), equal);
  check("caption", trained.text.captions, now.text.captions, equal);
  check("piece of the vocabulary", trained.text.vocabulary, now.text.vocabulary, equal);
  const std::vector<double> range{trained.low, trained.high};
  check("end of the range", range, std::vector<double>{now.low, now.high}, within(largest(range)));
  const auto &before = trained.scaling, &after = now.scaling;
  check("deviation of column", before.deviation, after.deviation, same_deviation);
  check("mean of column", before.mean, after.mean, SameMean(before));
  if (trained.rows_code > 0 && now.rows_code > 0 && trained.rows_code != now.rows_code)
    fail(Code::input, where, "these are other data than the run was trained on, by the pictures' names or labels");
}

void check_source(const TrainedRun& run, const PointSource& source) {
  DataFacts there = run.facts;
  there.shape = source.shape().size() == 3 ? source.shape() : std::vector<int64_t>{};  // points have none
  there.columns = source.columns();
  there.class_names = source.class_names();
  there.class_shares.resize(static_cast<size_t>(source.classes()));
  if (run.facts.training_rows > 0) there.training_rows = count_rows(source, Split::train);
  if (run.facts.rows_code > 0) there.rows_code = source.rows_code();
  check_same_data(run.facts, there, place_of_data(run.recipe));
}

std::shared_ptr<const PointSource> open_data(const TrainedRun& run) {
  auto source = make_source(run.recipe.tables.at("data"));
  if (run.facts.training_rows > 0) check_source(run, *source);
  return source;
}

void check_same_network(const std::filesystem::path& run, const Recipe& resolved) {
  const RunFolder folder{run};
  if (!std::filesystem::exists(folder.recipe())) return;
  const Recipe theirs = resolve(read_run_recipe(folder));
  for (const char* table : {"model", "autoencoder"}) {
    std::vector<std::string> expected, got;
    const Table& ours = resolved.tables.at(table);
    for (const auto& [key, given] : theirs.tables.at(table)) {
      const auto own = ours.find(key);
      if (key == "dropout" || key == "gradient_checkpointing" || own == ours.end()) continue;
      if (own->second.value == given.value) continue;
      expected.push_back(fmt::format("{} = {}", key, to_text(given.value)));
      got.push_back(fmt::format("{} = {}", key, to_text(own->second.value)));
    }
    if (!expected.empty())
      fail(Code::usage, run.string(), fmt::format("[{}] of the recipe", table),
           fmt::format("{}", fmt::join(expected, ", ")), fmt::format("{}", fmt::join(got, ", ")));
  }
}

}  // namespace roulade
