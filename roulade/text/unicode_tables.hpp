// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Tables that tools/unicode_tables.py writes; its first lines say where they come from. Numbers in base 64, five bits
/// a character from the lowest on, the sixth bit for "goes on".
namespace roulade::unicode_tables {

// Sets: gap since the last range, length - 1.
extern const char* const kLetter;
extern const char* const kNumber;
extern const char* const kSpace;
extern const char* const kRemoved;
extern const char* const kMark;
extern const char* const kIdeograph;
extern const char* const kPunctuation;

extern const char* const kLower;      ///< gap, 2 (length - 1) + step - 1, signed distance
extern const char* const kCluster;    ///< gap, length - 1, class: the order of CLASSES in the script
extern const char* const kCombining;  ///< gap, length - 1, canonical combining class

extern const char* const kPairs;       ///< gap, signed first - the first before, second: what composes to a code point
extern const char* const kCanonical;   ///< gap, count, signed differences: decompositions that do not compose again
extern const char* const kCompatible;  ///< the same: where the compatibility decomposition is another one

}  // namespace roulade::unicode_tables
