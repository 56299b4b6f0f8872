// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/tensor_file.hpp"
#include "roulade/text/encoder_config.hpp"
#include "tests/model/rule.hpp"
#include "tests/tree.hpp"

#include <cmath>
#include <map>
#include <string>

#include <ATen/TensorOperators.h>

namespace roulade::test {

/// A file of tools/golden/text_encoders.py.
struct TextGolden {
  std::string config;
  std::map<std::string, Tensor> tensors;

  explicit TextGolden(const std::string& name) {
    TensorFile file = read_tensors(tree() / "tests/golden/text" / (name + ".safetensors"));
    config = file.metadata["config"];
    tensors = std::move(file.tensors);
  }
  const Tensor& at(const std::string& name) const { return tensors.at(name); }
  Tensor maybe(const std::string& name) const { return tensors.contains(name) ? tensors.at(name) : Tensor(); }
  TextTokens tokens() const { return {at("ids").to(at::kLong), maybe("mask"), maybe("types")}; }
};

/// What its weights are, by name: the rule that both sides know.
inline Tensor text_weight(const std::string& name, at::IntArrayRef shape) {
  const Tensor u = rule(name, shape);
  if (shape.size() == 1) return name.ends_with("bias") ? u * 0.1 : u * 0.2 + 1;
  if (name.find("embedding") != std::string::npos || name == "shared.weight") return u;
  int64_t in = 1;
  for (const int64_t d : shape.slice(1)) in *= d;
  return u * std::sqrt(3.0 / static_cast<double>(in));
}

inline void fill_by_rule(const TextEncoder& encoder, at::ScalarType dtype) {
  for (const auto& [name, weight] : encoder.parameters()) {
    Weight handle = weight;
    handle.store(text_weight(name, weight.stored().sizes()).to(dtype).requires_grad_(true));
  }
}

/// Largest difference beside the largest value.
inline double furthest(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return INFINITY;
  return (a.to(at::kDouble) - b).abs().max().item<double>() / b.abs().max().item<double>();
}

inline std::unique_ptr<TextEncoder> make_encoder(const std::string& config, const TextAnswer& answer = {}) {
  const std::string kind = text_encoder_kind(config, "config.json");
  if (kind == "BertModel") {
    BertConfig bert = parse_bert_config(config, "config.json");
    bert.pooling = answer.pooling.value_or("pooler");
    bert.normalise = answer.normalise.value_or(false);
    return make_bert(bert);
  }
  if (kind == "SmallText") return make_small_text(parse_small_text_config(config, "config.json"), 1);
  if (kind == "T5EncoderModel") return make_t5(parse_t5_config(config, "config.json"));
  ClipTextConfig clip = parse_clip_text_config(config, "config.json");
  clip.clip_skip = answer.clip_skip;
  clip.final_norm = answer.final_norm;
  return make_clip_text(clip);
}

}  // namespace roulade::test
