// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/sampling.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/model/attention_watch.hpp"
#include "roulade/run/chunks.hpp"
#include "roulade/run/fitted_grid.hpp"
#include "roulade/run/latent_space.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/reconstruction.hpp"
#include "roulade/run/sample_part.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/sampler/edit.hpp"
#include "roulade/schedule/forward.hpp"
#include "roulade/train/batches.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

namespace roulade {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kFitTrajectories = 128;
constexpr uint64_t kFitRole = 7001;  // a seed of their own: samples are never those that the grid was fitted on

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The class of each sample: one for all, none, or drawn with the shares of the training data from (seed, i).
std::vector<int64_t> labels_for(const TrainedRun& run, const std::string& wish, uint64_t seed, int64_t count) {
  const int64_t classes = run.facts.classes();
  if (classes == 0) {
    if (wish != "data" && wish != "none")
      fail(Code::usage, "sample.label", "the run was trained without classes", "none", wish);
    return {};
  }
  std::vector<int64_t> labels(static_cast<size_t>(count), -1);
  if (wish == "none") return labels;
  if (wish == "data") {
    std::vector<double> u(labels.size());
    fill_uniform({seed, Stream::prior, 1}, 0, 1, u);
    for (size_t i = 0; i < labels.size(); ++i) {
      double left = u[i];
      int64_t label = 0;
      while (label + 1 < classes && left >= run.facts.class_shares[static_cast<size_t>(label)])
        left -= run.facts.class_shares[static_cast<size_t>(label++)];
      labels[i] = label;
    }
    return labels;
  }
  int64_t label = 0;
  const std::vector<std::string>& names = run.facts.class_names;
  if (const auto name = std::find(names.begin(), names.end(), wish); name != names.end())
    return std::vector<int64_t>(labels.size(), name - names.begin());
  const auto [end, error] = std::from_chars(wish.data(), wish.data() + wish.size(), label);
  if (error != std::errc() || end != wish.data() + wish.size() || label < 0 || label >= classes)
    fail(Code::usage, "sample.label", "class", fmt::format("0 to {}, a class's name, none or data", classes - 1), wish);
  labels.assign(labels.size(), label);
  return labels;
}

/// The text of each sample, as a number in the run's table: the prompts in turn, none, or captions of the training data
/// drawn from (seed, i).
std::vector<int64_t> texts_for(const TrainedRun& run, const SampleRequest& request, const std::string& wish,
                               int64_t count) {
  if (!run.texts) {
    if (request.to_prompt)
      fail(Code::usage, "sample", "a prompt to go to", "a run whose network reads texts", *request.to_prompt);
    if (!request.prompts.empty() || (wish != "data" && wish != "none"))
      fail(Code::usage, "sample.prompt", "the run's network reads no text", "none",
           request.prompts.empty() ? wish : request.prompts.front());
    if (settings_of<SampleSettings>(run.recipe, "sample").weighted)
      fail(Code::usage, "sample.weighted", "the run's network reads no text", "false", "true");
    return {};
  }
  const std::vector<std::string>& captions = run.facts.text.captions;
  std::vector<std::string> prompts = request.prompts;
  if (request.to_prompt) {
    const bool given = wish != "data" && wish != "none";
    if (prompts.size() > 1 || (prompts.empty() && !given))
      fail(Code::usage, "sample", "prompts to go from", "one", fmt::format("{}", prompts.size()));
    return add_way(run.recipe, *run.texts, prompts.empty() ? wish : prompts.front(), *request.to_prompt, count);
  }
  if (prompts.empty() && wish == "data" && !captions.empty()) {
    std::vector<double> u(static_cast<size_t>(count));
    fill_uniform({request.seed, Stream::wording, 0}, 0, 1, u);
    for (const double share : u) prompts.push_back(captions[static_cast<size_t>(share * std::ssize(captions))]);
    return run.texts->add(prompts);  // brackets in captions are text
  } else if (prompts.empty() && wish != "none" && wish != "data") {
    prompts.push_back(wish);
  }
  if (prompts.empty()) return std::vector<int64_t>(static_cast<size_t>(count), -1);
  const std::vector<int64_t> numbers =
      request.captions ? run.texts->add(prompts) : add_prompts(run.recipe, *run.texts, prompts);
  std::vector<int64_t> out;
  for (int64_t i = 0; i < count; ++i) out.push_back(numbers[static_cast<size_t>(i) % numbers.size()]);
  return out;
}

std::optional<Tensor> rows_of(const std::vector<int64_t>& values, int64_t first, int64_t count) {
  if (values.empty()) return std::nullopt;
  Tensor out = at::empty({count}, at::kLong);
  std::copy_n(values.begin() + first, count, out.mutable_data_ptr<int64_t>());
  return out;
}

Condition condition_of(const std::vector<int64_t>& labels, const std::vector<int64_t>& texts, int64_t first,
                       int64_t count) {
  Condition condition;
  condition.label = rows_of(labels, first, count);
  condition.text = rows_of(texts, first, count);
  return condition;
}

/// Rows first .. first + count - 1 in the network's units: [count, shape...] float. An autoencoder sees in place of
/// what is not known what is, in the mean.
Tensor scaled_rows(const TrainedRun& run, const GivenRows& rows, int64_t first, int64_t count) {
  Points part{count, rows.points.width, {rows.points.row(first), rows.points.row(first + count)}, {}};
  if (run.latent && !rows.known.empty())
    fill_unknown(part, run.facts,
                 {rows.known.begin() + first * part.width, rows.known.begin() + (first + count) * part.width});
  return to_batch(to_network(run, part), run.facts.network_axes()).x0;
}

Tensor known_mask(const TrainedRun& run, const GivenRows& rows, int64_t first, int64_t count) {
  Tensor mask = at::empty({count, rows.points.width}, at::kBool);
  std::copy_n(rows.known.begin() + first * rows.points.width, mask.numel(), mask.mutable_data_ptr<bool>());
  const Tensor known = mask.view(run.facts.axes(count));
  return run.latent ? known_latents(*run.latent, known) : known;
}

/// The number of the noise that a chunk's first sample begins with.
int64_t first_noise(const SampleRequest& request, int64_t first) {
  return request.to_prompt || request.of_each > 0 ? 0 : first;
}

/// x at times.front() for samples first .. first + count - 1.
Tensor beginning(const TrainedRun& run, const SampleRequest& request, const Condition& condition,
                 std::span<const double> times, int64_t all, int64_t first, int64_t count, int64_t& calls) {
  const Editing& edit = request.editing;
  const std::vector<int64_t> shape = run.facts.network_axes();
  if (edit.rows && edit.rows->known.empty()) {
    const Tensor x0 = scaled_rows(run, *edit.rows, first, count);
    if (!edit.inverted)
      return add_noise(*run.schedule, x0, prior_noise(request.seed, first, count, shape, 1), {{times.front()}});
    const SampleRun noise = invert(*run.denoiser, condition, times, x0, edit.repeats, {}, request.cancel);
    calls = noise.calls;
    return noise.x;
  }
  const double deviation = prior_deviation(*run.schedule, times.front());
  if (!edit.to_seed) return prior_noise(request.seed, first_noise(request, first), count, shape, deviation);
  const Tensor from = prior_noise(request.seed, 0, 1, shape, deviation),
               to = prior_noise(*edit.to_seed, 0, 1, shape, deviation);
  std::vector<Tensor> way;
  for (int64_t i = first; i < first + count; ++i) way.push_back(spherical_mix(from, to, way_share(i, all)));
  return at::cat(way);
}

/// Throws Error(usage) for what does not go with SampleRequest::to_prompt.
void check_way(const SampleRequest& request, int64_t count) {
  const auto refuse = [](const char* what, const char* expected, const std::string& got) {
    fail(Code::usage, "sample", fmt::format("{} on the way to a prompt", what), expected, got);
  };
  if (request.editing.rows) refuse("beginnings", "noise", "rows");
  if (!request.attention.empty()) refuse("words", "none: mixed texts have no tokens", request.attention);
  if (count < 2) refuse("samples", "2 or more", fmt::format("{}", count));
}

/// Samples of a [n, ...] float tensor, times `factor`, in the data's units into `to` from row `first` on.
void copy_rows(const TrainedRun& run, const Tensor& x, double factor, int64_t first, int64_t count,
               std::vector<double>& to) {
  const Tensor flat = x.narrow(0, 0, count).flatten(1).contiguous();
  const float* from = flat.const_data_ptr<float>();
  Points scaled{count, flat.size(1), std::vector<double>(static_cast<size_t>(flat.numel())), {}};
  for (size_t i = 0; i < scaled.values.size(); ++i) scaled.values[i] = factor * static_cast<double>(from[i]);
  const Points out = to_data(run, scaled);
  std::copy(out.values.begin(), out.values.end(), to.begin() + first * out.width);
}

}  // namespace

