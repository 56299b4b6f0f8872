// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/report_sheets.hpp"

#include "roulade/core/parallel.hpp"
#include "roulade/data/byte_rows.hpp"
#include "roulade/run/class_data.hpp"
#include "roulade/run/latent_space.hpp"
#include "roulade/run/noise_levels.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/picture_files.hpp"
#include "roulade/run/sample_files.hpp"
#include "roulade/run/settings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kMostClasses = 25, kOfClass = 10;   ///< of a sheet in rows of classes, and pictures in a row
constexpr int64_t kTimes = 10;                        ///< of a film strip
constexpr int64_t kStripNumbers = 400000;             ///< of all film strips of a sheet, but two strips at least
constexpr int64_t kNeighbours = 10;                   ///< pairs of a sample and a training picture
constexpr int64_t kNumbersAtOnce = int64_t{1} << 20;  ///< of training pictures that a thread has unpacked
constexpr int64_t kPictures = 64;                     ///< that a thread searches, at least

/// Strip after strip, time after time.   by_time: [rows * width] each, in the data's units.
std::string strips(const std::vector<std::vector<double>>& by_time, const TrainedRun& run) {
  const int64_t width = run.facts.width();
  // Noise cannot be packed: of pictures of 64 x 64 in colour eight strips would be a megabyte.
  const int64_t most = std::clamp<int64_t>(kStripNumbers / (std::ssize(by_time) * width), 2, kSheetStrips);
  const int64_t count = std::min(most, static_cast<int64_t>(by_time.front().size()) / width);
  Points all{count * static_cast<int64_t>(by_time.size()), width, {}, {}};
  for (int64_t strip = 0; strip < count; ++strip)
    for (const std::vector<double>& values : by_time)
      all.values.insert(all.values.end(), values.begin() + strip * width, values.begin() + (strip + 1) * width);
  return picture_sheet(all, run.facts, static_cast<int64_t>(by_time.size()));
}

/// The training pictures, each once.
struct TrainingPictures {
  ByteRows bytes;
  Points numbers;  ///< of a source that has no bytes

  int64_t rows() const { return numbers.rows + std::ssize(bytes.rows); }
  Points part(int64_t first, int64_t count) const {
    return bytes.rows.empty() ? part_of(numbers, first, count) : bytes.points(first, count);
  }
};

TrainingPictures training_pictures(const PointSource& source, uint64_t seed) {
  TrainingPictures out;
  if (const auto* by_bytes = dynamic_cast<const ByteSource*>(&source)) {
    const ByteRows all = by_bytes->draw_bytes(Split::train, seed, 0);
    out.bytes = {all.width, all.values, all.rows, {}, {}, all.stride};
    // An epoch may show one several times; in this order a set on a disk is read from its beginning to its end.
    std::vector<int64_t>& rows = out.bytes.rows;
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  } else {
    out.numbers = source.draw(Split::train, seed, 0);
  }
  return out;
}

struct Nearest {
  std::vector<int64_t> rows;    ///< [points] of the training pictures
  std::vector<double> squares;  ///< [points] of the distances
};

/// Among the training pictures first, ..., last - 1; the first of equally near ones.
Nearest nearest_of(const Points& points, const TrainingPictures& training, int64_t first, int64_t last,
                   const Cancel& cancel) {
  const auto count = static_cast<size_t>(points.rows);
  const int64_t together = std::max<int64_t>(1, kNumbersAtOnce / points.width);
  Nearest out{std::vector<int64_t>(count, first), std::vector<double>(count, std::numeric_limits<double>::infinity())};
  for (int64_t begin = first; begin < last && !cancel.requested(); begin += together) {
    const Points some = training.part(begin, std::min(together, last - begin));
    for (int64_t i = 0; i < some.rows; ++i)
      for (size_t k = 0; k < count; ++k) {
        const double *picture = some.row(i), *point = points.row(static_cast<int64_t>(k));
        double sum = 0;
        for (int64_t c = 0; c < points.width && sum < out.squares[k]; ++c)
          sum += (picture[c] - point[c]) * (picture[c] - point[c]);
        if (!(sum < out.squares[k])) continue;
        out.squares[k] = sum;
        out.rows[k] = begin + i;
      }
  }
  return out;
}

/// Among all of them, the same whatever the threads.
Nearest nearest(const Points& points, const TrainingPictures& training, const Cancel& cancel) {
  Nearest out = nearest_of(points, training, 0, 0, cancel);
  std::mutex mutex;
  parallel_for(0, training.rows(), kPictures, [&](int64_t first, int64_t last) {
    const Nearest found = nearest_of(points, training, first, last, cancel);
    const std::lock_guard lock(mutex);
    for (size_t k = 0; k < found.rows.size(); ++k) {
      const bool nearer = found.squares[k] < out.squares[k];
      if (!nearer && !(found.squares[k] == out.squares[k] && found.rows[k] < out.rows[k])) continue;
      out.squares[k] = found.squares[k];
      out.rows[k] = found.rows[k];
    }
  });
  return out;
}

