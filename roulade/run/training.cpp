// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/training.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/crc32c.hpp"
#include "roulade/io/jsonl.hpp"
#include "roulade/run/convolutions.hpp"
#include "roulade/run/diffusers_folder.hpp"
#include "roulade/run/latent_rows.hpp"
#include "roulade/run/machine_probe.hpp"
#include "roulade/run/makers.hpp"
#include "roulade/run/metrics_file.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/picture_autoencoder.hpp"
#include "roulade/run/power_snapshots.hpp"
#include "roulade/run/precision.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/run_place.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/step_cost.hpp"
#include "roulade/run/tensorboard.hpp"
#include "roulade/run/training_buckets.hpp"
#include "roulade/run/trajectory.hpp"
#include "roulade/run/walk_checks.hpp"
#include "roulade/run/weak.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <set>

#include <fmt/format.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kProbed{60};  // between two probes, which so take no noticeable part

/// A run folder that training writes to.
class Writer {
 public:
  Writer(const RunFolder& folder, const TrainParts& parts, const Trainer& trainer)
      : folder_(folder), parts_(parts), trainer_(trainer) {}

  void checkpoint() const {
    write(folder_.checkpoint(trainer_.done()));
    settle();
  }

  /// Lets `latest` name the newest checkpoint and removes those beyond `keep` and `keep_steps`; each is renamed first,
  /// so that a kill leaves none half there.
  void settle() const {
    std::vector<int64_t> steps = folder_.steps();
    if (steps.empty()) return;
    write_pointer(folder_.pointer(), folder_.checkpoint(steps.back()).filename().string());
    std::erase_if(steps, [&](int64_t step) { return parts_.settings.keeps(step); });
    const auto keep = static_cast<size_t>(parts_.settings.keep);
    for (size_t i = 0; i + keep < steps.size(); ++i) {
      const fs::path old = folder_.checkpoint(steps[i]), gone = old.string() + ".tmp";
      std::error_code busy;  // in use by a reader on a network's disk: the next start removes what is left
      fs::rename(old, gone, busy);
      if (!busy) fs::remove_all(gone, busy);
    }
  }

  void best() const { write(folder_.checkpoints() / "best"); }

 private:
  void write(const fs::path& target) const {
    FolderReplacement replacement(target);
    const std::map<std::string, Tensor> averaged = trainer_.sampled();
    if (parts_.autoencoder)
      write_picture_autoencoder(replacement.folder(), parts_.resolved, parts_.facts, parts_.training, averaged);
    else
      write_network(replacement.folder(), parts_.resolved, parts_.shape, averaged);
    trainer_.save(replacement.folder());
    replacement.commit();
  }

  const RunFolder& folder_;
  const TrainParts& parts_;
  const Trainer& trainer_;
};

/// Writes a preview's picture into the run; without samples it says why.
void keep_preview(const RunFolder& folder, const TrainPreview& preview, const DataFacts& facts,
                  const std::function<void(const std::string&)>& warn) {
  if (preview.samples.rows == 0) {
    if (warn) warn(fmt::format("no picture of samples at step {}: {}", preview.step, preview.fault));
    return;
  }
  std::error_code error;
  fs::create_directories(folder.previews(), error);
  if (error) fail(Code::io, folder.previews().string(), fmt::format("cannot make this folder: {}", error.message()));
  write_file_atomically(folder.preview(preview.step), preview_png(preview, facts));
}

/// Networks beside the trained one: to validate with averaged weights, to show samples.
int64_t networks_beside(const TrainParts& parts, bool shows) {
  return 1 + (shows || parts.settings.preview_every > 0 ? 1 : 0);
}

