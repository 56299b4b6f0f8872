// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/likelihood.hpp"

#include "roulade/core/error.hpp"
#include "roulade/eval/bound.hpp"
#include "roulade/eval/likelihood.hpp"
#include "roulade/run/chunks.hpp"
#include "roulade/run/exact.hpp"
#include "roulade/run/latent_space.hpp"
#include "roulade/run/one_pass.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/table_rows.hpp"
#include "roulade/run/trajectory.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>

#include <ATen/ops/empty.h>
#include <fmt/format.h>

namespace roulade {
namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

constexpr int64_t kGeneratorRows = 1000, kChunk = 125, kCheckedRows = 125;

Divergence divergence_of(const std::string& name) {
  if (name == "auto") return Divergence::automatic;
  if (name == "exact") return Divergence::exact;
  if (name == "hutchinson") return Divergence::hutchinson;
  fail_unknown("likelihood", "divergence", name, {"auto", "exact", "hutchinson"});
}

Points points_of(const TrainedRun& run, const LikelihoodRequest& request) {
  Points points;
  if (request.data.empty()) {
    const auto source = open_data(run);
    const int64_t count = request.count == 0 && source->endless() ? kGeneratorRows : request.count;
    points = source->draw(Split::test, run.seed, count);
    if (points.rows < 1) fail(Code::input, "likelihood", "rows of the test split", "at least 1 (raise data.test)", "0");
    number_texts(points, source->texts(), request.labels ? run.texts.get() : nullptr);  // else the empty text
  } else {
    points = read_rows(run, request.data);
    if (request.count > 0) points = part_of(points, 0, request.count);
  }
  if (run.texts && points.texts.empty()) points.texts.assign(static_cast<size_t>(points.rows), -1);
  if (run.facts.classes() == 0) points.labels.clear();
  if (run.facts.classes() > 0 && (!request.labels || points.labels.empty()))
    points.labels.assign(static_cast<size_t>(points.rows), -1);
  return points;
}

struct Rows {
  Tensor x;  ///< [B, shape...] float64, scaled
  Condition condition;
};

Rows rows_of(const Points& scaled, const DataFacts& facts, int64_t first, int64_t count) {
  Rows out;
  out.x = at::empty({count, scaled.width}, at::kDouble);
  std::copy_n(scaled.row(first), count * scaled.width, out.x.mutable_data_ptr<double>());
  out.x = out.x.view(facts.axes(count));
  const auto part = [&](const std::vector<int64_t>& of) -> std::optional<Tensor> {
    if (of.empty()) return std::nullopt;
    Tensor numbers = at::empty({count}, at::kLong);
    std::copy_n(of.begin() + first, count, numbers.mutable_data_ptr<int64_t>());
    return numbers;
  };
  out.condition.label = part(scaled.labels);
  out.condition.text = part(scaled.texts);
  return out;
}

/// Adds the densities of the data's own law, where it is known and its scaling is one number.
void add_law(const TrainedRun& run, const Rows& all, double t_min, double jacobian, LikelihoodResult& out) {
  const std::optional<Mixture> law = scaled_law(run);
  if (!law || std::find(law->deviations.begin(), law->deviations.end(), 0) != law->deviations.end()) return;
  const auto exact = make_exact_mixture(run.schedule, law->weights, law->means, law->deviations);
  const Condition condition = law->by_class ? all.condition : Condition();
  const auto densities = [&](double t) {
    const double alpha = run.schedule->alpha(t);
    const Tensor log_p = exact->log_density(all.x.mul(alpha), std::span(&t, 1), condition)
                             .add(static_cast<double>(all.x.size(1)) * std::log(alpha) + jacobian)
                             .contiguous();
    return std::vector<double>(log_p.const_data_ptr<double>(), log_p.const_data_ptr<double>() + log_p.numel());
  };
  out.law = densities(0);
  out.noised_law = densities(t_min);
}

}  // namespace

