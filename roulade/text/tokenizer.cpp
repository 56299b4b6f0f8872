// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/tokenizer.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/utf8.hpp"

#include <algorithm>
#include <cctype>

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

namespace roulade {

Tokenizer::Tokenizer(TokenizerParts parts, const std::string& where)
    : parts_(std::move(parts)), pieces_(parts_.model->vocabulary().pieces()) {
  std::vector<AddedToken> plain, normalised;
  for (AddedToken token : parts_.added) {
    if (token.id < 0 || token.id >= Vocabulary::kMost)
      fail(Code::input, where, fmt::format("id of '{}'", token.text), fmt::format("0 to {}", Vocabulary::kMost - 1),
           fmt::format("{}", token.id));
    if (const auto id = parts_.model->vocabulary().find(token.text); id && *id != token.id)
      fail(Code::input, where, fmt::format("'{}' has the ids {} and {}", token.text, *id, token.id));
    const auto at = static_cast<size_t>(token.id);
    if (at >= pieces_.size()) pieces_.resize(at + 1);
    if (!pieces_[at].empty() && pieces_[at] != token.text)
      fail(Code::input, where, fmt::format("id {} belongs to '{}' and to '{}'", token.id, pieces_[at], token.text));
    pieces_[at] = token.text;
    if (!token.normalised) {
      plain.push_back(std::move(token));
      continue;
    }
    CodePoints text = unicode::decode(token.text);
    for (const Normaliser& normaliser : parts_.normalisers) normaliser(text);
    token.text.clear();
    for (const CodePoint& c : text) append_utf8(token.text, c.value);
    normalised.push_back(std::move(token));
  }
  plain_.emplace(plain, where);
  normalised_.emplace(normalised, where);
  const auto check = [&](int64_t id, const char* what) {
    if (id < 0 || id >= size())
      fail(Code::input, where, what, fmt::format("an id from 0 to {}", size() - 1), fmt::format("{}", id));
  };
  for (const int64_t id : parts_.begin) check(id, "token at the beginning");
  for (const int64_t id : parts_.end) check(id, "token at the end");
  if (parts_.padding) check(*parts_.padding, "padding token");
  const auto ends = static_cast<int64_t>(parts_.begin.size() + parts_.end.size());
  if (parts_.limit != 0 && parts_.limit <= ends)
    fail(Code::input, where, "limit of tokens", fmt::format("above {}", ends), fmt::format("{}", parts_.limit));
}

bool Tokenizer::continues(int64_t id) const {
  std::string_view rest = piece(id);
  if (parts_.family == "wordpiece") {
    if (!rest.starts_with("##")) return false;
    rest.remove_prefix(2);
  } else if (parts_.family != "unigram" || rest.starts_with("▁")) {
    return false;  // CLIP's pieces say where a word ends
  }
  const auto first = static_cast<unsigned char>(rest.empty() ? ' ' : rest.front());
  return std::isalnum(first) != 0 || first >= 0x80;
}

bool Tokenizer::goes_on(int64_t id) const {
  constexpr std::string_view kEnd = "</w>";
  if (parts_.family != "clip_bpe" || !parts_.model->vocabulary().find("!</w>"))
    return false;  // a vocabulary without ends
  const auto among = [&](const std::vector<int64_t>& ids) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  const bool added = std::any_of(parts_.added.begin(), parts_.added.end(), [&](const auto& of) { return of.id == id; });
  return !added && !among(parts_.begin) && !among(parts_.end) && !piece(id).ends_with(kEnd);
}

const std::string& Tokenizer::piece(int64_t id) const {
  if (id < 0 || id >= size())
    fail(Code::usage, "tokenizer", "id", fmt::format("0 to {}", size() - 1), fmt::format("{}", id));
  return pieces_[static_cast<size_t>(id)];
}

std::optional<int64_t> Tokenizer::find(std::string_view piece) const {
  for (const AddedToken& token : parts_.added)
    if (token.text == piece) return token.id;
  const auto id = parts_.model->vocabulary().find(piece);
  return id ? std::optional<int64_t>(*id) : std::nullopt;
}

std::vector<Token> Tokenizer::tokens_of(std::string_view text) const {
  std::vector<Token> out;
  const CodePoints points = unicode::decode(text);
  const auto slice = [](const CodePoints& from, const AddedTokens::Part& part) {
    return CodePoints(from.begin() + static_cast<std::ptrdiff_t>(part.begin),
                      from.begin() + static_cast<std::ptrdiff_t>(part.end));
  };
  for (const AddedTokens::Part& part : plain_->split(points)) {
    if (part.id >= 0) {
      out.push_back({part.id, points[part.begin].at});
      continue;
    }
    CodePoints normal = slice(points, part);
    for (const Normaliser& normaliser : parts_.normalisers) normaliser(normal);
    for (const AddedTokens::Part& inner : normalised_->split(normal)) {
      if (inner.id >= 0) {
        out.push_back({inner.id, normal[inner.begin].at});
        continue;
      }
      Words words{slice(normal, inner), {}};
      words.words.emplace_back(0, static_cast<uint32_t>(words.text.size()));
      for (const Splitter& splitter : parts_.splitters) splitter(words);
      parts_.model->encode(words, out);
    }
  }
  return out;
}

Encoded Tokenizer::encode(std::string_view text, int64_t limit) const {
  const auto ends = static_cast<int64_t>(parts_.begin.size() + parts_.end.size());
  if (limit < 0 || (limit > 0 && limit < ends))
    fail(Code::usage, "tokenizer", "limit of tokens", fmt::format("0 (none) or at least {}", ends),
         fmt::format("{}", limit));
  const std::vector<Token> tokens = tokens_of(text);
  const auto room = limit == 0 ? tokens.size() : std::min(tokens.size(), static_cast<size_t>(limit - ends));
  Encoded out;
  out.ids.reserve(room + static_cast<size_t>(ends));
  out.ids = parts_.begin;
  out.at.assign(parts_.begin.size(), -1);
  for (size_t i = 0; i < room; ++i) {
    out.ids.push_back(tokens[i].id);
    out.at.push_back(tokens[i].at);
  }
  out.ids.insert(out.ids.end(), parts_.end.begin(), parts_.end.end());
  out.at.resize(out.ids.size(), -1);
  if (room == tokens.size()) return out;
  out.cut_tokens = static_cast<int64_t>(tokens.size() - room);
  out.cut_text = text.substr(tokens[room].at);
  return out;
}

EncodedBatch Tokenizer::encode_batch(const std::vector<std::string>& texts, std::optional<int64_t> length) const {
  if (length == 0 && parts_.limit == 0)
    fail(Code::usage, "tokenizer", "length of the rows", "one, as this tokenizer has no limit");
  int64_t columns = length.value_or(0) > 0 ? *length : length ? parts_.limit : 0;
  EncodedBatch out;
  for (const std::string& text : texts)
    out.rows.push_back(encode(text, columns == 0        ? parts_.limit
                                    : parts_.limit == 0 ? columns
                                                        : std::min(columns, parts_.limit)));
  if (!length)
    for (const Encoded& row : out.rows) columns = std::max(columns, static_cast<int64_t>(row.ids.size()));
  const auto count = static_cast<int64_t>(texts.size());
  const bool filled = std::any_of(out.rows.begin(), out.rows.end(),
                                  [&](const Encoded& row) { return static_cast<int64_t>(row.ids.size()) < columns; });
  if (filled && !parts_.padding) fail(Code::usage, "tokenizer", "no padding token, and texts of different lengths");
  out.ids = at::full({count, columns}, parts_.padding.value_or(0), at::kLong);
  out.mask = at::zeros({count, columns}, at::kBool);
  for (size_t row = 0; row < out.rows.size(); ++row) {
    const std::vector<int64_t>& ids = out.rows[row].ids;
    const auto at = static_cast<std::ptrdiff_t>(row) * columns;
    std::copy(ids.begin(), ids.end(), out.ids.mutable_data_ptr<int64_t>() + at);
    std::fill_n(out.mask.mutable_data_ptr<bool>() + at, ids.size(), true);
  }
  return out;
}

}  // namespace roulade
