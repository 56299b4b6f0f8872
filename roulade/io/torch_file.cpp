// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/torch_file.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/archive.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/pickle.hpp"
#include "roulade/io/tensor_file.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <vector>

#include <ATen/ops/as_strided.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

namespace roulade {
namespace {

using Kind = Pickle::Kind;
using Object = Pickle::Object;
using Tensors = std::map<std::string, Tensor>;

/// The pickle of 0x1950a86a20f9469cfc6c, with which the older form begins.
constexpr std::string_view kMagic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
constexpr int64_t kVersion = 1001;
constexpr size_t kMostAxes = 64;
constexpr uint64_t kMostPickle = uint64_t{1} << 28;

constexpr std::pair<std::string_view, at::ScalarType> kStorages[] = {
    {"torch.FloatStorage", at::kFloat}, {"torch.DoubleStorage", at::kDouble},     {"torch.HalfStorage", at::kHalf},
    {"torch.LongStorage", at::kLong},   {"torch.BFloat16Storage", at::kBFloat16}, {"torch.IntStorage", at::kInt},
    {"torch.ShortStorage", at::kShort}, {"torch.CharStorage", at::kChar},         {"torch.ByteStorage", at::kByte},
    {"torch.BoolStorage", at::kBool},
};

struct Storage {
  at::ScalarType dtype = at::kFloat;
  int64_t count = 0;
  Tensor values;  ///< [count]

  uint64_t bytes() const { return static_cast<uint64_t>(count) * c10::elementSize(dtype); }
};

/// A tensor before its numbers are read.
struct Place {
  std::string name, storage;
  int64_t offset = 0;
  std::vector<int64_t> size, stride;
};

/// The state dict of a pickle: what there is, and where its numbers are to be found.
class StateDict {
 public:
  std::map<std::string, Storage> storages;

  StateDict(const Pickle& pickle, const std::string& where) : pickle_(pickle), where_(where) {
    const Object& root = pickle[pickle.root];
    if (root.kind != Kind::dict) refuse("content", "a dictionary of tensors", to_text(root.kind));
    std::set<std::string> names;
    for (size_t i = 0; i < root.items.size(); i += 2) {
      const Object &key = pickle[root.items[i]], &value = pickle[root.items[i + 1]];
      if (key.kind != Kind::text) refuse("key of the dictionary", "a text", to_text(key.kind));
      if (value.kind != Kind::tensor) refuse(fmt::format("'{}'", key.text), "a tensor", to_text(value.kind));
      if (!names.insert(key.text).second) refuse(fmt::format("tensor '{}' stands twice", key.text));
      places_.push_back(place(key.text, value));
    }
  }

  /// The tensors, once the numbers of all storages are there.
  Tensors tensors() const {
    Tensors out;
    for (const Place& p : places_) {
      const Storage& storage = storages.at(p.storage);
      const bool empty = std::find(p.size.begin(), p.size.end(), 0) != p.size.end();
      out.emplace(p.name, empty ? at::empty(p.size, storage.dtype)
                                : at::as_strided(storage.values, p.size, p.stride, p.offset));
    }
    return out;
  }

 private:
  [[noreturn]] void refuse(const std::string& what, std::string_view expected = "", std::string_view got = "") const {
    fail(Code::input, where_, what, expected, got);
  }

  Place place(const std::string& name, const Object& tensor) {
    const auto& items = tensor.items;
    const std::string what = fmt::format("tensor '{}'", name);
    if (items.size() < 6 || items.size() > 7) refuse(what, "6 or 7 arguments", fmt::format("{}", items.size()));
    if (items.size() == 7 && !(pickle_[items[6]].kind == Kind::none || pickle_[items[6]].items.empty()))
      refuse(what + " has marks of its own, such as 'conjugated'");
    Place out{name, storage(pickle_[items[0]], what), whole(pickle_[items[1]], what), wholes(pickle_[items[2]], what),
              wholes(pickle_[items[3]], what)};
    check(out, storages.at(out.storage), what);
    return out;
  }

  int64_t whole(const Object& object, const std::string& what) const {
    if (object.kind != Kind::integer || object.integer < 0)
      refuse(what, "whole numbers of 0 and more",
             object.kind == Kind::integer ? fmt::format("{}", object.integer) : std::string(to_text(object.kind)));
    return object.integer;
  }

