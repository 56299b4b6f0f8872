// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/condition.hpp"
#include "roulade/model/linear.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace roulade {

/// Keys and values that the attentions of one network made of one prompt. They depend on the tokens alone, so every
/// step of a sampling run asks for the same ones. Thread-safe.
class KeptProjections {
 public:
  struct Pair {
    Tensor keys, values;  ///< [B, L, heads d]
  };

  /// spent: bytes of all that count against the limit together.
  explicit KeptProjections(std::shared_ptr<std::atomic<size_t>> spent);
  KeptProjections(const KeptProjections&) = delete;
  KeptProjections& operator=(const KeptProjections&) = delete;
  ~KeptProjections();

  /// key(tokens) and value(tokens): those of the last time where all weights are still the same, and computed
  /// otherwise. Kept up to a fixed number of bytes.   key, value: layers that live as long as the network; tokens:
  /// always the same.
  Pair of(const Linear& key, const Linear& value, const Tensor& tokens);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What a network knows of the last prompts, two for each thread. Prompts are told apart by their values, as guidance
/// puts the tokens of its halves together anew at each step. Thread-safe.
class PromptCache {
 public:
  /// prompts: that are kept at most; absent = two for each thread that samples.
  explicit PromptCache(std::optional<size_t> prompts = std::nullopt);
  PromptCache(const PromptCache&) = delete;
  PromptCache& operator=(const PromptCache&) = delete;
  ~PromptCache();

  /// tokens: [B, L, D].
  std::shared_ptr<KeptProjections> of(const Tensor& tokens) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Token states as the layers of a network read them.
struct Prompt {
  Tensor tokens;                          ///< [B, L, D]
  Tensor bias;                            ///< [B, 1, 1, L], added before the softmax; undefined = all tokens count
  std::shared_ptr<KeptProjections> kept;  ///< null = nothing is kept
};

/// Of Condition::tokens [B, L, width] and token_mask, in x's dtype: scores of tokens that do not count are lowered by
/// 10,000, as diffusers does. Throws Error(usage) naming `where` for other shapes, and without tokens.
Prompt read_prompt(const std::string& where, const Tensor& x, const Condition& condition, int64_t width);

}  // namespace roulade
