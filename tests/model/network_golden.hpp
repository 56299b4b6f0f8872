// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/process.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/model/model.hpp"
#include "rule.hpp"
#include "tests/tree.hpp"

#include <cmath>
#include <functional>
#include <map>
#include <string>

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade::test {

using Json = nlohmann::json;

struct Golden {
  Json config;
  std::map<std::string, Tensor> tensors;

  explicit Golden(const std::string& name) {
    TensorFile file = read_tensors(tree() / "tests/golden/model" / (name + ".safetensors"));
    config = Json::parse(file.metadata.at("config"));
    tensors = std::move(file.tensors);
  }
};

inline Tensor weight_of(const std::string& name, at::IntArrayRef shape) {
  const Tensor u = rule(name, shape);
  if (shape.size() == 1) return name.ends_with(".weight") ? u * 0.2 + 1 : u * 0.1;
  int64_t in = 1;
  for (const int64_t d : shape.slice(1)) in *= d;
  return u * std::sqrt(3.0 / static_cast<double>(in));
}

inline void fill(const Model& model, at::ScalarType dtype) {
  for (const auto& [name, weight] : model.parameters()) {
    Weight handle = weight;
    const bool trained = weight.stored().requires_grad();
    handle.store(weight_of(name, weight.stored().sizes()).to(dtype).requires_grad_(trained));
  }
}

/// Distance beside the largest value.
inline double furthest(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b).abs().max().item<double>() / b.abs().max().item<double>();
}

struct Exact {
  explicit Exact(bool asked) { set_exact(asked); }
  ~Exact() { set_exact(false); }
};

/// What a network answers to the inputs of these names.
using Ask = std::function<Tensor(const std::map<std::string, Tensor>& inputs, at::ScalarType dtype)>;

/// Answers and gradients are diffusers' own, in double to 1e-9 and in float to 1e-5 of the largest value. Inputs follow
/// from the rule. kernels: those of convolutions take part.
inline void expect_golden(const Golden& golden, const Model& model,
                          const std::map<std::string, std::vector<int64_t>>& inputs, const Ask& ask, bool kernels) {
  const Tensor& expected = golden.tensors.at("answer");
  Tensor written;
  for (const int pass : {0, 1, 2}) {  // in double; in float as it is written; in float by the kernels
    const auto dtype = pass == 0 ? at::kDouble : at::kFloat;
    const double near = pass == 0 ? 1e-9 : 1e-5;
    const Exact exact(pass == 1);
    fill(model, dtype);
    std::map<std::string, Tensor> given;
    for (const auto& [name, shape] : inputs) {
      given[name] = rule(name, shape).to(dtype);
      given[name].requires_grad_(true);
    }
    const Tensor answer = ask(given, dtype);
    ASSERT_EQ(answer.sizes(), expected.sizes());
    if (pass == 1) written = answer.detach();
    if (pass == 2 && kernels) {
      EXPECT_FALSE(answer.equal(written)) << "the kernels took no part";
    }
    EXPECT_LT(furthest(answer, expected), near);
    (answer * rule("cotangent", answer.sizes()).to(dtype)).sum().backward();
    for (const auto& [name, tensor] : given)
      EXPECT_LT(furthest(tensor.grad(), golden.tensors.at("gradient of " + name)), near) << name;
    size_t trained = 0;
    double largest = 0;
    for (const auto& [name, tensor] : golden.tensors)
      if (name.starts_with("projections")) largest = std::max(largest, tensor.abs().max().item<double>());
    for (const auto& [name, weight] : model.parameters()) {
      if (!weight.stored().requires_grad()) continue;
      ++trained;
      const auto at = golden.tensors.find("projections of " + name);
      ASSERT_NE(at, golden.tensors.end()) << name;
      const Tensor own = at::tensor(projections(name, weight.stored().grad()), at::kDouble);
      const double apart = (own - at->second).abs().max().item<double>(), size = at->second.abs().max().item<double>();
      EXPECT_LT(apart, near * largest) << name;
      if (name.ends_with("to_k.bias")) continue;  // softmax does not see it: its gradient is 0 but for rounding
      EXPECT_LT(apart, 20 * near * size) << name;
    }
    EXPECT_EQ(trained + inputs.size() + 1, golden.tensors.size());  // no parameter of diffusers' is missing here
  }
}

}  // namespace roulade::test
