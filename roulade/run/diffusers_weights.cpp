// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/run/diffusers_folder.hpp"

#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestIndex = uint64_t{1} << 26;
const std::string kStem = "diffusion_pytorch_model";

/// The names of attention's layers up to diffusers 0.16, and today's. Its own reader renames them, too.
constexpr std::array<std::pair<const char*, const char*>, 4> kOldNames{
    {{".query.", ".to_q."}, {".key.", ".to_k."}, {".value.", ".to_v."}, {".proj_attn.", ".to_out.0."}}};

std::string name_of_today(std::string name) {
  if (name.find(".attentions.") == std::string::npos) return name;
  for (const auto& [old, now] : kOldNames)
    if (const size_t at = name.find(old); at != std::string::npos)
      return name.replace(at, std::string(old).size(), now);
  return name;
}

void take(const fs::path& file, const std::set<std::string>* wanted, std::map<std::string, Tensor>& to) {
  for (const auto& [name, tensor] : read_tensors(file, Load::map).tensors)
    if (wanted == nullptr || wanted->contains(name)) to[name_of_today(name)] = tensor.to(at::kFloat);
}

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
    take(index.parent_path() / file, &names, out);
    for (const std::string& name : names)
      if (!out.contains(name_of_today(name)))
        fail(Code::input, (index.parent_path() / file).string(), fmt::format("tensor '{}' is missing", name));
  }
  return out;
}

}  // namespace

std::map<std::string, Tensor> read_diffusers_weights(const fs::path& network) {
  const fs::path whole = network / (kStem + ".safetensors"), index = network / (kStem + ".safetensors.index.json");
  std::map<std::string, Tensor> out;
  if (fs::exists(whole)) {
    take(whole, nullptr, out);
    return out;
  }
  if (fs::exists(index)) return read_parts(index);
  std::string got = "none";
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(network, none))
    if (const std::string name = entry.path().filename().string(); name.starts_with(kStem)) got = name;
  fail(Code::input, network.string(), "weights",
       kStem + ".safetensors (in Python, of another kind: UNet2DModel.from_pretrained(...).save_pretrained(...))", got);
}

}  // namespace roulade
