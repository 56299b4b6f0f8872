// SPDX-License-Identifier: Apache-2.0
#include "trial_content.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include <fmt/format.h>

namespace {

using roulade::PlotPoints;
using roulade::ReportContent;
using roulade::ReportFrame;
using Random = std::mt19937_64;

double normal(Random& random) {  // std::normal_distribution differs between libraries
  const double u = (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53;
  const double v = static_cast<double>(random() >> 11) * 0x1p-53;
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * M_PI * v);
}

PlotPoints roll(int64_t rows, double noise, uint64_t seed) {
  Random random(seed);
  PlotPoints points{2, {}, {}};
  for (int64_t i = 0; i < rows; ++i) {
    const double u = static_cast<double>(random() >> 11) * 0x1p-53;
    const double angle = 1.5 * M_PI * (1 + 2 * u);
    points.values.push_back(angle * std::cos(angle) + noise * normal(random));
    points.values.push_back(angle * std::sin(angle) + noise * normal(random));
  }
  return points;
}

double alpha_at(double t) { return std::cos((t + 0.008) / 1.008 * M_PI / 2); }

// x_t = alpha x0 + sigma eps with the same eps at all times, in units where the data have unit spread.
std::vector<ReportFrame> process(const std::vector<double>& x0, double scale, int frames, bool noise_first,
                                 bool scaled) {
  Random random(7);
  std::vector<double> eps;
  for (size_t i = 0; i < x0.size(); ++i) eps.push_back(normal(random));
  std::vector<ReportFrame> out;
  for (int f = 0; f < frames; ++f) {
    const double share = static_cast<double>(f) / (frames - 1);
    ReportFrame frame;
    frame.t = noise_first ? 1 - share : share;
    const double alpha = alpha_at(frame.t), sigma = std::sqrt(1 - alpha * alpha);
    for (size_t i = 0; i < x0.size(); ++i) {
      const double x = alpha * x0[i] / scale + sigma * eps[i];
      frame.values.push_back(scaled ? x : x * scale);
    }
    out.push_back(std::move(frame));
  }
  return out;
}

void add_curves(ReportContent& content) {
  Random random(3);
  auto& s = content.schedule;
  for (int i = 0; i <= 200; ++i) {
    const double t = i / 200.0, alpha = alpha_at(t), sigma = std::sqrt(1 - alpha * alpha);
    s.t.push_back(t);
    s.alpha.push_back(alpha);
    s.sigma.push_back(sigma);
    s.log_snr.push_back(2 * std::log(alpha / sigma));
  }
  for (int i = 1; i <= 40; ++i) s.grid.push_back(i / 40.0);
  for (int i = 1; i <= 4900; ++i) {
    content.loss.step.push_back(i);
    content.loss.loss.push_back(0.33 + 0.67 * std::exp(-i / 260.0) + 0.018 * normal(random));
    if (i % 490 == 0) {
      content.loss.validation_step.push_back(i);
      content.loss.validation_loss.push_back(0.332 + 0.67 * std::exp(-i / 260.0) + 0.002 * normal(random));
    }
  }
}

// Arrows towards the origin, paths along spirals, densities of the points.
void add_field(ReportContent& content) {
  roulade::VectorField& field = content.field;
  constexpr int kSteps = 12, kSide = 9;
  for (int k = 0; k <= kSteps; ++k) field.path_times.push_back(1 - static_cast<double>(k) / kSteps);
  for (int p = 0; p < 5; ++p) {
    std::vector<double> path;
    for (const double t : field.path_times) {
      path.push_back((3 + 6 * t) * std::cos(p + 2 * t));
      path.push_back((3 + 6 * t) * std::sin(p + 2 * t));
    }
    field.paths.push_back(path);
  }
  Random random(9);
  for (const double t : {0.95, 0.7, 0.5, 0.3, 0.05}) {
    roulade::FieldLevel level{t, fmt::format("sigma/alpha = {}", t), {}, {}, {}};
    for (int j = 0; j < kSide; ++j)
      for (int i = 0; i < kSide; ++i)
        for (const double v : {4.0 * i - 16, 4.0 * j - 16}) {
          level.from.push_back(v);
          level.towards.push_back(-v);
        }
    for (int i = 0; i < 1200; ++i) level.cloud.push_back(5 * normal(random));
    field.levels.push_back(level);
  }
  for (const auto* points : {&content.data, &content.samples}) {
    roulade::DensityMap map{points == &content.data ? "data" : "samples", 40, 40, -16, 16, -16, 16, {}};
    map.density.assign(1600, 0);
    for (int64_t i = 0; i < points->rows(); ++i) {
      const double x = points->values[static_cast<size_t>(2 * i)], y = points->values[static_cast<size_t>(2 * i + 1)];
      if (std::max(std::abs(x), std::abs(y)) >= 16) continue;
      const int cell = static_cast<int>((y + 16) * 1.25) * 40 + static_cast<int>((x + 16) * 1.25);
      map.density[static_cast<size_t>(cell)] += 1600.0 / static_cast<double>(points->rows());
    }
    content.densities.push_back(map);
  }
}

void add_level_errors(ReportContent& content) {
  for (int i = -8; i <= 8; ++i) {
    content.level_errors.log_snr.push_back(i);
    content.level_errors.x0.push_back(1 / (1 + std::exp(i)));
    content.level_errors.eps.push_back(1 / (1 + std::exp(-i)));
    content.level_errors.least_x0.push_back(0.9 / (1 + std::exp(i)));
  }
  content.level_errors.note = "4000 held-out points.";
}

void add_costs(ReportContent& content) {
  for (const char* name : {"ddpm", "heun", "dpmpp_2m"}) {
    roulade::CostCurve curve{name, {5, 10, 20, 40}, {0.4, 0.2, 0.05, 0.02}, {0.1, 0.02, 0.003, -1e-4}, {}};
    if (content.samplers.curves.size() > 0) curve.distance = {0.3, 0.1, 0.02, 0.005};  // the first is no ODE's
    for (double& v : curve.sliced_wasserstein) v *= 1 + static_cast<double>(content.samplers.curves.size());
    content.samplers.curves.push_back(curve);
  }
  content.samplers.floor = 0.015;
  content.samplers.energy_floor = 1e-4;
  content.samplers.note = "One set of 5,000 samples for each point.";
  content.training = {
      {{"roulade", {1, 2, 4, 8}, {0.3, 0.1, 0.03, 0.016}, {}, {}}, {"other", {3, 9, 30}, {0.4, 0.1, 0.02}, {}, {}}},
      0.015,
      std::nan(""),
      "Measured in alternation."};
}

void add_words(ReportContent& content) {
  using Aim = roulade::ReportFigure::Aim;
  content.figures = {
      {"sliced Wasserstein-1", "mean distance that mass must travel, over projections", Aim::lower, 0.0213, 0.0012,
       0.0187, 0.0011},
      {"energy distance", "0 when both distributions are equal", Aim::lower, 0.9e-4, 0.3e-4, 0.12e-4, 0.05e-4},
      {"precision", "share of samples where real points lie", Aim::higher, 0.9701, 0.0007, 0.9918, 0.0004},
      {"recall", "share of real points where samples lie", Aim::higher, 0.9925, 0.0005, 0.9921, 0.0004},
      {"distance from the curve", "relative to real data", Aim::floor, 1.31, 0.01, 1.0, 0.005},
      {"over 4 sigma off", "share of points far from the curve", Aim::lower, 0.0061, 0.0004, 1.1e-4, 0.3e-4},
      {"arc coverage", "share of 100 equal arcs with enough points", Aim::higher, 1, 0, 1, 0}};
  content.figures_note =
      "Means over 20 pairs of 10,000 points with their standard errors; the reference set is fresh data.";
  content.recipe =
      "[data]\nkind = \"swiss_roll\"\ncount = 100000\nnoise = 0.5\n\n[schedule]\nkind = \"cosine\"\nsteps = 40\nindex "
      "= "
      "\"from_clean\"\n\n[model]\nkind = \"mlp\"\nwidth = 64\ndepth = 4\nembedding = \"raw\"\n\n[train]\nsteps = "
      "4900\nbatch = "
      "2048\noptimiser = \"adam\"\nlr = 1e-3\ndecay = \"linear\"\nema = [0.999]\ncheckpoint_every = 1000\n";
  content.commands = {"roulade train recipes/swiss_roll_article.toml --seed 0 --out runs/swiss_roll",
                      "roulade sample runs/swiss_roll --seed 0", "roulade eval runs/swiss_roll",
                      "roulade report runs/swiss_roll"};
  content.environment = {{"Roulade", "0.1.0 (Release)"},
                         {"LibTorch", "2.15.0"},
                         {"Instruction set", "AVX2"},
                         {"Threads", "2"},
                         {"Seed", "0"},
                         {"Training", "12.4 s"},
                         {"Sampling", "0.21 s"},
                         {"Evaluation", "3.8 s"},
                         {"Parameters", "17,026"}};
}

}  // namespace

