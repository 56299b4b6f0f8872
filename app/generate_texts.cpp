// SPDX-License-Identifier: Apache-2.0
// Writes the texts that the launcher prints by itself as a C++ file: generate_texts FILE
#include "app/texts.hpp"

#include <cstdio>
#include <fstream>
#include <string>

namespace {

std::string literal(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n\"\n    \"";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ofstream file(argv[1]);
  file << "#include \"app/launcher.hpp\"\n\nconst LauncherText kLauncherTexts[] = {\n";
  for (const auto& [words, text] : roulade::app::help_texts()) {
    file << "    {" << literal(words) << ",\n    " << literal(text) << "},\n";
  }
  file << "    {nullptr, nullptr},\n};\n";
  file.close();
  if (!file) std::fprintf(stderr, "generate_texts: cannot write %s\n", argv[1]);
  return file ? 0 : 6;
}
