// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/network_weights.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/tensor_file.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestIndex = uint64_t{1} << 26;

std::map<std::string, Tensor> read_parts(const fs::path& index) {
  std::map<std::string, std::set<std::string>> parts;
  try {
    const nlohmann::json json = nlohmann::json::parse(read_file(index, kLargestIndex));
    for (const auto& [name, file] : json.at("weight_map").items()) parts[file.get<std::string>()].insert(name);
  } catch (const nlohmann::json::exception& e) {
    fail(Code::input, index.string(), fmt::format("damaged ({})", e.what()));
  }
  std::map<std::string, Tensor> out;
  for (const auto& [file, names] : parts) {
    if (file.empty() || fs::path(file).filename() != file || file == "..")
      fail(Code::input, index.string(), "weight_map", "names of files beside it", file);
    const fs::path part = index.parent_path() / file;
    const std::map<std::string, Tensor> tensors = read_tensors(part, Load::map).tensors;
    for (const std::string& name : names) {
      const auto it = tensors.find(name);
      if (it == tensors.end()) fail(Code::input, part.string(), fmt::format("tensor '{}' is missing", name));
      out.insert(*it);
    }
  }
  return out;
}

}  // namespace

std::map<std::string, Tensor> read_network_weights(const fs::path& folder, const std::string& stem,
                                                   const std::string& advice) {
  const fs::path whole = folder / (stem + ".safetensors"), index = folder / (stem + ".safetensors.index.json");
  if (fs::exists(whole)) return read_tensors(whole, Load::map).tensors;
  if (fs::exists(index)) return read_parts(index);
  // Weights of another kind: of this stem, else PyTorch's, best those that have it in their name (pytorch_model.bin).
  std::pair<int, std::string> got{3, "none"};
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(stem))
      got = std::min(got, {0, name});
    else if (name.ends_with(".bin"))
      got = std::min(got, {name.find(stem) != std::string::npos ? 1 : 2, name});
  }
  fail(Code::input, folder.string(), "weights", stem + ".safetensors" + advice, got.second);
}

}  // namespace roulade