std::vector<int64_t> DataFacts::axes(int64_t rows) const {
  std::vector<int64_t> out = axes();
  out.insert(out.begin(), rows);
  return out;
}

std::vector<int64_t> DataFacts::network_axes(int64_t rows) const {
  std::vector<int64_t> out = network_axes();
  out.insert(out.begin(), rows);
  return out;
}

std::vector<double> sampling_times(const TrainedRun& run) {
  const auto settings = settings_of<SampleSettings>(run.recipe, "sample");
  const SampleParts parts = make_sample_parts(run.recipe.tables.at("sample"));
  if (settings.grid != "fitted") return parts.grid->times(*run.schedule, settings.steps);
  const std::vector<double> candidates = fit_candidates(*run.schedule);
  const uint64_t seed = derive_seed(run.seed, kFitRole);
  const std::vector<int64_t> shape = run.facts.network_axes();
  SampleRequest fitted;
  fitted.seed = seed;
  const Condition condition =
      condition_of(labels_for(run, settings.label, seed, kFitTrajectories),
                   texts_for(run, fitted, settings.prompt, kFitTrajectories), 0, kFitTrajectories);
  const Tensor x = prior_noise(seed, 0, kFitTrajectories, shape, prior_deviation(*run.schedule, candidates.front()));
  const SamplerFacts& facts = sampler::registry().find(settings.sampler).facts;
  return best_grid(*run.denoiser, condition, x, candidates, *parts.sampler, facts, settings.steps);
}

