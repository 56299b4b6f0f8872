// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/sampling_words.hpp"
#include "app/work.hpp"
#include "roulade/core/error.hpp"
#include "roulade/core/options.hpp"
#include "roulade/run/diffusers_folder.hpp"
#include "roulade/run/given_start.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/picture_files.hpp"
#include "roulade/run/sample_files.hpp"
#include "roulade/run/sample_size.hpp"
#include "roulade/run/sampling.hpp"
#include "roulade/run/tokens.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>

namespace roulade::app {
namespace {

constexpr double kStrength = 0.5;

struct Options {
  WorkOptions work;
  std::string run, out;
  int64_t count = 0;
  SamplingWords how;
  std::optional<int64_t> checkpoint;
  std::optional<double> ema;
  std::string label, weights, size;
  std::vector<std::string> prompts;
  std::string prompts_file;
  std::optional<std::string> to_prompt;
  std::optional<std::string> negative;
  bool weighted = false;
  std::string attention;
  std::string from, complete, mask;
  std::optional<double> strength;
  bool invert = false;
  int64_t repeats = 0, walks = 10, jump = 1;
  std::optional<int64_t> to_seed;
  bool captions = false;
};

std::vector<std::string> overrides(const Options& o) {
  std::vector<std::string> set = o.work.set;
  if (o.count > 0) refuse_beside_set(set, "--count", "sample.count");
  if (!o.weights.empty()) refuse_beside_set(set, "--weights", "sample.weights");
  if (!o.label.empty()) refuse_beside_set(set, "--label", "sample.label");
  if (o.ema) refuse_beside_set(set, "--ema", "sample.ema");
  if (o.negative) refuse_beside_set(set, "--negative", "sample.negative");
  if (!o.prompts.empty()) refuse_beside_set(set, "--prompt", "sample.prompt");
  if (!o.prompts_file.empty()) refuse_beside_set(set, "--prompts", "sample.prompt");
  o.how.append_to(set);
  append_text(set, "sample.weights", o.weights);
  if (o.ema) set.push_back(fmt::format("sample.ema={}", *o.ema));
  append_text(set, "sample.label", o.label);
  if (o.weighted) set.emplace_back("sample.weighted=true");
  if (o.negative) set.push_back("sample.negative=" + roulade::to_text(*o.negative));
  return set;
}

std::vector<std::string> read_prompts(const std::string& file) {
  std::vector<std::string> out;
  for (const std::string& line : read_texts(file))
    if (!line.empty()) out.push_back(line);
  if (out.empty()) fail(Code::input, file, "prompts", "a line for each", "none");
  return out;
}

/// What the samples begin with: read before they are drawn, for files may change meanwhile.
std::optional<GivenStart> given_start(const Options& o, const TrainedRun& run) {
  if (o.from.empty() && o.complete.empty()) return std::nullopt;
  GivenStart out;
  out.file = o.from + o.complete;  // one of them
  out.mask = o.mask;
  out.completed = o.from.empty();
  if (!run.autoencoder) out.strength = o.strength.value_or(kStrength);
  out.inverted = o.invert;
  out.repeats = o.repeats;
  out.walks = o.walks;
  out.jump = o.jump;
  out.sha256 = given_sha256(out.file);
  if (!o.mask.empty()) out.mask_sha256 = given_sha256(o.mask);
  return out;
}

Editing editing(const Options& o, const TrainedRun& run, const std::optional<GivenStart>& start, int64_t prompts,
                Work& work) {
  if (o.strength && run.autoencoder)
    fail(Code::usage, "--strength", "an autoencoder takes the whole way there and back", "none",
         fmt::format("{}", *o.strength));
  if (o.strength && !(*o.strength > 0 && *o.strength <= 1))
    fail(Code::usage, "--strength", "share of the steps", "above 0 and at most 1", fmt::format("{}", *o.strength));
  Editing out;
  if (start) {
    GivenPictures given = read_given_start(run, *start, o.count, prompts);
    for (const std::string& remark : given.remarks) work.say(remark);
    out = editing_of(*start, std::move(given.rows));
  }
  if (o.to_seed) out.to_seed = static_cast<uint64_t>(*o.to_seed);
  return out;
}

/// What tells this set of samples from others of the run, beside keys of the recipe.
std::vector<std::string> asked(const Options& o, const SampleRequest& request) {
  std::vector<std::string> out = request.prompts;
  const auto add = [&](const char* what, const auto& value) { out.push_back(fmt::format("{} {}", what, value)); };
  if (o.to_prompt) add("to", *o.to_prompt);
  if (o.to_seed) add("to seed", *o.to_seed);
  if (!o.size.empty()) add("size", o.size);
  if (o.from.empty() && o.complete.empty()) return out;
  add("from", o.from);
  add("complete", o.complete);
  add("mask", o.mask);
  add("strength", o.strength.value_or(0));
  add("inverted", o.invert);
  for (const int64_t number : {o.repeats, o.walks, o.jump}) add("times", number);
  return out;
}

Provenance made(const Options& o, const TrainedRun& run, const SampleRequest& request,
                const std::optional<GivenStart>& given) {
  Provenance out = provenance_of(run, o.run);
  out.seed = request.seed;
  out.prompts = request.prompts;
  out.to_prompt = request.to_prompt;
  if (o.to_seed) out.to_seed = static_cast<uint64_t>(*o.to_seed);
  out.given = given;
  out.captions = o.captions;
  return out;
}

void check_place(const Options& o, const TrainedRun& run) {
  const bool sheet = std::filesystem::path(o.out).extension() == ".png";
  if (o.captions && !sheet) fail(Code::usage, "--captions", "file of the sheet", "--out NAME.png", o.out);
  if (o.captions && run.facts.classes() == 0 && !run.texts)
    fail(Code::usage, "--captions", "the run was trained without classes and texts");
  if (is_picture_place(o.out)) return check_picture_place(o.out, run.facts, 0);
  if (!o.out.empty()) check_sample_file(o.out, run.facts);
}

/// Beside a sheet, or within a folder of pictures.
std::filesystem::path attention_file(const std::filesystem::path& samples) {
  if (!samples.has_filename() || std::filesystem::is_directory(samples)) return samples / "attention.png";
  std::filesystem::path out = samples;
  return out.replace_filename(fmt::format("{}-attention.png", samples.stem().string()));
}

int sample(const Options& o) {
  Work work(o.work);
  TrainedRun run = open_run_or_folder({o.run, overrides(o), o.checkpoint});
  if (!o.size.empty()) set_sample_size(run, parse_picture_size(o.size));
  check_place(o, run);
  const int64_t seed = o.work.seed.value_or(static_cast<int64_t>(run.seed));
  work.say(fmt::format("sampling from step {} of {}, seed {}, {} thread{}", run.step, o.run, seed, work.threads(),
                       work.threads() == 1 ? "" : "s"));
  warn_of_guidance(work, run);
  SampleRequest request;
  request.count = o.count;
  request.seed = static_cast<uint64_t>(seed);
  request.attention = o.attention;
  request.prompts = o.prompts;
  if (!o.prompts_file.empty()) request.prompts = read_prompts(o.prompts_file);
  request.to_prompt = o.to_prompt;
  if (o.count == 0 && !request.prompts.empty() && !o.to_prompt && !sets_key(o.work.set, "sample.count"))
    request.count = std::ssize(request.prompts);
  const std::optional<GivenStart> given = given_start(o, run);
  request.editing = editing(o, run, given, std::ssize(request.prompts), work);
  if (is_picture_place(o.out)) check_picture_place(o.out, run.facts, sample_count(run, request));
  if (o.negative && run.texts && !steers_away(run.recipe))
    work.say("warning: --negative changes nothing, as guidance steers away from nothing here (--guidance 2)");
  const std::filesystem::path file =
      o.out.empty() ? sample_file(run, seed, asked(o, request), o.count) : std::filesystem::path(o.out);
  check_output(file);
  if (!o.attention.empty()) check_output(attention_file(file));
  request.progress = work.progress();
  request.cancel = work.cancel();
  const PointSamples samples = sample_points(run, request);
  if (request.cancel.requested()) return work.stopped("stopped; nothing was written");
  say_what_is_cut(work, run);
  if (is_picture_place(file))
    write_pictures(file, run, samples, made(o, run, request, given));
  else
    write_samples(file, run, samples);
  Description out;
  out.add("file", file.string());
  if (!o.attention.empty()) {
    const std::filesystem::path maps = attention_file(file);
    Provenance shown = made(o, run, request, given);
    shown.captions = false;
    shown.attention = o.attention;
    write_pictures(maps, run, samples, shown);
    out.add("attention", maps.string());
  }
  out.add("seed", seed);
  out.add("samples", samples.points.rows);
  if (run.facts.pictures())
    out.add("shape", fmt::format("{}", fmt::join(run.facts.shape, " x ")));
  else
    out.add("columns", fmt::format("{}", fmt::join(run.facts.columns, ", ")));
  out.add("step", run.step);
  out.add("network_calls", samples.calls);
  out.add("time", samples.seconds, "s");
  work.finish(out);
  return 0;
}

}  // namespace

void add_sample(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("sample", "Draw samples from a trained run into a table.");
  command.add_option("RUN", o->run, "run folder, or one that diffusers saved")->required()->option_text(" ");
  command
      .add_option("-n,--count", o->count,
                  "samples; default: one for each prompt given, else\nsample.count of the recipe")
      ->option_text("N")
      ->check(whole(1));
  command
      .add_option(
          "-o,--out", o->out,
          "a .csv or .npy file, of pictures also .png, a sheet,\n.webp, an animation, or DIR/ for a file each;\n"
          "default: in RUN/samples")
      ->option_text("FILE");
  command.add_flag("--captions", o->captions, "the class's name, prompt or share below each picture\nof a sheet");
  command
      .add_option("--label", o->label,
                  "class of all samples, by name or number, or none;\ndefault: as often as in the data")
      ->option_text("K");
  command
      .add_option("--size", o->size,
                  "height and width of the pictures, of a run trained\nin buckets; default: its data.size")
      ->option_text("HxW");
  CLI::Option* prompt =
      command.add_option("--prompt", o->prompts, "what the picture shall show; several are taken in turn")
          ->option_text("TEXT")
          ->allow_extra_args(false);
  CLI::Option* prompts =
      command.add_option("--prompts", o->prompts_file, "a file with a prompt on each line, - = standard input")
          ->option_text("FILE")
          ->excludes(prompt);
  CLI::Option* to_prompt = command.add_option(
      "--to-prompt", o->to_prompt,
      "go evenly from the prompt to this one, by the states\nof their tokens; all pictures have one noise");
  to_prompt->option_text("TEXT")->excludes(prompts);
  command.add_option("--negative", o->negative, "what guidance steers away from; default: the empty text")
      ->option_text("TEXT");
  command.add_flag("--weighted", o->weighted,
                   "(word:1.3), [word], BREAK in prompts as in\nAUTOMATIC1111's web UI; default: they are text");
  command.add_option("--attention", o->attention, "also write where the pictures read this word")->option_text("WORD");
  o->how.add_to(command);
  command.add_option("--weights", o->weights, "averaged weights (ema) or the last ones (raw)")->option_text("ema|raw");
  command
      .add_option("--ema", o->ema,
                  "relative width of the average, of a run with\ntrain.ema_posthoc; default: the first of train.ema")
      ->option_text("W");
  command.add_option("--checkpoint", o->checkpoint, "a kept checkpoint; default: the latest")->option_text("STEP");
  const std::string given = "Samples from what is given";
  CLI::Option* from = command.add_option("--from", o->from,
                                         "noise the rows of this table, a picture, or a folder\nof them, and sample "
                                         "on from there");
  from->option_text("FILE")->group(given)->excludes(to_prompt);
  command
      .add_option("--strength", o->strength,
                  "of that noise: the share of the steps that is walked,\nabove 0 and at most 1; default 0.5")
      ->option_text("S")
      ->group(given)
      ->needs(from);
  CLI::Option* invert = command.add_flag("--invert", o->invert, "take the noise that ddim makes each row from")
                            ->group(given)
                            ->option_text(" ");
  invert->needs(from);
  command.add_option("--repeats", o->repeats, "more network calls a step, for a row that comes back\nmore closely")
      ->option_text("N")
      ->group(given)
      ->check(whole(0))
      ->needs(invert);
  CLI::Option* complete = command.add_option(
      "--complete", o->complete, "fill the empty cells of this CSV file, or what --mask\nshows of a picture");
  complete->option_text("FILE")->group(given)->excludes(from)->excludes(to_prompt);
  command.add_option("--mask", o->mask, "a picture, white where that of --complete is to be\ndrawn anew")
      ->option_text("FILE")
      ->group(given)
      ->needs(complete);
  command
      .add_option("--walks", o->walks,
                  "how often each stretch is walked, so that\ndrawn and given values agree; default 10")
      ->option_text("N")
      ->group(given)
      ->check(whole(1))
      ->needs(complete);
  command.add_option("--jump", o->jump, "steps of a stretch; default 1")
      ->option_text("N")
      ->group(given)
      ->check(whole(1))
      ->needs(complete);
  command.add_option("--to-seed", o->to_seed, "go evenly from the seed's first noise to this seed's")
      ->option_text("SEED")
      ->group(given)
      ->excludes(from)
      ->excludes(complete);
  o->work.add_to(command, "of this set of samples; default: the run's");
  o->work.add_sums(command);
  o->work.add_device(command);
  command.footer(
      "Examples:\n"
      "  roulade sample runs/moons -n 1000 --out moons.csv\n"
      "  roulade sample runs/emoji --prompt 'red heart on white' -n 8 -o out.png\n"
      "  roulade sample runs/emoji --prompt 'a dog' --to-prompt 'a cat' -n 9 -o out.png\n"
      "  roulade sample runs/mixture --label 3 --guidance 2 --sampler heun --steps 20\n"
      "  roulade sample runs/diamonds --complete gaps.csv --out filled.csv\n"
      "  roulade sample runs/emoji --from heart.png --strength 0.6 -n 8 -o out.png");
  command.callback([o, &exit_code] { exit_code = sample(*o); });
}

}  // namespace roulade::app
