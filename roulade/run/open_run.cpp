// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/one_pass.hpp"
#include "roulade/run/overrides.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/power_snapshots.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/sampling.hpp"
#include "roulade/run/settings.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

/// The tables that a trained run can follow when they change.
const std::vector<std::string> kFreeTables = {"run", "sample", "guidance", "eval"};

int64_t checkpoint_step(const RunFolder& folder, const std::optional<int64_t>& wanted) {
  const std::vector<int64_t> steps = folder.steps();
  if (steps.empty()) fail(Code::io, folder.root.string(), "the run has no checkpoint yet");
  if (!wanted) return steps.back();
  if (std::find(steps.begin(), steps.end(), *wanted) == steps.end())
    fail(Code::io, folder.root.string(), fmt::format("no checkpoint of step {}", *wanted),
         fmt::format("{}", fmt::join(steps, ", ")));
  return *wanted;
}

/// The weights that [sample] asks for.   group: the objective's first.
std::map<std::string, Tensor> weights_of(const RunFolder& folder, int64_t step, const SampleSettings& sample,
                                         const std::string& group) {
  const bool raw = sample.weights == "raw";
  if (raw && sample.ema > 0)
    fail(Code::usage, "sample.ema", "sample.weights with a width of the average", "ema", "raw");
  if (raw) return read_raw_network(folder.checkpoint(step), group);
  return sample.ema > 0 ? read_power_average(folder, step, sample.ema) : read_network(folder.checkpoint(step));
}

}  // namespace

TrainedRun open_run(const OpenRequest& request) {
  TrainedRun run;
  run.folder = without_slash(request.run);
  const RunFolder folder{run.folder};
  const Recipe trained = read_run_recipe(folder);
  run.trained_seed = static_cast<uint64_t>(settings_of<RunSettings>(trained, "run").seed);
  run.recipe = with_overrides(trained, request.set, kFreeTables);
  run.facts = read_facts(folder);
  run.seed = static_cast<uint64_t>(settings_of<RunSettings>(run.recipe, "run").seed);
  run.step = checkpoint_step(folder, request.checkpoint);

  const std::filesystem::path checkpoint = folder.checkpoint(run.step);
  const auto sample = settings_of<SampleSettings>(run.recipe, "sample");
  const ModelShape shape = model_shape(run.recipe, run.facts);
  run.schedule = make_schedule(run.recipe.tables.at("schedule"));
  if (const auto one_pass = make_one_pass(run.recipe, shape, run.seed)) {
    const ParameterGroup group = one_pass->groups().front();
    fill_network(group.weights, weights_of(folder, run.step, sample, group.name), checkpoint.string());
    run.parameters = parameter_count(*one_pass);
    freeze(group.weights);
    run.generator = one_pass;
    return run;
  }
  const std::shared_ptr<Model> model = make_model(run.recipe.tables.at("model"), shape, run.seed);
  fill_network(*model, weights_of(folder, run.step, sample, "denoiser"), checkpoint.string());
  run.parameters = model->parameter_count();
  freeze(model->parameters());

  run.denoiser = make_run_denoiser(run.recipe, model, run.schedule);
  return run;
}

}  // namespace roulade
