// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/likelihood.hpp"

#include "app/command_line.hpp"
#include "app/sampling_words.hpp"
#include "app/work.hpp"
#include "roulade/core/error.hpp"

#include <memory>
#include <optional>

#include <fmt/format.h>

namespace roulade::app {
namespace {

struct Options {
  WorkOptions work;
  std::string run, weights, out, label = "data";
  std::optional<int64_t> checkpoint;
  LikelihoodRequest request;
};

int likelihood(Options o) {
  Work work(o.work);
  if (!o.out.empty() && std::filesystem::path(o.out).extension() != ".csv")
    fail(Code::usage, "--out " + o.out, "kind of file", ".csv");
  OpenRequest open{o.run, o.work.set, o.checkpoint};
  append_text(open.set, "sample.weights", o.weights);
  if (o.work.seed) open.set.push_back(fmt::format("run.seed={}", *o.work.seed));
  const TrainedRun run = open_run(open);
  work.say(fmt::format("likelihood by step {} of {}, seed {}, {} thread{}", run.step, o.run, run.seed, work.threads(),
                       work.threads() == 1 ? "" : "s"));
  o.request.labels = o.label == "data";
  o.request.progress = work.progress();
  o.request.cancel = work.cancel();
  const LikelihoodResult result = run_likelihood(run, o.request);
  if (!result.finished) return work.stopped("stopped; nothing was written");
  say_what_is_cut(work, run);
  Description out = describe(run, result);
  if (!o.out.empty()) {
    write_likelihoods(o.out, run, result);
    out.facts.insert(out.facts.begin(), {"file", o.out, ""});
  }
  work.finish(out);
  return 0;
}

}  // namespace

void add_likelihood(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("likelihood", "How likely a run's network holds data: nats and bits.");
  LikelihoodRequest& r = o->request;
  command.add_option("RUN", o->run, "run folder")->required()->option_text(" ");
  command.add_option("--data", r.data, "a .csv or .npy file with the run's columns;\ndefault: the test split")
      ->option_text("FILE");
  command.add_option("-n,--count", r.count, "rows at most, 0 = all of a table; default: 1000")
      ->option_text("N")
      ->check(whole(0));
  command.add_option("--tolerance", r.tolerance, "of the ODE's steps; default: 1e-5")
      ->option_text("X")
      ->check(number(between(1e-12, 0.1)));
  command.add_option("--divergence", r.divergence, "default: auto, exact up to 32 columns")
      ->option_text("exact|hutchinson|auto");
  command.add_option("--probes", r.probes, "random signs a row for hutchinson; default: 8")
      ->option_text("N")
      ->check(whole(2, 100000));
  command.add_option("--t-min", r.t_min, "where the data stand; default:\nthe least time that was trained")
      ->option_text("T")
      ->check(number(between(0, 1)));
  command.add_option("--label", o->label, "each row's density given its class or text, or\nwithout")
      ->option_text("data|none")
      ->check(CLI::IsMember({"data", "none"}));
  command.add_flag_callback(
      "--no-bound", [&r] { r.bound = false; }, "leave out the variational bound of discrete schedules");
  command.add_option("-o,--out", o->out, "a .csv file: each row with its densities")->option_text("FILE");
  command.add_option("--weights", o->weights, "averaged weights (ema) or the last ones (raw)")->option_text("ema|raw");
  command.add_option("--checkpoint", o->checkpoint, "a kept checkpoint; default: the latest")->option_text("STEP");
  o->work.add_to(command, "of rows, probes and noise; default: the run's");
  command.footer("docs/likelihood.md says what is computed and how right it is.");
  command.callback([o, &exit_code] { exit_code = likelihood(*o); });
}

}  // namespace roulade::app
