// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/sampling_words.hpp"
#include "app/work.hpp"
#include "roulade/run/obedience.hpp"
#include "roulade/run/obedience_files.hpp"

#include <memory>
#include <optional>

namespace roulade::app {
namespace {

struct Options {
  WorkOptions work;
  std::string run;
  ObedienceRequest request;
  SamplingWords how;
  std::optional<int64_t> checkpoint;
  bool seen = false, validation = false;
};

int obey(const Options& o) {
  Work work(o.work);
  std::vector<std::string> set = o.work.set;
  o.how.append_to(set);
  const TrainedRun run = open_run({o.run, set, o.checkpoint});
  warn_of_guidance(work, run);
  ObedienceRequest request = o.request;
  if (o.seen) request.part = ObedienceRequest::Part::train;
  if (o.validation) request.part = ObedienceRequest::Part::validation;
  request.seed = static_cast<uint64_t>(o.work.seed.value_or(static_cast<int64_t>(run.seed)));
  request.progress = work.progress();
  request.cancel = work.cancel();
  const Obedience judged = judge_run_obedience(run, request);
  if (!judged.finished) return work.stopped("stopped; nothing was written");
  say_what_is_cut(work, run);
  const std::filesystem::path file = write_obedience(run, judged);
  Description out = describe(judged);
  out.add("file", file.string());
  work.finish(out);
  return 0;
}

}  // namespace

void add_obey(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("obey", "Judge whether pictures show what their texts ask for.");
  command.add_option("RUN", o->run, "run folder of a network that reads texts")->required()->option_text(" ");
  command
      .add_option("--judges", o->request.by.judges,
                  "a folder with a judge for each attribute, by its name:\nroulade judge --attribute")
      ->option_text("DIR");
  command.add_option("--features", o->request.by.features, "of emoji: the file of EfficientNet-lite0's weights")
      ->option_text("FILE");
  command.add_option("--encoder", o->request.by.encoder, "of emoji: the folder of a text encoder that pools:\nMiniLM")
      ->option_text("DIR");
  auto* seen = command.add_flag("--seen", o->seen, "texts of the training pictures, not of the test's");
  seen->option_text(" ");
  command.add_flag("--validation", o->validation, "texts of the pictures kept for validation, to choose\nsettings by")
      ->option_text(" ")
      ->excludes(seen);
  command.add_option("--texts", o->request.texts, "texts at most, drawn by the seed; default: all")
      ->option_text("N")
      ->check(whole(1));
  command.add_option("-n,--each", o->request.each, "pictures a text; default 1")
      ->option_text("N")
      ->check(whole(1, 1000));
  o->how.add_to(command);
  command.add_option("--checkpoint", o->checkpoint, "a kept checkpoint; default: the latest")->option_text("STEP");
  o->work.add_to(command, "of texts and samples; default: the run's");
  o->work.add_sums(command);
  o->work.add_device(command);
  command.footer(
      "Examples:\n"
      "  roulade obey runs/papirus --judges judges/papirus\n"
      "  roulade obey runs/emoji --features lite0.pth --encoder minilm --seen");
  command.callback([o, &exit_code] { exit_code = obey(*o); });
}

}  // namespace roulade::app
