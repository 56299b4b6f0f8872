// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/lines.hpp"

#include <algorithm>

namespace roulade {

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end - (end > 0 && text[end - 1] == '\r' ? 1 : 0)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace roulade
