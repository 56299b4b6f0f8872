// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/data/byte_rows.hpp"
#include "roulade/eval/mann_whitney.hpp"
#include "roulade/eval/metric.hpp"
#include "roulade/eval/protocol.hpp"
#include "roulade/kernel/nearest.hpp"
#include "roulade/run/doctor.hpp"
#include "roulade/run/exact.hpp"
#include "roulade/run/latent_space.hpp"
#include "roulade/run/memoriser.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/one_pass.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/run_weights.hpp"
#include "roulade/run/trajectory.hpp"
#include "roulade/train/batches.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kLevels = 8;
constexpr int64_t kOverfitPoints = 64, kOverfitSteps = 400;
constexpr double kOverfitRate = 3e-3;  ///< Adam's, for networks on points: the recipe's own rate is another check's
constexpr int64_t kTrialBatch = 512;

/// Random numbers of the doctor: apart from those of training (the seed itself) and validation.
enum Purpose : uint64_t { kHeldOut = 101, kNoise, kSamples, kReference, kFloor };

/// What all measures share.
struct Bench {
  const TrainedRun& run;
  const DoctorRequest& request;
  TrainParts parts;
  std::shared_ptr<Model> raw, used;       ///< the last weights; those in use
  Points training, held_out;              ///< scaled
  std::shared_ptr<const Denoiser> exact;  ///< null: not known
  std::shared_ptr<const NoisedPoints> noised, noised_training;
  Tensor exact_output;

  bool pictures() const { return parts.facts.pictures(); }
  int64_t points() const { return (request.quick ? 1024 : 4096) / (pictures() ? 4 : 1); }
  TrialWatch watch() const { return {request.progress, request.cancel}; }

  /// How much a network's loss on the held-out points could fall: its squared distance to the exact answer where that
  /// is known, else its loss.
  std::vector<double> judge(const Model& model) const {
    const Tensor output = noised->output(model);
    return exact ? noised->distances(output, exact_output) : noised->losses(output);
  }
  uint64_t noise_seed() const { return derive_seed(run.seed, kNoise); }
  std::filesystem::path checkpoint() const { return RunFolder{run.folder}.checkpoint(run.step); }
};

std::shared_ptr<Model> network_of(const TrainParts& parts, const std::map<std::string, Tensor>& weights,
                                  const std::string& where) {
  Twin twin = make_twin(parts);
  fill_network(*twin.model, weights, where);
  return twin.model;
}

/// The exact denoiser in the network's place, or null where the law is not known in the run's scaling.
std::shared_ptr<const Denoiser> exact_of(const TrainedRun& run) {
  return scaled_law(run) ? with_exact_denoiser(run).denoiser : nullptr;
}

/// The points that were not trained on.
Split fresh_split(const PointSource& source) {
  return source.endless() || count_rows(source, Split::test) > 0 ? Split::test : Split::validation;
}

Points held_out_of(const TrainParts& parts, uint64_t seed, int64_t count) {
  Points out = parts.source->draw(fresh_split(*parts.source), derive_seed(seed, kHeldOut), count);
  if (out.rows < 2)
    fail(Code::input, "doctor", "held-out points",
         "two rows or more of a test or validation split (data.test, data.validation)", std::to_string(out.rows));
  number_texts(out, parts.source->texts(), parts.texts.get());
  return parts.facts.scaling.apply(out);
}

/// The same points, each with the text of the next one whose text is another; none where all have the same.
std::optional<Points> with_other_texts(const Points& points) {
  Points out = points;
  const size_t n = points.texts.size();
  for (size_t i = 0; i < n; ++i) {
    size_t k = 1;
    while (k < n && points.texts[(i + k) % n] == points.texts[i]) ++k;
    if (k == n) return {};
    out.texts[i] = points.texts[(i + k) % n];
  }
  return out;
}

/// What the network is told of each point, as one number: its class, its text, or both. Empty: nothing.
std::vector<int64_t> told_of(const TrainParts& parts, const std::vector<int64_t>& labels,
                             const std::vector<int64_t>& texts) {
  const int64_t classes = parts.shape.classes;
  if (texts.empty()) return classes > 0 ? labels : std::vector<int64_t>{};
  std::vector<int64_t> out = texts;
  for (size_t i = 0; classes > 0 && i < out.size(); ++i) out[i] = out[i] * (classes + 1) + labels[i] + 1;  // -1: none
  return out;
}

