// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/text/encoder.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace roulade {

/// A piece of a prompt and how much it counts.
struct PromptPart {
  std::string text;
  double weight = 1;
  bool breaks = false;  ///< BREAK: what follows begins a chunk; text is empty
};

/// The prompt grammar of AUTOMATIC1111's web UI (1.10): (text) counts 1.1 times, (text:1.3) 1.3 times, [text] 1 / 1.1
/// times, also within each other; what is left open ends with the prompt. \( \) \[ \] \\ are the characters themselves,
/// any other backslash is dropped; closing brackets without an opening one, colons and (outside of round brackets)
/// ":1.3)" are text. The word BREAK, with the blanks around it, parts the prompt; within brackets as well, where the
/// web UI takes it for a word. Neighbours of one weight are one part; an empty prompt is one empty part. Words are told
/// apart in ASCII: bytes of other characters are letters. AND is a word as any other. Throws Error(usage) for a weight
/// that is no number (1.2.3), and for what changes from step to step there: [to:when], [from:to:when], [a|b].
std::vector<PromptPart> parse_prompt(const std::string& prompt);

/// A part after a tokenizer: its ids without start and end.
struct WeightedTokens {
  std::vector<int64_t> ids;
  double weight = 1;
  bool breaks = false;
};

struct ChunkRule {
  int64_t start = 49406, end = 49407;  ///< around each chunk
  int64_t pad = 49407;                 ///< behind its first end; Stable Diffusion 2: 0
  int64_t length = 75;                 ///< tokens of a prompt in each
  int64_t comma = -1;                  ///< a full chunk hands on what stands behind its last comma; -1 = it does not
  int64_t backtrack = 20;              ///< where that are at most so many tokens
};

/// A prompt's chunks: start, `length` tokens (padded by end), end.
struct PromptChunks {
  Tensor ids;      ///< [C, length + 2] int64
  Tensor weights;  ///< [C, length + 2] float64; 1 where nothing is asked
};

/// Cuts a prompt into chunks of rule.length tokens, as AUTOMATIC1111's web UI does; an empty prompt is one chunk.
/// at_least: chunks in all, the rest empty (for prompts beside longer ones). Throws Error(usage) for a length below 1.
PromptChunks chunk_prompt(const std::vector<WeightedTokens>& parts, const ChunkRule& rule, int64_t at_least = 1);

/// Each state times its token's weight, and each chunk times (mean of its states before) / (mean after), as
/// AUTOMATIC1111's web UI does.   states: [C, L, width]; weights: [C, L]; result: [C, L, width]. A chunk whose mean
/// becomes 0 keeps it. Throws Error(usage) for other shapes.
Tensor weigh_states(const Tensor& states, const Tensor& weights);

/// A prompt's states, chunk behind chunk.   states: [1, C L, width]; pooled: the first chunk's, [1, pooled_width].
EncodedText encode_prompt(const TextEncoder& encoder, const PromptChunks& chunks);

}  // namespace roulade
