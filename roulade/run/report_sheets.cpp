// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/report_sheets.hpp"

#include "roulade/core/rng.hpp"
#include "roulade/report/text.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/sample_files.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kShown = 100;  ///< pictures of a sheet
constexpr int64_t kStrips = 8, kTimes = 10;
constexpr int64_t kNeighbours = 10;

/// Rows of each strip in turn: strip after strip, time after time.
std::string strips(const std::vector<Points>& by_time, const TrainedRun& run) {
  const int64_t strip_count = std::min(kStrips, by_time.front().rows), width = by_time.front().width;
  Points all{0, width, {}, {}};
  for (int64_t strip = 0; strip < strip_count; ++strip)
    for (const Points& points : by_time) {
      all.values.insert(all.values.end(), points.row(strip), points.row(strip) + width);
      ++all.rows;
    }
  return picture_sheet(all, run.facts, static_cast<int64_t>(by_time.size()));
}

/// The row of `all` nearest to a point, and how far it is, in units of the data's deviation.
std::pair<int64_t, double> nearest_row(const double* point, const Points& all, double deviation) {
  std::pair<int64_t, double> best{0, std::numeric_limits<double>::infinity()};
  for (int64_t i = 0; i < all.rows; ++i) {
    const double* row = all.row(i);
    double sum = 0;
    for (int64_t c = 0; c < all.width && sum < best.second; ++c) sum += (row[c] - point[c]) * (row[c] - point[c]);
    if (sum < best.second) best = {i, sum};
  }
  best.second = std::sqrt(best.second / static_cast<double>(all.width)) / deviation;
  return best;
}

/// Mean distance of the first rows from the nearest training picture.
double mean_distance(const Points& points, const Points& training, double deviation) {
  const int64_t count = std::min(kNeighbours, points.rows);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += nearest_row(points.row(i), training, deviation).second;
  return sum / static_cast<double>(count);
}

ReportSheet neighbours(const TrainedRun& run, const Points& samples, const Points& data, const Points& training) {
  const int64_t count = std::min(kNeighbours, samples.rows), width = samples.width;
  const double deviation = run.facts.scaling.deviation.front();
  Points pairs = part_of(samples, 0, count);
  for (int64_t i = 0; i < count; ++i) {
    const double* row = training.row(nearest_row(samples.row(i), training, deviation).first);
    pairs.values.insert(pairs.values.end(), row, row + width);
  }
  pairs.rows = 2 * count;
  return {
      "neighbours", "Samples above, the nearest training pictures below",
      fmt::format("Root mean square distance over pixels, in deviations of the data: {:.3f} in the mean; of {} real "
                  "pictures that were not trained on {:.3f}. Copies would have 0.",
                  mean_distance(samples, training, deviation), std::min(kNeighbours, data.rows),
                  mean_distance(data, training, deviation)),
      picture_sheet(pairs, run.facts, count)};
}

/// times: from data to noise.
std::vector<Points> noised(const TrainedRun& run, const Points& data, const std::vector<double>& times) {
  const Points scaled = run.facts.scaling.apply(part_of(data, 0, kStrips));
  std::vector<double> eps(scaled.values.size());
  fill_normal({run.seed, Stream::sampler, 1}, 0, scaled.width, std::span<double>(eps));
  std::vector<Points> out;
  for (const double t : times) {
    const double alpha = run.schedule->alpha(t), sigma = run.schedule->sigma(t), size = std::hypot(alpha, sigma);
    Points at = scaled;
    for (size_t i = 0; i < eps.size(); ++i) at.values[i] = (alpha * scaled.values[i] + sigma * eps[i]) / size;
    out.push_back(run.facts.scaling.undo(at));
  }
  return out;
}

}  // namespace

void add_sheets(ReportContent& content, const TrainedRun& run, const PointSamples& made, const Points& data,
                const Points& training) {
  const bool classes = run.facts.classes() > 0;
  const std::string order = classes ? " In the order of their classes." : "";
  content.sheets.push_back({"samples", "Samples",
                            fmt::format("{} of them.{}", std::min(kShown, made.points.rows), order),
                            picture_sheet(part_of(made.points, 0, kShown), run.facts)});
  content.sheets.push_back({"data", "Data", "Pictures of the test split, which were not trained on." + order,
                            picture_sheet(part_of(data, 0, kShown), run.facts)});
  content.sheets.push_back(neighbours(run, made.points, data, training));
  if (made.frames.size() > 1) {
    std::vector<Points> states;
    std::vector<double> times;
    const auto last = static_cast<double>(made.frames.size() - 1);
    for (int64_t k = 0; k < kTimes; ++k) {
      const auto at = static_cast<size_t>(std::lround(last * static_cast<double>(k) / static_cast<double>(kTimes - 1)));
      const std::vector<double>& values = made.frames[at].values;
      states.push_back({static_cast<int64_t>(values.size()) / made.points.width, made.points.width, values, {}});
      times.insert(times.begin(), made.frames[at].t);
    }
    content.sheets.push_back({"reverse", "From noise to pictures",
                              fmt::format("{} samples, left to right over {} steps, shrunk to the size of the data.",
                                          std::min(kStrips, states.front().rows), made.frames.size() - 1),
                              strips(states, run)});
    content.sheets.push_back({"noising", "From pictures to noise",
                              "Real pictures at the same times, shrunk to the size of the data.",
                              strips(noised(run, data, times), run)});
  }
}

}  // namespace roulade
