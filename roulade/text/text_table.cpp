// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/text_table.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/text/weighted_prompt.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr const char* kWhere = "text";
constexpr size_t kToldCuts = 3;   // texts whose left out ends are told
constexpr size_t kTogether = 32;  // texts of one length that the encoder reads at once

/// Whether texts with weights are read in chunks, as Stable Diffusion's are.
bool in_chunks(const TextTable::Parts& parts) { return parts.same_length && parts.tokenizer->family() == "clip_bpe"; }

WeightedPrompt read(const TextTable::Parts& parts, const std::string& text, Reading reading) {
  WeightedPrompt out;
  if (reading == Reading::plain) {
    Encoded encoded = parts.tokenizer->encode(text, parts.limit);
    out.ids = std::move(encoded.ids);
    out.cut_tokens = encoded.cut_tokens;
    out.cut_text = std::move(encoded.cut_text);
  } else {
    out = in_chunks(parts) ? read_in_chunks(text, *parts.tokenizer, parts.limit)
                           : read_as_one(text, *parts.tokenizer, parts.limit);
  }
  if (parts.same_length && std::ssize(out.ids) < parts.limit) {
    out.ids.resize(static_cast<size_t>(parts.limit), *parts.tokenizer->padding());
    if (!out.weights.empty()) out.weights.resize(out.ids.size(), 1);
  }
  return out;
}

/// In quotes; of a long one the beginning.
std::string shown(const std::string& text) {
  constexpr size_t kShown = 60;  // bytes
  size_t end = std::min(text.size(), kShown);
  while (end < text.size() && end > 0 && (text[end] & '\xC0') == '\x80') --end;  // not within a character
  return fmt::format("\"{}{}\"", text.substr(0, end), end < text.size() ? "..." : "");
}

}  // namespace

struct TextTable::State {
  struct Entry {
    std::string text;
    std::vector<int64_t> ids;
    std::vector<double> weights;       ///< of each id; empty: all are 1
    int64_t chunks = 1;                ///< of equal length, which the encoder reads one by one
    size_t group = 0;                  ///< of those that are computed together
    int64_t row = 0;                   ///< in it
    std::optional<MixedText> mixed{};  ///< then it is in no group
  };
  struct Group {
    std::vector<int64_t> members;
    Tensor states{},
        pooled{};  ///< [members, chunks L, width], [members, pooled width]; undefined until they are asked for
  };

  std::mutex mutex;
  std::vector<Entry> entries;
  std::array<std::unordered_map<std::string, int64_t>, 2> numbers;  ///< by Reading
  std::map<MixedText, int64_t> mixed;
  std::vector<Group> groups;
  int64_t cut_texts = 0, cut_tokens = 0;
  std::vector<std::string> cuts;  ///< the first of them

  const Entry& at(int64_t number) const {
    if (number < -1 || number >= static_cast<int64_t>(entries.size()))
      fail(Code::usage, kWhere, "number of a text", fmt::format("-1 to {}", entries.size() - 1),
           fmt::format("{}", number));
    return entries[static_cast<size_t>(std::max<int64_t>(number, 0))];
  }

  /// One that has tokens.
  const Entry& plain(int64_t number) const {
    const Entry& entry = at(number);
    if (entry.mixed) fail(Code::usage, kWhere, "tokens", "a text that is not mixed", words(number));
    return entry;
  }

  std::string words(int64_t number) const {
    const Entry& entry = at(number);
    if (!entry.mixed) return entry.text;
    return fmt::format("{:.4g} of the way from \"{}\" to \"{}\"", entry.mixed->share, at(entry.mixed->from).text,
                       at(entry.mixed->to).text);
  }

  /// Our products give a text's rows the same bits whatever they come with; exact sums may not.
  static EncodedText one_by_one(const TextEncoder& encoder, const Tensor& ids, int64_t chunks) {
    std::vector<Tensor> states, pooled;
    for (int64_t first = 0; first < ids.size(0); first += chunks) {
      const EncodedText one = encoder.encode({ids.narrow(0, first, chunks)});
      states.push_back(one.states);
      if (one.pooled.defined()) pooled.push_back(one.pooled);
    }
    return {at::cat(states), pooled.empty() ? Tensor() : at::cat(pooled)};
  }