double norm_of(const Model& model, std::string* bad) {
  double sum = 0;
  for (const auto& [name, weight] : model.parameters()) {
    const Tensor& value = weight.stored();
    if (!value.is_floating_point()) continue;
    const double part = value.detach().to(at::kDouble).square().sum().item<double>();
    if (!std::isfinite(part) && bad != nullptr && bad->empty()) *bad = name;
    sum += part;
  }
  return std::sqrt(sum);
}

void measure_losses(const Bench& b, RunFigures& f) {
  const NoisedPoints &at = *b.noised, &on_training = *b.noised_training;
  Points learnt = b.training;  // by heart, of those that the network is told the same of
  learnt.labels = told_of(b.parts, b.training.labels, b.training.texts);
  const std::vector<int64_t> told = told_of(b.parts, on_training.labels(), on_training.texts());
  const Tensor output = at.output(*b.used);
  const std::vector<double> held_out = at.losses(output);
  const std::vector<double> training = on_training.losses(on_training.output(*b.used));
  const std::vector<double> memoriser = on_training.losses(
      on_training.output_of(memorised_x0(learnt, on_training.x_t(), on_training.alpha(), on_training.sigma(), told)));
  const Tensor linear = at.output_of(gaussian_x0(b.training, at));
  const std::vector<double> gaussian = at.losses(linear);
  std::vector<double> irreducible;
  if (b.exact) {
    irreducible = at.losses(b.exact_output);
    f.irreducible = mean_of(irreducible).value;
    f.excess = mean_of(at.distances(output, b.exact_output));
    f.learnable = mean_of(at.distances(linear, b.exact_output)).value;
  }
  f.held_out = mean_of(held_out);
  if (const auto other = with_other_texts(b.held_out); other && f.texts) {
    const NoisedPoints misread(b.parts, *other, b.points(), b.noise_seed());
    const std::vector<double> losses = misread.losses(misread.output(*b.used));
    f.other_text = mean_of(losses);
    f.text_gain = mean_difference(losses, held_out);
  }
  f.training = mean_of(training);
  f.memoriser = mean_of(memoriser);
  f.gaussian = mean_of(gaussian).value;
  f.gaussian_training = mean_of(on_training.losses(on_training.output_of(gaussian_x0(b.training, on_training)))).value;
  f.raw_training = mean_of(on_training.losses(on_training.output(*b.raw)));

  const auto mean_over = [](const std::vector<double>& values, const std::vector<size_t>& part) {
    double sum = 0;
    for (const size_t i : part) sum += values[i];
    return sum / static_cast<double>(part.size());
  };
  const auto groups = at.by_level(kLevels), training_groups = on_training.by_level(kLevels);
  for (size_t k = 0; k < groups.size(); ++k) {
    const std::vector<size_t>&one = groups[k], &other = training_groups.at(k);
    const size_t middle = one[one.size() / 2];
    LevelLoss level;
    level.noise = at.sigma()[middle] / at.alpha()[middle];
    level.held_out = mean_over(held_out, one);
    if (b.exact) level.irreducible = mean_over(irreducible, one);
    level.gaussian = mean_over(gaussian, one);
    level.training = mean_over(training, other);
    level.memoriser = mean_over(memoriser, other);
    f.levels.push_back(level);
  }
}

void measure_optimiser(const Bench& b, RunFigures& f) {
  const Twin twin = make_twin(b.parts);
  f.fresh_norm = norm_of(*twin.model, nullptr);
  f.weight_norm = norm_of(*b.raw, &f.bad_weight);
  const int64_t rows =
      std::min(b.pictures() ? std::min(kOverfitPoints, b.parts.settings.batch) : kOverfitPoints, b.training.rows);
  PointBatches few(b.parts.training, rows, b.parts.seed, b.parts.shape.sample);
  f.overfit = overfit_one_batch(twin.objective, few.at(0), kOverfitSteps, kOverfitRate, b.parts.seed, b.watch());

  f.race_steps = b.request.quick ? 100 : 200;
  const auto judge = [&](const Model& model) { return mean_of(b.noised->losses(b.noised->output(model))).value; };
  const std::vector<double> race = race_rates(b.parts, {f.lr, f.lr / 10}, f.race_steps, kTrialBatch, judge, b.watch());
  f.race_lr = race[0];
  f.race_low = race[1];
}

