// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/safetensors.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::json;
static_assert(std::endian::native == std::endian::little, "tensors are stored as the machine holds them");

constexpr uint64_t kMaxHeader = 100'000'000;
constexpr int kMaxDepth = 8;  // the format needs 3; more room for keys of later versions
constexpr const char* kMetadata = "__metadata__";

struct TypeInfo {
  const char* name;
  int64_t bytes;
};
constexpr std::array<TypeInfo, 15> kTypes{{{"BOOL", 1},
                                           {"U8", 1},
                                           {"I8", 1},
                                           {"F8_E5M2", 1},
                                           {"F8_E4M3", 1},
                                           {"I16", 2},
                                           {"U16", 2},
                                           {"F16", 2},
                                           {"BF16", 2},
                                           {"I32", 4},
                                           {"U32", 4},
                                           {"F32", 4},
                                           {"F64", 8},
                                           {"I64", 8},
                                           {"U64", 8}}};

/// Product of the shape and the element's size; false when it leaves int64 or an extent is negative.
bool byte_size(DType dtype, const std::vector<int64_t>& shape, uint64_t& size) {
  int64_t product = bytes_of(dtype);
  for (const int64_t n : shape)
    if (n < 0 || __builtin_mul_overflow(product, n, &product)) return false;
  size = static_cast<uint64_t>(product);
  return true;
}

/// Reads one header; every refusal names the file and the tensor.
class Parser {
 public:
  Parser(std::span<const std::byte> file, const std::string& where) : file_(file), where_(where) {}

  SafetensorsHeader parse() {
    if (file_.size() < 8) refuse("file", "at least 8 bytes", std::to_string(file_.size()));
    uint64_t length = 0;
    std::memcpy(&length, file_.data(), 8);
    if (length > kMaxHeader) refuse("header length", fmt::format("at most {}", kMaxHeader), std::to_string(length));
    if (length > file_.size() - 8)
      refuse("header length", fmt::format("at most {}, the rest of the file", file_.size() - 8),
             std::to_string(length));
    header_.data_begin = 8 + length;
    read_json({reinterpret_cast<const char*>(file_.data()) + 8, length});
    check_layout();
    return std::move(header_);
  }

 private:
  [[noreturn]] void refuse(std::string_view what, std::string_view expected = "", std::string_view got = "") const {
    fail(Code::input, where_, what, expected, got);
  }

  void read_json(std::string_view text) {
    if (text.empty() || text.front() != '{') refuse("header does not begin with '{'");
    std::vector<std::set<std::string>> keys(1);  // those seen in each open object
    const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
      if (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start) {
        if (depth >= kMaxDepth) refuse("header is nested too deep", fmt::format("at most {} levels", kMaxDepth));
        keys.resize(static_cast<size_t>(depth) + 2);
        keys.back().clear();
      } else if (event == Json::parse_event_t::key) {
        const auto& key = parsed.get_ref<const std::string&>();
        if (!keys[static_cast<size_t>(depth)].insert(key).second)
          refuse(fmt::format("header has the key '{}' twice", key));
      }
      return true;
    };
    Json json;
    try {
      json = Json::parse(text, watch);
    } catch (const Json::exception& e) {  // the library of JSON has its own exceptions; ours name the file
      refuse(fmt::format("header is not JSON ({})", e.what()));
    }
    for (const auto& [name, value] : json.items()) {
      if (!value.is_object()) refuse(fmt::format("'{}' in the header", name), "an object", value.type_name());
      if (name == kMetadata) {
        read_metadata(value);
      } else {
        read_tensor(name, value);
      }
    }
  }

  void read_metadata(const Json& json) {
    for (const auto& [key, value] : json.items()) {
      if (!value.is_string()) refuse(fmt::format("metadata '{}'", key), "a text", value.type_name());
      header_.metadata[key] = value.get<std::string>();
    }
  }

  void read_tensor(const std::string& name, const Json& json) {
    const auto member = [&](const char* key) -> const Json& {
      const auto it = json.find(key);
      if (it == json.end()) refuse(fmt::format("tensor '{}' has no {}", name, key));
      return *it;
    };
    TensorSpec spec;
    spec.name = name;
    const Json& type = member("dtype");
    const std::string type_name = type.is_string() ? type.get<std::string>() : type.type_name();
    const auto info =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeInfo& t) { return t.name == type_name; });
    if (!type.is_string() || info == kTypes.end())
      refuse(fmt::format("tensor '{}' has an unknown dtype", name), "", "'" + type_name + "'");
    spec.dtype = static_cast<DType>(info - kTypes.begin());

    const std::vector<uint64_t> shape = integers(member("shape"), fmt::format("shape of tensor '{}'", name));
    for (const uint64_t n : shape) spec.shape.push_back(static_cast<int64_t>(n));  // 2^63 and more turn negative
    uint64_t size = 0;
    if (!byte_size(spec.dtype, spec.shape, size))
      refuse(fmt::format("tensor '{}' is larger than any memory", name), "",
             fmt::format("[{}]", fmt::join(shape, ", ")));

    const std::vector<uint64_t> offsets =
        integers(member("data_offsets"), fmt::format("data_offsets of tensor '{}'", name));
    if (offsets.size() != 2)
      refuse(fmt::format("data_offsets of tensor '{}'", name), "2 numbers", std::to_string(offsets.size()));
    spec.begin = offsets[0];
    spec.end = offsets[1];
    const uint64_t data = file_.size() - header_.data_begin;
    if (spec.begin > spec.end || spec.end > data)
      refuse(fmt::format("tensor '{}' lies outside the data", name), fmt::format("offsets rising within 0..{}", data),
             fmt::format("{}..{}", spec.begin, spec.end));
    if (spec.end - spec.begin != size)
      refuse(fmt::format("size of tensor '{}'", name),
             fmt::format("{} bytes for {} [{}]", size, to_text(spec.dtype), fmt::join(spec.shape, ", ")),
             std::to_string(spec.end - spec.begin));
    header_.tensors.push_back(std::move(spec));
  }

  std::vector<uint64_t> integers(const Json& json, const std::string& what) const {
    if (!json.is_array()) refuse(what, "a list of whole numbers", json.type_name());
    std::vector<uint64_t> out;
    for (const Json& item : json) {
      if (!item.is_number_unsigned()) refuse(what, "a list of whole numbers", item.dump());
      out.push_back(item.get<uint64_t>());
    }
    return out;
  }

  void check_layout() {
    auto& tensors = header_.tensors;
    std::sort(tensors.begin(), tensors.end(), [](const TensorSpec& a, const TensorSpec& b) {
      return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
    });
    uint64_t at = 0;
    for (const TensorSpec& spec : tensors) {
      if (spec.begin != at)
        refuse(fmt::format("tensor '{}' {}", spec.name, spec.begin < at ? "overlaps another" : "follows a hole"),
               fmt::format("offset {}", at), std::to_string(spec.begin));
      at = spec.end;
    }
    const uint64_t data = file_.size() - header_.data_begin;
    if (at != data) refuse("bytes after the last tensor", fmt::format("{} bytes of data", at), std::to_string(data));
  }

  std::span<const std::byte> file_;
  const std::string& where_;
  SafetensorsHeader header_;
};

