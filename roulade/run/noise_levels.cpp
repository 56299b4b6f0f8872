// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/noise_levels.hpp"

#include "roulade/core/rng.hpp"
#include "roulade/grid/steps.hpp"
#include "roulade/report/text.hpp"
#include "roulade/report/view.hpp"
#include "roulade/run/chunks.hpp"
#include "roulade/run/exact.hpp"
#include "roulade/run/latent_space.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/settings.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <optional>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kLevels = 24;   ///< of the error curves
constexpr double kLogSnr = 12;    ///< beyond that there is nothing to see
constexpr int64_t kExact = 1000;  ///< points that the exact denoiser is shown: it is slow
constexpr int kFieldLevels = 8;   ///< panels of the field
constexpr int kSide = 17;         ///< arrows across and up
constexpr int64_t kCloud = 1000;  ///< points of noised data behind the arrows
constexpr int64_t kPaths = 24, kPathSteps = 24;
constexpr double kReach = 2.7;  ///< deviations of noise that the field shows at least

Tensor to_tensor(const std::vector<double>& values, int64_t width) {
  const auto rows = static_cast<int64_t>(values.size()) / width;
  Tensor out = at::empty({rows, width}, at::kFloat);
  std::copy(values.begin(), values.end(), out.mutable_data_ptr<float>());
  return out;
}

std::vector<double> to_vector(const Tensor& x) {
  const Tensor flat = x.contiguous();
  const float* from = flat.const_data_ptr<float>();
  return {from, from + flat.numel()};
}

std::optional<Tensor> numbers_of(const std::vector<int64_t>& values) {
  if (values.empty()) return std::nullopt;
  Tensor out = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), out.mutable_data_ptr<int64_t>());
  return out;
}

Condition labelled(const std::vector<int64_t>& labels) {
  Condition condition;
  condition.label = numbers_of(labels);
  return condition;
}

/// The nearest time that the network was trained at, between t_min and the last with signal.
double trained_time(const Schedule& schedule, double t) {
  const double states = static_cast<double>(schedule.states());
  if (states > 0) t = std::round(t * states) / states;
  return std::clamp(t, schedule.t_min(), last_with_signal(schedule));
}

double mean_square(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

/// What the paths and the field are asked for: nothing, no class where the network knows that, else class 0.
struct Wish {
  std::string label = "none";
  std::vector<int64_t> labels;
  std::string note;
};
Wish wish_of(const TrainedRun& run, int64_t rows) {
  Wish wish;
  if (run.facts.classes() == 0) return wish;
  const bool unconditional = settings_of<ObjectiveSettings>(run.recipe, "objective").label_dropout > 0;
  wish.labels.assign(static_cast<size_t>(rows), unconditional ? -1 : 0);
  wish.label = unconditional ? "none" : "0";
  const auto& names = run.facts.class_names;
  wish.note = unconditional ? "Without a class." : fmt::format("Of class {}.", names.empty() ? "0" : names.front());
  return wish;
}

std::shared_ptr<const Denoiser> unguided(const TrainedRun& run) {
  if (text_of(run.recipe, "guidance", "kind") == "none" || !run.network) return run.denoiser;
  Recipe recipe = run.recipe;
  recipe.tables.at("guidance") = {{"kind", Given("none")}};
  return make_run_denoiser(resolve(recipe), run.network, run.schedule, run.facts, run.texts);
}

/// The mass of N(mean, deviation^2) in each of `cells` equal parts from low to high.
std::vector<double> masses(double mean, double deviation, double low, double high, int64_t cells) {
  const auto below = [&](int64_t edge) {
    const double x = low + (high - low) * static_cast<double>(edge) / static_cast<double>(cells) - mean;
    return deviation > 0 ? 0.5 * std::erfc(-x / (std::numbers::sqrt2 * deviation)) : x > 0 ? 1.0 : 0.0;
  };
  std::vector<double> out;
  for (int64_t i = 0; i < cells; ++i) out.push_back(below(i + 1) - below(i));
  return out;
}

}  // namespace

std::vector<double> times_by_log_snr(const Schedule& schedule, int64_t count) {
  const double high = std::min(schedule.log_snr(schedule.t_min()), kLogSnr);
  const double low = std::max(schedule.log_snr(last_with_signal(schedule)), -kLogSnr);
  std::vector<double> out;
  for (int64_t i = 0; i < count; ++i) {
    const double share = count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 0;
    const double t = trained_time(schedule, schedule.time_of(high + share * (low - high)));
    if (out.empty() || t > out.back()) out.push_back(t);
  }
  return out;
}

