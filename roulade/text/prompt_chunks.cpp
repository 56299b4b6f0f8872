// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/text/prompt_weights.hpp"

#include <algorithm>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr auto kWhere = "prompt";

/// One chunk without its start and end.
struct Chunk {
  std::vector<int64_t> ids;
  std::vector<double> weights;
};

class Cutter {
 public:
  explicit Cutter(const ChunkRule& rule) : rule_(rule) {}

  std::vector<Chunk> cut(const std::vector<WeightedTokens>& parts) {
    for (const WeightedTokens& part : parts) {
      if (part.breaks)
        finish();
      else
        for (const int64_t id : part.ids) add(id, part.weight);
    }
    if (!now_.ids.empty() || done_.empty()) finish();
    return std::move(done_);
  }

 private:
  int64_t size() const { return static_cast<int64_t>(now_.ids.size()); }

  void add(int64_t id, double weight) {
    if (id == rule_.comma) {
      last_comma_ = size();
    } else if (size() == rule_.length && last_comma_ >= 0 && size() - last_comma_ <= rule_.backtrack) {
      const auto keep = static_cast<size_t>(last_comma_ + 1);
      Chunk after{{now_.ids.begin() + static_cast<int64_t>(keep), now_.ids.end()},
                  {now_.weights.begin() + static_cast<int64_t>(keep), now_.weights.end()}};
      now_.ids.resize(keep);
      now_.weights.resize(keep);
      finish();
      now_ = std::move(after);
    }
    if (size() == rule_.length) finish();
    now_.ids.push_back(id);
    now_.weights.push_back(weight);
  }

  void finish() {
    done_.push_back(std::exchange(now_, {}));
    last_comma_ = -1;
  }

  ChunkRule rule_;
  std::vector<Chunk> done_;
  Chunk now_;
  int64_t last_comma_ = -1;
};

}  // namespace

PromptChunks chunk_prompt(const std::vector<WeightedTokens>& parts, const ChunkRule& rule, int64_t at_least) {
  if (rule.length < 1) fail(Code::usage, kWhere, "length of a chunk", "at least 1", fmt::format("{}", rule.length));
  std::vector<Chunk> chunks = Cutter(rule).cut(parts);
  if (static_cast<int64_t>(chunks.size()) < at_least) chunks.resize(static_cast<size_t>(at_least));
  const auto count = static_cast<int64_t>(chunks.size()), width = rule.length + 2;
  PromptChunks out{at::empty({count, width}, at::kLong), at::empty({count, width}, at::kDouble)};
  for (int64_t i = 0; i < count; ++i) {
    const Chunk& chunk = chunks[static_cast<size_t>(i)];
    int64_t* ids = out.ids.mutable_data_ptr<int64_t>() + i * width;
    double* weights = out.weights.mutable_data_ptr<double>() + i * width;
    std::fill_n(ids, width, rule.end);
    std::fill_n(weights, width, 1.0);
    ids[0] = rule.start;
    std::copy(chunk.ids.begin(), chunk.ids.end(), ids + 1);
    std::copy(chunk.weights.begin(), chunk.weights.end(), weights + 1);
    if (rule.pad == rule.end) continue;  // an end that the prompt names stands in the midst of it
    int64_t* const end = std::find(ids, ids + width, rule.end);
    std::fill(end + 1, ids + width, rule.pad);  // the last of them is an end, so there is one
  }
  return out;
}

Tensor weigh_states(const Tensor& states, const Tensor& weights) {
  if (states.dim() != 3 || weights.dim() != 2 || states.size(0) != weights.size(0) || states.size(1) != weights.size(1))
    fail(Code::usage, kWhere, "states and weights", "[C, L, width] and [C, L]",
         fmt::format("{} and {}", states.sizes().vec(), weights.sizes().vec()));
  const Tensor weighed = states * weights.to(states.scalar_type()).unsqueeze(2);
  const Tensor before = states.mean({1, 2}, true), after = weighed.mean({1, 2}, true);
  return weighed * at::where(after.eq(0), at::ones_like(after), before / after);
}

EncodedText encode_prompt(const TextEncoder& encoder, const PromptChunks& chunks) {
  const EncodedText text = encoder.encode({chunks.ids});
  EncodedText out{weigh_states(text.states, chunks.weights).flatten(0, 1).unsqueeze(0)};
  if (text.pooled.defined()) out.pooled = text.pooled.narrow(0, 0, 1);
  return out;
}

}  // namespace roulade
