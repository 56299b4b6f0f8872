// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/text_table.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr const char* kWhere = "text";
constexpr size_t kTogether = 32;  // texts of one length that the encoder reads at once

}  // namespace

struct TextTable::State {
  struct Entry {
    std::string text;
    std::vector<int64_t> ids;
    size_t group = 0;  ///< of those that are computed together
    int64_t row = 0;   ///< in it
  };
  struct Group {
    std::vector<int64_t> members;
    Tensor states{}, pooled{};  ///< [members, L, width], [members, pooled width]; undefined until they are asked for
  };

  std::mutex mutex;
  std::vector<Entry> entries;
  std::unordered_map<std::string, int64_t> numbers;
  std::vector<Group> groups;
  int64_t cut_texts = 0, cut_tokens = 0;
  std::string first_cut;

  const Entry& at(int64_t number) const {
    if (number < -1 || number >= static_cast<int64_t>(entries.size()))
      fail(Code::usage, kWhere, "number of a text", fmt::format("-1 to {}", entries.size() - 1),
           fmt::format("{}", number));
    return entries[static_cast<size_t>(std::max<int64_t>(number, 0))];
  }

  void compute(Group& group, const TextEncoder& encoder) const {
    const at::NoGradGuard no_grad;
    const auto length = static_cast<int64_t>(entries[static_cast<size_t>(group.members.front())].ids.size());
    Tensor ids = at::empty({static_cast<int64_t>(group.members.size()), length}, at::kLong);
    int64_t* to = ids.mutable_data_ptr<int64_t>();
    for (const int64_t member : group.members)
      to = std::copy_n(entries[static_cast<size_t>(member)].ids.begin(), length, to);
    EncodedText encoded = encoder.encode({ids});
    group.states = std::move(encoded.states);
    group.pooled = std::move(encoded.pooled);
  }
};

TextTable::TextTable(Parts parts) : parts_(std::move(parts)), state_(std::make_unique<State>()) {
  if (!parts_.tokenizer) fail(Code::usage, kWhere, "a table of texts", "a tokenizer", "none");
  if (parts_.limit == 0) parts_.limit = parts_.tokenizer->limit();
  const int64_t positions = parts_.encoder ? parts_.encoder->positions() : 0;
  if (parts_.limit == 0) parts_.limit = positions;
  if (positions > 0 && parts_.limit > positions)
    fail(Code::usage, kWhere, "tokens of a text", fmt::format("at most {}, the encoder's positions", positions),
         fmt::format("{}", parts_.limit));
  if (parts_.same_length && (parts_.limit == 0 || !parts_.tokenizer->padding()))
    fail(Code::usage, kWhere, "texts of one length", "a limit, and a token that fills them up");
  add({""});
}

TextTable::~TextTable() = default;