LikelihoodResult run_likelihood(const TrainedRun& run, const LikelihoodRequest& request) {
  denoiser_of(run, "likelihood");
  refuse_latents(run, "likelihood");
  const Schedule& schedule = *run.schedule;
  LikelihoodResult out;
  LikelihoodOptions options;
  options.tolerance = request.tolerance;
  options.divergence = divergence_of(request.divergence);
  options.probes = request.probes;
  options.t_min = request.t_min.value_or(schedule.t_min());
  options.seed = run.seed;
  out.points = points_of(run, request);
  out.source = request.data.empty() ? "test split" : request.data.string();
  const Points scaled = run.facts.scaling.apply(out.points);
  const int64_t rows = scaled.rows;
  double jacobian = 0;
  for (const double deviation : run.facts.scaling.deviation) jacobian -= std::log(deviation);
  const Rows all = rows_of(scaled, run.facts, 0, rows);

  auto start = Clock::now();
  out.log_density.resize(static_cast<size_t>(rows));
  out.probe_error.resize(static_cast<size_t>(rows));
  std::mutex sum;
  in_chunks("likelihood", rows, kChunk, request.progress, request.cancel, [&](int64_t first, int64_t count) {
    const Rows part = rows_of(scaled, run.facts, first, count);
    LikelihoodOptions mine = options;
    mine.first = first;
    const Likelihood l = log_likelihood(*run.denoiser, part.x, part.condition, mine, request.cancel);
    if (!l.finished) return;
    std::transform(l.log_density.begin(), l.log_density.end(), out.log_density.begin() + first,
                   [&](double log_p) { return log_p + jacobian; });
    std::copy(l.standard_error.begin(), l.standard_error.end(), out.probe_error.begin() + first);
    const std::lock_guard lock(sum);
    out.calls += l.calls * static_cast<double>(count) / static_cast<double>(rows);
  });
  out.seconds = since(start);

  const int64_t checked = std::min(rows, kCheckedRows);
  options.tolerance /= 10;
  in_chunks("check", checked, kChunk, request.progress, request.cancel, [&](int64_t first, int64_t count) {
    const Rows part = rows_of(scaled, run.facts, first, count);
    const Likelihood l = log_likelihood(*run.denoiser, part.x, part.condition, options, request.cancel);
    for (size_t i = 0; i < l.log_density.size(); ++i) {
      const double change = l.log_density[i] + jacobian - out.log_density[i];
      out.solver_error += change / static_cast<double>(checked);
      out.row_error += std::abs(change) / static_cast<double>(checked);
    }
  });
  out.solver_error = std::abs(out.solver_error);

  if (request.bound && schedule.states() > 0) {
    start = Clock::now();
    out.bound.resize(static_cast<size_t>(rows));
    const Table& sample = run.recipe.tables.at("sample");
    const auto variance = sample.find("variance");
    const bool beta = variance != sample.end() && variance->second.value == Value(std::string("beta"));
    in_chunks("bound", rows, kChunk, request.progress, request.cancel, [&](int64_t first, int64_t count) {
      const Rows part = rows_of(scaled, run.facts, first, count);
      BoundOptions mine;
      mine.beta = beta;
      mine.seed = run.seed;
      mine.first = first;
      const Bound b = variational_bound(*run.denoiser, part.x.to(at::kFloat), part.condition, mine, request.cancel);
      if (!b.finished) return;
      std::transform(b.nats.begin(), b.nats.end(), out.bound.begin() + first,
                     [&](double nats) { return jacobian - nats; });
      const std::lock_guard lock(sum);
      out.bound_calls = b.calls;
    });
    out.bound_seconds = since(start);
  }
  out.finished = !request.cancel.requested();
  out.prior_mismatch = prior_mismatch(schedule, all.x);
  out.least_noise = schedule.sigma(*options.t_min) / schedule.alpha(*options.t_min);
  if (request.data.empty()) add_law(run, all, *options.t_min, jacobian, out);
  return out;
}

}  // namespace roulade
