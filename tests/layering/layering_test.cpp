// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/process.hpp"
#include "tests/tree.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using Problems = std::vector<std::string>;

constexpr int kMostLines = 400;
const std::set<std::string> kBannedNames = {"utils",  "util",    "helpers", "helper",
                                            "common", "manager", "misc",    "scheduler"};
const std::regex kInclude(R"re(^\s*#\s*include\s*["<]([^">]+)[">])re");
const std::regex kBannedHeader(R"(torch/torch\.h|torch/all\.h|ATen/ATen\.h|torch/extension\.h)");

using Layers = std::map<std::string, std::set<std::string>>;

Layers read_layers(const fs::path& file, Problems& problems) {
  Layers layers;
  std::ifstream in(file);
  if (!in) problems.push_back(file.string() + ": missing");
  for (std::string line; std::getline(in, line);) {
    line = line.substr(0, line.find('#'));
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::istringstream left(line.substr(0, colon)), right(line.substr(colon + 1));
    std::string folder, other;
    left >> folder;
    layers[folder];
    while (right >> other) layers[folder].insert(other);
  }
  return layers;
}

/// Folders in LAYERS that reach themselves.
void find_cycles(const Layers& layers, Problems& problems) {
  for (const auto& [start, direct] : layers) {
    std::set<std::string> seen, todo = direct;
    while (!todo.empty()) {
      const std::string next = *todo.begin();
      todo.erase(todo.begin());
      if (!layers.count(next)) problems.push_back("LAYERS: " + start + " names unknown folder " + next);
      if (!seen.insert(next).second || !layers.count(next)) continue;
      todo.insert(layers.at(next).begin(), layers.at(next).end());
    }
    if (seen.count(start)) problems.push_back("LAYERS: " + start + " reaches itself");
  }
}

void check_file(const fs::path& file, const fs::path& root, const std::string& folder, const Layers& layers,
                Problems& problems) {
  const std::string name = fs::relative(file, root).string();
  if (kBannedNames.count(file.stem().string())) problems.push_back(name + ": banned name");
  std::ifstream in(file);
  int lines = 0;
  bool licence = false;
  for (std::string line; std::getline(in, line); ++lines) {
    licence = licence || line.find("SPDX-License-Identifier: Apache-2.0") != std::string::npos;
    std::smatch match;
    if (!std::regex_search(line, match, kInclude)) continue;
    const std::string target = match[1];
    if (std::regex_search(target, kBannedHeader)) problems.push_back(name + ": banned header " + target);
    if (target.rfind("roulade/", 0) != 0) continue;
    const std::string to = target.substr(8, target.find('/', 8) - 8);
    if (to != folder && !layers.at(folder).count(to))
      problems.push_back(name + ": " + folder + " may not include " + to);
    if (!fs::exists(root / target)) problems.push_back(name + ": no such header " + target);
  }
  if (lines > kMostLines) problems.push_back(name + ": " + std::to_string(lines) + " lines");
  const bool is_list = file.filename().string().find("list.hpp") != std::string::npos;
  if (!licence && !is_list) problems.push_back(name + ": no SPDX line");
}

Problems check_tree(const fs::path& root) {
  Problems problems;
  const Layers layers = read_layers(root / "roulade/LAYERS", problems);
  find_cycles(layers, problems);
  for (const char* top : {"roulade", "app"}) {
    if (!fs::exists(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".cpp" && extension != ".hpp") continue;
      const std::string folder = std::string(top) == "app" ? "app" : entry.path().parent_path().filename().string();
      if (!layers.count(folder)) {
        problems.push_back(folder + ": folder is not in LAYERS");
        continue;
      }
      if (kBannedNames.count(folder)) problems.push_back(folder + ": banned name");
      check_file(entry.path(), root, folder, layers, problems);
    }
  }
  return problems;
}

std::string joined(const Problems& problems) {
  std::string out;
  for (const std::string& problem : problems) out += problem + "\n";
  return out;
}

TEST(Layers, TheTreeHolds) { EXPECT_EQ(joined(check_tree(roulade::test::tree())), ""); }

/// A small tree that breaks every rule once: the check must see each.
class BadTree : public testing::Test {
 protected:
  void SetUp() override {
    write("roulade/LAYERS", "core :\nmodel : core\nsampler : core\n");
    write("roulade/core/good.hpp", kLicence);
    write("roulade/model/good.cpp", std::string(kLicence) + "#include \"roulade/core/good.hpp\"\n");
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  bool found(const std::string& part) {
    const Problems problems = check_tree(root_);
    return std::any_of(problems.begin(), problems.end(),
                       [&](const std::string& p) { return p.find(part) != std::string::npos; });
  }
  static constexpr const char* kLicence = "// SPDX-License-Identifier: Apache-2.0\n";
  fs::path root_ = fs::temp_directory_path() / ("roulade-layering-" + std::to_string(getpid()));
};

TEST_F(BadTree, IsCleanBeforeItIsBroken) { EXPECT_EQ(joined(check_tree(root_)), ""); }

TEST_F(BadTree, EdgesCyclesAndFolders) {
  write("roulade/sampler/bad.hpp", std::string(kLicence) + "#  include <roulade/model/good.hpp>\n");
  EXPECT_TRUE(found("sampler may not include model"));
  EXPECT_TRUE(found("no such header"));
  write("roulade/misc/a.cpp", kLicence);
  EXPECT_TRUE(found("misc: folder is not in LAYERS"));
  write("roulade/LAYERS", "core : model\nmodel : core\nsampler : core ghost\n");
  EXPECT_TRUE(found("core reaches itself"));
  EXPECT_TRUE(found("unknown folder ghost"));
}

TEST_F(BadTree, FilesThatAreTooLongUnlicensedBannedOrWrongInclude) {
  std::string lines = kLicence;
  for (int i = 0; i < kMostLines; ++i) lines += "\n";
  write("roulade/core/long.cpp", lines);
  EXPECT_TRUE(found("401 lines"));
  write("roulade/core/free.cpp", "int x;\n");
  EXPECT_TRUE(found("no SPDX"));
  write("roulade/core/utils.hpp", kLicence);
  EXPECT_TRUE(found("banned name"));
  write("roulade/core/heavy.cpp", std::string(kLicence) + "#include <torch/torch.h>\n");
  EXPECT_TRUE(found("banned header"));
}

// Two OpenMP runtimes in one process would each bring their own threads.
TEST(Process, OneOpenMpRuntime) {
  ASSERT_GE(roulade::threads(), 1);  // the library, and with it LibTorch, is in the process
  std::ifstream maps("/proc/self/maps");
  std::set<std::string> runtimes;
  for (std::string line; std::getline(maps, line);)
    if (const size_t slash = line.find('/'); slash != std::string::npos) {
      const std::string path = line.substr(slash);
      if (std::regex_search(path, std::regex(R"(/lib(gomp|iomp5|omp)[-.0-9a-z]*\.so)"))) runtimes.insert(path);
    }
  EXPECT_EQ(runtimes.size(), 1u);
}

}  // namespace
