// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/settings.hpp"

#include "roulade/objective/autoencoding.hpp"
#include "roulade/objective/one_pass.hpp"
#include "roulade/train/power_average.hpp"

namespace roulade {
namespace {

/// Names a key that chooses an entry, and the options of the entry chosen.
template <class Entry>
void choose(Binder& b, const std::string& key, std::string& field, const Registry<Entry>& from,
            const std::string& help) {
  b.add(key, field, from.names(), help);
  if (const Entry& entry = from.find(field); entry.bind) entry.bind(b);
}

/// Reads the key that chooses from a table and makes the entry with the table's options.
template <class Entry>
auto make_chosen(const std::string& noun, const Table& table, const std::string& key, const std::string& initial,
                 const Registry<Entry>& from) {
  const auto given = table.find(key);
  const auto* name = given == table.end() ? nullptr : std::get_if<std::string>(&given->second.value);
  Binder b(noun, table);
  return from.find(name ? *name : initial, noun).make(b);
}

}  // namespace

void RunSettings::bind(Binder& b) {
  b.add("seed", seed, at_least(0), "of every random number: data, weights at start, training, sampling");
  b.add("title", title, {}, "heading of the report; empty = made from the data's name");
}

void DataSettings::bind(Binder& b) {
  choose(b, "kind", kind, data::registry(), "what to learn");
  b.add("count", count, at_least(1), "training points drawn from a generator (a table has its own number)");
  b.add("validation_count", validation_count, at_least(1), "points of the validation loss drawn from a generator");
  b.add("scale", scale, {"global", "centred", "column", "pixels", "none"},
        "one mean and deviation for all columns; a mean each, one deviation; one each of both; 0 to 255 to -1 to 1; or "
        "none");
}

std::shared_ptr<const PointSource> make_source(const Table& data, bool to_train) {
  Table seen = data;
  const auto fit = seen.find("fit");  // of pictures
  if (!to_train && fit != seen.end() && fit->second.value == Value(std::string("buckets")))
    fit->second.value = std::string("crop");
  return make_chosen("data", seen, "kind", DataSettings().kind, data::registry());
}

void ScheduleSettings::bind(Binder& b) { choose(b, "kind", kind, schedule::registry(), "how noisy each time is"); }

std::shared_ptr<const Schedule> make_schedule(const Table& schedule) {
  return make_chosen("schedule", schedule, "kind", ScheduleSettings().kind, schedule::registry());
}

void ModelSettings::bind(Binder& b) { choose(b, "kind", kind, model::registry(), "the network"); }

std::shared_ptr<Model> make_model(const Table& table, const ModelShape& shape, uint64_t seed) {
  Binder b("model", table);
  ModelSettings settings;
  b.add("kind", settings.kind, {}, "");
  return model::registry().find(settings.kind, "model").make(b, shape, seed);
}

void DenoiserSettings::bind(Binder& b) {
  choose(b, "prediction", prediction, denoiser::registry(), "what the network's output is");
  options.bind(b);
}

std::shared_ptr<const Prediction> make_prediction(const Table& table) {
  return make_chosen("denoiser", table, "prediction", DenoiserSettings().prediction, denoiser::registry());
}

void ObjectiveSettings::bind(Binder& b) {
  const auto& others = objective::one_pass::registry();
  std::vector<std::string> kinds = others.names();
  const std::string denoising = kind;
  kinds.insert(kinds.begin(), {denoising, kAutoencoding});
  b.add("kind", kind, kinds,
        "what the networks learn to be: a denoiser, an autoencoder of pictures, or generators of one network call");
  if (kind == kAutoencoding) return AutoencodingSettings().bind(b);
  if (kind != denoising) return others.find(kind, "objective").bind(b);
  choose(b, "times", times, objective::times::registry(), "which times are trained");
  choose(b, "weight", weight, objective::weight::registry(), "how much each time counts");
  choose(b, "loss", loss, objective::loss::registry(), "how an error is measured");
  b.add("label_dropout", label_dropout, between(0, 1),
        "share of labels hidden while training; guidance needs about 0.1");
  b.add("vlb_weight", vlb_weight, at_least(0),
        "of the variational bound beside the loss, where denoiser.variance = \"learned\"");
  b.add("fused", fused,
        "train points by one pass over tiles in the cache; false = by autograd, slower, equal to rounding");
}

ObjectiveTerms make_objective_terms(const Table& table) {
  const ObjectiveSettings initial;
  return {make_chosen("objective", table, "times", initial.times, objective::times::registry()),
          make_chosen("objective", table, "weight", initial.weight, objective::weight::registry()),
          make_chosen("objective", table, "loss", initial.loss, objective::loss::registry())};
}

void TileSettings::bind(Binder& b, const std::string& what) {
  b.add("tile", tile, between(0, 1 << 20),
        what + " by tiles of so many places of the latents a side, which takes less memory; 0 = whole");
  if (tile == 0) return;
  b.add("tile_overlap", tile_overlap, between(-1, static_cast<double>(tile - 1)),
        "places that neighbouring tiles share at least, less than a tile; -1 = a quarter of it");
}

std::optional<Tiling> TileSettings::tiling() const {
  if (tile == 0) return std::nullopt;
  const int64_t overlap = tile_overlap < 0 ? tile / 4 : tile_overlap;
  return Tiling{.tile = tile, .overlap = overlap, .margin = overlap / 4};
}

void LatentSettings::bind(Binder& b) {
  b.add("path", path, {},
        "the autoencoder whose latents the network works on: a run that trains one, or a folder as diffusers saves "
        "them; empty = the network works on the data themselves");
  if (path.empty()) return;
  b.add("dtype", dtype, {"float16", "float32"},
        "of what is kept of each picture: mean and log variance of its latents");
  b.add("cache", cache, {}, "folder that keeps them for all runs; empty = each run keeps its own, in RUN/latents");
  tiles.bind(b, "pictures to train on are encoded");
}

void SampleSettings::bind(Binder& b) {
  choose(b, "sampler", sampler, sampler::registry(), "how x_t becomes x_s");
  choose(b, "grid", grid, grid::registry(), "which times are visited");
  b.add("steps", steps, at_least(1), "steps of the grid");
  b.add("count", count, at_least(1), "samples to make");
  b.add("weights", weights, {"ema", "raw"}, "averaged weights, or those of the last step");
  b.add("ema", ema, {0, kWidestPowerAverage, false},
        "relative width of the average, chosen after training, of a run with train.ema_posthoc; 0 = the first of "
        "train.ema");
  b.add("label", label, {}, "class of all samples: a name, a number, none, or data (drawn as often as in the data)");
  b.add("prompt", prompt, {},
        "text of all samples, of a network that reads texts: none, or data (captions of the data)");
  b.add("negative", negative, {}, "text that guidance steers away from; empty = the empty text");
  b.add("weighted", weighted,
        "prompts and the negative one follow AUTOMATIC1111's grammar: (word:1.3), [word], of CLIP also BREAK");
  b.add("chunk", chunk, at_least(1), "samples that pass through the network together, at most");
  tiles.bind(b, "latents are decoded, and what samples begin with is encoded,");
}

SampleParts make_sample_parts(const Table& table) {
  const SampleSettings initial;
  SampleParts out;
  const auto given = table.find("sampler");
  const auto* name = given == table.end() ? nullptr : std::get_if<std::string>(&given->second.value);
  out.stochastic = sampler::registry().find(name ? *name : initial.sampler, "sample").facts.stochastic;
  out.sampler = make_chosen("sample", table, "sampler", initial.sampler, sampler::registry());
  out.grid = make_chosen("sample", table, "grid", initial.grid, grid::registry());
  return out;
}

void GuidanceSettings::bind(Binder& b) {
  choose(b, "kind", kind, guidance::registry(), "how a condition is strengthened");
}

std::shared_ptr<const Denoiser> make_guidance(const Table& table, GuidanceParts parts) {
  Binder b("guidance", table);
  GuidanceSettings settings;
  b.add("kind", settings.kind, {}, "");
  return guidance::registry().find(settings.kind, "guidance").make(b, std::move(parts));
}

}  // namespace roulade