void measure_averaging(const Bench& b, RunFigures& f) {
  std::vector<double> last, averaged;
  if (f.averages) {
    last = b.judge(*b.raw);
    averaged = b.judge(*network_of(b.parts, read_network(b.checkpoint()), b.checkpoint().string()));
  } else {
    const AveragingTrial trial = try_averaging(b.parts, b.checkpoint(), b.request.quick ? 100 : 200, b.watch());
    f.averaging_is_trial = true;
    last = b.judge(*trial.last);
    averaged = b.judge(*trial.averaged);
  }
  f.raw_loss = mean_of(last).value;
  f.averaged_loss = mean_of(averaged).value;
  f.averaging_gain = mean_difference(last, averaged);
}

void measure_more_steps(const Bench& b, RunFigures& f) {
  f.more_steps = std::clamp<int64_t>(f.step / 4, 150, b.request.quick ? 150 : 300);
  const std::shared_ptr<const Model> model = train_on(b.parts, *b.used, f.lr / 3, f.more_steps, b.watch());
  const std::vector<double> old_loss = b.judge(*b.used), new_loss = b.judge(*model);
  f.more_before = mean_of(old_loss).value;
  f.more_after = mean_of(new_loss).value;
  f.more_gain = mean_difference(old_loss, new_loss);
}

/// Squared distances of points to the nearest training point, both scaled.
std::vector<float> nearest_squares(const Points& training, const Points& points) {
  const PointSet from = to_set(points), to = to_set(training);
  return neighbour_radii(Columns(from.values.data(), from.rows, from.width),
                         Columns(to.values.data(), to.rows, to.width), 1);
}

void measure_samples(const Bench& b, RunFigures& f) {
  const auto settings = settings_of<SampleSettings>(b.run.recipe, "sample");
  const int64_t states = b.run.schedule->states();
  f.sampler = settings.sampler;
  f.sample_steps = settings.steps;
  f.fine_steps = states > 0 ? std::min(4 * settings.steps, states) : 4 * settings.steps;
  if (f.fine_steps <= settings.steps || settings.grid == "custom" || settings.grid == "fitted") f.fine_steps = 0;
  TrainedRun fine = b.run;
  if (f.fine_steps > 0) {
    fine.recipe.tables.at("sample")["steps"] = f.fine_steps;
    fine.recipe = resolve(fine.recipe);
  }
  const Scaling& scaling = b.parts.facts.scaling;
  const bool endless = b.parts.source->endless();
  const int64_t wanted = (b.request.quick ? 1000 : 2000) / (b.pictures() ? 16 : 1);
  const int64_t count = endless ? wanted : std::min(wanted, b.held_out.rows);
  // Samples and the real ones that they are held against show the same texts.
  const std::vector<std::string>& texts = b.parts.source->texts();
  const bool asked = f.texts && settings.prompt == "data" && !texts.empty();
  const MetricEntry& metric = eval::registry().find("sliced_wasserstein");
  const Split fresh = fresh_split(*b.parts.source);
  std::vector<double> coarse_distance, fine_distance, floor;
  std::vector<float> near_samples;
  const uint64_t pairs = b.request.quick ? 3 : 5;
  // In steps of a pair's samples; those of points take no time that is worth telling.
  const Pace pace("try", static_cast<int64_t>(pairs) * (settings.steps + f.fine_steps));
  int64_t taken = 0;
  for (uint64_t pair = 0; pair < pairs && !b.request.cancel.requested(); ++pair) {
    const auto seed = [&](Purpose purpose) { return derive_seed(derive_seed(b.run.seed, purpose), pair); };
    std::vector<std::string> prompts;
    if (asked)
      for (const int64_t number : b.parts.source->draw(fresh, seed(kReference), count).texts)
        prompts.push_back(texts[static_cast<size_t>(number)]);
    const auto drawn = [&](const TrainedRun& from, int64_t steps) {
      const auto told = [&](const Progress& p) {
        b.request.progress(pace.at(taken + p.done * steps / count, "samples"));
      };
      const PointSamples made =
          sample_points(from, {.count = count,
                               .seed = seed(kSamples),
                               .frame_points = 0,
                               .prompts = prompts,
                               .captions = true,
                               .editing = {},
                               .progress = b.pictures() && b.request.progress ? ProgressFn(told) : ProgressFn{},
                               .cancel = b.request.cancel});
      taken += steps;
      return scaling.apply(made.points);
    };
    const auto real = [&](Purpose purpose) {
      const Split split = purpose == kFloor && !endless ? Split::train : fresh;
      return scaling.apply(draw_once(*b.parts.source, split, seed(purpose), count));
    };
    MetricContext context;
    context.seed = seed(kNoise);
    const PointSet reference = to_set(real(kReference));
    const auto distance = [&](const Points& points) {
      return metric.compute(to_set(points).view(), reference.view(), context).at(0).value;
    };
    const Points made = drawn(b.run, settings.steps);
    if (pair == 0) near_samples = nearest_squares(b.training, made);
    if (reference.rows < 2) continue;
    coarse_distance.push_back(distance(made));
    if (f.fine_steps > 0) fine_distance.push_back(distance(drawn(fine, f.fine_steps)));
    floor.push_back(distance(real(kFloor)));
  }
  f.distance = mean_of(coarse_distance).value;
  f.floor = mean_of(floor).value;
  if (f.fine_steps > 0) {
    f.fine_distance = mean_of(fine_distance).value;
    f.sampler_gain = mean_difference(coarse_distance, fine_distance);
  }
  const MannWhitney nearer = mann_whitney(near_samples, nearest_squares(b.training, b.held_out));
  f.nearer = nearer.share();
  f.nearer_error = nearer.error();
}

}  // namespace

