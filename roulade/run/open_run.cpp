// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/run/latent_space.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/one_pass.hpp"
#include "roulade/run/overrides.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/picture_autoencoder.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/run_weights.hpp"
#include "roulade/run/sampling.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/trajectory.hpp"
#include "roulade/run/weak.hpp"

namespace roulade {
namespace {

/// The tables that a trained run can follow when they change, and where its files and pictures lie now.
const std::vector<std::string> kFreeTables = {"run",       "sample",    "guidance",    "eval",
                                              "text.path", "data.path", "data.memory", "data.scratch"};

}  // namespace

TrainedRun open_run(const OpenRequest& request) {
  TrainedRun run;
  run.folder = without_slash(request.run);
  const RunFolder folder{run.folder};
  const Recipe trained = read_run_recipe(folder);
  run.trained_seed = static_cast<uint64_t>(settings_of<RunSettings>(trained, "run").seed);
  run.recipe = with_overrides(trained, request.set, kFreeTables);
  run.facts = read_facts(folder);
  if (place_of_data(run.recipe) != place_of_data(trained))
    check_source(run, *make_source(run.recipe.tables.at("data")));
  run.seed = static_cast<uint64_t>(settings_of<RunSettings>(run.recipe, "run").seed);
  run.step = checkpoint_step(folder, request.checkpoint);

  const std::filesystem::path checkpoint = folder.checkpoint(run.step);
  const auto sample = settings_of<SampleSettings>(run.recipe, "sample");
  const ModelShape shape = model_shape(run.recipe, run.facts);
  if (is_autoencoding(run.recipe)) {
    refuse_denoisers_keys(run.recipe);
    const auto autoencoder = open_picture_autoencoder(checkpoint, run.facts);
    const NamedWeights weights = autoencoder->parameters();
    fill_network(weights, weights_of(folder, run.step, sample, kAutoencoderGroup), checkpoint.string());
    freeze(weights);
    for (const auto& [name, weight] : weights) run.parameters += weight.stored().numel();
    run.autoencoder = autoencoder;
    return run;
  }
  if (!run.facts.latent.shape.empty()) run.latent = open_kept_autoencoder(folder.autoencoder(), run.facts);
  run.schedule = make_schedule(run.recipe.tables.at("schedule"));
  if (const auto one_pass = make_one_pass(run.recipe, shape, run.seed)) {
    const ParameterGroup group = one_pass->groups().front();
    fill_network(group.weights, weights_of(folder, run.step, sample, group.name), checkpoint.string());
    run.parameters = parameter_count(*one_pass);
    freeze(group.weights);
    run.generator = one_pass;
    return run;
  }
  run.texts = make_text_table(run.recipe, run.facts.text);
  check_text_encoder(run.recipe, run.facts.text);
  const std::shared_ptr<Model> model = make_network(run.recipe, shape, run.seed, run.texts);
  fill_network(*model, weights_of(folder, run.step, sample), checkpoint.string());
  run.parameters = model->parameter_count();
  freeze(model->parameters());

  run.network = model;
  run.denoiser = make_run_denoiser(run.recipe, model, run.schedule, run.facts, run.texts, run.folder);
  run.weak_files = weak_weight_files(run.recipe, run.folder);
  return run;
}

}  // namespace roulade