  void compute(Group& group, const TextEncoder& encoder, bool chunked) const {
    const at::NoGradGuard no_grad;
    const Entry& first = entries[static_cast<size_t>(group.members.front())];  // the others are as long
    const auto count = static_cast<int64_t>(group.members.size());
    const int64_t length = std::ssize(first.ids) / first.chunks;
    Tensor ids = at::empty({count * first.chunks, length}, at::kLong);
    int64_t* to = ids.mutable_data_ptr<int64_t>();
    for (const int64_t member : group.members)
      to = std::copy_n(entries[static_cast<size_t>(member)].ids.begin(), length * first.chunks, to);
    const EncodedText encoded = exact() ? one_by_one(encoder, ids, first.chunks) : encoder.encode({ids});
    group.states = encoded.states.reshape({count, first.chunks * length, -1});
    if (encoded.pooled.defined()) group.pooled = encoded.pooled.reshape({count, first.chunks, -1}).select(1, 0);
    for (int64_t i = 0; i < count; ++i) {
      const Entry& entry = entries[static_cast<size_t>(group.members[static_cast<size_t>(i)])];
      if (entry.weights.empty()) continue;
      Tensor states = group.states[i];
      states.copy_(chunked ? weigh_states(states.view({entry.chunks, length, -1}),
                                          at::tensor(entry.weights).view({entry.chunks, length}))
                                 .flatten(0, 1)
                           : weigh_text(states, at::tensor(entry.weights)));
    }
  }
};

TextTable::TextTable(Parts parts) : parts_(std::move(parts)), state_(std::make_unique<State>()) {
  if (!parts_.tokenizer) fail(Code::usage, kWhere, "a table of texts", "a tokenizer", "none");
  const int64_t positions = parts_.encoder ? parts_.encoder->positions() : 0;
  if (parts_.encoder && parts_.tokenizer->size() > parts_.encoder->vocabulary())
    fail(Code::usage, kWhere, "pieces of the tokenizer",
         fmt::format("at most {}, the encoder's vocabulary", parts_.encoder->vocabulary()),
         fmt::format("{}: it is another encoder's", parts_.tokenizer->size()));
  if (parts_.limit == 0) {
    parts_.limit = parts_.tokenizer->limit();
    if (positions > 0) parts_.limit = parts_.limit > 0 ? std::min(parts_.limit, positions) : positions;
  }
  if (positions > 0 && parts_.limit > positions)
    fail(Code::usage, kWhere, "tokens of a text", fmt::format("at most {}, the encoder's positions", positions),
         fmt::format("{}", parts_.limit));
  if (parts_.same_length && (parts_.limit == 0 || !parts_.tokenizer->padding()))
    fail(Code::usage, kWhere, "texts of one length", "a limit, and a token that fills them up");
  add({""});
}

TextTable::~TextTable() = default;

std::vector<int64_t> TextTable::add(const std::vector<std::string>& texts, Reading reading) {
  const std::lock_guard lock(state_->mutex);
  auto& known_numbers = state_->numbers[static_cast<size_t>(reading)];
  // A text that the tokenizer refuses leaves the table as it was.
  std::unordered_map<std::string, WeightedPrompt> fresh_texts;
  for (const std::string& text : texts)
    if (!known_numbers.contains(text) && !fresh_texts.contains(text))
      fresh_texts.emplace(text, read(parts_, text, reading));
  std::vector<int64_t> out;
  std::map<size_t, std::vector<int64_t>> fresh;  // by length
  for (const std::string& text : texts) {
    const auto [known, is_new] = known_numbers.emplace(text, static_cast<int64_t>(state_->entries.size()));
    out.push_back(known->second);
    if (!is_new) continue;
    WeightedPrompt& encoded = fresh_texts.at(text);
    if (encoded.cut_tokens > 0) {
      ++state_->cut_texts;
      state_->cut_tokens += encoded.cut_tokens;
      if (state_->cuts.size() < kToldCuts) state_->cuts.push_back(shown(encoded.cut_text));
    }
    fresh[encoded.ids.size()].push_back(out.back());
    state_->entries.push_back({text, std::move(encoded.ids), std::move(encoded.weights), encoded.chunks});
  }
  for (const auto& [length, numbers] : fresh)
    for (size_t first = 0; first < numbers.size(); first += kTogether) {
      const size_t count = std::min(kTogether, numbers.size() - first);
      for (size_t i = 0; i < count; ++i) {
        State::Entry& entry = state_->entries[static_cast<size_t>(numbers[first + i])];
        entry.group = state_->groups.size();
        entry.row = static_cast<int64_t>(i);
      }
      const auto begin = numbers.begin() + static_cast<std::ptrdiff_t>(first);
      state_->groups.push_back({{begin, begin + static_cast<std::ptrdiff_t>(count)}});
    }
  return out;
}