/// Throws Error(usage) where the ranks were given different recipes or data.
void check_alike(Ranks& ranks, const TrainParts& parts) {
  const auto check = [&](double own, std::string_view what) {
    const std::vector<double> all = ranks.all_gather(own);
    for (size_t rank = 1; rank < all.size(); ++rank)
      if (all[rank] != all[0]) fail(Code::usage, "train", fmt::format("{} of rank {}", what, rank), "those of rank 0");
  };
  check(static_cast<double>(crc32c(to_toml(without_files(trajectory_of(parts.resolved))))), "keys of the recipe");
  check(static_cast<double>(parts.training.rows), "rows of the training data");
  check(static_cast<double>(parts.facts.rows_code), "names or labels of the pictures");
  check(static_cast<double>(crc32c(parts.facts.latent.autoencoder)), "autoencoder");
}

/// Loads the newest checkpoint and cuts the metrics back to it.
void go_on(const RunFolder& folder, const TrainParts& parts, Trainer& trainer) {
  recover_folder(folder.checkpoints());
  if (fs::exists(folder.facts())) {
    const DataFacts facts = read_facts(folder);
    check_same_data(facts, parts.facts, place_of_data(parts.resolved));
    check_text_encoder(parts.resolved, facts.text);
    if (parts.autoencoder) check_perceptual(parts.resolved, facts);
  }
  if (const auto latest = folder.latest()) trainer.load(folder.checkpoint(*latest));
  cut_metrics(folder.metrics(), trainer.done());
  cut_snapshots(folder, trainer.done());
}

/// Stopped while the data were made ready: nothing was written.
TrainResult stopped_before() {
  TrainResult out;
  out.finished = false;
  return out;
}

/// None where a cancel stopped the reading or the encoding of the data.
std::optional<TrainParts> parts_unless_stopped(const Recipe& resolved, const TrainPlace& place) {
  try {
    TrainParts parts = make_train_parts(resolved, place);
    if (parts.objective) return parts;
  } catch (const Error& e) {
    if (e.code() != Code::stopped) throw;
  }
  return std::nullopt;
}

/// The training of a rank that keeps nothing.
TrainResult train_beside(const TrainRequest& request, const std::shared_ptr<Ranks>& ranks) {
  const GivenConvolutions by_rule({});
  std::optional<TrainParts> made = parts_unless_stopped(with_files_in(fs::current_path(), resolve(request.recipe)),
                                                        {request.out, {}, request.cancel});
  if (!made) return stopped_before();
  TrainParts& parts = *made;
  const FewerThreads limit(useful_threads(parts, ranks->size()));
  agree_on_precision(*ranks, parts, std::nullopt);
  const GivenConvolutions as_chosen(agree_on_convolutions(*ranks, parts, {}, {}));
  Trainer trainer(parts.objective, parts.settings, parts.seed, ranks);
  check_alike(*ranks, parts);
  trainer.share();
  TrainResult result;
  result.finished = train(trainer, parts.settings, make_batches(parts, ranks->size()), {}, {}, request.cancel);
  result.step = trainer.done();
  return result;
}

}  // namespace