int64_t sample_count(const TrainedRun& run, const SampleRequest& request) {
  if (request.editing.rows) return request.editing.rows->points.rows;
  if (request.of_each > 0) return request.of_each * run.facts.classes();
  return request.count > 0 ? request.count : settings_of<SampleSettings>(run.recipe, "sample").count;
}

PointSamples sample_points(const TrainedRun& run, const SampleRequest& request) {
  return sample_part(run, request, WantedRows{});
}

PointSamples sample_part(const TrainedRun& run, const SampleRequest& request, const WantedRows& wanted) {
  if (run.autoencoder) return reconstruct_given(run, request);
  const auto start = Clock::now();
  const auto settings = settings_of<SampleSettings>(run.recipe, "sample");
  check_tiles(run.recipe, run.latent != nullptr);
  SampleParts parts;
  std::vector<double> times;  // empty: a generator draws
  if (!run.generator) {
    parts = make_sample_parts(run.recipe.tables.at("sample"));
    times = sampling_times(run);
  }
  const Editing& edit = request.editing;
  if (run.generator && (edit.rows || edit.to_seed))
    fail(Code::usage, "sample", "a VAE or a GAN draws whole samples from noise alone");
  const int64_t count = sample_count(run, request);
  const bool partial = edit.rows && !edit.rows->known.empty();
  if (request.to_prompt) check_way(request, count);
  if (edit.rows && !partial) times = last_steps(times, edit.strength);
  const Schedule& schedule = *run.schedule;
  const int64_t width = run.facts.width();
  constexpr int64_t kMostBytes = std::numeric_limits<int64_t>::max();
  if (count > kMostBytes / static_cast<int64_t>(sizeof(double)) / std::max<int64_t>(width, 1))
    fail(Code::usage, "sample", "count", "as many as memory holds", std::to_string(count));

  PointSamples out;
  out.points = {count, width, std::vector<double>(static_cast<size_t>(count * width)), {}};
  out.points.labels = labels_for(run, settings.label, request.seed, count);
  for (int64_t i = 0; request.of_each > 0 && i < count; ++i)
    out.points.labels[static_cast<size_t>(i)] = i / request.of_each;
  if (edit.rows && !edit.rows->points.labels.empty() && settings.label == "data")
    out.points.labels = edit.rows->points.labels;
  if (request.to_prompt && !out.points.labels.empty())
    std::fill(out.points.labels.begin(), out.points.labels.end(), out.points.labels.front());
  out.points.texts = texts_for(run, request, settings.prompt, count);
  const TextTable* texts = run.texts.get();
  if (!request.attention.empty()) {
    if (!texts || !run.facts.pictures())
      fail(Code::usage, "sample", "attention", "pictures by a network that reads texts", request.attention);
    texts->tokens_of(request.attention, *rows_of(out.points.texts, 0, count));  // refused before the work
    const Table& guidance = run.recipe.tables.at("guidance");
    const auto scale = guidance.find("scale");
    if (text_of(run.recipe, "guidance", "kind") == "cfg" && std::get<double>(scale->second.value) == 0)
      fail(Code::usage, "sample", "attention", "a guidance.scale by which the prompt is read", "0");
    out.attention.resize(static_cast<size_t>(count * run.facts.shape[1] * run.facts.shape[2]));
  }
  const int64_t shown = std::min(request.frame_points, count);
  if (shown > 0)
    for (const double t : times) out.frames.push_back({t, std::vector<double>(static_cast<size_t>(shown * width))});

  // Each chunk walks the whole grid in one thread: it stays in that core's cache, and chunks do not wait for each
  // other.
  std::atomic<int64_t> calls{0};
  const int64_t together = request.to_prompt ? 1 : request.of_each > 0 ? request.of_each : settings.chunk;
  in_chunks("sample", count, together, request.progress, request.cancel, [&](int64_t first, int64_t n) {
    if (wanted.last <= first || wanted.first >= first + n) return;
    const int64_t seen = std::max<int64_t>(0, std::min(n, shown - first));
    const auto keep = [&](size_t frame, double t, const Tensor& x) {
      if (seen == 0) return;
      const double size = std::hypot(schedule.alpha(t), schedule.sigma(t));
      copy_rows(run, x, 1 / size, first, seen, out.frames[frame].values);
    };
    const Condition condition = condition_of(out.points.labels, out.points.texts, first, n);
    const int64_t drawn = first_noise(request, first);
    if (run.generator) {
      const at::NoGradGuard no_grad;
      const Tensor z = prior_noise(request.seed, drawn, n, std::array{run.generator->normals()}, 1);
      copy_rows(run, run.generator->generate(z, condition), 1, first, n, out.points.values);
      calls = 1;
      return;
    }
    std::optional<AttentionWatch> watch;
    if (!request.attention.empty()) watch.emplace();
    int64_t before = 0;
    const Tensor x = beginning(run, request, condition, times, count, first, n, before);
    keep(0, times.front(), x);
    const Noise noise = counter_noise(request.seed, drawn);
    const StepObserver seen_step = [&](int64_t step, double t, const Tensor& now) {
      keep(static_cast<size_t>(step) + 1, t, now);
    };
    const SampleRun ran =
        partial ? sample_masked(*parts.sampler, *run.denoiser, condition, times, x,
                                {scaled_rows(run, *edit.rows, first, n), known_mask(run, *edit.rows, first, n),
                                 edit.walks, edit.jump},
                                noise.draw, seen_step, request.cancel)
                : sample(*parts.sampler, *run.denoiser, condition, times, x, noise, seen_step, request.cancel);
    copy_rows(run, ran.x, 1, first, n, out.points.values);
    if (watch) {
      const Tensor map =
          watch->map(n, texts->tokens_of(request.attention, *condition.text), run.facts.shape[1], run.facts.shape[2]);
      std::copy_n(map.const_data_ptr<float>(), map.numel(), out.attention.begin() + first * (map.numel() / n));
    }
    for (int64_t i = first * width; partial && i < (first + n) * width; ++i)  // as given, to the last digit
      if (const auto k = static_cast<size_t>(i); edit.rows->known[k])
        out.points.values[k] = edit.rows->points.values[k];
    int64_t most = calls;  // samples that choose their own steps: the most of any chunk
    while (most < before + ran.calls && !calls.compare_exchange_weak(most, before + ran.calls)) {
    }
  });
  out.calls = calls;
  out.seconds = since(start);
  return out;
}

}  // namespace roulade
