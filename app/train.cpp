// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/preview.hpp"
#include "app/processes.hpp"
#include "app/work.hpp"
#include "roulade/core/device.hpp"
#include "roulade/core/error.hpp"
#include "roulade/run/choices.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/run_place.hpp"
#include "roulade/run/training.hpp"

#include <cctype>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>

#include <fmt/format.h>

namespace roulade::app {
namespace {

namespace fs = std::filesystem;

struct Options {
  WorkOptions work;
  std::optional<bool> preview;
  std::string recipe, data, out, init_from;
  bool resume = false;
  bool dry_run = false, tensorboard = false, force = false;
  int processes = 1;
};

// What is trained, and where it goes.
struct Plan {
  Recipe recipe;
  fs::path out;
};

bool is_run(const std::string& path) { return !path.empty() && fs::exists(RunFolder{path}.recipe()); }

Plan make_plan(Work& work, const Options& o) {
  if (!o.recipe.empty() && !o.data.empty())
    fail(Code::usage, "train", "RECIPE and --data", "one of them (a recipe names its data itself: data.file)");
  Plan plan;
  std::string name;
  if (o.resume && is_run(o.recipe)) {
    if (!o.out.empty() && fs::weakly_canonical(o.out) != fs::weakly_canonical(o.recipe))
      fail(Code::usage, "train", "--out beside a run that goes on", "none, or " + o.recipe, o.out);
    plan = {read_run_recipe(RunFolder{o.recipe}), o.recipe};
  } else if (o.resume && o.recipe.empty() && o.data.empty() && !o.out.empty()) {
    plan = {read_run_recipe(RunFolder{o.out}), o.out};
  } else if (!o.data.empty()) {
    name = fs::absolute(o.data + "/").lexically_normal().parent_path().stem().string();
    const ChosenRecipe chosen = choose_recipe(o.data);
    plan.recipe = chosen.recipe;
    const fs::path begun = !o.out.empty() ? fs::path(o.out) : o.resume ? newest_run(fs::path("runs") / name) : "";
    if (o.resume && is_run(begun.string())) {  // what was chosen then, on the data that are given
      plan = {read_run_recipe(RunFolder{begun}), begun};
      for (const char* key : {"path", "file"})
        if (const Table& data = chosen.recipe.tables.at("data"); data.contains(key))
          plan.recipe.tables["data"][key] = data.at(key);
    } else {
      for (const Choice& choice : chosen.choices)
        work.say(fmt::format("chosen: {} = {}  ({})", choice.key, choice.value, choice.reason));
    }
  } else if (!o.recipe.empty()) {
    plan.recipe = find_recipe(o.recipe);
    name = fs::path(o.recipe).stem().string();
  } else {
    fail(Code::usage, "train", "nothing to train", "RECIPE, --data PATH, or --resume with --out RUN");
  }
  for (const std::string& assignment : o.work.set) set_key(plan.recipe, assignment);
  if (o.work.seed) set_key(plan.recipe, fmt::format("run.seed={}", *o.work.seed));
  if (!o.out.empty()) plan.out = o.out;
  if (plan.out.empty()) plan.out = o.resume ? newest_run(fs::path("runs") / name) : fresh_run(fs::path("runs") / name);
  return plan;
}

int64_t product(const std::vector<int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

/// The tensors of down_blocks.0, mid_block, conv_in, ... together.
Sheet by_part(const TrainPlan& plan) {
  Sheet out{"parts", {"part", "tensors", "numbers"}, {}};
  for (const auto& [name, shape] : plan.weights) {
    size_t end = name.find('.');
    const bool numbered = end != std::string::npos && end + 1 < name.size() && std::isdigit(name[end + 1]) != 0;
    if (numbered) end = name.find('.', end + 1);
    const std::string part = name.substr(0, end);
    if (out.rows.empty() || std::get<std::string>(out.rows.back()[0]) != part)
      out.rows.push_back({part, int64_t{0}, int64_t{0}});
    std::get<int64_t>(out.rows.back()[1]) += 1;
    std::get<int64_t>(out.rows.back()[2]) += product(shape);
  }
  return out;
}

void describe_plan(Work& work, const TrainPlan& plan, int64_t seed, bool json) {
  Description out;
  out.add("seed", seed);
  out.add("threads", int64_t{work.threads()});
  out.add("training_rows", plan.training_rows);
  out.add("columns", plan.width);
  out.add("classes", plan.classes);
  out.add("parameters", plan.parameters);
  out.add("data", static_cast<double>(plan.data_bytes) / 1e6, "MB");
  out.add("precision", plan.precision);
  const TrainEstimate& e = plan.estimate;
  if (plan.operations)
    out.add("arithmetic_a_step", 3e-9 * static_cast<double>(*plan.operations) * plan.samples, "GFLOP");
  out.add("memory", static_cast<double>(e.memory) / 1e6, "MB");
  out.add("memory_free", static_cast<double>(e.free) / 1e6, "MB");
  out.add("time_a_step", e.fits() ? Cell(e.step_seconds) : Cell(), "s");
  out.add("time", e.fits() ? Cell(e.seconds) : Cell(), "s");
  Sheet portions{"memory_of", {"what", "MB"}, {}};
  for (const auto& [what, bytes] : e.portions) portions.rows.push_back({what, static_cast<double>(bytes) / 1e6});
  out.sheets.push_back(std::move(portions));
  if (!plan.buckets.empty()) {
    Sheet buckets{"buckets", {"height", "width", "pictures"}, {}};
    for (const BucketFacts& b : plan.buckets) buckets.rows.push_back({b.height, b.width, b.pictures});
    out.sheets.push_back(std::move(buckets));
  }
  Sheet weights{"weights", {"name", "shape", "numbers"}, {}};
  for (const auto& [name, shape] : plan.weights) weights.rows.push_back({name, shape, product(shape)});
  // A screen is for the parts of a large network; a program gets every tensor.
  constexpr size_t kMostLines = 30;
  if (!json && weights.rows.size() > kMostLines) weights = by_part(plan);
  out.sheets.push_back(std::move(weights));
  work.finish(out);
}

/// The rank of this process, if it is one of several. Throws Error(usage).
std::optional<Meeting> meeting_of(const Options& o) {
  if (o.dry_run) return std::nullopt;
  const std::optional<Meeting> meeting = meeting_from_environment();
  if (meeting && o.processes > 1 && !is_started_here())
    fail(Code::usage, "train", "--processes", "not where WORLD_SIZE says that processes were started already");
  return meeting;
}

/// What a rank tells at its end: rank 0 all, another one only what rank 0 cannot know.
int lost(const RankLost& error, const Meeting& meeting, const fs::path& run) {
  if (meeting.rank > 0 && is_started_here()) return static_cast<int>(error.code());
  if (meeting.rank > 0 || !is_run(run.string())) throw error;
  throw Error(error.code(), fmt::format("{}; go on: roulade train {} --resume", error.what(), run.string()));
}

int train(Options o) {
  check_device(o.work.device);
  const std::optional<Meeting> meeting = meeting_of(o);
  if (!meeting && !o.dry_run && o.processes > 1) return run_processes(o.processes);
  if (meeting) o.work.processes = processes_here();
  if (meeting && meeting->rank > 0) o.work.quiet = true;
  Work work(o.work);
  Plan plan = make_plan(work, o);
  const int64_t seed = std::get<int64_t>(resolve(plan.recipe).tables.at("run").at("seed").value);
  if (o.dry_run) {
    const TrainPlan known = plan_training(plan.recipe, o.processes);
    describe_plan(work, known, seed, o.work.json);
    if (!o.force) check_estimate(known.estimate);
    return 0;
  }
  work.say(fmt::format("{} {}, seed {}, {}{} thread{}", o.resume ? "resuming" : "training into", plan.out.string(),
                       seed, meeting ? fmt::format("{} processes of ", meeting->size) : "", work.threads(),
                       work.threads() == 1 ? "" : "s"));
  TrainRequest request;
  request.recipe = std::move(plan.recipe);
  request.out = plan.out;
  request.resume = o.resume;
  if (!o.init_from.empty()) request.init_from = o.init_from;
  request.progress = work.progress();
  request.cancel = work.cancel();
  request.tensorboard = o.tensorboard;
  request.force = o.force;
  request.estimated = [&](const TrainEstimate& e) {
    work.say(fmt::format("estimate: {:.2f} of {:.2f} GB, {:.3g} min", static_cast<double>(e.memory) / 1e9,
                         static_cast<double>(e.free) / 1e9, e.seconds / 60));
  };
  request.preview = work.preview(o.preview);
  request.warn = [&](const std::string& line) { work.say(line); };
  request.meeting = meeting;
  TrainResult result;
  try {
    result = run_training(request);
  } catch (const RankLost& error) {
    return lost(error, meeting.value(), plan.out);
  }
  if (meeting && meeting->rank > 0) return 0;
  if (!result.finished && result.folder.empty()) return work.stopped("stopped; nothing was written");
  if (!result.finished)
    return work.stopped(fmt::format("stopped at step {}, saved; go on: roulade train {} --resume", result.step,
                                    result.folder.string()));
  Description out;
  out.add("run", result.folder.string());
  out.add("seed", seed);
  if (meeting) out.add("processes", int64_t{meeting->size});
  out.add("threads", int64_t{work.threads()});
  out.add("parameters", result.parameters);
  out.add("step", result.step);
  out.add("loss", result.loss ? Cell(*result.loss) : Cell());
  out.add("time", result.seconds, "s");
  if (result.probes > 0) out.add("time_in_probes", static_cast<int64_t>(std::llround(result.probes)));
  work.finish(out);
  return 0;
}

}  // namespace

void add_train(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("train", "Train a model as a recipe says; leaves a run folder.");
  command
      .add_option("RECIPE", o->recipe,
                  "a TOML file, or the name of a built-in recipe\n(roulade list recipes); with --resume also a run")
      ->option_text(" ");
  command
      .add_option(
          "--data", o->data,
          "train without a recipe on a folder of pictures, or\non a CSV or NPY table; what is chosen is printed")
      ->option_text("PATH");
  command.add_option("-o,--out", o->out, "run folder; default: a fresh runs/NAME")->option_text("DIR");
  command.add_flag("--resume", o->resume, "go on from the latest checkpoint");
  command
      .add_option(
          "--init-from", o->init_from,
          "start from the averaged weights of this run, or of a\nfolder that diffusers saved, a network's own, too")
      ->option_text("RUN");
  command.add_flag("--dry-run", o->dry_run, "shapes, parameters, memory and time;\nnothing is written");
  command.add_flag("--force", o->force, "train even where the estimated memory exceeds the\nmachine's");
  command.add_flag("--tensorboard", o->tensorboard, "also write event files for TensorBoard into\nRUN/tensorboard");
  command
      .add_option("--processes", o->processes,
                  "processes on this machine that share out each batch\nand the threads; default: 1")
      ->option_text("N")
      ->check(whole(1, 1024));
  add_preview(command, o->preview);
  o->work.add_to(command, "of every random number; default: the recipe's, or 0");
  o->work.add_sums(command);
  o->work.add_device(command);
  command.footer(
      "Examples:\n"
      "  roulade train recipes/swiss_roll_article.toml --set train.steps=200\n"
      "  roulade train --data table.csv --out runs/table\n"
      "  roulade train --data pictures --out runs/pictures\n"
      "  roulade train runs/table --resume");
  command.callback([o, &exit_code] { exit_code = train(*o); });
}

}  // namespace roulade::app
