// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace roulade {
namespace {

/// Insertions, deletions, changes and swaps of neighbours that turn a into b (optimal string alignment).
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last.back();
}

}  // namespace

void fail(Code code, std::string_view where, std::string_view what, std::string_view expected, std::string_view got) {
  std::string sentence = fmt::format("[{}] {}", where, what);
  if (!expected.empty()) sentence += fmt::format(": expected {}", expected);
  if (!got.empty()) sentence += fmt::format("{} got {}", expected.empty() ? ":" : ",", got);
  throw Error(code, sentence);
}

void fail_unknown(std::string_view where, std::string_view noun, std::string_view got,
                  const std::vector<std::string>& known) {
  std::string sentence = fmt::format("[{}] unknown {} '{}'", where, noun, got);
  if (const std::string near = nearest(got, known); !near.empty())
    sentence += fmt::format(": did you mean '{}'?", near);
  sentence += fmt::format(" (known: {})", fmt::join(known, ", "));
  throw Error(Code::usage, sentence);
}

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  std::string best;
  size_t least = std::max<size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const size_t d = edit_distance(name, candidate);
    if (d < least) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace roulade
