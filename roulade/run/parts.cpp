// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/parts.hpp"

#include "roulade/core/process.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/io/sha256.hpp"
#include "roulade/objective/denoising.hpp"
#include "roulade/objective/hybrid.hpp"
#include "roulade/run/latent_rows.hpp"
#include "roulade/run/one_pass.hpp"
#include "roulade/run/picture_autoencoder.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/training_buckets.hpp"
#include "roulade/run/weak.hpp"
#include "roulade/train/batches.hpp"

#include <algorithm>
#include <array>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>

namespace roulade {
namespace {

/// Validation has times and noise of its own, the same at every step.
constexpr uint64_t kValidationSeed = 1;

bool learned_variance(const Recipe& resolved) {
  return settings_of<DenoiserSettings>(resolved, "denoiser").options.learned_variance();
}

std::shared_ptr<const Objective> objective_of(const TrainParts& parts, std::shared_ptr<const Model> model,
                                              double label_dropout, bool fused, bool bfloat16) {
  const ObjectiveTerms terms = make_objective_terms(parts.resolved.tables.at("objective"));
  DenoisingParts all{std::move(model), parts.schedule, make_prediction(parts.resolved.tables.at("denoiser")),
                     terms.times,      terms.weight,   terms.loss,
                     label_dropout,    fused,          bfloat16};
  if (learned_variance(parts.resolved))
    return make_hybrid(std::move(all), settings_of<ObjectiveSettings>(parts.resolved, "objective").vlb_weight);
  return make_denoising(std::move(all));
}

/// Sets the training points, scaled, and their scaling; bytes stay bytes. Returns the least and the largest number.
std::array<double, 2> draw_training(TrainParts& parts, const DataSettings& data) {
  const int64_t count = parts.source->endless() ? data.count : 0;
  if (const auto* source = dynamic_cast<const ByteSource*>(parts.source.get())) {
    ByteRows bytes = source->draw_bytes(Split::train, parts.seed, count);
    parts.facts.training_rows = static_cast<int64_t>(bytes.rows.size());
    parts.facts.rows_code = parts.source->rows_code();
    parts.facts.scaling = fit_scaling(bytes, data.scale);
    parts.training = {std::move(bytes), parts.facts.scaling};
    return {0, 255};
  }
  const Points training = parts.source->draw(Split::train, parts.seed, count);
  if (!parts.source->endless()) parts.facts.training_rows = training.rows;
  parts.facts.scaling = Scaling::fit(training, data.scale);
  parts.training = parts.facts.scaling.apply(training);
  const auto [low, high] = std::minmax_element(training.values.begin(), training.values.end());
  return {*low, *high};
}

/// The validation points, scaled; bytes stay bytes, and each has its first text alone.
TrainingSet draw_validation(const TrainParts& parts, const DataSettings& data) {
  const int64_t count = parts.source->endless() ? data.validation_count : 0;
  if (const auto* source = dynamic_cast<const ByteSource*>(parts.source.get())) {
    ByteRows bytes = source->draw_bytes(Split::validation, parts.seed, count);
    for (std::vector<int64_t>& of : bytes.texts) of.resize(1);
    return {std::move(bytes), parts.facts.scaling};
  }
  return parts.facts.scaling.apply(parts.source->draw(Split::validation, parts.seed, count));
}

/// The numbers of the points' texts become those of the table, or go where nothing reads them.
void read_texts(TrainParts& parts) {
  const std::vector<std::string>& all = parts.source->texts();
  parts.facts.text = text_facts(parts.resolved, all, parts.training);
  parts.texts = make_text_table(parts.resolved, parts.facts.text);
  if (!parts.texts) {
    parts.training.texts.clear();
    parts.validation.texts.clear();
    return;
  }
  // Only what is trained on and validated with is added: the test's captions are not read.
  std::vector<std::string> used;
  for (const std::vector<int64_t>& of : parts.training.texts)
    for (const int64_t number : of) used.push_back(all[static_cast<size_t>(number)]);
  for (const std::vector<int64_t>& of : parts.validation.texts) used.push_back(all[static_cast<size_t>(of.front())]);
  const std::vector<int64_t> numbers = parts.texts->add(used);
  auto next = numbers.begin();
  for (std::vector<int64_t>& of : parts.training.texts)
    for (int64_t& number : of) number = *next++;
  for (std::vector<int64_t>& of : parts.validation.texts) of.front() = *next++;
}

/// What samples are steered away from: sample.negative, or nothing that is said.
Condition negative_of(const Recipe& resolved, const std::shared_ptr<TextTable>& texts) {
  const std::string negative = settings_of<SampleSettings>(resolved, "sample").negative;
  Condition out;
  if (negative.empty()) return out;
  if (!texts) fail(Code::usage, "sample.negative", "the network reads no text", "none", negative);
  out.text = at::full({1}, add_prompts(resolved, *texts, {negative}).front(), at::kLong);
  return out;
}

}  // namespace

const std::string& text_of(const Recipe& resolved, const std::string& table, const std::string& key) {
  return std::get<std::string>(resolved.tables.at(table).at(key).value);
}

Points part_of(const Points& points, int64_t first, int64_t count) {
  const int64_t last = std::min(first + count, points.rows);
  Points out{last - first, points.width, {points.row(first), points.row(last)}, {}};
  if (!points.labels.empty()) out.labels.assign(points.labels.begin() + first, points.labels.begin() + last);
  if (!points.texts.empty()) out.texts.assign(points.texts.begin() + first, points.texts.begin() + last);
  return out;
}

ModelShape model_shape(const Recipe& resolved, const DataFacts& facts) {
  return {.sample = facts.network_axes(),
          .classes = facts.classes(),
          .answers = learned_variance(resolved) ? 2 : 1,
          .tokens = facts.text.tokens,
          .pooled = facts.text.pooled};
}

TrainParts make_train_parts(const Recipe& resolved, const TrainPlace& place) {
  TrainParts parts;
  parts.resolved = resolved;
  parts.settings = settings_of<TrainSettings>(resolved, "train");
  parts.seed = static_cast<uint64_t>(settings_of<RunSettings>(resolved, "run").seed);
  const auto data = settings_of<DataSettings>(resolved, "data");
  check_buckets(resolved);
  check_crops(resolved);
  parts.source = make_source(resolved.tables.at("data"), true);

  const std::array<double, 2> extremes = draw_training(parts, data);
  const TrainingSet& training = parts.training;
  parts.validation = draw_validation(parts, data);
  parts.facts.columns = parts.source->columns();
  parts.facts.class_names = parts.source->class_names();
  parts.facts.class_shares.assign(static_cast<size_t>(parts.source->classes()), 0);
  const auto known = std::count_if(training.labels.begin(), training.labels.end(), [](int64_t k) { return k >= 0; });
  for (const int64_t label : training.labels)
    if (label >= 0) parts.facts.class_shares[static_cast<size_t>(label)] += 1 / static_cast<double>(known);

  if (const std::vector<int64_t> shape = parts.source->shape(); shape.size() == 3) {
    const auto range = parts.source->range().value_or(extremes);
    parts.facts.shape = shape;
    parts.facts.low = range[0];
    parts.facts.high = range[1];
  }
  read_texts(parts);
  add_buckets(parts);
  if (!make_latents(parts, place)) return parts;
  parts.shape = model_shape(resolved, parts.facts);
  parts.schedule = make_schedule(resolved.tables.at("schedule"));
  if (is_autoencoding(resolved)) {
    parts.autoencoder = make_picture_autoencoder(resolved, parts.facts, parts.seed);
    if (const std::string file = perceptual_file_of(resolved); !file.empty()) {
      parts.resolved.tables["objective"]["perceptual_file"] = file;  // the default is one from the current folder
      parts.facts.perceptual_sha256 = sha256_of({file});
    }
    parts.objective = make_autoencoding_of(resolved, parts.autoencoder, parts.seed);
    return parts;
  }
  if (const auto one_pass = make_one_pass(resolved, parts.shape, parts.seed)) {
    parts.objective = one_pass;
    parts.generator = one_pass;
    return parts;
  }
  parts.model = make_network(resolved, parts.shape, parts.seed, parts.texts);
  parts.objective = make_objective(parts, parts.settings.precision == kBfloat16);
  return parts;
}

std::shared_ptr<const Objective> make_objective(const TrainParts& parts, bool bfloat16) {
  const auto objective = settings_of<ObjectiveSettings>(parts.resolved, "objective");
  return objective_of(parts, parts.model, objective.label_dropout, objective.fused, bfloat16);
}

int useful_threads(const TrainParts& parts, int processes) {
  constexpr double kOperationsAThread = 5e8;  // measured on two cores: at 2e8 a step, a second thread slows it
  if (parts.shape.sample.size() != 1 || parts.objective->feeds_all_threads()) return threads();
  const double operations = 6.0 * static_cast<double>(parameter_count(*parts.objective)) *
                            static_cast<double>(parts.settings.batch) / processes;
  return static_cast<int>(std::clamp(operations / kOperationsAThread, 1.0, static_cast<double>(threads())));
}

Twin make_twin(const TrainParts& parts) {
  Twin twin;
  if (parts.autoencoder) {
    twin.autoencoder = make_picture_autoencoder(parts.resolved, parts.facts, parts.seed);
    twin.objective = make_autoencoding_of(parts.resolved, twin.autoencoder, parts.seed);
    return twin;
  }
  if (parts.generator) {
    const auto one_pass = make_one_pass(parts.resolved, parts.shape, parts.seed);
    return {nullptr, one_pass, one_pass, nullptr};
  }
  twin.model = make_network(parts.resolved, parts.shape, parts.seed, parts.texts);
  twin.objective = objective_of(parts, twin.model, 0, true, false);
  return twin;
}

std::shared_ptr<const Denoiser> make_run_denoiser(const Recipe& resolved, std::shared_ptr<const Model> model,
                                                  std::shared_ptr<const Schedule> schedule, const DataFacts& facts,
                                                  const std::shared_ptr<TextTable>& texts,
                                                  const std::filesystem::path& run) {
  const DenoiserOptions options = settings_of<DenoiserSettings>(resolved, "denoiser").options;
  // Clipping comes last, on what guidance makes.
  std::shared_ptr<const Denoiser> denoiser =
      make_denoiser(std::move(model), std::move(schedule), make_prediction(resolved.tables.at("denoiser")),
                    {.clip = {}, .variance = options.variance});
  denoiser = make_guidance(resolved.tables.at("guidance"),
                           {std::move(denoiser), negative_of(resolved, texts), open_weak(resolved, facts, texts, run)});
  return options.clip ? make_clipped(std::move(denoiser), *options.clip) : denoiser;
}

bool steers_away(const Recipe& resolved) {
  const Table& guidance = resolved.tables.at("guidance");
  const auto& entry = guidance::registry().find(text_of(resolved, "guidance", "kind"));
  if (entry.off_at_one.empty()) return entry.name != "none";
  return std::get<double>(guidance.at(entry.off_at_one).value) != 1;
}

Recipe with_sampler(Recipe resolved, const std::string& sampler, int64_t steps) {
  Table& sample = resolved.tables.at("sample");
  if (settings_of<SampleSettings>(resolved, "sample").grid != "custom") sample["steps"] = steps;
  const auto own = sampler::registry().find(text_of(resolved, "sample", "sampler")).options();
  for (const OptionInfo& option : own) sample.erase(option.key);
  sample["sampler"] = sampler;
  return resolve(resolved);
}

double validation_loss(const Objective& objective, const TrainingSet& points, const std::vector<int64_t>& shape,
                       int64_t batch, uint64_t seed) {
  at::NoGradGuard no_grad;
  double sum = 0;
  for (int64_t first = 0; first < points.rows; first += batch) {
    const Points part = points.points(first, batch);
    sum += objective.loss(to_batch(part, shape), {derive_seed(seed, kValidationSeed), 0, first}, 0).item<double>() *
           static_cast<double>(part.rows);
  }
  return points.rows > 0 ? sum / static_cast<double>(points.rows) : 0;
}

}  // namespace roulade
