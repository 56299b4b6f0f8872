// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/layers.hpp"

#include "roulade/core/error.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade::text {
namespace {

/// One 0 for all of its values.
Weight blank(at::IntArrayRef shape) { return Weight(at::zeros({}, at::kFloat).expand(shape).requires_grad_(true)); }

void check_ids(const std::string& where, const char* what, const Tensor& ids, int64_t count) {
  if (ids.scalar_type() != at::kLong) fail(Code::usage, where, what, "int64", at::toString(ids.scalar_type()));
  const auto least = ids.min().item<int64_t>(), most = ids.max().item<int64_t>();
  if (least < 0 || most >= count)
    fail(Code::usage, where, what, fmt::format("0 to {}", count - 1), fmt::format("{}", least < 0 ? least : most));
}

}  // namespace

RmsNorm::RmsNorm(Initialiser& init, int64_t width, double eps_) : weight(init.ones({width})), eps(eps_) {}

Tensor RmsNorm::forward(const Tensor& x) const {
  return x * x.square().mean(-1, true).add(eps).rsqrt() * weight.use(x.scalar_type());
}

void RmsNorm::list(NamedWeights& to, const std::string& prefix) const { to.emplace_back(prefix + ".weight", weight); }

const std::vector<std::string>& activation_names() {
  static const std::vector<std::string> names{"gelu", "gelu_new", "gelu_pytorch_tanh", "quick_gelu", "relu"};
  return names;
}

Tensor activation(const std::string& name, const Tensor& x) {
  if (name == "gelu") return at::gelu(x);
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return at::gelu(x, "tanh");
  if (name == "quick_gelu") return x * at::sigmoid(x * 1.702);
  if (name == "relu") return at::relu(x);
  fail_unknown("text encoder", "activation", name, activation_names());
}

Linear blank_linear(int64_t in, int64_t out, bool bias) {
  Linear layer;
  layer.weight = blank({out, in});
  if (bias) layer.bias = blank({out});
  return layer;
}

Embedding blank_embedding(int64_t rows, int64_t width) {
  Embedding table;
  table.weight = blank({rows, width});
  return table;
}

EncoderLayer::EncoderLayer(Initialiser& init, int64_t width, int64_t between, int64_t heads_, double eps,
                           const std::string& act_)
    : norm1(init, width, eps),
      norm2(init, width, eps),
      q(blank_linear(width, width)),
      k(blank_linear(width, width)),
      v(blank_linear(width, width)),
      out(blank_linear(width, width)),
      wide(blank_linear(width, between)),
      narrow(blank_linear(between, width)),
      heads(heads_),
      act(act_) {}

Tensor EncoderLayer::mixed(const Tensor& x, const AttentionRule& rule) const {
  return out.forward(attend(q.forward(x), k.forward(x), v.forward(x), heads, rule));
}

Tensor EncoderLayer::fed(const Tensor& x) const { return narrow.forward(activation(act, wide.forward(x))); }

std::optional<Tensor> key_bias(const Tensor& mask, at::ScalarType dtype) {
  if (!mask.defined() || mask.all().item<bool>()) return std::nullopt;
  return at::zeros({mask.size(0), 1, 1, mask.size(1)}, dtype)
      .masked_fill(mask.logical_not().view({mask.size(0), 1, 1, mask.size(1)}), -INFINITY);
}

Tensor mean_of_counting(const Tensor& x, const Tensor& mask) {
  if (!mask.defined()) return x.mean(1);
  const Tensor counts = mask.to(x.scalar_type()).unsqueeze(2);
  return (x * counts).sum(1) / counts.sum(1);
}

void check_tokens(const std::string& where, const TextTokens& tokens, int64_t vocabulary, int64_t positions) {
  const Tensor& ids = tokens.ids;
  const auto shape = [](const Tensor& t) { return t.defined() ? fmt::format("{}", t.sizes().vec()) : "none"; };
  if (!ids.defined() || ids.dim() != 2 || ids.numel() == 0)
    fail(Code::usage, where, "ids", "[N, L], neither 0", shape(ids));
  if (positions > 0 && ids.size(1) > positions)
    fail(Code::usage, where, "tokens of a text", fmt::format("at most {}", positions), fmt::format("{}", ids.size(1)));
  check_ids(where, "ids", ids, vocabulary);
  const Tensor& mask = tokens.mask;
  if (!mask.defined()) return;
  if (mask.sizes() != ids.sizes() || mask.scalar_type() != at::kBool)
    fail(Code::usage, where, "mask", fmt::format("bool {}", ids.sizes().vec()),
         fmt::format("{} {}", at::toString(mask.scalar_type()), mask.sizes().vec()));
  if (!mask.any(1).all().item<bool>()) fail(Code::usage, where, "mask", "a token that counts in each text", "none");
}

at::ScalarType dtype_of(const Weight& weight) {
  return weight.stored().scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

}  // namespace roulade::text
