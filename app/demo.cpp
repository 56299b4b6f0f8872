// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/demo.hpp"

#include "app/command_line.hpp"
#include "app/preview.hpp"
#include "app/work.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/run_place.hpp"

#include <memory>

#include <fmt/format.h>

namespace roulade::app {
namespace {

struct Options {
  WorkOptions work;
  std::optional<bool> preview;
  std::string recipe = "swiss_roll", out;
};

int demo(const Options& o) {
  find_recipe(o.recipe, "demo");  // told before anything is announced
  Work work(o.work);
  DemoRequest request;
  request.out = o.out.empty() ? fresh_run(std::filesystem::path("runs") / std::filesystem::path(o.recipe).stem())
                              : std::filesystem::path(o.out);
  request.recipe = o.recipe;
  request.set = o.work.set;
  request.seed = o.work.seed.value_or(0);
  request.progress = work.progress();
  request.cancel = work.cancel();
  request.preview = work.preview(o.preview);
  work.say(fmt::format("training {} into {}, seed {}, {} thread{}", o.recipe, request.out.string(), request.seed,
                       work.threads(), work.threads() == 1 ? "" : "s"));
  const DemoResult result = run_demo(request);
  const std::string run = request.out.string();
  if (!result.trained && !std::filesystem::exists(RunFolder{request.out}.recipe()))
    return work.stopped("stopped; nothing was written");
  if (!result.trained) return work.stopped(fmt::format("stopped, saved; go on: roulade train {} --resume", run));
  if (!result.finished) {
    std::vector<std::string> commands;
    for (const std::string& command : result.left) commands.push_back(fmt::format("roulade {} {}", command, run));
    return work.stopped(fmt::format("stopped; the training is complete, go on: {}", fmt::join(commands, ", then ")));
  }
  work.finish(result.description);
  return 0;
}

}  // namespace

void add_demo(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("demo", "Train a Swiss roll, sample it, judge it, draw it.");
  command
      .add_option("RECIPE", o->recipe,
                  "another recipe, such as\nswiss_roll_article, or a TOML file;\ndefault: swiss_roll")
      ->option_text(" ");
  command.add_option("-o,--out", o->out, "run folder; default: a fresh\nruns/RECIPE")->option_text("DIR");
  add_preview(command, o->preview);
  o->work.add_to(command, "of every random number; default: 0");
  command.callback([o, &exit_code] { exit_code = demo(*o); });
}

}  // namespace roulade::app
