// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/steps.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace roulade {
namespace {

/// Cuts each word anew: `cut` is told its begin and end, and adds words to a list.
template <class Cut>
void cut_each(Words& words, const Cut& cut) {
  const auto before = std::move(words.words);
  words.words.clear();
  words.words.reserve(before.size());
  for (const auto& [begin, end] : before) cut(begin, end);
}

bool is_letter(char32_t c) {
  return c < 0x80 ? (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') : unicode::is_letter(c);
}
bool is_other(char32_t c) { return !is_letter(c) && !unicode::is_number(c) && !unicode::is_space(c); }

/// Text being cut by a regular expression: where a run of some kind that begins at a place ends.
struct Reader {
  const CodePoints& text;
  uint32_t end;

  bool starts(uint32_t at, std::u32string_view what) const {
    return end - at >= what.size() && std::equal(what.begin(), what.end(), text.begin() + at,
                                                 [](char32_t a, const CodePoint& b) { return a == b.value; });
  }
  template <class Is>
  uint32_t run(uint32_t at, Is is) const {
    while (at < end && is(text[at].value)) ++at;
    return at;
  }
  /// 's|'t|'re|'ve|'m|'ll|'d
  uint32_t contraction(uint32_t at) const {
    if (text[at].value != U'\'') return at;
    for (const std::u32string_view ending : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"})
      if (starts(at, ending)) return at + static_cast<uint32_t>(ending.size());
    return at;
  }
};

uint32_t clip_word(const Reader& reader, uint32_t at, bool specials) {
  if (specials)
    for (const std::u32string_view special : {U"<|startoftext|>", U"<|endoftext|>"})
      if (reader.starts(at, special)) return at + static_cast<uint32_t>(special.size());
  if (const uint32_t end = reader.contraction(at); end > at) return end;
  if (const uint32_t end = reader.run(at, is_letter); end > at) return end;
  if (unicode::is_number(reader.text[at].value)) return at + 1;
  return reader.run(at, is_other);
}

uint32_t gpt2_word(const Reader& reader, uint32_t at) {
  if (const uint32_t end = reader.contraction(at); end > at) return end;
  const uint32_t from = at + (reader.text[at].value == U' ' ? 1 : 0);
  if (const uint32_t end = reader.run(from, is_letter); end > from) return end;
  if (const uint32_t end = reader.run(from, unicode::is_number); end > from) return end;
  if (const uint32_t end = reader.run(from, is_other); end > from) return end;
  const uint32_t end = reader.run(at, unicode::is_space);
  return end == reader.end || end == at + 1 ? end : end - 1;  // the last blank goes with the word behind it
}

}  // namespace

Splitter split_spaces() {
  return [](Words& words) {
    cut_each(words, [&](uint32_t begin, uint32_t end) {
      for (uint32_t i = begin; i < end;) {
        while (i < end && unicode::is_space(words.text[i].value)) ++i;
        const uint32_t first = i;
        while (i < end && !unicode::is_space(words.text[i].value)) ++i;
        if (i > first) words.words.emplace_back(first, i);
      }
    });
  };
}

Splitter split_punctuation() {
  return [](Words& words) {
    cut_each(words, [&](uint32_t begin, uint32_t end) {
      uint32_t first = begin;
      for (uint32_t i = begin; i < end; ++i) {
        if (!unicode::is_punctuation(words.text[i].value)) continue;
        if (i > first) words.words.emplace_back(first, i);
        words.words.emplace_back(i, i + 1);
        first = i + 1;
      }
      if (end > first) words.words.emplace_back(first, end);
    });
  };
}

Splitter metaspace(char32_t mark, Prefix prefix, bool split) {
  return [mark, prefix, split](Words& words) {
    const CodePoints before = std::move(words.text);
    words.text.clear();
    words.text.reserve(before.size() + words.words.size());
    cut_each(words, [&](uint32_t begin, uint32_t end) {
      auto first = static_cast<uint32_t>(words.text.size());
      const char32_t lead = before[begin].value;
      if (lead != U' ' && lead != mark &&
          (prefix == Prefix::always || (prefix == Prefix::first && before[begin].at == 0)))
        words.text.push_back({mark, before[begin].at});
      for (uint32_t i = begin; i < end; ++i) {
        const bool marked = before[i].value == U' ' || before[i].value == mark;
        const auto here = static_cast<uint32_t>(words.text.size());
        if (split && marked && here > first) {
          words.words.emplace_back(first, here);
          first = here;
        }
        words.text.push_back({marked ? mark : before[i].value, before[i].at});
      }
      words.words.emplace_back(first, static_cast<uint32_t>(words.text.size()));
    });
  };
}

Splitter split_clip(bool specials) {
  return [specials](Words& words) {
    cut_each(words, [&](uint32_t begin, uint32_t end) {
      const Reader reader{words.text, end};
      for (uint32_t at = begin; at < end;) {
        const uint32_t next = clip_word(reader, at, specials);
        if (next > at) words.words.emplace_back(at, next);
        at = std::max(next, at + 1);  // white space belongs to no word
      }
    });
  };
}

Splitter split_gpt2() {
  return [](Words& words) {
    cut_each(words, [&](uint32_t begin, uint32_t end) {
      const Reader reader{words.text, end};
      for (uint32_t at = begin; at < end;) {
        const uint32_t next = gpt2_word(reader, at);
        words.words.emplace_back(at, next);
        at = next;
      }
    });
  };
}

}  // namespace roulade