TrainResult run_training(const TrainRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  const auto ranks =
      request.meeting ? std::make_shared<Ranks>(*request.meeting, request.cancel) : std::make_shared<Ranks>();
  if (ranks->rank() > 0) return train_beside(request, ranks);
  const RunFolder folder{request.out};
  const bool resume = request.resume && !never_began(folder);
  if (resume) folder.check();
  if (!resume) check_free(folder);  // before hours of reading and encoding
  if (request.resume && !resume && !request.init_from && folder.latest())
    fail(Code::usage, folder.root.string(), "this run was to start from given weights and never began",
         "--init-from once more, or no --resume", "--resume alone");
  if (resume && request.init_from && folder.latest())
    fail(Code::usage, folder.root.string(), "what the training goes on from",
         "--resume, by its own checkpoint, or --init-from in a new folder", "both");
  // What the run folder keeps must mean the same from any folder.
  const Recipe resolved = with_files_in(fs::current_path(), resolve(request.recipe));
  // What needs no data is refused before they are read and encoded.
  check_kept_steps(resolved, resume ? folder.steps() : std::vector<int64_t>{});
  settings_of<TrainSettings>(resolved, "train").check(ranks->size());
  if (resume) check_unchanged(folder.root, resolved);
  if (const std::string lost = unsampleable(resolved); !lost.empty()) {
    if (!resume) fail(Code::usage, "train", lost);
    if (request.warn) request.warn("warning: " + lost);
  }
  std::map<std::string, Tensor> given =
      request.init_from ? read_initial_weights(*request.init_from, resolved) : std::map<std::string, Tensor>{};
  const GivenConvolutions by_rule({});  // latents are made anew by whoever goes on
  std::optional<TrainParts> made = parts_unless_stopped(resolved, {request.out, request.progress, request.cancel});
  if (!made) return stopped_before();
  TrainParts& parts = *made;
  const TrainSettings& settings = parts.settings;
  if (request.warn)
    for (const std::string& line : parts.source->remarks()) request.warn(line);
  if (const std::string small = warning_of_small_buckets(parts); request.warn && !small.empty()) request.warn(small);
  if (request.warn && parts.texts && !parts.texts->cut().empty()) request.warn(parts.texts->cut());
  if (const std::string unlearned = warning_of_guidance(parts.resolved, parts.facts);
      request.warn && !unlearned.empty())
    request.warn(unlearned);
  if (request.init_from) {
    fill_network(parts.objective->groups().front().weights, given, request.init_from->string());
    given.clear();
    check_same_network(*request.init_from, parts.resolved);
  }
  const bool drawn = request.preview && !parts.facts.pictures();  // a terminal shows points
  const FewerThreads limit(useful_threads(parts, ranks->size()));
  const PrecisionChoice precision =
      agree_on_precision(*ranks, parts, resume ? recorded_precision(folder) : std::nullopt);
  if (!request.force) {
    const TrainEstimate estimate =
        estimate_training(parts, networks_beside(parts, drawn || request.tensorboard), ranks->size());
    check_estimate(estimate);
    if (request.estimated) request.estimated(estimate);
  }
  const ConvChoices convolutions =
      agree_on_convolutions(*ranks, parts, resume ? read_makers(folder) : std::vector<Maker>(), request.warn);
  const GivenConvolutions as_chosen(convolutions);
  Trainer trainer(parts.objective, settings, parts.seed, ranks);
  check_alike(*ranks, parts);
  std::vector<Maker> makers;
  if (resume) {
    go_on(folder, parts, trainer);
    makers = makers_until(folder, trainer.done());
  } else {
    begin_folder(folder);
  }
  keep_latents(parts, request.out);
  trainer.share();
  const Writer writer(folder, parts, trainer);
  // Before the recipe: a run that has one and is killed starts again from the same weights.
  if (request.init_from && !folder.latest()) writer.checkpoint();
  Maker now = maker_from(trainer.done(), ranks->size());
  if (settings.precision == kAuto) now.precision = precision;
  now.convolutions = to_lines(convolutions);
  if (makers.empty() || (trainer.done() < settings.steps && !now.same(makers.back()))) {
    if (request.warn)
      for (const std::string& line : warnings_of_makers(folder, makers, now, parts)) request.warn(line);
    makers.push_back(now);
  }
  write_run_recipe(folder, parts.resolved, makers);
  write_facts(folder, parts.facts);

  const BatchFn batches = make_batches(parts, ranks->size());
  JsonLines metrics(folder.metrics());
  if (resume) writer.settle();
  const Twin averaged = make_twin(parts);
  TrainResult result;
  if (trainer.done() > 0) result.loss = trainer.last_loss();
  double seconds_before = 0;  // of the processes that a resumed training goes on from
  if (resume)
    for (const MetricRow& row : read_metrics(folder.metrics())) {
      if (row.loss) result.loss = row.loss;
      seconds_before = row.seconds;
    }

  std::optional<TensorBoardLog> board;
  if (request.tensorboard) board.emplace(folder.tensorboard(), trainer.done(), settings.steps);
  TrainHooks hooks;
  hooks.row = [&](MetricRow row) {
    if (row.loss) result.loss = row.loss;
    row.seconds += seconds_before;
    metrics.append(to_line(row));
    if (board) board->row(row);
    if (request.row) request.row(row);
  };
  if (parts.validation.rows > 0 && parts.objective->has_validation())
    hooks.validate = [&] {
      // In a network of its own: every class is told, and sums are float32.
      fill_network(averaged.objective->groups().front().weights, trainer.sampled(), "validation");
      return validation_loss(*averaged.objective, parts.validation, parts.shape.sample, settings.batch, parts.seed);
    };
  std::optional<Previewer> previewer;
  if (drawn || board || settings.preview_every > 0) {
    previewer.emplace(parts, request.preview_share);
    hooks.preview = [&](int64_t step) {
      const bool end = step == settings.steps;
      const bool kept = settings.preview_every > 0 && (end || step % settings.preview_every == 0);
      const bool shown = (drawn || board) && previewer->due(end);
      if (!kept && !shown) return;
      const TrainPreview preview = previewer->make(trainer);
      const auto begin = std::chrono::steady_clock::now();
      if (kept) keep_preview(folder, preview, parts.facts, request.warn);
      if (drawn && shown) request.preview(preview);
      if (board && shown) board->samples(preview, parts.facts);
      previewer->add_cost(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    };
  }
  hooks.improved = [&] { writer.best(); };
  hooks.snapshot = [&] { write_snapshot(folder, trainer); };
  std::vector<double> probes;
  auto probed = start;
  hooks.checkpoint = [&] {
    metrics.sync();
    writer.checkpoint();
    if (std::chrono::steady_clock::now() - probed < kProbed) return;
    probes.push_back(machine_probe());
    probed = std::chrono::steady_clock::now();
  };
  const int64_t before = trainer.done();
  try {
    result.finished = train(trainer, settings, batches, hooks, request.progress, request.cancel);
  } catch (const RankLost& lost) {
    const bool saved = trainer.whole() && trainer.done() > before;
    if (saved) hooks.checkpoint();
    throw RankLost(
        fmt::format("{}; {} step {}", lost.what(), saved ? "saved at" : "nothing to save at", trainer.done()));
  }
  result.step = trainer.done();
  result.parameters = parameter_count(*parts.objective);
  result.folder = request.out;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!probes.empty())
    result.probes =
        result.seconds * static_cast<double>(probes.size()) / std::accumulate(probes.begin(), probes.end(), 0.0);
  return result;
}

