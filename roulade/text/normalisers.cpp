// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/steps.hpp"

#include <algorithm>

namespace roulade {
namespace {

void insert(CodePoints& out, const std::vector<char32_t>& text, uint32_t at) {
  for (const char32_t c : text) out.push_back({c, at});
}

std::vector<char32_t> values(const std::string& text) {
  std::vector<char32_t> out;
  for (const CodePoint& c : unicode::decode(text)) out.push_back(c.value);
  return out;
}

}  // namespace

Normaliser bert_normaliser(const BertNormaliserSettings& settings) {
  return [settings](CodePoints& text) {
    if (settings.clean) {
      std::erase_if(text, [](const CodePoint& c) {
        return c.value != U'\t' && c.value != U'\n' && c.value != U'\r' && unicode::is_removed(c.value);
      });
      for (CodePoint& c : text)
        if (unicode::is_space(c.value)) c.value = U' ';
    }
    const auto is_ideograph = [](const CodePoint& c) { return c.value >= 0x3400 && unicode::is_ideograph(c.value); };
    if (settings.ideographs && std::any_of(text.begin(), text.end(), is_ideograph)) {
      CodePoints out;
      for (const CodePoint& c : text)
        if (is_ideograph(c))
          out.insert(out.end(), {{U' ', c.at}, c, {U' ', c.at}});
        else
          out.push_back(c);
      text = std::move(out);
    }
    if (settings.strip_accents) {
      unicode::normalise(text, unicode::Form::nfd);
      std::erase_if(text, [](const CodePoint& c) { return unicode::is_mark(c.value); });
    }
    if (settings.lower) unicode::lower(text);
  };
}

Normaliser replace_text(const std::string& from, const std::string& to) {
  return [from = values(from), to = values(to)](CodePoints& text) {
    CodePoints out;
    for (size_t i = 0; i < text.size();) {
      const bool here = text.size() - i >= from.size() &&
                        std::equal(from.begin(), from.end(), text.begin() + static_cast<std::ptrdiff_t>(i),
                                   [](char32_t a, const CodePoint& b) { return a == b.value; });
      if (here)
        insert(out, to, text[i].at);
      else
        out.push_back(text[i]);
      i += here ? from.size() : 1;
    }
    text = std::move(out);
  };
}

Normaliser replace_runs(bool (*is)(char32_t), size_t least, const std::string& to) {
  return [is, least, to = values(to)](CodePoints& text) {
    CodePoints out;
    for (size_t i = 0, end = 0; i < text.size(); i = end) {
      for (end = i; end < text.size() && is(text[end].value);) ++end;
      if (end - i >= least)
        insert(out, to, text[i].at);
      else
        out.insert(out.end(), text.begin() + static_cast<std::ptrdiff_t>(i),
                   text.begin() + static_cast<std::ptrdiff_t>(end = std::max(end, i + 1)));
    }
    text = std::move(out);
  };
}

Normaliser strip(bool left, bool right) {
  return [left, right](CodePoints& text) {
    const auto is_word = [](const CodePoint& c) { return !unicode::is_space(c.value); };
    if (right) text.erase(std::find_if(text.rbegin(), text.rend(), is_word).base(), text.end());
    if (left) text.erase(text.begin(), std::find_if(text.begin(), text.end(), is_word));
  };
}

Normaliser prepend(const std::string& beginning) {
  return [beginning = values(beginning)](CodePoints& text) {
    if (text.empty()) return;
    CodePoints out;
    insert(out, beginning, text[0].at);
    text.insert(text.begin(), out.begin(), out.end());
  };
}

Normaliser nmt() {
  return [](CodePoints& text) {
    const auto goes = [](char32_t c) {
      return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
    };
    const auto is_blank = [](char32_t c) {
      return c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
             c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
    };
    std::erase_if(text, [&](const CodePoint& c) { return goes(c.value); });
    for (CodePoint& c : text)
      if (is_blank(c.value)) c.value = U' ';
  };
}

}  // namespace roulade