int64_t TextTable::add(const MixedText& mixed) {
  const std::lock_guard lock(state_->mutex);
  for (const int64_t end : {mixed.from, mixed.to})
    if (state_->at(end).mixed) fail(Code::usage, kWhere, "a text to mix", "one that is not mixed", state_->words(end));
  if (!(mixed.share >= 0 && mixed.share <= 1))
    fail(Code::usage, kWhere, "share of a mixed text", "0 to 1", fmt::format("{}", mixed.share));
  const MixedText of{std::max<int64_t>(mixed.from, 0), std::max<int64_t>(mixed.to, 0), mixed.share};
  if (of.share == 0 || of.from == of.to) return of.from;
  if (of.share == 1) return of.to;
  const auto [known, is_new] = state_->mixed.emplace(of, static_cast<int64_t>(state_->entries.size()));
  if (is_new) state_->entries.emplace_back().mixed = of;
  return known->second;
}

int64_t TextTable::size() const {
  const std::lock_guard lock(state_->mutex);
  return static_cast<int64_t>(state_->entries.size());
}

std::string TextTable::text(int64_t number) const {
  const std::lock_guard lock(state_->mutex);
  return state_->words(number);
}

std::optional<MixedTexts> TextTable::mixed(const Tensor& numbers) const {
  const std::lock_guard lock(state_->mutex);
  const int64_t* of = numbers.const_data_ptr<int64_t>();
  const int64_t count = numbers.size(0);
  if (std::none_of(of, of + count, [&](int64_t number) { return state_->at(number).mixed.has_value(); })) return {};
  MixedTexts out{at::empty({count}, at::kLong), at::empty({count}, at::kLong), {}};
  int64_t *from = out.from.mutable_data_ptr<int64_t>(), *to = out.to.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    const MixedText one = state_->at(of[i]).mixed.value_or(MixedText{of[i], of[i], 0});
    from[i] = one.from;
    to[i] = one.to;
    out.shares.push_back(one.share);
  }
  return out;
}

TextStates TextTable::states(const Tensor& numbers) const {
  if (!parts_.encoder) fail(Code::usage, kWhere, "states of texts", "an encoder", "none");
  if (const auto ends = mixed(numbers)) return mix_states(states(ends->from), states(ends->to), ends->shares);
  const std::lock_guard lock(state_->mutex);
  const int64_t* from = numbers.const_data_ptr<int64_t>();
  std::vector<Tensor> rows, pooled;
  for (int64_t i = 0; i < numbers.size(0); ++i) {
    const State::Entry& entry = state_->at(from[i]);
    State::Group& group = state_->groups[entry.group];
    if (!group.states.defined()) state_->compute(group, *parts_.encoder, in_chunks(parts_));
    rows.push_back(group.states[entry.row]);
    if (group.pooled.defined()) pooled.push_back(group.pooled[entry.row]);
  }
  TextStates out = side_by_side(rows);
  if (!pooled.empty()) out.pooled = at::stack(pooled);
  return out;
}

