// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/tensor_file.hpp"
#include "tests/io/scratch.hpp"
#include "tests/model/rule.hpp"

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <nlohmann/json.hpp>

namespace roulade::test {

/// The rule of tools/golden/features.py.
inline Tensor feature_weight(const std::string& name, const std::vector<int64_t>& shape) {
  const Tensor u = rule(name, shape);
  if (shape.size() == 1)
    return (name.ends_with(".weight") || name.ends_with(".running_var") ? u * 0.2 + 1 : u * 0.1).to(at::kFloat);
  const double gain = name.find("_project_conv") != std::string::npos || name == "_fc.weight" ? 3 : 6;
  int64_t in = 1;
  for (size_t i = 1; i < shape.size(); ++i) in *= shape[i];
  return (u * std::sqrt(gain / static_cast<double>(in))).to(at::kFloat);
}

/// What that script found.
inline const TensorFile& feature_goldens() {
  static const TensorFile file = read_tensors(golden("eval/features.safetensors"));
  return file;
}

/// Of "lite0" or "inception".
inline std::map<std::string, Tensor> feature_weights(const std::string& network) {
  std::map<std::string, Tensor> out;
  const nlohmann::json shapes = nlohmann::json::parse(feature_goldens().metadata.at(network));
  for (const auto& [name, shape] : shapes.items()) out[name] = feature_weight(name, shape.get<std::vector<int64_t>>());
  return out;
}

}  // namespace roulade::test
