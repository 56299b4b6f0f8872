// SPDX-License-Identifier: Apache-2.0
// Extended grapheme clusters (Unicode Standard Annex 29, table 1c).
#include "roulade/text/unicode.hpp"
#include "roulade/text/unicode_numbers.hpp"
#include "roulade/text/unicode_tables.hpp"

namespace roulade::unicode {
namespace {

/// In the order of CLASSES in tools/unicode_tables.py. Linkers and what extends a conjunct extend clusters, too.
enum class Class : uint8_t {
  other,
  control,
  cr,
  lf,
  extend,
  zwj,
  spacing_mark,
  prepend,
  lead,
  vowel,
  tail,
  lead_vowel,
  syllable,
  regional,
  pictographic,
  consonant,
  linker,
  conjunct_extend
};

struct Classes {
  std::vector<Class> of = std::vector<Class>(kCodePoints, Class::other);
  Classes() {
    Numbers numbers(unicode_tables::kCluster);
    for (uint32_t at = 0; !numbers.done();) {
      at += numbers.next();
      uint32_t left = numbers.next() + 1;
      const auto value = static_cast<Class>(numbers.next());
      for (; left > 0; --left) of[at++] = value;
    }
    for (uint32_t c = 0xAC00; c <= 0xD7A3; ++c) of[c] = (c - 0xAC00) % 28 == 0 ? Class::lead_vowel : Class::syllable;
  }
};

Class class_of(char32_t c) {
  static const Classes classes;
  return classes.of[c];
}

bool breaks(Class c) { return c == Class::control || c == Class::cr || c == Class::lf; }
bool extends(Class c) { return c == Class::extend || c == Class::linker || c == Class::conjunct_extend; }

/// GB6 to GB8.
bool joins_hangul(Class a, Class b) {
  if (a == Class::lead) return b == Class::lead || b == Class::vowel || b == Class::lead_vowel || b == Class::syllable;
  if (a == Class::lead_vowel || a == Class::vowel) return b == Class::vowel || b == Class::tail;
  return (a == Class::syllable || a == Class::tail) && b == Class::tail;
}

}  // namespace

size_t cluster_end(const CodePoints& text, size_t begin) {
  Class before = class_of(text[begin].value);
  bool pictographic = before == Class::pictographic, joined = false;  // ExtPict Extend*, and a ZWJ behind
  bool consonant = before == Class::consonant, linked = false;        // of a conjunct, and a linker behind
  size_t regional = before == Class::regional;
  for (size_t i = begin + 1;; ++i) {
    if (i == text.size()) return i;
    const Class c = class_of(text[i].value);
    if (before == Class::cr && c == Class::lf) return i + 1;  // GB3; GB4 breaks behind
    if (breaks(before) || breaks(c)) return i;                // GB4, GB5
    const bool attached = extends(c) || c == Class::zwj || c == Class::spacing_mark || before == Class::prepend;
    const bool joins = attached || joins_hangul(before, c) || (linked && c == Class::consonant) ||
                       (joined && c == Class::pictographic) || (c == Class::regional && regional % 2 == 1);
    if (!joins) return i;
    joined = pictographic && c == Class::zwj;
    pictographic = c == Class::pictographic || (pictographic && extends(c));
    linked = c == Class::linker ? consonant : linked && (c == Class::conjunct_extend || c == Class::zwj);
    consonant =
        c == Class::consonant || (consonant && (c == Class::linker || c == Class::conjunct_extend || c == Class::zwj));
    regional = c == Class::regional ? regional + 1 : 0;
    before = c;
  }
}

}  // namespace roulade::unicode