ReportSheet neighbours(const TrainedRun& run, const Points& samples, const Points& data, const PointSource& source,
                       const Cancel& cancel) {
  const TrainingPictures training = training_pictures(source, run.trained_seed);
  const Points own = part_of(samples, 0, kNeighbours), real = part_of(data, 0, kNeighbours);
  Points points{own.rows + real.rows, own.width, own.values, {}};  // together: the set is gone through once
  points.values.insert(points.values.end(), real.values.begin(), real.values.end());
  const Nearest found = nearest(points, training, cancel);
  const auto mean_distance = [&](int64_t first, int64_t count) {
    double sum = 0;
    for (int64_t k = first; k < first + count; ++k)
      sum += std::sqrt(found.squares[static_cast<size_t>(k)] / static_cast<double>(points.width));
    return sum / static_cast<double>(count) / run.facts.scaling.deviation.front();
  };
  Points pairs{2 * own.rows, own.width, own.values, {}};
  for (int64_t k = 0; k < own.rows; ++k) {
    const Points one = training.part(found.rows[static_cast<size_t>(k)], 1);
    pairs.values.insert(pairs.values.end(), one.values.begin(), one.values.end());
  }
  std::string caption = fmt::format(
      "Among {} training pictures. Root mean square distance over pixels, in deviations of the data: {:.3f} in the "
      "mean",
      training.rows(), mean_distance(0, own.rows));
  if (real.rows > 0)
    caption += fmt::format("; of {} real pictures that were not trained on {:.3f}", real.rows,
                           mean_distance(own.rows, real.rows));
  return {"neighbours", "Samples above, the nearest training pictures below", caption + ". Copies would have 0.",
          picture_sheet(pairs, run.facts, own.rows)};
}

/// Rows of classes, their names below; false where there is one or none or many, where one is asked for, and where
/// texts say what is shown.
bool add_classes(ReportContent& content, const TrainedRun& run, const PointSource& source, const SheetWork& work) {
  const int64_t classes = run.facts.classes();
  if (classes < 2 || classes > kMostClasses || run.texts) return false;
  const auto sample = settings_of<SampleSettings>(run.recipe, "sample");
  const int64_t each = std::min(std::min(kSheetPictures, sample.count) / classes, kOfClass);
  if (each < 1 || sample.label != "data") return false;
  const auto add = [&](const char* name, const char* title, const std::string& caption, const Points& points) {
    if (points.rows < 1) return;
    const std::vector<std::string> names = label_texts(points, run.facts.class_names);
    content.sheets.push_back({name, title, caption, captioned_sheet(points, run.facts, names)});
  };
  SampleRequest request;
  request.seed = run.seed;
  request.of_each = each;
  request.progress = work.progress;
  request.cancel = work.cancel;
  add("samples", "Samples", fmt::format("{} of each class. Those in one column begin with the same noise.", each),
      sample_points(run, request).points);
  add("data", "Data", "Pictures of the test split, which were not trained on, by class.",
      data_of_classes(source, Split::test, run.seed, each));
  return true;
}

}  // namespace

void add_sheets(ReportContent& content, const TrainedRun& run, const PointSamples& made, const Points& data,
                const PointSource& source, const SheetWork& work) {
  if (!add_classes(content, run, source, work)) {
    const std::string order = run.facts.classes() > 0 ? " In the order of their classes." : "";
    content.sheets.push_back({"samples", "Samples",
                              fmt::format("{} of them.{}", std::min(kSheetPictures, made.points.rows), order),
                              picture_sheet(part_of(made.points, 0, kSheetPictures), run.facts)});
    if (data.rows > 0)
      content.sheets.push_back({"data", "Data", "Pictures of the test split, which were not trained on." + order,
                                picture_sheet(part_of(data, 0, kSheetPictures), run.facts)});
  }
  content.sheets.push_back(neighbours(run, made.points, data, source, work.cancel));
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
    if (data.rows < 1) return;
    const Points few = to_network(run, part_of(data, 0, kSheetStrips));
    for (ReportFrame& frame : noising_of(run, few, times))
      noised.push_back(to_data(run, {few.rows, few.width, std::move(frame.values), {}}).values);
    content.sheets.push_back({"noising", "From pictures to noise",
                              "Real pictures at the same times, shrunk to the size of the data.", strips(noised, run)});
  }
}

}  // namespace roulade