  std::vector<int64_t> wholes(const Object& object, const std::string& what) const {
    if (object.kind != Kind::tuple || object.items.size() > kMostAxes)
      refuse(what, fmt::format("sizes in a tuple of at most {}", kMostAxes), to_text(object.kind));
    std::vector<int64_t> out;
    for (const Pickle::Ref item : object.items) out.push_back(whole(pickle_[item], what));
    return out;
  }

  /// Notes the storage and gives its key.
  std::string storage(const Object& object, const std::string& what) {
    if (object.kind != Kind::storage || object.items.size() < 5 || object.items.size() > 6)
      refuse(what, "a storage", to_text(object.kind));
    const auto item = [&](size_t i) -> const Object& { return pickle_[object.items[i]]; };
    if (item(0).kind != Kind::text || item(0).text != "storage" || item(1).kind != Kind::global ||
        item(2).kind != Kind::text || (object.items.size() == 6 && item(5).kind != Kind::none))
      refuse(what, "a storage with type, key, device and size, not part of another");
    const auto* type = std::find_if(std::begin(kStorages), std::end(kStorages),
                                    [&](const auto& pair) { return pair.first == item(1).text; });
    if (type == std::end(kStorages)) refuse(what, "a storage of numbers", item(1).text);
    const Storage found{type->second, whole(item(4), what), {}};
    int64_t bytes = 0;
    if (__builtin_mul_overflow(found.count, static_cast<int64_t>(c10::elementSize(found.dtype)), &bytes))
      refuse(what + " is larger than any memory");
    const auto [it, fresh] = storages.emplace(item(2).text, found);
    if (!fresh && (it->second.dtype != found.dtype || it->second.count != found.count))
      refuse(fmt::format("storage '{}' has two types or sizes", item(2).text));
    return item(2).text;
  }

  void check(const Place& p, const Storage& storage, const std::string& what) const {
    if (p.size.size() != p.stride.size())
      refuse(what, fmt::format("{} strides", p.size.size()), fmt::format("{}", p.stride.size()));
    int64_t values = 1, extents = 1, last = p.offset;
    bool fits = true;
    for (size_t i = 0; i < p.size.size(); ++i) {
      int64_t way = 0;
      fits = fits && !__builtin_mul_overflow(values, p.size[i], &values) &&
             !__builtin_mul_overflow(extents, std::max<int64_t>(p.size[i], 1), &extents) &&
             !__builtin_mul_overflow(std::max<int64_t>(p.size[i] - 1, 0), p.stride[i], &way) &&
             !__builtin_add_overflow(last, way, &last);
    }
    if (!fits || (values > 0 && (last >= storage.count || values > storage.count)))
      refuse(what + " leaves its storage", fmt::format("at most {} values", storage.count),
             fmt::format("[{}] from {}", fmt::join(p.size, ", "), p.offset));
  }