std::vector<int64_t> TextTable::add(const std::vector<std::string>& texts) {
  const std::lock_guard lock(state_->mutex);
  // A text that the tokenizer refuses leaves the table as it was.
  std::unordered_map<std::string, Encoded> read;
  for (const std::string& text : texts)
    if (!state_->numbers.contains(text) && !read.contains(text))
      read.emplace(text, parts_.tokenizer->encode(text, parts_.limit));
  std::vector<int64_t> out;
  std::map<size_t, std::vector<int64_t>> fresh;  // by length
  for (const std::string& text : texts) {
    const auto [known, is_new] = state_->numbers.emplace(text, static_cast<int64_t>(state_->entries.size()));
    out.push_back(known->second);
    if (!is_new) continue;
    Encoded& encoded = read.at(text);
    if (encoded.cut_tokens > 0) {
      ++state_->cut_texts;
      state_->cut_tokens += encoded.cut_tokens;
      if (state_->first_cut.empty()) state_->first_cut = encoded.cut_text;
    }
    if (parts_.same_length) encoded.ids.resize(static_cast<size_t>(parts_.limit), *parts_.tokenizer->padding());
    fresh[encoded.ids.size()].push_back(out.back());
    state_->entries.push_back({text, std::move(encoded.ids)});
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

int64_t TextTable::size() const {
  const std::lock_guard lock(state_->mutex);
  return static_cast<int64_t>(state_->entries.size());
}

std::string TextTable::text(int64_t number) const {
  const std::lock_guard lock(state_->mutex);
  return state_->at(number).text;
}

TextStates TextTable::states(const Tensor& numbers) const {
  if (!parts_.encoder) fail(Code::usage, kWhere, "states of texts", "an encoder", "none");
  const std::lock_guard lock(state_->mutex);
  const int64_t* from = numbers.const_data_ptr<int64_t>();
  const int64_t count = numbers.size(0);
  std::vector<Tensor> rows, pooled;
  int64_t longest = 0, shortest = std::numeric_limits<int64_t>::max();
  for (int64_t i = 0; i < count; ++i) {
    const State::Entry& entry = state_->at(from[i]);
    State::Group& group = state_->groups[entry.group];
    if (!group.states.defined()) state_->compute(group, *parts_.encoder);
    rows.push_back(group.states[entry.row]);
    if (group.pooled.defined()) pooled.push_back(group.pooled[entry.row]);
    longest = std::max(longest, rows.back().size(0));
    shortest = std::min(shortest, rows.back().size(0));
  }
  TextStates out;
  if (longest == shortest) {
    out.states = at::stack(rows);
  } else {
    out.states = at::zeros({count, longest, rows.front().size(1)}, rows.front().options());
    out.mask = at::zeros({count, longest}, at::kBool);
    for (int64_t i = 0; i < count; ++i) {
      const Tensor& row = rows[static_cast<size_t>(i)];
      out.states[i].narrow(0, 0, row.size(0)).copy_(row);
      out.mask[i].narrow(0, 0, row.size(0)).fill_(true);
    }
  }
  if (!pooled.empty()) out.pooled = at::stack(pooled);
  return out;
}

TextTokens TextTable::tokens(const Tensor& numbers) const {
  const std::lock_guard lock(state_->mutex);
  const int64_t* from = numbers.const_data_ptr<int64_t>();
  const int64_t count = numbers.size(0);
  size_t longest = 0;
  for (int64_t i = 0; i < count; ++i) longest = std::max(longest, state_->at(from[i]).ids.size());
  TextTokens out;
  out.ids = at::full({count, static_cast<int64_t>(longest)}, parts_.tokenizer->padding().value_or(0), at::kLong);
  out.mask = at::zeros({count, static_cast<int64_t>(longest)}, at::kBool);
  int64_t* ids = out.ids.mutable_data_ptr<int64_t>();
  bool* mask = out.mask.mutable_data_ptr<bool>();
  for (int64_t i = 0; i < count; ++i, ids += longest, mask += longest) {
    const std::vector<int64_t>& of = state_->at(from[i]).ids;
    std::copy(of.begin(), of.end(), ids);
    std::fill_n(mask, of.size(), true);
  }
  return out;
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
  for (int64_t i = 0; i < count; ++i) longest = std::max(longest, state_->at(from[i]).ids.size());
  Tensor out = at::zeros({count, static_cast<int64_t>(longest)}, at::kBool);
  bool* marks = out.mutable_data_ptr<bool>();
  for (int64_t i = 0; i < count; ++i, marks += longest) {
    const State::Entry& entry = state_->at(from[i]);
    bool found = false;
    for (auto at = entry.ids.begin();; ++at) {
      at = std::search(at, entry.ids.end(), wanted.begin(), wanted.end());
      if (at == entry.ids.end()) break;
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
  return fmt::format("{} of {} texts are longer than {} tokens: {} tokens are left out, first \"{}\"",
                     state_->cut_texts, state_->entries.size() - 1, parts_.limit, state_->cut_tokens,
                     state_->first_cut);
}

}  // namespace roulade
