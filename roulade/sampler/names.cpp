// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/names.hpp"

#include "roulade/sampler/diffusers_names.hpp"
#include "roulade/sampler/sampler.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace roulade {
namespace {

struct GridName {
  const char* name;
  const char* grid;
  Table options{};
};

/// A1111's labels and ComfyUI's names of schedules.
const std::vector<GridName>& grid_names() {
  static const std::vector<GridName> all{
      {"Karras", "karras"},
      {"Exponential", "exponential"},
      {"Polyexponential", "polyexponential"},
      {"SGM Uniform", "sgm_uniform"},
      {"KL Optimal", "kl_optimal"},
      {"Align Your Steps", "align_your_steps"},
      {"Simple", "simple"},
      {"Normal", "uniform", {{"rounded", false}}},
      {"Uniform", "uniform", {{"rounded", false}}},
      {"DDIM", "leading", {{"steps_offset", 1}}},
      {"ddim_uniform", "leading", {{"steps_offset", 1}}},
      {"Beta", "beta", {{"of", "sigma"}}},
      {"Linear Quadratic", "linear_quadratic"},
  };
  return all;
}

/// A label of A1111; `automatic` is the schedule that it takes by itself.
struct Label {
  const char* name;
  const char* sampler;
  const char* automatic;
  Table options{};
};

const std::vector<Label>& labels() {
  static const std::vector<Label> all{
      {"Euler a", "euler_ancestral", "Normal"},
      {"Euler", "euler", "Normal"},
      {"LMS", "lms", "Normal"},
      {"Heun", "heun", "Normal"},
      {"DPM2", "dpm2", "Karras"},
      {"DPM2 a", "dpm2_ancestral", "Karras"},
      {"DPM++ 2S a", "dpmpp_2s_ancestral", "Karras"},
      {"DPM++ 2M", "dpmpp_2m", "Karras"},
      {"DPM++ SDE", "dpmpp_sde", "Karras"},
      {"DPM++ 2M SDE", "dpmpp_2m_sde", "Exponential"},
      {"DPM++ 2M SDE Heun", "dpmpp_2m_sde", "Exponential", {{"solver", "heun"}}},
      {"DPM++ 3M SDE", "dpmpp_3m_sde", "Exponential"},
      {"DPM fast", "dpm_fast", "Exponential"},
      {"DPM adaptive", "dpm_adaptive", "Exponential"},
      {"Restart", "restart", "Karras"},
      {"DDIM", "ddim", "DDIM"},
      {"DDIM CFG++", "euler_cfg_pp", "DDIM"},
      {"PLMS", "pndm", "DDIM"},
      {"UniPC", "unipc", "SGM Uniform", {{"order", 3}, {"variant", "bh1"}}},
      {"LCM", "lcm", "SGM Uniform"},
  };
  return all;
}

/// ComfyUI's names that are not ours; k-diffusion's functions are these behind "sample_".
struct Alias {
  const char* name;
  const char* sampler;
  Table options{};
};

const std::vector<Alias>& aliases() {
  static const std::vector<Alias> all{
      {"dpm_2", "dpm2"},
      {"dpm_2_ancestral", "dpm2_ancestral"},
      {"dpmpp_sde_gpu", "dpmpp_sde"},
      {"dpmpp_2m_sde_gpu", "dpmpp_2m_sde"},
      {"dpmpp_2m_sde_heun", "dpmpp_2m_sde", {{"solver", "heun"}}},
      {"dpmpp_3m_sde_gpu", "dpmpp_3m_sde"},
      {"euler_ancestral_cfg_pp", "euler_cfg_pp", {{"eta", 1.0}}},
      {"ipndm_v", "ipndm", {{"variable_step", true}}},
      {"uni_pc", "unipc", {{"order", 3}, {"variant", "bh1"}}},
      {"uni_pc_bh2", "unipc", {{"order", 3}}},
      {"gradient_estimation", "euler_gradient", {{"gamma", 2.0}}},
      {"plms", "pndm"},
  };
  return all;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool begins_with(const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; }

bool listed(const std::string& sampler) {
  const auto& entries = sampler::registry().entries();
  return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.name == sampler; });
}