LevelErrors level_errors(const TrainedRun& run, const Points& points, uint64_t seed) {
  const at::NoGradGuard no_grad;
  const Schedule& schedule = *run.schedule;
  const Points scaled = to_network(run, points);
  const std::vector<double>& x0 = scaled.values;
  const int64_t width = scaled.width;
  Condition condition = labelled(run.facts.classes() > 0 ? points.labels : std::vector<int64_t>{});
  condition.text = numbers_of(points.texts);
  const auto prediction = make_prediction(run.recipe.tables.at("denoiser"));
  const std::string name = settings_of<DenoiserSettings>(run.recipe, "denoiser").prediction;
  std::vector<double> times = times_by_log_snr(schedule, kLevels);
  std::reverse(times.begin(), times.end());  // log_snr ascends
  const std::shared_ptr<const Denoiser> denoiser = unguided(run);
  const bool known = scaled_law(run).has_value();
  const TrainedRun exact = known ? with_exact_denoiser(run) : run;
  const int64_t few = std::min(kExact, points.rows);
  const int64_t together = run.facts.pictures() ? rows_together(run.facts.network_axes()) : points.rows;
  LevelErrors out;
  std::vector<double> eps(x0.size()), x_t(x0.size());
  for (size_t k = 0; k < times.size(); ++k) {
    const double t = times[k], alpha = schedule.alpha(t), sigma = schedule.sigma(t);
    fill_normal({derive_seed(seed, k), Stream::evaluate, 1}, 0, width, std::span<double>(eps));
    for (size_t i = 0; i < x0.size(); ++i) x_t[i] = alpha * x0[i] + sigma * eps[i];
    const Tensor noised = to_tensor(x_t, width).view(run.facts.network_axes(points.rows));
    std::vector<double> made;
    for (int64_t first = 0; first < points.rows; first += together) {
      const int64_t count = std::min(together, points.rows - first);
      const Denoised part =
          denoiser->denoise(noised.narrow(0, first, count), std::span(&t, 1), slice(condition, first, count));
      const std::vector<double> values = to_vector(part.x0);
      made.insert(made.end(), values.begin(), values.end());
    }
    const double error = mean_square(made, x0);
    out.log_snr.push_back(schedule.log_snr(t));
    out.x0.push_back(error);
    out.eps.push_back(error * (alpha / sigma) * (alpha / sigma));
    if (known) {
      const auto first = [&](const auto& all) { return std::vector(all.begin(), all.begin() + few * width); };
      const std::vector<int64_t> labels =
          condition.label ? std::vector(points.labels.begin(), points.labels.begin() + few) : std::vector<int64_t>{};
      const Denoised best = exact.denoiser->denoise(to_tensor(first(x_t), width), std::span(&t, 1), labelled(labels));
      out.least_x0.push_back(mean_square(to_vector(best.x0), first(x0)));
    }
    if (name == "x0" || name == "eps") continue;
    const double factor = prediction->at(schedule, t).out;  // x0 = skip x_t + out F
    out.target.push_back(error / (factor * factor));
  }
  out.target_name = "the network's output (" + name + ")";
  out.note = fmt::format("{} held-out {} a level, {} levels.", plot::grouped(points.rows),
                         run.facts.pictures() ? "pictures" : "points", times.size());
  if (known)
    out.note += fmt::format(" Least possible: the exact denoiser of the data's law on {} of them.", plot::grouped(few));
  return out;
}