TextTokens TextTable::tokens(const Tensor& numbers) const {
  const std::lock_guard lock(state_->mutex);
  const int64_t* from = numbers.const_data_ptr<int64_t>();
  const int64_t count = numbers.size(0);
  size_t longest = 0;
  for (int64_t i = 0; i < count; ++i) longest = std::max(longest, state_->plain(from[i]).ids.size());
  TextTokens out;
  out.ids = at::full({count, static_cast<int64_t>(longest)}, parts_.tokenizer->padding().value_or(0), at::kLong);
  out.mask = at::zeros({count, static_cast<int64_t>(longest)}, at::kBool);
  int64_t* ids = out.ids.mutable_data_ptr<int64_t>();
  bool* mask = out.mask.mutable_data_ptr<bool>();
  for (int64_t i = 0; i < count; ++i, ids += longest, mask += longest) {
    const std::vector<int64_t>& of = state_->plain(from[i]).ids;
    std::copy(of.begin(), of.end(), ids);
    std::fill_n(mask, of.size(), true);
  }
  return out;
}

Tensor TextTable::weighed(const Tensor& numbers, const Tensor& states) const {
  const std::lock_guard lock(state_->mutex);
  const int64_t* from = numbers.const_data_ptr<int64_t>();
  std::vector<Tensor> rows;
  bool any = false;
  for (int64_t i = 0; i < numbers.size(0); ++i) {
    const State::Entry& entry = state_->plain(from[i]);
    rows.push_back(states[i]);
    if (entry.weights.empty()) continue;
    any = true;
    const int64_t length = std::ssize(entry.ids), rest = states.size(1) - length;
    rows.back() = at::cat(
        {weigh_text(states[i].narrow(0, 0, length), at::tensor(entry.weights)), states[i].narrow(0, length, rest)});
  }
  return any ? at::stack(rows) : states;
}

Tensor TextTable::tokens_of(const std::string& word, const Tensor& numbers) const {
  const std::lock_guard lock(state_->mutex);
  const std::vector<int64_t> empty = parts_.tokenizer->encode("", 0).ids;
  std::vector<int64_t> wanted = parts_.tokenizer->encode(word, 0).ids;
  // Without what begins and ends every text; all families have one token of each, or none in front.
  const size_t begins = empty.size() > 1 ? 1 : 0, ends = empty.size() - begins;
  wanted = {wanted.begin() + static_cast<std::ptrdiff_t>(begins), wanted.end() - static_cast<std::ptrdiff_t>(ends)};
  if (wanted.empty()) fail(Code::usage, kWhere, "word", "one that has tokens", fmt::format("\"{}\"", word));
  const int64_t* from = numbers.const_data_ptr<int64_t>();
  const int64_t count = numbers.size(0);
  size_t longest = 0;
  for (int64_t i = 0; i < count; ++i) longest = std::max(longest, state_->plain(from[i]).ids.size());
  Tensor out = at::zeros({count, static_cast<int64_t>(longest)}, at::kBool);
  bool* marks = out.mutable_data_ptr<bool>();
  for (int64_t i = 0; i < count; ++i, marks += longest) {
    const State::Entry& entry = state_->plain(from[i]);
    bool found = false;
    for (auto at = entry.ids.begin();; ++at) {
      at = std::search(at, entry.ids.end(), wanted.begin(), wanted.end());
      if (at == entry.ids.end()) break;
      const auto next = at + std::ssize(wanted);
      if (next != entry.ids.end() && parts_.tokenizer->continues(*next)) continue;    // the beginning of a longer word
      if (at != entry.ids.begin() && parts_.tokenizer->goes_on(*(at - 1))) continue;  // the end of one
      std::fill_n(marks + (at - entry.ids.begin()), wanted.size(), true);
      found = true;
    }
    if (!found) fail(Code::usage, kWhere, "word of the prompt", fmt::format("one of \"{}\"", entry.text), word);
  }
  return out;
}

std::string TextTable::cut() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->cut_texts == 0) return "";
  const size_t texts = state_->entries.size() - state_->mixed.size() - 1;  // without the empty one
  const int64_t more = state_->cut_texts - std::ssize(state_->cuts);
  return fmt::format("{} of {} texts are longer than {} tokens: {} tokens are left out, {}{}", state_->cut_texts, texts,
                     parts_.limit, state_->cut_tokens, fmt::join(state_->cuts, ", "),
                     more > 0 ? fmt::format(" and of {} more", more) : "");
}

}  // namespace roulade
