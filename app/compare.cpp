// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/compare.hpp"

#include "app/command_line.hpp"
#include "app/work.hpp"
#include "roulade/run/run_place.hpp"

#include <memory>

#include <fmt/format.h>

namespace roulade::app {
namespace {

struct Options {
  WorkOptions work;
  std::vector<std::string> recipes, failures;
  std::string out, vary, judges, features, encoder;
  int64_t texts = 0;
  int64_t seeds = 10;
  double seconds = 0;
};

int compare(const Options& o) {
  Work work(o.work);
  CompareRequest request;
  request.recipes = o.recipes;
  request.out = o.out.empty() ? fresh_run("runs/compare") : std::filesystem::path(o.out);
  request.set = o.work.set;
  request.vary = o.vary;
  request.by = {o.judges, o.features, o.encoder};
  request.texts = o.texts;
  request.first_seed = o.work.seed.value_or(0);
  request.seeds = o.seeds;
  request.seconds = o.seconds;
  for (const std::string& text : o.failures) request.failures.push_back(parse_failure_rule(text));
  request.progress = work.progress();
  request.cancel = work.cancel();
  request.say = [&](const std::string& line) { work.say(line); };
  work.say(fmt::format("comparing {} recipe{} in {}, {} thread{}", o.recipes.size(), o.recipes.size() == 1 ? "" : "s",
                       request.out.string(), work.threads(), work.threads() == 1 ? "" : "s"));
  const CompareResult result = run_comparison(request);
  if (!result.finished)
    return work.stopped(fmt::format("stopped; the same command with --out {} goes on", request.out.string()));
  work.finish(result.description);
  return 0;
}

}  // namespace

void add_compare(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("compare", "Train and judge several recipes with several seeds.");
  command.add_option("RECIPES", o->recipes, "TOML files or names of built-in recipes")->required()->option_text(" ");
  command
      .add_option("-o,--out", o->out,
                  "folder of runs, table and page; one that\nwas begun goes on; default: a fresh runs/compare")
      ->option_text("DIR");
  command.add_option("--seeds", o->seeds, "runs of each recipe; default: 10")->option_text("N")->check(whole(1));
  command
      .add_option("--seconds", o->seconds,
                  "training time of each run, by the measured\ntime of a step; default: train.steps")
      ->option_text("S")
      ->check(number(above(0)));
  command
      .add_option("--vary", o->vary, "each recipe once with each value of a key, as\nmodel.condition=concat,modulation")
      ->option_text("KEY=A,B");
  command
      .add_option("--judges", o->judges,
                  "of runs that read texts: judge their obedience, too;\na folder as of roulade obey")
      ->option_text("DIR");
  command.add_option("--features", o->features, "as --judges, of emoji: the file of\nEfficientNet-lite0's weights")
      ->option_text("FILE");
  command.add_option("--encoder", o->encoder, "beside it: the folder of a text encoder that pools")->option_text("DIR");
  command.add_option("--texts", o->texts, "that obedience is judged on, at most; default: all")
      ->option_text("N")
      ->check(whole(1));
  command
      .add_option("--failed-if", o->failures,
                  "a run failed whose figure lies there or is unknown, as\nmodes<20; may be repeated")
      ->option_text("RULE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
  o->work.add_to(command, "of the first run; default: 0");
  command.footer(
      "Example:\n"
      "  roulade compare family_diffusion family_vae family_gan --seconds 20 \\\n"
      "    --failed-if 'modes<20' --threads 1\n"
      "  roulade compare papirus \\\n"
      "    --vary model.condition=concat,modulation,cross_attention \\\n"
      "    --seeds 1 --judges judges/papirus --set eval.pairs=1 \\\n"
      "    --set eval.features=lite0");
  command.callback([o, &exit_code] { exit_code = compare(*o); });
}

}  // namespace roulade::app
