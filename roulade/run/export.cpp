// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/export.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/latent/autoencoder_files.hpp"
#include "roulade/run/export_text.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/picture_autoencoder.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/run_weights.hpp"
#include "roulade/run/scheduler_config.hpp"
#include "roulade/run/settings.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

namespace fs = std::filesystem;

/// Why no stock pipeline samples as the run does; empty: DDPMPipeline does.
std::string obstacle(const TrainedRun& run) {
  if (text_of(run.recipe, "model", "kind") != "unet")
    return run.facts.classes() > 0
               ? "its network is no UNet2DModel, and knows classes, which DDPMPipeline does not ask for"
               : "its network is no UNet2DModel, which DDPMPipeline samples by";
  if (run.texts) return "its network reads texts, which DDPMPipeline does not ask for";
  if (run.latent) return "its network works on the latents of vae/, without a text encoder of diffusers'";
  if (run.facts.classes() > 0) return "its network knows classes, which DDPMPipeline does not ask for";
  if (!is_minus_one_to_one(run.facts))
    return "black and white are not -1 and 1 to the network (data.scale = \"pixels\" makes them so); data.json has "
           "mean "
           "and deviation";
  return "";
}

void check_target(const fs::path& out) {
  std::error_code error;
  const bool stands = fs::exists(out, error);
  if (stands && !(fs::is_directory(out) && fs::is_empty(out)))
    fail(Code::usage, out.string(), "something stands there", "a new or empty folder");
  if (const fs::path above = fs::absolute(out).parent_path(); !above.empty()) fs::create_directories(above, error);
  if (error) fail(Code::io, out.string(), fmt::format("cannot make the folder above it: {}", error.message()));
}

/// The folder that AutoencoderKL.from_pretrained reads.
Exported export_autoencoder(const TrainedRun& run, const fs::path& target) {
  FolderReplacement replacement(target);
  write_autoencoder(replacement.folder(), *run.autoencoder);
  replacement.commit();
  return {target, "AutoencoderKL", "", {}};
}

}  // namespace

Exported export_run(const OpenRequest& request, const fs::path& out) {
  const fs::path target = folder_to_replace(out);
  check_target(target);
  const TrainedRun run = open_run(request);
  if (run.autoencoder) return export_autoencoder(run, target);
  const std::string where = request.run.string();
  const std::string kind = run.generator ? "" : text_of(run.recipe, "model", "kind");
  if (!run.facts.pictures() || (kind != "unet" && kind != "dit"))
    fail(Code::usage, where, "what diffusers has", "a denoiser of pictures, model.kind unet or dit",
         run.generator ? "a generator" : kind);
  check_exported_text(run);
  SchedulerText scheduler = scheduler_config_text(run.recipe);
  if (scheduler.text.empty()) fail(Code::usage, where, "no scheduler of diffusers has this: " + scheduler.obstacle);

  const auto sample = settings_of<SampleSettings>(run.recipe, "sample");
  Exported done{target, "", nlohmann::json::parse(scheduler.text).at("_class_name"), std::move(scheduler.remarks)};
  if (text_of(run.recipe, "guidance", "kind") != "none")
    done.remarks.emplace_back("guidance is no part of a scheduler: it is left out");
  FolderReplacement replacement(target);
  std::map<std::string, Tensor> weights = weights_of(RunFolder{run.folder}, run.step, sample);
  for (std::string& remark : write_text_parts(replacement.folder(), run, weights))
    done.remarks.push_back(std::move(remark));
  write_network(replacement.folder(), run.recipe, model_shape(run.recipe, run.facts), weights);
  if (run.latent) write_autoencoder(autoencoder_folder(replacement.folder()), *run.latent);
  DataFacts facts = run.facts;
  facts.text = exported_text_facts(replacement.folder(), run);
  facts.training_rows = 0;
  facts.rows_code = 0;
  facts.buckets.clear();  // the folder has no [data] that says the sides' step
  write_facts(RunFolder{replacement.folder()}, facts);
  if (const std::string why = obstacle(run); why.empty()) {
    done.pipeline = "DDPMPipeline";
    const nlohmann::ordered_json index{{"_class_name", done.pipeline},
                                       {"_diffusers_version", "0.42.1"},
                                       {"scheduler", {"diffusers", done.scheduler}},
                                       {"unet", {"diffusers", "UNet2DModel"}}};
    write_file_atomically(replacement.folder() / "model_index.json", index.dump(2) + "\n");
  } else {
    done.remarks.push_back("no model_index.json, as no stock pipeline samples so: " + why);
  }
  replacement.commit();
  return done;
}

}  // namespace roulade