/// Whether a name's options are among those in force.
bool holds(const Table& options, const Table& in_force) {
  return std::all_of(options.begin(), options.end(), [&](const auto& option) {
    const auto found = in_force.find(option.first);
    return found != in_force.end() && found->second.value == option.second.value;
  });
}

/// "DPM++ 2M SDE Karras": the longest label that it begins with, then nothing or a schedule's.
std::optional<Spelling> find_label(const std::string& lowered) {
  const Label* longest = nullptr;
  for (const Label& label : labels()) {
    const std::string name = lower(label.name);
    if (lowered != name && !begins_with(lowered, name + " ")) continue;
    if (longest == nullptr || name.size() > std::strlen(longest->name)) longest = &label;
  }
  if (longest == nullptr) return std::nullopt;
  std::string rest = lowered.substr(std::strlen(longest->name));
  rest.erase(0, rest.find_first_not_of(' '));
  if (rest.empty() || rest == "automatic") rest = longest->automatic;
  const std::optional<Spelling> grid = find_grid_spelling(rest);
  if (!grid) return std::nullopt;
  return Spelling{longest->sampler, longest->options, grid->grid, grid->grid_options};
}

std::optional<Spelling> find_alias(std::string lowered) {
  constexpr const char* kFunction = "sample_";
  if (begins_with(lowered, kFunction)) {
    lowered.erase(0, std::strlen(kFunction));
    if (listed(lowered)) return Spelling{lowered};
  }
  for (const Alias& alias : aliases())
    if (lowered == alias.name) return Spelling{alias.sampler, alias.options};
  return std::nullopt;
}

std::optional<Spelling> find_class(const std::string& lowered) {
  for (const std::string& name : diffusers_classes())
    if (lower(name) == lowered) return read_diffusers({{"_class_name", name}}).walk;
  return std::nullopt;
}

}  // namespace

std::optional<Spelling> find_spelling(const std::string& name) {
  const std::string lowered = lower(name);
  std::optional<Spelling> found = find_label(lowered);
  if (!found) found = find_alias(lowered);
  if (!found) found = find_class(lowered);
  return found && listed(found->sampler) ? found : std::nullopt;
}

std::optional<Spelling> find_grid_spelling(const std::string& name) {
  const std::string lowered = lower(name);
  for (const GridName& one : grid_names())
    if (lower(one.name) == lowered) return Spelling{"", {}, one.grid, one.options};
  return std::nullopt;
}

std::vector<std::string> spellings(const std::string& sampler) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& name, const std::string& means) {
    if (listed(means) && (sampler.empty() || sampler == means)) out.push_back(name);
  };
  for (const Label& label : labels()) add(label.name, label.sampler);
  for (const Label& label : labels())
    if (std::string(label.automatic) != "DDIM") add(label.name + std::string(" Karras"), label.sampler);
  for (const Alias& alias : aliases()) add(alias.name, alias.sampler);
  for (const std::string& name : diffusers_classes()) add(name, read_diffusers({{"_class_name", name}}).walk.sampler);
  return out;
}

std::vector<std::string> grid_spellings(const std::string& grid) {
  std::vector<std::string> out;
  for (const GridName& one : grid_names())
    if (grid.empty() || grid == one.grid) out.emplace_back(one.name);
  return out;
}

std::string a1111_sampler(const std::string& sampler, const Table& options) {
  const Label* closest = nullptr;
  for (const Label& label : labels()) {
    if (sampler != label.sampler || !holds(label.options, options)) continue;
    if (closest == nullptr || label.options.size() > closest->options.size()) closest = &label;
  }
  return closest == nullptr ? "" : closest->name;
}

std::string a1111_schedule(const std::string& grid, const Table& options) {
  for (const GridName& one : grid_names())
    if (grid == one.grid && holds(one.options, options)) return one.name;
  return "";
}

}  // namespace roulade
