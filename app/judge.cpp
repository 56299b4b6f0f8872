// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/work.hpp"
#include "roulade/run/judge_training.hpp"
#include "roulade/run/run_folder.hpp"

#include <filesystem>
#include <memory>

#include <fmt/format.h>

namespace roulade::app {
namespace {

struct Options {
  WorkOptions work;
  std::string recipe;
  JudgeRequest request;
};

Recipe recipe_of(const std::string& name) {
  const RunFolder folder{name};
  return std::filesystem::exists(folder.recipe()) ? read_run_recipe(folder) : find_recipe(name, "judge");
}

int judge(const Options& o) {
  Work work(o.work);
  JudgeRequest request = o.request;
  request.recipe = recipe_of(o.recipe);
  for (const std::string& assignment : o.work.set) set_key(request.recipe, assignment);
  if (o.work.seed) set_key(request.recipe, fmt::format("run.seed={}", *o.work.seed));
  request.progress = work.progress();
  request.cancel = work.cancel();
  request.warn = [&](const std::string& line) { work.say(line); };
  const JudgeResult result = train_judge(request);
  if (!result.finished) return work.stopped("stopped; nothing was written");
  work.finish(describe(result));
  return 0;
}

}  // namespace

void add_judge(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("judge", "Train a classifier that judges pictures of a data set.");
  command.add_option("RECIPE", o->recipe, "a TOML file, a built-in recipe or a run,\nfor its [data]")
      ->required()
      ->option_text(" ");
  command.add_option("-o,--out", o->request.out, "folder of the judge; an older judge is replaced")
      ->required()
      ->option_text("DIR");
  command
      .add_option("--attribute", o->request.attribute,
                  "key of the pictures' metadata whose values are the\nclasses; default: the classes of the recipe")
      ->option_text("KEY");
  command.add_option("--epochs", o->request.epochs, "passes over the training pictures; default: 8")
      ->option_text("N")
      ->check(whole(1, 10000));
  command.add_option("--batch", o->request.batch, "pictures of a step; default: 100")
      ->option_text("N")
      ->check(whole(1, 100000));
  command.add_flag("--flip", o->request.flip, "show pictures mirrored half of the time");
  o->work.add_to(command, "of every random number; default: the recipe's, or 0");
  command.footer(
      "Example:\n"
      "  roulade judge runs/digits --out judges/digits\n"
      "  roulade eval runs/digits --set eval.judge=judges/digits\n"
      "  roulade judge papirus.toml --attribute colour --out judges/colour\n"
      "docs/judging.md says what the figures mean.");
  command.callback([o, &exit_code] { exit_code = judge(*o); });
}

}  // namespace roulade::app
