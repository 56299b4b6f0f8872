// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/report.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/report/gif.hpp"
#include "roulade/report/page.hpp"

#include <cmath>
#include <functional>
#include <system_error>

#include <fmt/format.h>

namespace roulade {

namespace {

using plot::Picture;

constexpr size_t kFilePoints = 3000, kFrames = 60;  // of the GIF
constexpr int kFileSide = 420;
constexpr size_t kPageNumbers = 200'000;  // coordinates in the page: 16 bits each, 0.55 MB as text

[[noreturn]] void refuse(const std::string& what, size_t expected, size_t got) {
  fail(Code::usage, "report", what, std::to_string(expected), std::to_string(got));
}

void check_points(const PlotPoints& points, const char* what) {
  if (points.width < 0 || (points.width == 0 && !points.values.empty())) refuse(what, 1, 0);
  if (points.width > 0 && points.values.size() % static_cast<size_t>(points.width) != 0)
    fail(Code::usage, "report", what, fmt::format("rows of {} numbers", points.width),
         fmt::format("{} numbers", points.values.size()));
  if (!points.labels.empty() && points.labels.size() != static_cast<size_t>(points.rows()))
    refuse("one label per row", static_cast<size_t>(points.rows()), points.labels.size());
}

void check_frames(const std::vector<ReportFrame>& frames, int64_t width, const char* what) {
  for (const ReportFrame& frame : frames) {
    if (width < 1 || frame.values.empty() || frame.values.size() % static_cast<size_t>(width) != 0)
      fail(Code::usage, "report", what, fmt::format("rows of {} numbers", width),
           fmt::format("{} numbers", frame.values.size()));
    if (frame.values.size() != frames.front().values.size())
      refuse(what, frames.front().values.size(), frame.values.size());
  }
}

void check_field(const VectorField& field) {
  for (const FieldLevel& level : field.levels) {
    if (level.from.size() % 2 != 0) refuse("arrows of a field level", level.from.size() + 1, level.from.size());
    if (level.from.empty() || level.towards.size() != level.from.size())
      refuse("arrows of a field level", level.from.size(), level.towards.size());
    if (level.cloud.size() % 2 != 0) refuse("points of a field level", level.cloud.size() + 1, level.cloud.size());
  }
  for (const auto& path : field.paths)
    if (path.size() != 2 * field.path_times.size()) refuse("path of a field", 2 * field.path_times.size(), path.size());
}

void check_levels(const LevelErrors& e) {
  for (const auto* curve : {&e.x0, &e.eps})
    if (curve->size() != e.log_snr.size()) refuse("errors by noise level", e.log_snr.size(), curve->size());
  for (const auto* curve : {&e.target, &e.least_x0})
    if (!curve->empty() && curve->size() != e.log_snr.size())
      refuse("errors by noise level", e.log_snr.size(), curve->size());
}

void check_costs(const CostCurves& costs) {
  for (const CostCurve& curve : costs.curves) {
    if (curve.cost.empty()) refuse("points of the curve " + curve.name, 1, 0);
    if (curve.sliced_wasserstein.size() != curve.cost.size())
      refuse("errors of the curve " + curve.name, curve.cost.size(), curve.sliced_wasserstein.size());
    for (const auto* error : {&curve.energy, &curve.distance})
      if (!error->empty() && error->size() != curve.cost.size())
        refuse("errors of the curve " + curve.name, curve.cost.size(), error->size());
  }
}

void check(const ReportContent& c) {
  check_costs(c.samplers);
  check_costs(c.training);
  check_field(c.field);
  check_levels(c.level_errors);
  for (const DensityMap& map : c.densities)
    if (map.across < 1 || map.up < 1 || map.density.size() != static_cast<size_t>(map.across * map.up))
      refuse("cells of a density", static_cast<size_t>(map.across * map.up), map.density.size());

  check_points(c.data, "data");
  check_points(c.samples, "samples");
  if (c.data.rows() > 0 && c.samples.rows() > 0 && c.data.width != c.samples.width)
    refuse("columns of the samples", static_cast<size_t>(c.data.width), static_cast<size_t>(c.samples.width));
  const int64_t width = c.samples.width > 0 ? c.samples.width : c.data.width;
  check_frames(c.frames, width, "frames");
  check_frames(c.noising, width, "noising");
  if (!c.frame_labels.empty() && c.frames.empty()) refuse("frame labels", 0, c.frame_labels.size());
  if (!c.frame_labels.empty() && c.frame_labels.size() * static_cast<size_t>(width) != c.frames.front().values.size())
    refuse("one label per row of a frame", c.frames.front().values.size() / static_cast<size_t>(width),
           c.frame_labels.size());
  for (const auto* curve : {&c.schedule.alpha, &c.schedule.sigma, &c.schedule.log_snr})
    if (curve->size() != c.schedule.t.size()) refuse("points of a schedule curve", c.schedule.t.size(), curve->size());
  if (c.loss.loss.size() != c.loss.step.size()) refuse("losses", c.loss.step.size(), c.loss.loss.size());
  if (c.loss.validation_loss.size() != c.loss.validation_step.size())
    refuse("validation losses", c.loss.validation_step.size(), c.loss.validation_loss.size());
}

/// A line for each point of the curves; a number that is not known or not finite is left empty.
std::string samplers_table(const CostCurves& costs) {
  std::string text = "sampler,calls,sliced_wasserstein,energy,distance\n";
  const auto cell = [](const std::vector<double>& values, size_t k) {
    return k < values.size() && std::isfinite(values[k]) ? fmt::format(",{:.6g}", values[k]) : std::string(",");
  };
  for (const CostCurve& curve : costs.curves)
    for (size_t k = 0; k < curve.cost.size(); ++k)
      text += curve.name + cell(curve.cost, k) + cell(curve.sliced_wasserstein, k) + cell(curve.energy, k) +
              cell(curve.distance, k) + "\n";
  if (std::isfinite(costs.floor))
    text += "fresh data," + cell({costs.floor}, 0) + cell({costs.energy_floor}, 0) + ",\n";
  return text;
}

std::vector<Picture> pictures_of(const ReportContent& c) {
  std::vector<Picture> out;
  if (c.samples.rows() > 0) out.push_back(plot::samples_picture(c));
  if (c.data.rows() > 0) out.push_back(plot::data_picture(c));
  if (!c.schedule.t.empty()) out.push_back(plot::schedule_picture(c.schedule));
  if (!c.noising.empty()) out.push_back(plot::noising_picture(c));
  if (!c.loss.step.empty()) out.push_back(plot::loss_picture(c.loss));
  if (!c.training.curves.empty()) out.push_back(plot::training_picture(c.training));
  if (!c.samplers.curves.empty()) out.push_back(plot::samplers_picture(c.samplers));
  if (!c.level_errors.log_snr.empty()) out.push_back(plot::level_picture(c.level_errors));
  if (!c.field.levels.empty()) out.push_back(plot::field_picture(c));
  if (!c.densities.empty()) out.push_back(plot::density_picture(c));
  return out;
}

}  // namespace

std::vector<std::filesystem::path> write_report(const ReportContent& content, const std::filesystem::path& folder,
                                                const ProgressFn& progress, const Cancel& cancel) {
  check(content);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail(Code::io, folder.string(), "the folder cannot be made: " + error.message());

  const std::vector<Picture> pictures = pictures_of(content);
  const bool moves = content.frames.size() > 1;
  struct Item {
    std::string name;
    std::function<std::string()> make;
  };
  std::vector<Item> items;
  for (const ReportSheet& sheet : content.sheets)
    items.push_back({sheet.name + ".png", [&sheet] { return sheet.png; }});
  for (const Picture& picture : pictures) {
    items.push_back({picture.name + ".png", [&picture] { return plot::to_png(picture.figure); }});
    items.push_back({picture.name + ".svg", [&picture] { return plot::to_svg(picture.figure); }});
  }
  if (!content.samplers.curves.empty())
    items.push_back({"samplers.csv", [&content] { return samplers_table(content.samplers); }});
  if (moves)
    items.push_back(
        {"reverse.gif", [&] { return plot::to_gif(plot::animation_of(content, kFilePoints, kFrames), kFileSide); }});
  std::vector<std::string> names;
  for (const Item& item : items) names.push_back(item.name);
  // The page comes last: where it lies, everything that it names lies.
  items.push_back({"index.html", [&] {
                     plot::Animation animation;
                     if (moves) {
                       const auto width = static_cast<size_t>(std::min<int64_t>(
                           content.samples.width > 0 ? content.samples.width : content.data.width, 4));
                       const size_t frames = std::min(content.frames.size(), kFrames);
                       animation =
                           plot::animation_of(content, std::min<size_t>(kPageNumbers / (frames * width), 2500), frames);
                     }
                     return plot::to_page(content, pictures, animation, names);
                   }});

  std::vector<std::filesystem::path> written;
  for (size_t i = 0; i < items.size() && !cancel.requested(); ++i) {
    if (progress)
      progress({"report", static_cast<int64_t>(i), static_cast<int64_t>(items.size()), 0, -1, items[i].name});
    const auto path = folder / items[i].name;
    write_file_atomically(path, items[i].make());
    written.insert(i + 1 == items.size() ? written.begin() : written.end(), path);
  }
  if (progress && written.size() == items.size())
    progress({"report", static_cast<int64_t>(items.size()), static_cast<int64_t>(items.size()), 0, 0, ""});
  return written;
}

}  // namespace roulade
