// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/file.hpp"
#include "roulade/model/dit.hpp"
#include "roulade/model/network_config.hpp"
#include "roulade/model/unet.hpp"
#include "roulade/run/diffusers_folder.hpp"
#include "roulade/run/latent_space.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/overrides.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/run_texts.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/weak.hpp"
#include "roulade/text/text_network.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

/// The tables and keys that can follow when they change.
const std::vector<std::string> kFreeTables = {"run", "data", "sample", "guidance", "eval", "text.path"};

/// What the overrides say, and nothing else.
Recipe asked_for(const std::vector<std::string>& set) {
  Recipe out;
  for (const std::string& one : set) set_key(out, one);
  return out;
}

std::shared_ptr<Model> make_network(const DiffusersFolder& folder) {
  const std::filesystem::path file = folder.network / "config.json";
  const std::string text = read_file(file, uint64_t{1} << 22), where = file.string();
  const bool unet = text_of(folder.recipe, "model", "kind") == "unet";
  std::shared_ptr<Model> model;
  if (unet)
    model = make_unet(parse_unet_config(text, where), 0);
  else
    model = make_dit(parse_dit_config(text, where), 0);
  fill_network(*model, read_diffusers_weights(folder.network), folder.network.string());
  return model;
}

/// What reads the texts, if the network reads any.
std::shared_ptr<TextTable> make_texts(const DiffusersFolder& folder, const Recipe& recipe, TextFacts& facts) {
  std::shared_ptr<TextTable> texts = make_text_table(recipe, facts);
  if (!texts) return nullptr;
  check_text_encoder(recipe, facts);
  const TextEncoder& encoder = *texts->parts().encoder;
  if (encoder.width() != folder.token_width)
    fail(Code::usage, text_of(recipe, "text", "path"), "width of the token states",
         fmt::format("{}, which {} reads", folder.token_width, folder.network.string()),
         fmt::format("{}", encoder.width()));
  facts.tokens = encoder.width();
  facts.pooled = encoder.pooled_width();
  return texts;
}

/// The range of the data to compare with becomes the network's.
void fit_to_data(TrainedRun& run) {
  const auto source = make_source(run.recipe.tables.at("data"));
  if (source->shape() != run.facts.shape)
    fail(Code::usage, "data", "shape of the samples", fmt::format("{}, the network's", run.facts.shape),
         fmt::format("{}", source->shape()));
  if (run.facts.classes() > 0 && source->classes() != run.facts.classes())
    fail(Code::usage, "data", "classes", fmt::format("{}, the network's", run.facts.classes()),
         fmt::format("{}", source->classes()));
  const auto range = source->range().value_or(std::array{run.facts.low, run.facts.high});
  if (range == std::array{run.facts.low, run.facts.high}) return;
  if (!run.facts.latent.shape.empty())
    fail(Code::usage, "data", "values", fmt::format("{} to {}, the autoencoder's", run.facts.low, run.facts.high),
         fmt::format("{} to {}", range[0], range[1]));
  // What was run.facts.low is what the data's least is.
  const double factor = (range[1] - range[0]) / (run.facts.high - run.facts.low);
  for (size_t i = 0; i < run.facts.scaling.mean.size(); ++i) {
    run.facts.scaling.mean[i] = range[0] + (run.facts.scaling.mean[i] - run.facts.low) * factor;
    run.facts.scaling.deviation[i] *= factor;
  }
  run.facts.low = range[0];
  run.facts.high = range[1];
}

