// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/report_sheets.hpp"

#include "roulade/run/latent_space.hpp"
#include "roulade/run/noise_levels.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/sample_files.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kTimes = 10;       ///< of a film strip
constexpr int64_t kNeighbours = 10;  ///< pairs of a sample and a training picture

/// Strip after strip, time after time.   by_time: [rows * width] each, in the data's units.
std::string strips(const std::vector<std::vector<double>>& by_time, const TrainedRun& run) {
  const int64_t width = run.facts.width();
  const int64_t count = std::min(kSheetStrips, static_cast<int64_t>(by_time.front().size()) / width);
  Points all{count * static_cast<int64_t>(by_time.size()), width, {}, {}};
  for (int64_t strip = 0; strip < count; ++strip)
    for (const std::vector<double>& values : by_time)
      all.values.insert(all.values.end(), values.begin() + strip * width, values.begin() + (strip + 1) * width);
  return picture_sheet(all, run.facts, static_cast<int64_t>(by_time.size()));
}

struct Nearest {
  std::vector<int64_t> rows;  ///< of each point
  double distance = 0;        ///< the mean over points, root mean square over pixels, in deviations of the data
};

/// The rows of `all` nearest to the first points.
Nearest nearest(const Points& points, const Points& all, double deviation) {
  Nearest out;
  for (int64_t k = 0; k < std::min(kNeighbours, points.rows); ++k) {
    const double* point = points.row(k);
    double least = std::numeric_limits<double>::infinity();
    out.rows.push_back(0);
    for (int64_t i = 0; i < all.rows; ++i) {
      const double* row = all.row(i);
      double sum = 0;
      for (int64_t c = 0; c < all.width && sum < least; ++c) sum += (row[c] - point[c]) * (row[c] - point[c]);
      if (sum >= least) continue;
      least = sum;
      out.rows.back() = i;
    }
    out.distance += std::sqrt(least / static_cast<double>(all.width)) / deviation;
  }
  out.distance /= static_cast<double>(out.rows.size());
  return out;
}

ReportSheet neighbours(const TrainedRun& run, const Points& samples, const Points& data, const Points& training) {
  const double deviation = run.facts.scaling.deviation.front();
  const Nearest own = nearest(samples, training, deviation), real = nearest(data, training, deviation);
  const auto count = static_cast<int64_t>(own.rows.size());
  Points pairs{2 * count, samples.width, part_of(samples, 0, count).values, {}};
  for (const int64_t row : own.rows)
    pairs.values.insert(pairs.values.end(), training.row(row), training.row(row) + training.width);
  return {"neighbours", "Samples above, the nearest training pictures below",
          fmt::format("Among {} training pictures. Root mean square distance over pixels, in deviations of the data: "
                      "{:.3f} in the mean; of {} real pictures that were not trained on {:.3f}. Copies would have 0.",
                      training.rows, own.distance, real.rows.size(), real.distance),
          picture_sheet(pairs, run.facts, count)};
}

}  // namespace

void add_sheets(ReportContent& content, const TrainedRun& run, const PointSamples& made, const Points& data,
                const Points& training) {
  const bool classes = run.facts.classes() > 0;
  const std::string order = classes ? " In the order of their classes." : "";
  content.sheets.push_back({"samples", "Samples",
                            fmt::format("{} of them.{}", std::min(kSheetPictures, made.points.rows), order),
                            picture_sheet(part_of(made.points, 0, kSheetPictures), run.facts)});
  content.sheets.push_back({"data", "Data", "Pictures of the test split, which were not trained on." + order,
                            picture_sheet(part_of(data, 0, kSheetPictures), run.facts)});
  content.sheets.push_back(neighbours(run, made.points, data, training));
  if (made.frames.size() > 1) {
    std::vector<std::vector<double>> states, noised;
    std::vector<double> times;
    const auto last = static_cast<double>(made.frames.size() - 1);
    for (int64_t k = 0; k < kTimes; ++k) {
      const auto at = static_cast<size_t>(std::lround(last * static_cast<double>(k) / static_cast<double>(kTimes - 1)));
      states.push_back(made.frames[at].values);
      times.insert(times.begin(), made.frames[at].t);
    }
    content.sheets.push_back({"reverse", "From noise to pictures",
                              fmt::format("Left to right over {} steps, shrunk to the size of the data.", last),
                              strips(states, run)});
    const Points few = to_network(run, part_of(data, 0, kSheetStrips));
    for (ReportFrame& frame : noising_of(run, few, times))
      noised.push_back(to_data(run, {few.rows, few.width, std::move(frame.values), {}}).values);
    content.sheets.push_back({"noising", "From pictures to noise",
                              "Real pictures at the same times, shrunk to the size of the data.", strips(noised, run)});
  }
}

}  // namespace roulade
