// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/sha256.hpp"
#include "roulade/text/encoder.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 9> kRead = {
    "config.json", "modules.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "spiece.model",
    "vocab.json",  "merges.txt",   "vocab.txt"};

bool is_read(const std::string& name) {
  if (name.starts_with("model") && (name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json")))
    return true;
  return std::find(kRead.begin(), kRead.end(), name) != kRead.end();
}

}  // namespace

std::string text_encoder_sha256(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && entry.path().filename().string().ends_with("_Pooling")) {
      if (fs::exists(entry.path() / "config.json")) files.push_back(entry.path() / "config.json");
    } else if (is_read(entry.path().filename().string())) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return sha256_of(files);
}

}  // namespace roulade
