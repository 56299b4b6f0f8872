// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "tests/tree.hpp"

#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace roulade::testing {

/// The walks of some files of tests/golden/sampler/; of all that our samplers should give.
inline std::vector<nlohmann::json> golden_cases(const std::vector<std::string>& names = {
                                                    "diffusers_states", "diffusers_stretched", "diffusers_indexed",
                                                    "diffusers_flows", "k_diffusion"}) {
  std::vector<nlohmann::json> out;
  for (const std::string& name : names) {
    const std::string file = (test::tree() / "tests/golden/sampler" / (name + ".json")).string();
    std::ifstream in(file);
    if (!in) throw std::runtime_error("cannot read " + file);
    for (nlohmann::json& one : nlohmann::json::parse(in)) out.push_back(std::move(one));
  }
  return out;
}

/// An object's flags, numbers, texts and lists of numbers as options.
inline Table table_of(const nlohmann::json& options) {
  Table out;
  for (const auto& [key, value] : options.items()) {
    if (value.is_boolean()) out[key] = value.get<bool>();
    if (value.is_number_integer()) out[key] = value.get<int64_t>();
    if (value.is_number_float()) out[key] = value.get<double>();
    if (value.is_string()) out[key] = value.get<std::string>();
    if (value.is_array()) out[key] = value.get<std::vector<double>>();
  }
  return out;
}

}  // namespace roulade::testing
