// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/parts.hpp"
#include "roulade/run/scheduler_config.hpp"
#include "roulade/run/settings.hpp"

#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char *kDdpm = "DDPMScheduler", *kDdim = "DDIMScheduler";

/// Writes one recipe's configuration key by key.
class Writer {
 public:
  explicit Writer(const Recipe& recipe)
      : recipe_(recipe),
        schedule_(make_schedule(recipe.tables.at("schedule"))),
        denoiser_(settings_of<DenoiserSettings>(recipe, "denoiser")),
        sample_(settings_of<SampleSettings>(recipe, "sample")) {}

  SchedulerText text() {
    static const std::map<std::string, std::string> kPredictions{
        {"eps", "epsilon"}, {"x0", "sample"}, {"v", "v_prediction"}};
    const auto prediction = kPredictions.find(denoiser_.prediction);
    if (schedule_->states() == 0) return refuse("schedule", "kind", "a discrete schedule");
    if (text_of(recipe_, "schedule", "index") != "from_noise") return refuse("schedule", "index", "from_noise");
    if (prediction == kPredictions.end()) return refuse("denoiser", "prediction", "eps, x0 or v");
    json_ = {{"_class_name", class_name()}, {"_diffusers_version", "0.42.1"}};
    if (sample_.grid != "custom" && sample_.grid != "fitted") json_["_num_inference_steps"] = sample_.steps;
    json_["num_train_timesteps"] = schedule_->states();
    betas();
    json_["prediction_type"] = prediction->second;
    json_["clip_sample"] = denoiser_.options.clip.has_value();
    json_["clip_sample_range"] = denoiser_.options.clip.value_or(1);
    json_["thresholding"] = false;
    grid();
    sampler();
    out_.text = json_.dump(2) + "\n";
    return std::move(out_);
  }

 private:
  SchedulerText refuse(const char* table, const char* key, const char* expected) {
    out_.obstacle = fmt::format("{}.{}: expected {}, got {}", table, key, expected, text_of(recipe_, table, key));
    return std::move(out_);
  }

  bool learned() const { return denoiser_.options.learned_variance(); }
  std::string class_name() const { return sample_.sampler == "ddim" && !learned() ? kDdim : kDdpm; }

  template <class T>
  T option(const char* table, const char* key, T otherwise) const {
    const Table& from = recipe_.tables.at(table);
    const auto given = from.find(key);
    return given == from.end() ? otherwise : std::get<T>(given->second.value);
  }

  void betas() {
    const std::string& kind = text_of(recipe_, "schedule", "kind");
    const bool spaced = kind == "linear" || kind == "scaled_linear" || (kind == "sigmoid" && class_name() == kDdpm);
    const bool named = spaced || (kind == "cosine" && option("schedule", "s", 0.0) == 0.008 &&
                                  option("schedule", "max_beta", 0.0) == 0.999);
    const bool zero_terminal = option("schedule", "zero_terminal_snr", false);
    json_["beta_schedule"] = !named ? "linear" : kind == "cosine" ? "squaredcos_cap_v2" : kind;
    if (spaced) {
      json_["beta_start"] = option("schedule", "beta_start", 0.0);
      json_["beta_end"] = option("schedule", "beta_end", 0.0);
    }
    const auto given = option<std::vector<double>>("schedule", "betas", {});
    json_["rescale_betas_zero_snr"] = zero_terminal && (named || !given.empty());
    json_["trained_betas"] = named ? Json(nullptr) : Json(given.empty() ? betas_of_states() : given);
  }

  /// beta_i = 1 - abar_i / abar_(i-1).
  std::vector<double> betas_of_states() const {
    std::vector<double> out;
    const auto states = static_cast<double>(schedule_->states());
    for (int64_t i = 1; i <= schedule_->states(); ++i) {
      const double now = schedule_->alpha(static_cast<double>(i) / states);
      const double before = schedule_->alpha(static_cast<double>(i - 1) / states);
      out.push_back((before - now) * (before + now) / (before * before));
    }
    return out;
  }

  void grid() {
    std::string spacing = "leading";
    const bool leading = sample_.grid == "leading", uniform = sample_.grid == "uniform";
    const int64_t states = schedule_->states();
    if (sample_.grid == "trailing") spacing = "trailing";
    if (uniform && option("sample", "rounded", true) && sample_.steps != states) spacing = "linspace";
    json_["timestep_spacing"] = spacing;
    json_["steps_offset"] = leading ? option("sample", "steps_offset", int64_t{0}) : int64_t{0};
    const bool kept = sample_.steps == states || spacing == "trailing" || spacing == "linspace" ||
                      (leading && option("sample", "left_out", int64_t{0}) == 0);
    if (!kept)
      remark(fmt::format("sample.grid {} is no timestep_spacing of diffusers: {} stands in", sample_.grid, spacing));
    if (class_name() == kDdim && (spacing == "linspace" || (spacing == "trailing" && states % sample_.steps != 0)))
      remark(
          fmt::format("DDIMScheduler steps back by {} // {} timesteps, whatever the next one is: other samples than "
                      "on the grid {} (leading is stepped right)",
                      states, sample_.steps, sample_.grid));
  }

  void sampler() {
    if (class_name() == kDdim) {
      json_["set_alpha_to_one"] = true;
      if (const double eta = option("sample", "eta", 0.0); eta != 0)
        remark(fmt::format("sample.eta = {} is told to DDIMPipeline at each call (eta={})", eta, eta));
      return;
    }
    const std::string variance = option("sample", "variance", std::string("posterior"));
    json_["variance_type"] = learned() ? "learned_range" : variance == "beta" ? "fixed_large" : "fixed_small";
    if (sample_.sampler != "ddpm")
      remark(fmt::format("sample.sampler {} is not DDPMScheduler's, which is written: the pipeline samples by it",
                         sample_.sampler));
    const bool ends_above =
        json_["steps_offset"] != 0 || (json_["timestep_spacing"] == "trailing" && sample_.steps != schedule_->states());
    if (json_["variance_type"] != "fixed_small" && ends_above)
      remark("DDPMScheduler adds noise in the last step, too, where that does not begin at timestep 0");
  }

  void remark(std::string line) { out_.remarks.push_back(std::move(line)); }

  const Recipe& recipe_;
  std::shared_ptr<const Schedule> schedule_;
  DenoiserSettings denoiser_;
  SampleSettings sample_;
  Json json_;
  SchedulerText out_;
};

}  // namespace

SchedulerText scheduler_config_text(const Recipe& resolved) { return Writer(resolved).text(); }

}  // namespace roulade
