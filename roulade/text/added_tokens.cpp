// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/added_tokens.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace roulade {

AddedTokens::AddedTokens(const std::vector<AddedToken>& tokens, const std::string& where) {
  for (const AddedToken& token : tokens) {
    Entry entry{{}, token.id, token.left_spaces, token.right_spaces};
    for (const CodePoint& c : unicode::decode(token.text)) entry.text.push_back(c.value);
    if (entry.text.empty()) fail(Code::input, where, fmt::format("added token {} is an empty text", token.id));
    if (firsts_.find(entry.text[0]) == std::u32string::npos) firsts_ += entry.text[0];
    entries_.push_back(std::move(entry));
  }
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.text.size() > b.text.size(); });
}

std::vector<AddedTokens::Part> AddedTokens::split(const CodePoints& text) const {
  std::vector<Part> out;
  size_t done = 0;  // up to here all is in a part
  for (size_t at = 0; at < text.size() && !entries_.empty();) {
    if (firsts_.find(text[at].value) == std::u32string::npos) {
      ++at;
      continue;
    }
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return text.size() - at >= entry.text.size() &&
             std::equal(entry.text.begin(), entry.text.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                        [](char32_t a, const CodePoint& b) { return a == b.value; });
    });
    if (found == entries_.end()) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + found->text.size();
    at = end;
    while (found->left_spaces && begin > done && unicode::is_space(text[begin - 1].value)) --begin;
    while (found->right_spaces && end < text.size() && unicode::is_space(text[end].value)) ++end;
    if (begin > done) out.push_back({done, begin, -1});
    out.push_back({begin, end, found->id});
    done = end;
  }
  if (done < text.size()) out.push_back({done, text.size(), -1});
  return out;
}

}  // namespace roulade