RunFigures measure_run(const TrainedRun& run, const DoctorRequest& request) {
  denoiser_of(run, "doctor");
  refuse_latents(run, "doctor");
  const auto start = std::chrono::steady_clock::now();
  RunFigures f;
  // The run's own recipe: an overridden seed is the doctor's, and must not draw other training points.
  Recipe trained = resolve(read_run_recipe(RunFolder{run.folder}));
  for (const char* table : {"text", "data"})
    if (const Table& now = run.recipe.tables.at(table); now.count("path") > 0)
      trained.tables.at(table)["path"] = now.at("path");
  Bench b{run, request, make_train_parts(trained), nullptr, nullptr, {}, {}, exact_of(run), nullptr, nullptr, {}};
  check_same_data(run.facts, b.parts.facts, place_of_data(trained));
  b.training = b.parts.training.points();
  b.held_out = held_out_of(b.parts, run.seed, b.points());
  f.step = run.step;
  f.steps = b.parts.settings.steps;
  f.training_rows = b.training.rows;
  f.parameters = b.parts.model->parameter_count();
  f.lr = b.parts.settings.optimiser.lr;
  f.averages = !b.parts.settings.ema.empty();
  const auto sample = settings_of<SampleSettings>(run.recipe, "sample");
  f.texts = b.parts.texts != nullptr;
  f.uses_average = f.averages && sample.weights != "raw";
  f.history = read_history(RunFolder{run.folder}.metrics(), run.step);

  const std::filesystem::path checkpoint = b.checkpoint();
  b.raw = network_of(b.parts, read_raw_network(checkpoint), checkpoint.string());
  b.used = f.uses_average
               ? network_of(b.parts, weights_of(RunFolder{run.folder}, run.step, sample), checkpoint.string())
               : b.raw;
  const uint64_t seed = b.noise_seed();
  b.noised = std::make_shared<NoisedPoints>(b.parts, b.held_out, b.points(), seed);
  b.noised_training = std::make_shared<NoisedPoints>(b.parts, b.training, b.points(), seed);
  if (b.exact) b.exact_output = b.noised->output(*b.exact);

  const FewerThreads limit(useful_threads(b.parts));
  const std::vector<std::pair<const char*, void (*)(const Bench&, RunFigures&)>> measures = {
      {"losses", measure_losses},
      {"optimiser", measure_optimiser},
      {"averages", measure_averaging},
      {"more steps", measure_more_steps},
      {"samples", measure_samples}};
  int64_t done = 0;
  for (const auto& [name, measure] : measures) {
    if (request.cancel.requested()) break;
    if (request.progress) request.progress({"doctor", done, static_cast<int64_t>(measures.size()), 0, -1, name});
    measure(b, f);
    ++done;
  }
  f.finished = !request.cancel.requested();
  f.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return f;
}

}  // namespace roulade