ReportContent swiss_roll_content(int64_t data_rows, int64_t sample_rows, int64_t frame_rows, int frames) {
  ReportContent content;
  content.title = "Swiss roll";
  content.summary =
      "A diffusion model with 17,026 parameters, trained for 4,900 steps on 100,000 points of a Swiss roll, turns "
      "noise into "
      "new points in 40 steps. At 20 pairs of sets its samples are at the floor in 2 of 7 figures.";
  content.columns = {"x", "z"};
  content.data = roll(data_rows, 0.5, 1);
  content.samples = roll(sample_rows, 0.6, 2);
  content.frames = process(roll(frame_rows, 0.6, 4).values, 6.8, frames, true, false);
  content.noising = process(roll(std::min<int64_t>(data_rows, 4000), 0.5, 5).values, 6.8, 6, false, true);
  add_curves(content);
  add_level_errors(content);
  add_field(content);
  add_costs(content);
  add_words(content);
  return content;
}

ReportContent cluster_content(int64_t width, int64_t classes, int64_t rows) {
  auto draw = [=](uint64_t seed) {
    Random random(seed);
    PlotPoints points{width, {}, {}};
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t k = i % std::max<int64_t>(classes, 3);
      for (int64_t c = 0; c < width; ++c)
        points.values.push_back((c + 1) * (3 * std::sin(1.7 * static_cast<double>(k + 1) * static_cast<double>(c + 1)) +
                                           0.5 * normal(random)));
      if (classes > 0) points.labels.push_back(k);
    }
    return points;
  };
  ReportContent content;
  content.title = fmt::format("Clusters in {} columns", width);
  content.summary = "A table with a label column.";
  for (int64_t c = 0; c < width; ++c) content.columns.push_back(fmt::format("measure_{}", c + 1));
  content.data = draw(1);
  content.samples = draw(2);
  PlotPoints some = draw(3);
  some.values.resize(static_cast<size_t>(std::min<int64_t>(rows, 3000) * width));
  content.frames = process(some.values, 2.5, 21, true, false);
  if (classes > 0)
    content.frame_labels.assign(some.labels.begin(), some.labels.begin() + std::min<int64_t>(rows, 3000));
  content.noising = process(some.values, 2.5, 6, false, true);
  add_curves(content);
  add_words(content);
  return content;
}