TrainedRun open_folder(const OpenRequest& request, bool judge) {
  const std::string where = request.run.string();
  if (request.checkpoint) fail(Code::usage, where, "checkpoint", "none: a diffusers folder has one network");
  Recipe asked = asked_for(request.set);
  const bool walk = asked.tables["sample"].contains("sampler") && asked.tables["sample"].contains("grid");
  DiffusersFolder folder = read_diffusers_folder(request.run, walk);
  const Table& asked_data = asked.tables["data"];
  if (judge && asked_data.empty())
    fail(Code::usage, where, "data to judge by",
         "--data FOLDER of pictures, or --set data.kind=... and its keys (a diffusers folder names none)", "none");
  Table& data = folder.recipe.tables["data"];
  const std::vector<int64_t>& shape = folder.facts.shape;
  if (const auto kind = asked_data.find("kind");
      kind != asked_data.end() && kind->second.value == Value(std::string("images"))) {
    data["channels"] = shape[0];
    if (shape[1] == shape[2]) data["size"] = shape[1];
  }
  TrainedRun run;
  run.folder = without_slash(request.run);
  run.recipe = with_overrides(folder.recipe, request.set, kFreeTables);
  const auto sample = settings_of<SampleSettings>(run.recipe, "sample");
  if (sample.weights != "ema") fail(Code::usage, where, "weights", "ema: the folder has one set", sample.weights);
  if (!folder.has_no_class && folder.facts.classes() > 0 &&
      (sample.label == "none" || text_of(run.recipe, "guidance", "kind") != "none"))
    fail(Code::usage, where, "no class", "a label for each sample and no guidance: all rows of its table are classes",
         sample.label);
  run.facts = std::move(folder.facts);
  if (judge) fit_to_data(run);
  run.seed = run.trained_seed = static_cast<uint64_t>(settings_of<RunSettings>(run.recipe, "run").seed);
  run.schedule = make_schedule(run.recipe.tables.at("schedule"));
  if (!run.facts.latent.shape.empty())
    run.latent = open_kept_autoencoder(RunFolder{run.folder}.autoencoder(), run.facts);
  run.texts = make_texts(folder, run.recipe, run.facts.text);
  std::shared_ptr<Model> model = make_network(folder);
  if (run.texts) model = make_text_network(std::move(model), run.texts);
  run.parameters = model->parameter_count();
  freeze(model->parameters());
  run.network = model;
  run.denoiser = make_run_denoiser(run.recipe, model, run.schedule, run.facts, run.texts);
  run.weak_files = weak_weight_files(run.recipe, {});
  return run;
}

}  // namespace

TrainedRun open_run_or_folder(const OpenRequest& request, bool judge) {
  return is_diffusers_folder(request.run) ? open_folder(request, judge) : open_run(request);
}

namespace {

/// [model] of a recipe as the configuration of a folder says the same: of a U-Net that reads texts with the blocks and
/// the width that `condition` stands for.
Table spelled_out(const Table& model, const DiffusersFolder& folder) {
  const Table& theirs = folder.recipe.tables.at("model");
  if (!theirs.contains("condition")) return model;
  UnetConfig config;
  Table keys = model;
  keys.erase("kind");
  Binder b("model", keys);
  config.bind_recipe(b);
  if (config.text.way != TextWay::kCross || config.conditional()) return model;
  const auto& widths = std::get<std::vector<double>>(theirs.at("cross_attention_dim").value);
  config.read_tokens(static_cast<int64_t>(widths.front()));
  // diffusers keeps one number of heads for all levels, or a list.
  const bool listed = !std::get<std::vector<double>>(theirs.at("num_attention_heads").value).empty();
  const std::vector<double> heads = config.num_attention_heads;
  if (!listed && std::ranges::all_of(heads, [&](double n) { return n == heads.front(); })) {
    config.attention_head_dim = static_cast<int64_t>(heads.front());
    config.num_attention_heads.clear();
  } else {
    config.attention_head_dim = std::get<int64_t>(theirs.at("attention_head_dim").value);
  }
  const Table none;
  Binder out("model", none);
  config.bind_recipe(out);
  Table spelled = out.resolved();
  spelled["kind"] = model.at("kind");
  return spelled;
}

}  // namespace

std::map<std::string, Tensor> read_initial_weights(const std::filesystem::path& run, const Recipe& resolved) {
  if (!is_network_folder(run)) {
    const RunFolder from{run};
    from.check();
    const auto latest = from.latest();
    if (!latest) fail(Code::io, from.root.string(), "the run has no checkpoint to start from");
    return read_network(from.checkpoint(*latest));
  }
  const DiffusersFolder folder = read_diffusers_network(run);
  const Table& theirs = folder.recipe.tables.at("model");
  if (theirs.contains("condition") && text_of(resolved, "text", "kind") == TextSettings::kSmall) {
    const bool there = folder.recipe.tables.contains("text");
    const std::string path = there ? text_of(folder.recipe, "text", "path") : "DIR";
    fail(Code::usage, run.string(), "text.kind of the recipe",
         fmt::format("{}: text.path={} holds what the network read", TextSettings::kFolder, path),
         TextSettings::kSmall);
  }
  const Table ours = spelled_out(resolved.tables.at("model"), folder);
  std::vector<std::string> needed, stated;
  for (const auto& [key, given] : theirs) {
    const auto it = ours.find(key);
    if (key == "dropout" || (it != ours.end() && it->second.value == given.value)) continue;
    needed.push_back(fmt::format("{} = {}", key, to_text(given.value)));
    stated.push_back(it == ours.end() ? "no " + key : fmt::format("{} = {}", key, to_text(it->second.value)));
  }
  if (!needed.empty())
    fail(Code::usage, run.string(), "[model] of the recipe", fmt::format("{}", fmt::join(needed, ", ")),
         fmt::format("{}", fmt::join(stated, ", ")));
  return read_diffusers_weights(folder.network);
}

}  // namespace roulade
