// SPDX-License-Identifier: Apache-2.0
#include "app/preview.hpp"

#include "app/output.hpp"
#include "app/progress_line.hpp"

#include <cctype>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

namespace roulade::app {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The locale for characters: the first of these that is set wins.
std::string character_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const std::string value = variable(name); !value.empty()) return value;
  return "";
}

}  // namespace

void add_preview(CLI::App& command, std::optional<bool>& preview) {
  command.add_flag_callback(
      "--preview", [&preview] { preview = true; },
      "draw samples while it trains; default: on a\nterminal of 60 columns that shows UTF-8");
  command.add_flag_callback(
      "--no-preview", [&preview] { preview = false; }, "draw none");
}

bool is_utf8(const std::string& locale) {
  std::string letters;  // "UTF-8", "utf8", "Utf_8": what stands between them does not matter
  for (const char c : locale)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return letters.find("utf8") != std::string::npos;
}

bool draws_preview(const std::optional<bool>& wanted) {
  const std::string terminal = variable("TERM");
  const int columns = terminal_size(STDERR_FILENO).columns;
  if (columns == 0 || terminal.empty() || terminal == "dumb") return false;
  return wanted.value_or(columns >= kPictureColumns && is_utf8(character_locale()));
}

}  // namespace roulade::app
