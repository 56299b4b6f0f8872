// SPDX-License-Identifier: Apache-2.0
// The program's first part: answers help, version and completion from texts written at build time, and loads
// libroulade_app.so, and with it LibTorch (half a second), only when there is work.
#include "app/launcher.hpp"

#include <climits>
#include <cstdio>
#include <cstring>
#include <string>

#include <dlfcn.h>
#include <unistd.h>

namespace {

const char* find_text(const std::string& words) {
  for (const LauncherText* entry = kLauncherTexts; entry->words != nullptr; ++entry) {
    if (words == entry->words) return entry->text;
  }
  return nullptr;
}

// The first words of the command line, as many as name a text: "train" of `train recipe.toml --steps 3`.
const char* find_text(int count, char** words) {
  std::string path;
  const char* text = find_text(path);
  for (int i = 0; i < count && words[i][0] != '-'; ++i) {
    path += (path.empty() ? "" : " ") + std::string(words[i]);
    if (const char* longer = find_text(path)) text = longer;
    if (i == 0 && text == find_text("")) return nullptr;  // an unknown subcommand: the library says so
  }
  return text;
}

bool is(const char* word, const char* one, const char* other) {
  return std::strcmp(word, one) == 0 || std::strcmp(word, other) == 0;
}

// The text that answers this command line, or nullptr if there is work to do.
const char* answer(int argc, char** argv) {
  if (argc < 2) return nullptr;
  if (is(argv[1], "--version", "version") && argc == 2) return find_text("--version");
  if (std::strcmp(argv[1], "help") == 0) return find_text(argc - 2, argv + 2);
  if (std::strcmp(argv[1], "completion") == 0 && argc == 3 && argv[2][0] != '-')
    return find_text(std::string("completion ") + argv[2]);
  for (int i = 1; i < argc && std::strcmp(argv[i], "--") != 0; ++i) {
    if (is(argv[i], "--help", "-h")) return find_text(argc - 1, argv + 1);
  }
  return nullptr;
}

// bin/roulade -> lib/libroulade_app.so, in the build tree and where it is installed.
std::string library_path() {
  char self[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self);
  std::string path = length > 0 ? std::string(self, static_cast<size_t>(length)) : std::string();
  path.resize(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/'));
  return path + "/../lib/libroulade_app.so";
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* text = answer(argc, argv)) {
    return std::fputs(text, stdout) < 0 || std::fflush(stdout) != 0 ? 6 : 0;
  }
  void* library = dlopen(library_path().c_str(), RTLD_NOW | RTLD_GLOBAL);
  void* entry = library == nullptr ? nullptr : dlsym(library, "roulade_main");
  if (entry == nullptr) {
    std::fprintf(stderr, "roulade: the library does not load: %s\n", dlerror());
    return 70;
  }
  return reinterpret_cast<int (*)(int, char**)>(entry)(argc, argv);
}
