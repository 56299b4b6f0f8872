// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/unicode.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/utf8.hpp"
#include "roulade/text/unicode_numbers.hpp"
#include "roulade/text/unicode_tables.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

namespace roulade::unicode {
namespace {

namespace tables = unicode_tables;

enum Property : uint8_t {
  kLetterBit = 1,
  kNumberBit = 2,
  kSpaceBit = 4,
  kRemovedBit = 8,
  kMarkBit = 16,
  kIdeographBit = 32,
  kPunctuationBit = 64,
  kLowerBit = 128
};

struct LowerRun {
  uint32_t first, last, step;
  int32_t distance;
};

struct Properties {
  std::vector<uint8_t> bits = std::vector<uint8_t>(kCodePoints);
  std::vector<LowerRun> lower;

  Properties() {
    const std::array<std::pair<const char*, Property>, 7> sets{{{tables::kLetter, kLetterBit},
                                                                {tables::kNumber, kNumberBit},
                                                                {tables::kSpace, kSpaceBit},
                                                                {tables::kRemoved, kRemovedBit},
                                                                {tables::kMark, kMarkBit},
                                                                {tables::kIdeograph, kIdeographBit},
                                                                {tables::kPunctuation, kPunctuationBit}}};
    for (const auto& [table, bit] : sets) {
      Numbers numbers(table);
      for (uint32_t at = 0; !numbers.done();) {
        at += numbers.next();
        for (uint32_t left = numbers.next() + 1; left > 0; --left) bits[at++] |= bit;
      }
    }
    Numbers numbers(tables::kLower);
    for (uint32_t at = 0; !numbers.done();) {
      LowerRun run{};
      run.first = at + numbers.next();
      const uint32_t shape = numbers.next();
      run.step = 1 + shape % 2;
      run.last = run.first + run.step * (shape / 2);
      run.distance = numbers.next_signed();
      for (uint32_t c = run.first; c <= run.last; c += run.step) bits[c] |= kLowerBit;
      lower.push_back(run);
      at = run.last + 1;
    }
  }
};

const Properties& properties() {
  static const Properties all;
  return all;
}

bool has(char32_t c, Property bit) { return c < kCodePoints && (properties().bits[c] & bit) != 0; }

char32_t lower_of(char32_t c) {
  const std::vector<LowerRun>& runs = properties().lower;
  const auto run =
      std::lower_bound(runs.begin(), runs.end(), c, [](const LowerRun& r, char32_t x) { return r.last < x; });
  return static_cast<char32_t>(static_cast<int32_t>(c) + run->distance);
}

}  // namespace

CodePoints decode(std::string_view text) {
  if (text.size() >= std::numeric_limits<uint32_t>::max())
    fail(Code::input, "text", "length", "below 4 GiB", fmt::format("{} bytes", text.size()));
  CodePoints out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t n = utf8_sequence(text.substr(i));
    if (n == 0) fail(Code::input, "text", fmt::format("not UTF-8 (byte {})", i));
    auto c = static_cast<char32_t>(static_cast<unsigned char>(text[i]));
    if (n > 1) c &= 0x7Fu >> n;
    for (size_t k = 1; k < n; ++k) c = c << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
    out.push_back({c, static_cast<uint32_t>(i)});
    i += n;
  }
  return out;
}

bool is_letter(char32_t c) { return has(c, kLetterBit); }
bool is_number(char32_t c) { return has(c, kNumberBit); }
bool is_space(char32_t c) { return has(c, kSpaceBit); }
bool is_removed(char32_t c) { return has(c, kRemovedBit); }
bool is_mark(char32_t c) { return has(c, kMarkBit); }
bool is_ideograph(char32_t c) { return has(c, kIdeographBit); }
bool is_punctuation(char32_t c) { return has(c, kPunctuationBit); }

void lower(CodePoints& text) {
  for (size_t i = 0; i < text.size(); ++i) {
    char32_t& c = text[i].value;
    if (c == 0x130) {  // the one that grows
      c = U'i';
      text.insert(text.begin() + static_cast<std::ptrdiff_t>(i) + 1, {0x307, text[i].at});
      ++i;
    } else if (has(c, kLowerBit)) {
      c = lower_of(c);
    }
  }
}

}  // namespace roulade::unicode
