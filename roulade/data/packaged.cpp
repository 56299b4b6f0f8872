// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/packaged.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

/// The folder without a '/' at its end, new or empty; the one above it exists.
fs::path prepared(const fs::path& out) {
  const fs::path folder = fs::absolute(folder_to_replace(out));
  std::error_code error;
  if (fs::exists(folder, error) && !(fs::is_directory(folder, error) && fs::is_empty(folder, error)))
    fail(Code::usage, out.string(), "this exists already", "a new or empty folder");
  fs::create_directories(folder.parent_path(), error);
  if (error) fail(Code::io, folder.parent_path().string(), "cannot make this folder: " + error.message());
  return folder;
}

}  // namespace

const std::vector<PackagedSet>& packaged_sets() {
  static const std::vector<PackagedSet> sets = {
#define ADD(name) data::packaged::name(),
#include "roulade/data/packaged_list.hpp"
#undef ADD
  };
  return sets;
}

const PackagedSet& find_packaged_set(const std::string& name) {
  std::vector<std::string> known;
  for (const PackagedSet& set : packaged_sets()) {
    if (set.name == name) return set;
    known.push_back(set.name);
  }
  fail_unknown("data", "set of pictures", name, known);
}

uint64_t name_hash(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash ^ hash >> 32;
}

std::string with_article(const std::string& name) {
  const std::string first = name.substr(0, name.find(' ')), last = name.substr(name.rfind(' ') + 1);
  for (const char* many : {"people", "men", "women", "two", "three"})
    if (first == many) return name;
  const auto ends = [&](const char* end) { return last.ends_with(end); };
  if (ends("s") && !ends("ss") && !ends("us") && !ends("is")) return name;
  bool vowel = !name.empty() && std::string_view("aeiouAEIOU").find(name[0]) != std::string_view::npos;
  for (const char* spoken : {"uni", "use", "one", "ewe", "eu", "UFO", "UK", "US"})  // begin with a consonant's sound
    vowel = vowel && !name.starts_with(spoken);
  return (vowel ? "an " : "a ") + name;
}

std::string with_ground(const std::string& file, const NamedColour& ground) {
  const fs::path name = file;
  return fmt::format("{}-{}{}", name.stem().string(), ground.name, name.extension().string());
}

PackagedResult build_packaged_set(const PackagedSet& set, const PackagedRequest& request) {
  if (!request.grounds.empty() && !set.grounds) {
    std::vector<std::string> able;
    for (const PackagedSet& one : packaged_sets())
      if (one.grounds) able.push_back(one.name);
    fail(Code::usage, "data " + set.name, "grounds of a set whose texts name them",
         fmt::format("one of {}", fmt::join(able, ", ")), set.name);
  }
  const fs::path from = request.root / set.place;
  std::error_code error;
  if (!fs::is_directory(from, error))
    fail(Code::io, from.string(),
         fmt::format("not there; the files of {} are in Debian's package {}: apt-get install {}", set.name, set.package,
                     set.package));
  for (const auto& [file, package] : set.files)
    if (!fs::exists(from / file, error))
      fail(Code::io, (from / file).string(),
           fmt::format("not there; it is in Debian's package {0}: apt-get install {0}", package));
  FolderReplacement folder(prepared(request.out));
  PackagedResult result = set.build(from, folder.folder(), request);
  result.finished = !request.cancel.requested();
  if (result.finished) folder.commit();
  return result;
}

}  // namespace roulade
