// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/text_network.hpp"

#include "roulade/core/error.hpp"

#include <utility>

#include <ATen/ops/full.h>
#include <fmt/format.h>

namespace roulade {
namespace {

class TextNetwork final : public Model {
 public:
  TextNetwork(std::shared_ptr<const Model> network, std::shared_ptr<const TextTable> texts,
              std::shared_ptr<const TextEncoder> encoder)
      : network_(std::move(network)), texts_(std::move(texts)), encoder_(std::move(encoder)) {}

  Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const override {
    const Tensor numbers = condition.text.value_or(at::full({x.size(0)}, -1, at::kLong));
    if (numbers.dim() != 1 || numbers.size(0) != x.size(0))
      fail(Code::usage, "text", "texts of a batch", fmt::format("{}, one for each sample", x.size(0)),
           fmt::format("{}", numbers.size(0)));
    Condition told = condition;
    told.text.reset();
    const TextStates states = encoder_ ? encoded(numbers) : texts_->states(numbers);
    told.tokens = states.states;
    if (states.mask.defined()) told.token_mask = states.mask;
    if (states.pooled.defined()) told.pooled = states.pooled;
    return network_->forward(x, noise_level, told);
  }

  NamedWeights parameters() const override {
    NamedWeights out = network_->parameters();
    if (encoder_)
      for (const auto& [name, weight] : encoder_->parameters()) out.emplace_back("text_encoder." + name, weight);
    return out;
  }

 private:
  TextStates encoded(const Tensor& numbers) const {
    if (const auto ends = texts_->mixed(numbers))
      return mix_states(encoded(ends->from), encoded(ends->to), ends->shares);
    const TextTokens tokens = texts_->tokens(numbers);
    EncodedText text = encoder_->encode(tokens);
    return {texts_->weighed(numbers, text.states), tokens.mask, std::move(text.pooled)};
  }

  std::shared_ptr<const Model> network_;
  std::shared_ptr<const TextTable> texts_;
  std::shared_ptr<const TextEncoder> encoder_;
};

}  // namespace

std::unique_ptr<Model> make_text_network(std::shared_ptr<const Model> network, std::shared_ptr<const TextTable> texts,
                                         std::shared_ptr<const TextEncoder> encoder) {
  if (!network || !texts || (!encoder && !texts->parts().encoder))
    fail(Code::usage, "text", "a part is missing", "network, table of texts and encoder");
  return std::make_unique<TextNetwork>(std::move(network), std::move(texts), std::move(encoder));
}

}  // namespace roulade
