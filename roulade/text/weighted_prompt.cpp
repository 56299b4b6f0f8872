// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/weighted_prompt.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/mean.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr auto kWhere = "prompt";
constexpr double kLeastRatio = 0.1;
constexpr std::string_view kBlanks = " \t\n\r\f\v";

/// Nothing where all are 1, so that such a text is read as without weights.
void drop_ones(std::vector<double>& weights) {
  if (std::all_of(weights.begin(), weights.end(), [](double w) { return w == 1; })) weights.clear();
}

}  // namespace

WeightedPrompt read_in_chunks(const std::string& prompt, const Tokenizer& tokenizer, int64_t limit) {
  const std::vector<int64_t> around = tokenizer.encode("", 0).ids;
  if (around.size() != 2 || !tokenizer.padding() || limit < 3)
    fail(Code::usage, kWhere, "chunks", "a tokenizer with start, end and padding, at least 3 tokens",
         fmt::format("{} around a text, {} tokens", around.size(), limit));
  std::vector<WeightedTokens> parts;
  for (const PromptPart& part : parse_prompt(prompt)) {
    const std::vector<int64_t> ids = tokenizer.encode(part.text, 0).ids;
    parts.push_back({{ids.begin() + 1, ids.end() - 1}, part.weight, part.breaks});
  }
  const PromptChunks chunks = chunk_prompt(parts, {.start = around.front(),
                                                   .end = around.back(),
                                                   .pad = *tokenizer.padding(),
                                                   .length = limit - 2,
                                                   .comma = tokenizer.find(",</w>").value_or(-1)});
  WeightedPrompt out;
  const auto count = static_cast<size_t>(chunks.ids.numel());
  out.ids.assign(chunks.ids.const_data_ptr<int64_t>(), chunks.ids.const_data_ptr<int64_t>() + count);
  out.weights.assign(chunks.weights.const_data_ptr<double>(), chunks.weights.const_data_ptr<double>() + count);
  out.chunks = chunks.ids.size(0);
  drop_ones(out.weights);
  return out;
}

WeightedPrompt read_as_one(const std::string& prompt, const Tokenizer& tokenizer, int64_t limit) {
  std::string text;
  std::vector<double> by_byte;
  for (const PromptPart& part : parse_prompt(prompt)) {
    if (part.breaks)
      fail(Code::usage, kWhere, "BREAK", "CLIP, which reads a prompt in chunks",
           tokenizer.family() + ", which does not");
    text += part.text;
    by_byte.resize(text.size(), part.weight);
  }
  Encoded encoded = tokenizer.encode(text, limit);
  WeightedPrompt out;
  for (const int64_t at : encoded.at) {
    // A piece may begin with the blank in front of its word.
    const size_t letter = at < 0 ? std::string::npos : text.find_first_not_of(kBlanks, static_cast<size_t>(at));
    out.weights.push_back(letter == std::string::npos ? 1 : by_byte[letter]);
  }
  out.ids = std::move(encoded.ids);
  out.cut_tokens = encoded.cut_tokens;
  out.cut_text = std::move(encoded.cut_text);
  drop_ones(out.weights);
  return out;
}

Tensor weigh_text(const Tensor& states, const Tensor& weights) {
  if (states.dim() != 2 || weights.dim() != 1 || states.size(0) != weights.size(0))
    fail(Code::usage, kWhere, "states and weights", "[L, width] and [L]",
         fmt::format("{} axes and {}", states.dim(), weights.dim()));
  const Tensor weighed = states * weights.to(states.scalar_type()).unsqueeze(1);
  const double before = states.mean().item<double>(), after = weighed.mean().item<double>();
  const double least = std::max(weights.min().item<double>(), kLeastRatio);
  const double most = std::max(weights.max().item<double>(), least);
  return weighed / std::clamp(before == 0 ? 1 : after / before, least, most);
}

}  // namespace roulade
