// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/text/prompt_weights.hpp"
#include "roulade/text/tokenizer.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace roulade {

/// A prompt of parse_prompt's grammar as ids and their weights.
struct WeightedPrompt {
  std::vector<int64_t> ids;     ///< [chunks L]
  std::vector<double> weights;  ///< [chunks L]; empty: all are 1
  int64_t chunks = 1;           ///< that an encoder reads one by one
  int64_t cut_tokens = 0;       ///< as in Encoded
  std::string cut_text;
};

/// As Stable Diffusion's text encoders take it: chunks of `limit` tokens (chunk_prompt), start, end and padding those
/// of the tokenizer; nothing is cut.   limit: at least 3. Throws Error(usage) as parse_prompt does, and for a tokenizer
/// without padding or another number of tokens around a text.
WeightedPrompt read_in_chunks(const std::string& prompt, const Tokenizer& tokenizer, int64_t limit);

/// As one text: the prompt without its grammar's signs is cut into tokens, each of the weight of the first letter that
/// it stands for; those around the text have 1.   limit: as Tokenizer::encode takes it. Throws Error(usage) as
/// parse_prompt does, and for BREAK.
WeightedPrompt read_as_one(const std::string& prompt, const Tokenizer& tokenizer, int64_t limit);

/// states w, times (mean before) / (mean after) as in weigh_states, held within 1 / (largest weight) to 1 / (smallest
/// one, at least 0.1). Where the means of all tokens have one sign the ratio lies there by itself; encoders that end in
/// a normalisation have means around 0, whose ratio can be anything.   states: [L, width]; weights: [L].
Tensor weigh_text(const Tensor& states, const Tensor& weights);

}  // namespace roulade