TrainPlan plan_training(const Recipe& recipe, int64_t processes) {
  const Recipe resolved = resolve(recipe);
  check_kept_steps(resolved);
  settings_of<TrainSettings>(resolved, "train").check(processes);
  if (const std::string lost = unsampleable(resolved); !lost.empty()) fail(Code::usage, "train", lost);
  TrainParts parts = make_train_parts(resolved, {.run = {}, .progress = {}, .cancel = {}, .encode = false});
  TrainPlan plan;
  plan.resolved = parts.resolved;
  const std::vector<ParameterGroup> groups = parts.objective->groups();
  for (const ParameterGroup& group : groups)
    for (const auto& [name, weight] : group.weights)
      plan.weights.emplace_back(groups.size() > 1 ? group.name + "." + name : name, weight.stored().sizes().vec());
  plan.parameters = parameter_count(*parts.objective);
  plan.samples = static_cast<double>(parts.settings.batch) * static_cast<double>(parts.settings.accumulate);
  plan.training_rows = parts.training.rows;
  plan.width = parts.training.width;
  plan.data_bytes = parts.training.bytes_in_memory();
  for (const ShapedSet& bucket : parts.buckets) plan.data_bytes += bucket.points.bytes_in_memory();
  plan.buckets = parts.facts.buckets;
  plan.classes = parts.shape.classes;

  const FewerThreads limit(useful_threads(parts, static_cast<int>(processes)));
  plan.precision = choose_precision(parts).precision;
  plan.estimate = estimate_training(parts, networks_beside(parts, false), processes);
  plan.operations = loss_operations(parts);
  return plan;
}

}  // namespace roulade
