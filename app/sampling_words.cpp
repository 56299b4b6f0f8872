// SPDX-License-Identifier: Apache-2.0
#include "app/sampling_words.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/options.hpp"
#include "roulade/run/diffusers_folder.hpp"
#include "roulade/run/walk_checks.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace roulade::app {

void SamplingWords::add_to(CLI::App& command) {
  command
      .add_option(
          "--guidance", guidance,
          "classifier-free guidance of this scale; 1 = off; beside\n--set guidance.kind=K the scale of that one")
      ->option_text("S");
  command
      .add_option("--sampler", sampler,
                  "see roulade list samplers; names of A1111, ComfyUI,\nk-diffusion and diffusers serve, too, and "
                  "its\nscheduler_config.json")
      ->option_text("NAME");
  command.add_option("--steps", steps, "steps of the sampling grid")->option_text("N");
}

bool sets_key(const std::vector<std::string>& set, const std::string& key) {
  return std::any_of(set.begin(), set.end(), [&](const std::string& assignment) {
    const std::string name = assignment.substr(0, assignment.find('='));
    return name.substr(0, name.find(' ')) == key;
  });
}

void refuse_beside_set(const std::vector<std::string>& set, const std::string& option, const std::string& key) {
  if (sets_key(set, key)) fail(Code::usage, option, "the value", "one of " + option + " and --set " + key, "both");
}

void SamplingWords::append_to(std::vector<std::string>& set) const {
  if (!sampler.empty()) refuse_beside_set(set, "--sampler", "sample.sampler");
  if (steps) refuse_beside_set(set, "--steps", "sample.steps");
  if (guidance) refuse_beside_set(set, "--guidance", "guidance.scale");
  append_text(set, "sample.sampler", sampler);
  if (steps) set.push_back(fmt::format("sample.steps={}", *steps));
  if (!guidance) return;
  const bool chosen =
      std::any_of(set.begin(), set.end(), [](const auto& s) { return s.starts_with("guidance.kind="); });
  if (!chosen) set.emplace_back("guidance.kind=\"cfg\"");
  set.push_back(fmt::format("guidance.scale={}", *guidance));
}

void warn_of_guidance(Work& work, const TrainedRun& run) {
  if (is_diffusers_folder(run.folder)) return;
  if (const std::string line = warning_of_guidance(run.recipe, run.facts); !line.empty()) work.say(line);
}

void say_what_is_cut(Work& work, const TrainedRun& run) {
  if (run.texts && !run.texts->cut().empty()) work.say("warning: " + run.texts->cut());
}

void append_text(std::vector<std::string>& set, const std::string& key, const std::string& text) {
  if (!text.empty()) set.push_back(key + "=" + roulade::to_text(Value(text)));
}

}  // namespace roulade::app
