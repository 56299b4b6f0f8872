// SPDX-License-Identifier: Apache-2.0
#include "app/sampling_words.hpp"

#include "roulade/core/options.hpp"

#include <fmt/format.h>

namespace roulade::app {

void SamplingWords::add_to(CLI::App& command) {
  command.add_option("--guidance", guidance, "classifier-free guidance of this scale; 1 = off")->option_text("S");
  command
      .add_option("--sampler", sampler,
                  "see roulade list samplers; names of A1111, ComfyUI,\nk-diffusion and diffusers serve, too, and "
                  "its\nscheduler_config.json")
      ->option_text("NAME");
  command.add_option("--steps", steps, "steps of the sampling grid")->option_text("N");
}

void SamplingWords::append_to(std::vector<std::string>& set) const {
  append_text(set, "sample.sampler", sampler);
  if (steps) set.push_back(fmt::format("sample.steps={}", *steps));
  if (!guidance) return;
  set.emplace_back("guidance.kind=\"cfg\"");
  set.push_back(fmt::format("guidance.scale={}", *guidance));
}

void append_text(std::vector<std::string>& set, const std::string& key, const std::string& text) {
  if (!text.empty()) set.push_back(key + "=" + to_text(Value(text)));
}

}  // namespace roulade::app