std::string header_text(const std::string& where, const std::vector<TensorBytes>& tensors, const Metadata& metadata) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!metadata.empty()) json[kMetadata] = metadata;
  uint64_t at = 0;
  for (const TensorBytes& tensor : tensors) {
    const uint64_t end = at + tensor.bytes.size();
    json[tensor.name] = {{"dtype", to_text(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  try {
    std::string text = json.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
  } catch (const Json::exception& e) {
    fail(Code::usage, where, fmt::format("a name or metadata text is not UTF-8 ({})", e.what()));
  }
}

}  // namespace

std::string_view to_text(DType dtype) { return kTypes[static_cast<size_t>(dtype)].name; }

int64_t bytes_of(DType dtype) { return kTypes[static_cast<size_t>(dtype)].bytes; }

SafetensorsHeader parse_safetensors(std::span<const std::byte> file, const std::string& where) {
  return Parser(file, where).parse();
}

Safetensors::Safetensors(const std::filesystem::path& path)
    : mapping(std::make_shared<const Mapping>(path)), header(parse_safetensors(mapping->bytes(), path.string())) {}

void write_safetensors(const std::filesystem::path& path, std::vector<TensorBytes> tensors, const Metadata& metadata) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorBytes& a, const TensorBytes& b) {
    return std::tie(b.dtype, a.name) < std::tie(a.dtype, b.name);
  });
  std::set<std::string> names{kMetadata};
  for (const TensorBytes& tensor : tensors) {
    const std::string what = fmt::format("tensor '{}'", tensor.name);
    if (!names.insert(tensor.name).second) fail(Code::usage, path.string(), what + " is named twice or reserved");
    uint64_t size = 0;
    if (!byte_size(tensor.dtype, tensor.shape, size) || size != tensor.bytes.size())
      fail(Code::usage, path.string(), what, fmt::format("{} bytes", size), std::to_string(tensor.bytes.size()));
  }
  const std::string text = header_text(path.string(), tensors, metadata);
  if (text.size() > kMaxHeader)
    fail(Code::usage, path.string(), "header", fmt::format("at most {} bytes", kMaxHeader),
         std::to_string(text.size()));
  write_file_atomically(path, [&](File& file) {
    const uint64_t length = text.size();
    file.write({reinterpret_cast<const char*>(&length), sizeof length});
    file.write(text);
    for (const TensorBytes& tensor : tensors)
      file.write({reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()});
  });
}

}  // namespace roulade
