// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/sampling_words.hpp"
#include "app/work.hpp"
#include "roulade/run/diffusers_folder.hpp"
#include "roulade/run/exact.hpp"
#include "roulade/run/figures.hpp"

#include <memory>
#include <optional>

#include <fmt/format.h>

namespace roulade::app {
namespace {

struct Options {
  WorkOptions work;
  std::string run;
  std::optional<int64_t> pairs, checkpoint;
  std::string weights, data;
  std::optional<double> ema, strength;
  bool exact = false;
};

int eval(const Options& o) {
  Work work(o.work);
  OpenRequest request{o.run, o.work.set, o.checkpoint};
  if (o.pairs) request.set.push_back(fmt::format("eval.pairs={}", *o.pairs));
  append_text(request.set, "sample.weights", o.weights);
  if (o.ema) request.set.push_back(fmt::format("sample.ema={}", *o.ema));
  if (o.work.seed) request.set.push_back(fmt::format("run.seed={}", *o.work.seed));
  if (!o.data.empty()) {
    request.set.emplace_back("data.kind=\"images\"");
    request.set.push_back("data.path=" + roulade::to_text(Value(std::filesystem::absolute(o.data).string())));
  }
  TrainedRun run = open_run_or_folder(request, true);
  if (o.exact) run = with_exact_denoiser(std::move(run));
  work.say(fmt::format("judging {} {} {}, seed {}, {} thread{}",
                       o.exact ? "the exact denoiser in place of step" : "step", run.step, "of " + o.run, run.seed,
                       work.threads(), work.threads() == 1 ? "" : "s"));
  if (!o.exact) warn_of_guidance(work, run);
  const Evaluation evaluation = evaluate_run(run, work.progress(), work.cancel(), {o.strength.value_or(1)});
  if (!evaluation.finished) return work.stopped("stopped; nothing was written");
  say_what_is_cut(work, run);
  work.finish(describe(run, evaluation, o.exact ? std::filesystem::path() : keep_evaluation(run, evaluation)));
  return 0;
}

}  // namespace

void add_eval(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("eval", "Judge a run's samples beside fresh data.");
  command.add_option("RUN", o->run, "run folder, or one that diffusers saved")->required()->option_text(" ");
  command.add_option("--data", o->data, "pictures to compare a diffusers folder with; a run\nhas its own")
      ->option_text("DIR");
  command.add_option("--pairs", o->pairs, "pairs of sets; default: eval.pairs of the recipe")->option_text("N");
  command.add_option("--weights", o->weights, "averaged weights (ema) or the last ones (raw)")->option_text("ema|raw");
  command
      .add_option("--ema", o->ema,
                  "relative width of the average, of a run with\ntrain.ema_posthoc; default: the first of train.ema")
      ->option_text("W");
  command.add_option("--checkpoint", o->checkpoint, "a kept checkpoint; default: the latest")->option_text("STEP");
  command
      .add_option("--strength", o->strength,
                  "begin with real training points and the noise of\nthis share of the steps: what is lacking then is\n"
                  "lacking at low noise; kept in a file of its own")
      ->option_text("S");
  command.add_flag("--exact", o->exact,
                   "judge the exact denoiser of the data instead,\nwhere their law is known; writes nothing");
  o->work.add_to(command, "of all sets and directions; default: the run's");
  o->work.add_convolutions(command);
  o->work.add_device(command);
  command.footer(
      "The figures are kept in RUN/eval.json, where the report finds them; those of\n--strength S in "
      "RUN/eval-strength-S.json.");
  command.callback([o, &exit_code] { exit_code = eval(*o); });
}

}  // namespace roulade::app