VectorField vector_field(const TrainedRun& run, const Points& data) {
  const at::NoGradGuard no_grad;
  const Schedule& schedule = *run.schedule;
  const Scaling& scaling = run.facts.scaling;
  const int64_t arrows = kSide * kSide;
  const Wish wish = wish_of(run, arrows);

  // The square that holds the data and most of the noise.
  plot::View view = plot::view_of({data.width, data.values, {}}, {});
  for (size_t c = 0; c < 2; ++c) {
    const plot::Limits noise{scaling.mean[c] - kReach * scaling.deviation[c],
                             scaling.mean[c] + kReach * scaling.deviation[c]};
    view[c] = data.rows > 0 ? plot::join(view[c], noise) : noise;
  }
  if (plot::plane_like(view)) plot::make_square(view);
  std::vector<double> from, scaled;
  for (int j = 0; j < kSide; ++j)
    for (int i = 0; i < kSide; ++i)
      for (size_t c = 0; c < 2; ++c) {
        from.push_back(view[c].low + view[c].span() * ((c == 0 ? i : j) + 0.5) / kSide);
        scaled.push_back((from.back() - scaling.mean[c]) / scaling.deviation[c]);
      }
  Points few{std::min(kCloud, data.rows), 2, {}, {}};
  few.values.assign(data.values.begin(), data.values.begin() + few.rows * 2);
  const std::vector<double> cloud = scaling.apply(few).values;
  std::vector<double> noise(cloud.size());
  fill_normal({run.seed, Stream::evaluate, 2}, 0, 2, std::span<double>(noise));

  VectorField out;
  for (int k = 0; k < kFieldLevels; ++k) {
    const double wanted = (87 - 84.0 * k / (kFieldLevels - 1)) / 180 * std::numbers::pi;
    const double t = trained_time(schedule, schedule.time_of(-2 * std::log(std::tan(wanted))));
    if (!out.levels.empty() && t >= out.levels.back().t) continue;
    const double alpha = schedule.alpha(t), sigma = schedule.sigma(t), size = std::hypot(alpha, sigma);
    const double cosine = alpha / size, sine = sigma / size;
    std::vector<double> x_t;
    for (const double u : scaled) x_t.push_back(size * u);
    const Denoised made = run.denoiser->denoise(to_tensor(x_t, 2), std::span(&t, 1), labelled(wish.labels));
    const std::vector<double> x0 = to_vector(made.x0);
    FieldLevel level{t, fmt::format("sigma/alpha = {:.3g}", sigma / alpha), from, {}, {}};
    for (size_t i = 0; i < x0.size(); ++i) {
      const double eps = (x_t[i] - alpha * x0[i]) / sigma;
      level.towards.push_back((sine * x0[i] - cosine * eps) * scaling.deviation[i % 2]);
    }
    for (size_t i = 0; i < cloud.size(); ++i)
      level.cloud.push_back(scaling.mean[i % 2] + scaling.deviation[i % 2] * (cosine * cloud[i] + sine * noise[i]));
    out.levels.push_back(std::move(level));
  }

  TrainedRun walk = run;
  const int64_t states = schedule.states();
  walk.recipe = with_sampler(run.recipe, "dpmpp_2m", states > 0 ? std::min(states, kPathSteps) : kPathSteps);
  walk.recipe.tables.at("sample")["label"] = wish.label;
  const PointSamples made = sample_points(
      walk, {.count = kPaths, .seed = run.seed, .frame_points = kPaths, .editing = {}, .progress = {}, .cancel = {}});
  out.paths.resize(kPaths);
  for (const Frame& frame : made.frames) {
    out.path_times.push_back(frame.t);
    for (size_t i = 0; i < out.paths.size(); ++i)
      out.paths[i].insert(out.paths[i].end(), frame.values.begin() + static_cast<std::ptrdiff_t>(2 * i),
                          frame.values.begin() + static_cast<std::ptrdiff_t>(2 * i + 2));
  }
  out.note = wish.note;
  return out;
}

DensityMap density_of(const std::string& name, const Points& points, const std::vector<double>& limits,
                      int64_t across) {
  DensityMap map{name, across, across, limits[0], limits[1], limits[2], limits[3], {}};
  map.density.assign(static_cast<size_t>(across * across), 0);
  const double cells = static_cast<double>(across);
  for (int64_t i = 0; i < points.rows; ++i) {
    const double* row = points.row(i);
    const double x = std::floor((row[0] - limits[0]) / (limits[1] - limits[0]) * cells);
    const double y = std::floor((row[1] - limits[2]) / (limits[3] - limits[2]) * cells);
    if (!(x >= 0 && x < cells && y >= 0 && y < cells)) continue;
    map.density[static_cast<size_t>(y * cells + x)] += cells * cells / static_cast<double>(points.rows);
  }
  return map;
}

DensityMap density_of(const std::string& name, const Mixture& law, const std::vector<double>& limits, int64_t across) {
  DensityMap map{name, across, across, limits[0], limits[1], limits[2], limits[3], {}};
  const auto cells = static_cast<size_t>(across);
  map.density.assign(cells * cells, 0);
  for (size_t k = 0; k < law.weights.size(); ++k) {
    const std::vector<double>& mean = law.means[k];
    const auto x = masses(mean[0], law.deviations[k], limits[0], limits[1], across);
    const auto y = masses(mean[1], law.deviations[k], limits[2], limits[3], across);
    const double whole = law.weights[k] * static_cast<double>(across * across);
    for (size_t j = 0; j < cells; ++j)
      if (y[j] > 0)
        for (size_t i = 0; i < cells; ++i) map.density[j * cells + i] += whole * y[j] * x[i];
  }
  return map;
}

std::vector<ReportFrame> noising_of(const TrainedRun& run, const Points& scaled, const std::vector<double>& times) {
  std::vector<double> eps(scaled.values.size());
  fill_normal({run.seed, Stream::evaluate, 0}, 0, scaled.width, std::span<double>(eps));
  std::vector<ReportFrame> out;
  for (const double t : times) {
    const double alpha = run.schedule->alpha(t), sigma = run.schedule->sigma(t), size = std::hypot(alpha, sigma);
    ReportFrame frame{t, fmt::format("t = {:.1f}", t), std::vector<double>(eps.size())};
    for (size_t i = 0; i < eps.size(); ++i) frame.values[i] = (alpha * scaled.values[i] + sigma * eps[i]) / size;
    out.push_back(std::move(frame));
  }
  return out;
}

}  // namespace roulade
