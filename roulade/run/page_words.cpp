// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/page_words.hpp"

#include "roulade/core/process.hpp"

namespace roulade {

namespace fs = std::filesystem;

std::string shell_word(const std::string& word) {
  constexpr const char* kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=:,+-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string path_from_here(const fs::path& path) {
  std::error_code none;
  const fs::path way = path.lexically_relative(fs::current_path(none));
  return path.is_absolute() && !way.empty() && *way.begin() != ".." ? way.string() : path.string();
}

std::string toml_from_here(std::string toml) {
  std::error_code unknown;
  const std::string here = '"' + fs::current_path(unknown).string() + '/';
  for (size_t at = toml.find(here); here.size() > 3 && at != std::string::npos; at = toml.find(here, at))
    toml.erase(at + 1, here.size() - 1);
  return toml;
}

std::string sums_option() { return exact() ? "--exact" : measured_convolutions() ? "--convolutions measured" : ""; }

}  // namespace roulade
