// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/text_network.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"

#include <algorithm>
#include <list>
#include <mutex>
#include <utility>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>

namespace roulade {
namespace {

/// What an encoder that trains along with the network made of the last texts, for the steps of a sampling that ask for
/// the same ones: two of guidance for each thread. Thread-safe.
class EncodedTexts {
 public:
  /// encode(numbers), or what it gave when these were last asked for and the weights were the same. With gradients
  /// nothing is kept.
  template <class Encode>
  EncodedText of(const Tensor& numbers, const TextEncoder& encoder, const Encode& encode) {
    const NamedWeights weights = encoder.parameters();
    const bool frozen = std::none_of(weights.begin(), weights.end(), [](const auto& w) {
      return !w.second.bare() || w.second.stored().requires_grad();
    });
    if (at::GradMode::is_enabled() || !frozen) return encode();
    Stamp stamp;
    for (const auto& [name, weight] : weights) stamp.emplace_back(weight.stored(), weight.stored()._version());
    {
      const std::lock_guard lock(mutex_);
      for (auto one = known_.begin(); one != known_.end(); ++one)
        if (one->numbers.sizes() == numbers.sizes() && at::equal(one->numbers, numbers) && same(one->stamp, stamp)) {
          known_.splice(known_.begin(), known_, one);
          return one->text;
        }
    }
    EncodedText text = encode();
    const std::lock_guard lock(mutex_);
    known_.push_front({numbers.detach().clone(), std::move(stamp), std::move(text)});
    bytes_ += bytes_of(known_.front().text);
    while (known_.size() > 1 && (known_.size() > 2 * static_cast<size_t>(threads()) || bytes_ > kMostBytes)) {
      bytes_ -= bytes_of(known_.back().text);
      known_.pop_back();
    }
    return known_.front().text;
  }

 private:
  /// Weights as they were: held, so that no other tensor can have their place.
  using Stamp = std::vector<std::pair<Tensor, int64_t>>;
  struct Known {
    Tensor numbers;
    Stamp stamp;
    EncodedText text;
  };
  static constexpr size_t kMostBytes = size_t{512} << 20;
  static size_t bytes_of(const EncodedText& text) {
    return text.states.nbytes() + (text.pooled.defined() ? text.pooled.nbytes() : 0);
  }
  static bool same(const Stamp& a, const Stamp& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return x.first.is_same(y.first) && x.second == y.second; });
  }

  std::mutex mutex_;
  std::list<Known> known_;  ///< the last one asked for first
  size_t bytes_ = 0;        ///< of their states
};

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
    EncodedText text = kept_.of(numbers, *encoder_, [&] { return encoder_->encode(tokens); });
    return {texts_->weighed(numbers, text.states), tokens.mask, std::move(text.pooled)};
  }

  std::shared_ptr<const Model> network_;
  std::shared_ptr<const TextTable> texts_;
  std::shared_ptr<const TextEncoder> encoder_;
  mutable EncodedTexts kept_;
};

}  // namespace

std::unique_ptr<Model> make_text_network(std::shared_ptr<const Model> network, std::shared_ptr<const TextTable> texts,
                                         std::shared_ptr<const TextEncoder> encoder) {
  if (!network || !texts || (!encoder && !texts->parts().encoder))
    fail(Code::usage, "text", "a part is missing", "network, table of texts and encoder");
  return std::make_unique<TextNetwork>(std::move(network), std::move(texts), std::move(encoder));
}

}  // namespace roulade
