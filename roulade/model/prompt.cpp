// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/prompt.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"

#include <list>
#include <map>
#include <mutex>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr int kPrompts = 2;                       // guidance in an interval asks with the negative one and without
constexpr size_t kMostBytes = size_t{512} << 20;  // of all; SDXL's seventy layers take 103 MB for two texts

/// A weight as it was: held, so that no other tensor can have its place.
struct Seen {
  Tensor weight;
  int64_t version = -1;

  Seen() = default;
  explicit Seen(const Weight& w) : weight(w.stored()), version(weight._version()) {}
  bool same(const Weight& w) const { return weight.is_same(w.stored()) && version == w.stored()._version(); }
};

/// A layer as it was.
struct SeenLayer {
  Seen weight, bias;

  SeenLayer() = default;
  explicit SeenLayer(const Linear& layer)
      : weight(layer.weight), bias(layer.bias.defined() ? Seen(layer.bias) : Seen()) {}
  bool same(const Linear& layer) const {
    return weight.same(layer.weight) && (!layer.bias.defined() || bias.same(layer.bias));
  }
};

struct Entry {
  SeenLayer key, value;
  KeptProjections::Pair made;
};

}  // namespace

struct KeptProjections::State {
  std::mutex mutex;
  std::map<const Linear*, Entry> entries;
  std::shared_ptr<std::atomic<size_t>> spent;
  size_t bytes = 0;  ///< of these entries
};

KeptProjections::KeptProjections(std::shared_ptr<std::atomic<size_t>> spent) : state_(std::make_unique<State>()) {
  state_->spent = std::move(spent);
}

KeptProjections::~KeptProjections() { *state_->spent -= state_->bytes; }

KeptProjections::Pair KeptProjections::of(const Linear& key, const Linear& value, const Tensor& tokens) {
  {
    const std::lock_guard lock(state_->mutex);
    const auto at = state_->entries.find(&key);
    if (at != state_->entries.end() && at->second.key.same(key) && at->second.value.same(value)) return at->second.made;
  }
  Entry entry{SeenLayer(key), SeenLayer(value), {key.forward(tokens), value.forward(tokens)}};
  Pair made = entry.made;
  const size_t bytes = made.keys.nbytes() + made.values.nbytes();
  const std::lock_guard lock(state_->mutex);
  const bool known = state_->entries.contains(&key);
  if (!known && *state_->spent + bytes > kMostBytes) return made;
  if (!known) {
    state_->bytes += bytes;
    *state_->spent += bytes;
  }
  state_->entries[&key] = std::move(entry);
  return made;
}

struct PromptCache::State {
  struct Known {
    Tensor tokens;  ///< a copy of our own, which nobody changes
    std::shared_ptr<KeptProjections> kept;
  };
  std::mutex mutex;
  std::list<Known> known;  ///< the last one asked for first
  std::optional<size_t> most;
  std::shared_ptr<std::atomic<size_t>> spent = std::make_shared<std::atomic<size_t>>(0);
};

PromptCache::PromptCache(std::optional<size_t> prompts) : state_(std::make_unique<State>()) { state_->most = prompts; }

PromptCache::~PromptCache() = default;

std::shared_ptr<KeptProjections> PromptCache::of(const Tensor& tokens) const {
  const std::lock_guard lock(state_->mutex);
  auto& known = state_->known;
  for (auto one = known.begin(); one != known.end(); ++one) {
    if (one->tokens.scalar_type() != tokens.scalar_type() || one->tokens.sizes() != tokens.sizes() ||
        !at::equal(one->tokens, tokens))
      continue;
    known.splice(known.begin(), known, one);
    return known.front().kept;
  }
  known.push_front({tokens.detach().clone(), std::make_shared<KeptProjections>(state_->spent)});
  if (known.size() > state_->most.value_or(static_cast<size_t>(kPrompts * threads()))) known.pop_back();
  return known.front().kept;
}

Prompt read_prompt(const std::string& where, const Tensor& x, const Condition& condition, int64_t width) {
  constexpr double kMaskedBias = -10000;
  const int64_t batch = x.size(0);
  const auto& tokens = condition.tokens;
  if (!tokens || tokens->dim() != 3 || tokens->size(0) != batch || tokens->size(1) == 0 || tokens->size(2) != width)
    fail(Code::usage, where, "tokens of the condition", fmt::format("[{}, L, {}]", batch, width),
         tokens ? fmt::format("{}", tokens->sizes().vec()) : "none");
  Prompt out{tokens->to(x.scalar_type()), {}, nullptr};
  if (!condition.token_mask) return out;
  const Tensor& mask = *condition.token_mask;
  if (mask.sizes() != tokens->sizes().slice(0, 2))
    fail(Code::usage, where, "token_mask of the condition", fmt::format("[{}, {}]", batch, tokens->size(1)),
         fmt::format("{}", mask.sizes().vec()));
  out.bias = ((1 - mask.to(x.scalar_type())) * kMaskedBias).view({batch, 1, 1, -1});
  return out;
}

}  // namespace roulade
