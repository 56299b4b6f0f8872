// SPDX-License-Identifier: Apache-2.0
// Normalisation forms: decompose, order by combining class, compose (Unicode Standard Annex 15).
#include "roulade/text/unicode.hpp"
#include "roulade/text/unicode_numbers.hpp"
#include "roulade/text/unicode_tables.hpp"

#include <algorithm>
#include <unordered_map>

namespace roulade::unicode {
namespace {

namespace tables = unicode_tables;

// Hangul syllables are computed (The Unicode Standard, section 3.12).
constexpr char32_t kSyllable = 0xAC00, kLead = 0x1100, kVowel = 0x1161, kTail = 0x11A7;
constexpr char32_t kLeads = 19, kVowels = 21, kTails = 28;

uint64_t key(char32_t first, char32_t second) { return uint64_t{first} << 32 | second; }

struct Forms {
  std::unordered_map<char32_t, std::pair<char32_t, char32_t>> pairs;
  std::unordered_map<uint64_t, char32_t> composed;
  std::unordered_map<char32_t, std::u32string> canonical, compatible;
  std::vector<uint8_t> combining = std::vector<uint8_t>(kCodePoints);

  static void read(const char* table, std::unordered_map<char32_t, std::u32string>& out) {
    Numbers numbers(table);
    char32_t before = 0;
    for (char32_t at = 0; !numbers.done(); ++at) {
      at += numbers.next();
      std::u32string text(numbers.next(), U'\0');
      for (char32_t& c : text) c = before = static_cast<char32_t>(static_cast<int32_t>(before) + numbers.next_signed());
      out.emplace(at, std::move(text));
    }
  }

  Forms() {
    Numbers numbers(tables::kPairs);
    char32_t first = 0;
    for (char32_t at = 0; !numbers.done(); ++at) {
      at += numbers.next();
      first = static_cast<char32_t>(static_cast<int32_t>(first) + numbers.next_signed());
      const char32_t second = numbers.next();
      pairs.emplace(at, std::pair(first, second));
      composed.emplace(key(first, second), at);
    }
    read(tables::kCanonical, canonical);
    read(tables::kCompatible, compatible);
    Numbers classes(tables::kCombining);
    for (uint32_t at = 0; !classes.done();) {
      at += classes.next();
      uint32_t left = classes.next() + 1;
      const auto value = static_cast<uint8_t>(classes.next());
      for (; left > 0; --left) combining[at++] = value;
    }
  }
};

const Forms& forms() {
  static const Forms all;
  return all;
}

void decompose(const Forms& all, CodePoint c, bool compatible, CodePoints& out) {
  if (c.value < 0xA0) {
    out.push_back(c);
    return;
  }
  if (c.value >= kSyllable && c.value < kSyllable + kLeads * kVowels * kTails) {
    const char32_t index = c.value - kSyllable, tail = index % kTails;
    out.push_back({kLead + index / (kVowels * kTails), c.at});
    out.push_back({kVowel + index / kTails % kVowels, c.at});
    if (tail > 0) out.push_back({kTail + tail, c.at});
    return;
  }
  const auto put = [&](const std::u32string& text) {
    for (const char32_t part : text) out.push_back({part, c.at});
  };
  if (compatible)
    if (const auto found = all.compatible.find(c.value); found != all.compatible.end()) return put(found->second);
  if (const auto found = all.pairs.find(c.value); found != all.pairs.end()) {
    decompose(all, {found->second.first, c.at}, false, out);
    decompose(all, {found->second.second, c.at}, false, out);
    return;
  }
  if (const auto found = all.canonical.find(c.value); found != all.canonical.end()) return put(found->second);
  out.push_back(c);
}

/// Moves the characters alone: what stands first is taken to come from where the first one came.
void order(const Forms& all, CodePoints& text) {
  const auto rank = [&](char32_t c) { return all.combining[c]; };
  std::u32string run;
  for (size_t i = 0; i < text.size(); ++i) {
    run.clear();
    for (size_t k = i; k < text.size() && rank(text[k].value) != 0; ++k) run += text[k].value;
    if (run.empty()) continue;
    std::stable_sort(run.begin(), run.end(), [&](char32_t a, char32_t b) { return rank(a) < rank(b); });
    for (const char32_t c : run) text[i++].value = c;
  }
}

char32_t compose(const Forms& all, char32_t first, char32_t second) {
  if (first >= kLead && first < kLead + kLeads && second >= kVowel && second < kVowel + kVowels)
    return kSyllable + ((first - kLead) * kVowels + (second - kVowel)) * kTails;
  if (first >= kSyllable && first < kSyllable + kLeads * kVowels * kTails && (first - kSyllable) % kTails == 0 &&
      second > kTail && second < kTail + kTails)
    return first + (second - kTail);
  const auto found = all.composed.find(key(first, second));
  return found == all.composed.end() ? 0 : found->second;
}

void compose(const Forms& all, CodePoints& text) {
  constexpr size_t kNone = static_cast<size_t>(-1);
  size_t starter = kNone, end = 0;
  uint8_t before = 0;  // class of what stands at the end; only the starter itself has 0 there
  for (const CodePoint c : text) {
    const uint8_t rank = all.combining[c.value];
    if (starter != kNone && (starter + 1 == end || before < rank))
      if (const char32_t both = compose(all, text[starter].value, c.value)) {
        text[starter].value = both;
        continue;
      }
    if (rank == 0) starter = end;
    before = rank;
    text[end++] = c;
  }
  text.resize(end);
}

}  // namespace

void normalise(CodePoints& text, Form form) {
  const bool compatible = form == Form::nfkc || form == Form::nfkd, composing = form == Form::nfc || form == Form::nfkc;
  const char32_t plain = compatible ? 0xA0 : composing ? 0x300 : 0xC0;  // up to here a text is in the form
  if (std::all_of(text.begin(), text.end(), [&](const CodePoint& c) { return c.value < plain; })) return;
  const Forms& all = forms();
  CodePoints out;
  out.reserve(text.size() + text.size() / 2);
  for (const CodePoint c : text) decompose(all, c, compatible, out);
  order(all, out);
  if (composing) compose(all, out);
  text = std::move(out);
}

}  // namespace roulade::unicode
