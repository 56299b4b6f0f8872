// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/sha256.hpp"
#include "roulade/text/encoder.hpp"
#include "roulade/text/encoder_list.hpp"
#include "roulade/text/tokenizer.hpp"
#include "roulade/text/tokenizer_files.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 2> kSettings = {"config.json", "modules.json"};
constexpr std::array<std::string_view, 8> kTokenizer = {"tokenizer.json",
                                                        "tokenizer_config.json",
                                                        "special_tokens_map.json",
                                                        kAddedTokens,
                                                        "spiece.model",
                                                        "vocab.json",
                                                        "merges.txt",
                                                        "vocab.txt"};

bool is_weights(const std::string& name) {
  return name.starts_with("model") && (name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json"));
}

}  // namespace

bool is_tokenizer_file(const std::string& name) {
  return std::find(kTokenizer.begin(), kTokenizer.end(), name) != kTokenizer.end();
}

std::vector<TextEncoderFile> text_encoder_files(const fs::path& folder) {
  std::vector<TextEncoderFile> out;
  std::error_code error;
  const fs::path tokenizer = tokenizer_folder(folder);
  const bool apart = tokenizer != folder, added = reads_added_tokens(tokenizer);
  const auto add = [&](const fs::path& from, const fs::path& name) {
    if (added || name != kAddedTokens) out.push_back({name, from / name});
  };
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && name.ends_with("_Pooling")) {
      if (fs::exists(entry.path() / "config.json")) add(folder, fs::path(name) / "config.json");
    } else if (is_weights(name) || (is_tokenizer_file(name) && !apart) ||
               std::find(kSettings.begin(), kSettings.end(), name) != kSettings.end()) {
      add(folder, name);
    }
  }
  if (error) fail(Code::io, folder.string(), "cannot be read: " + error.message());
  for (const std::string_view name : kTokenizer)
    if (apart && fs::exists(tokenizer / name)) add(tokenizer, name);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

std::string text_encoder_sha256(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const TextEncoderFile& file : text_encoder_files(folder)) files.push_back(file.path);
  return sha256_of(files);
}

}  // namespace roulade