  const Pickle& pickle_;
  const std::string& where_;
  std::vector<Place> places_;
};

void fill(Storage& storage, std::string_view bytes) {
  storage.values = at::empty({storage.count}, storage.dtype);
  if (!bytes.empty()) std::memcpy(storage.values.data_ptr(), bytes.data(), bytes.size());
}

/// The value of a text key of a dictionary, or none.
const Object* member(const Pickle& pickle, std::string_view key) {
  const Object& root = pickle[pickle.root];
  for (size_t i = 0; root.kind == Kind::dict && i < root.items.size(); i += 2)
    if (pickle[root.items[i]].text == key) return &pickle[root.items[i + 1]];
  return nullptr;
}

Tensors read_pickles(std::string_view file, const std::string& where) {
  size_t at = kMagic.size();
  const Pickle version = parse_pickle(file, at, where);
  if (version[version.root].kind != Kind::integer || version[version.root].integer != kVersion)
    fail(Code::input, where, "version of the format", fmt::format("{}", kVersion),
         fmt::format("{}", version[version.root].integer));
  const Pickle machine = parse_pickle(file, at, where);
  const Object* little = member(machine, "little_endian");
  if (little == nullptr || little->kind != Kind::boolean || little->integer != 1)
    fail(Code::input, where, "order of bytes", "little_endian = True");
  const Pickle content = parse_pickle(file, at, where);
  StateDict dict(content, where);
  const Pickle keys = parse_pickle(file, at, where);
  if (keys[keys.root].kind != Kind::list)
    fail(Code::input, where, "keys of the storages", "a list", to_text(keys[keys.root].kind));
  for (const Pickle::Ref ref : keys[keys.root].items) {
    const auto it = dict.storages.find(keys[ref].text);
    if (keys[ref].kind != Kind::text || it == dict.storages.end() || it->second.values.defined())
      fail(Code::input, where, fmt::format("storage '{}' belongs to no tensor, or comes twice", keys[ref].text));
    Storage& storage = it->second;
    uint64_t count = 0;
    if (file.size() - at < sizeof count) fail(Code::input, where, "cut short: no size of the next storage");
    std::memcpy(&count, file.data() + at, sizeof count);
    at += sizeof count;
    if (count != static_cast<uint64_t>(storage.count) || storage.bytes() > file.size() - at)
      fail(Code::input, where, fmt::format("damaged, or cut short: values of storage '{}'", it->first),
           fmt::format("{} of {} bytes", storage.count, storage.bytes()),
           fmt::format("{}, and {} bytes left", count, file.size() - at));
    fill(storage, file.substr(at, storage.bytes()));
    at += storage.bytes();
  }
  for (const auto& [key, storage] : dict.storages)
    if (!storage.values.defined()) fail(Code::input, where, fmt::format("damaged: storage '{}' is missing", key));
  if (at != file.size()) fail(Code::input, where, "bytes after the last storage");
  return dict.tensors();
}

Tensors read_archive(const std::filesystem::path& path) {
  const Archive archive(path);
  const std::string where = path.string();
  const auto& entries = archive.entries();
  const auto find = [&](const std::string& name) -> std::optional<size_t> {
    for (size_t i = 0; i < entries.size(); ++i)
      if (entries[i].name == name) return i;
    return std::nullopt;
  };
  constexpr std::string_view kPickle = "/data.pkl";
  std::optional<size_t> at;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!entries[i].name.ends_with(kPickle)) continue;
    if (at) fail(Code::input, where, "two files of the name data.pkl");
    at = i;
  }
  if (!at) fail(Code::input, where, "a zip archive without data.pkl: not a file of torch.save");
  const std::string folder = entries[*at].name.substr(0, entries[*at].name.size() - kPickle.size());
  if (const auto order = find(folder + "/byteorder"); order && archive.read(*order, 64) != "little")
    fail(Code::input, where, "order of bytes", "little");

  const std::string text = archive.read(*at, kMostPickle);
  size_t end = 0;
  const Pickle content = parse_pickle(text, end, archive.where(*at));
  if (end != text.size()) fail(Code::input, archive.where(*at), "bytes after the pickle");
  StateDict dict(content, where);
  std::map<std::string_view, size_t> by_name;
  for (size_t i = 0; i < entries.size(); ++i) by_name.emplace(entries[i].name, i);
  for (auto& [key, storage] : dict.storages) {
    const auto it = by_name.find(folder + "/data/" + key);
    if (it == by_name.end()) fail(Code::input, where, fmt::format("damaged: storage '{}' is missing", key));
    if (entries[it->second].size != storage.bytes())
      fail(Code::input, archive.where(it->second), "size", fmt::format("{} bytes", storage.bytes()),
           fmt::format("{}", entries[it->second].size));
    fill(storage, archive.read(it->second, storage.bytes()));
  }
  return dict.tensors();
}

std::string_view text_of(const Mapping& mapping) {
  return {reinterpret_cast<const char*>(mapping.bytes().data()), mapping.bytes().size()};
}

}  // namespace

Tensors read_torch_file(const std::filesystem::path& path) {
  {
    const Mapping mapping(path);
    const std::string_view file = text_of(mapping);
    if (file.starts_with(kMagic)) return read_pickles(file, path.string());
    if (!is_zip(file)) fail(Code::input, path.string(), "not a file that torch.save wrote, or damaged");
  }
  return read_archive(path);
}

Tensors read_weights(const std::filesystem::path& path) {
  bool torch = false;
  {
    const Mapping mapping(path);
    const std::string_view file = text_of(mapping);
    torch = file.starts_with(kMagic.substr(0, 3)) || is_zip(file);
  }
  return torch ? read_torch_file(path) : read_tensors(path).tensors;
}

}  // namespace roulade
