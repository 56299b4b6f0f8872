// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/preview.hpp"

#include "roulade/core/error.hpp"
#include "roulade/report/braille.hpp"
#include "roulade/report/pictures.hpp"
#include "roulade/report/view.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/reconstruction.hpp"
#include "roulade/run/sample_files.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/weak.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace roulade {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kPoints = 500;   ///< one chunk of sampling: one thread, no waiting
constexpr int64_t kPictures = 64;  ///< or of few classes
constexpr int64_t kOfClass = 8, kMostClasses = 10;
constexpr int64_t kSteps = 10;        ///< of sampling
constexpr double kFirstCost = 0.005;  ///< seconds, until one is measured
constexpr int kGap = 3;               ///< columns between samples and data

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// As many dots across as up for points in the plane, so that a circle is round.
plot::View view_for(const Points& data) {
  plot::View view = plot::view_of({data.width, data.values, {}}, {});
  view.resize(std::min<size_t>(view.size(), 2));
  if (plot::plane_like(view)) plot::make_square(view);
  return view;
}

std::vector<std::string> picture_of(const Points& points, const plot::View& view, int columns, int rows) {
  const std::vector<double> x = plot::column(points.values, points.width, 0);
  if (points.width == 1) return plot::braille_bars(x, view[0], columns, rows);
  return plot::braille_points(x, plot::column(points.values, points.width, 1), view[0], view[1], columns, rows);
}

std::string heading(int64_t step, size_t columns) {
  const std::string text = fmt::format("samples at step {}", step);
  return text.size() <= columns ? text : fmt::format("step {}", step);
}

std::string padded(std::string text, size_t columns) {
  text.resize(columns, ' ');
  return text;
}

PlotPoints to_plot(const Points& points) { return {points.width, points.values, points.labels}; }

/// As many samples of each class as fit, where there are classes and few: they stand in rows then.
Points draw(const TrainedRun& run) {
  SampleRequest request{
      .count = kPoints, .seed = run.seed, .frame_points = 0, .editing = {}, .progress = {}, .cancel = {}};
  const int64_t classes = run.facts.classes();
  if (!run.facts.pictures()) return sample_points(run, request).points;
  request.count = kPictures;
  if (classes < 1 || classes > kMostClasses) return sample_points(run, request).points;
  request.of_each = kOfClass;
  return sample_points(run, request).points;
}

}  // namespace

struct Previewer::State {
  Clock::time_point start = Clock::now();
  double share = 0, spent = 0, last = kFirstCost;
  NamedWeights shown;
  TrainedRun run;
  std::shared_ptr<const Points> data;
  Points real;  ///< pictures to reconstruct
};

Previewer::Previewer(const TrainParts& parts, double share) : state_(std::make_unique<State>()) {
  if (!(share > 0 && share <= 1))
    fail(Code::usage, "preview", "share of the time", "in (0, 1]", fmt::format("{}", share));
  State& s = *state_;
  s.share = share;
  const Twin twin = make_twin(parts);
  s.shown = twin.objective->groups().front().weights;
  const auto sample = settings_of<SampleSettings>(parts.resolved, "sample");
  s.run.recipe = with_sampler(parts.resolved, "dpmpp_2m", std::min(sample.steps, kSteps));
  s.run.recipe.tables.at("sample")["chunk"] = parts.facts.pictures() ? std::min(sample.chunk, kPictures) : kPoints;
  // Its checkpoint is not written yet.
  if (guides_by_own_step(s.run.recipe)) s.run.recipe.tables.at("guidance")["scale"] = 1.0;
  s.run.facts = parts.facts;
  s.run.schedule = parts.schedule;
  s.run.generator = twin.generator;
  if (twin.model)
    s.run.denoiser = make_run_denoiser(s.run.recipe, twin.model, parts.schedule, s.run.facts, parts.texts);
  s.run.texts = parts.texts;
  s.run.autoencoder = twin.autoencoder;
  s.run.latent = parts.latent;
  if (twin.autoencoder) {
    const TrainingSet& held_out = parts.validation.rows > 0 ? parts.validation : parts.training;
    s.real = parts.facts.scaling.undo(held_out.points(0, kPictures / 2));
  }
  s.run.seed = parts.seed;
  Points some{0, parts.facts.width(), {}, {}};  // of pictures none are shown beside
  if (!parts.facts.pictures()) some = parts.facts.scaling.undo(parts.training.points(0, kPoints));
  some.labels.clear();
  s.data = std::make_shared<const Points>(std::move(some));
}

Previewer::~Previewer() = default;

bool Previewer::due(bool last_step) const {
  const State& s = *state_;
  if (last_step) return true;
  return s.spent + s.last <= s.share * since(s.start);
}

TrainPreview Previewer::make(const Trainer& trainer) {
  State& s = *state_;
  const auto begin = Clock::now();
  TrainPreview out;
  out.step = trainer.done();
  out.data = s.data;
  try {
    fill_network(s.shown, trainer.sampled(), "preview");
    if (s.run.autoencoder) {
      out.samples = beside_reconstructions(s.run, s.real, kOfClass);
      out.across = kOfClass;
    } else {
      out.samples = draw(s.run);
    }
  } catch (const Error& e) {  // a picture less; the training goes on
    out.samples = {};
    out.fault = e.what();
  }
  s.last = since(begin);
  s.spent += s.last;
  return out;
}

void Previewer::add_cost(double seconds) {
  state_->last += seconds;
  state_->spent += seconds;
}

std::string preview_png(const TrainPreview& preview, const DataFacts& facts) {
  if (facts.pictures()) return picture_sheet(preview.samples, facts, preview.across);
  ReportContent content;
  content.columns = facts.columns;
  content.data = to_plot(*preview.data);
  content.data.labels.clear();  // grey
  content.samples = to_plot(preview.samples);
  plot::Figure figure = plot::samples_picture(content).figure;
  figure.title = fmt::format("step {}", preview.step);
  return plot::to_png(figure, 1);
}

std::vector<std::string> preview_lines(const TrainPreview& preview, int columns, int rows) {
  const int tall = rows - 1, wide = std::min(2 * tall, columns);
  const bool both = 2 * wide + kGap <= columns;
  const auto side = static_cast<size_t>(wide);
  std::vector<std::string> out{padded(heading(preview.step, side), side)};
  const plot::View view = view_for(*preview.data);
  std::vector<std::string> samples(static_cast<size_t>(tall), std::string(side, ' '));
  if (preview.samples.rows > 0) {
    samples = picture_of(preview.samples, view, wide, tall);
  } else {
    samples[samples.size() / 2] = padded("no samples yet: not finite", side);
  }
  out.insert(out.end(), samples.begin(), samples.end());
  if (!both) return out;
  out.front() += std::string(kGap, ' ') + "data";
  const std::vector<std::string> data = picture_of(*preview.data, view, wide, tall);
  for (size_t i = 0; i < data.size(); ++i) out[i + 1] += std::string(kGap, ' ') + data[i];
  return out;
}

}  // namespace roulade
