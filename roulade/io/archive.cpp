// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/archive.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/gzip.hpp"

#include <algorithm>

namespace roulade {
namespace {

/// Without what says only "from here".
std::string plain(const std::string& name) {
  size_t at = 0;
  while (name.compare(at, 1, "/") == 0 || name.compare(at, 2, "./") == 0) at += name[at] == '/' ? 1 : 2;
  return name.substr(at);
}

}  // namespace

Archive::Archive(const std::filesystem::path& path) : path_(path), mapping_(path) {
  const std::string_view file = bytes();
  zip_ = is_zip(file);
  if (!zip_ && is_gzip(file)) fail(Code::input, path.string(), "packed by gzip as a whole: unpack it to a tar archive");
  if (!zip_ && !is_tar(file)) fail(Code::input, path.string(), "neither a zip nor a tar archive");
  entries_ = zip_ ? list_zip(file, path.string()) : list_tar(file, path.string());
  for (ArchiveEntry& entry : entries_) entry.name = plain(entry.name);
  // The later of two files of one name takes the place of the earlier.
  std::reverse(entries_.begin(), entries_.end());
  std::stable_sort(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  entries_.erase(
      std::unique(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) { return a.name == b.name; }),
      entries_.end());
}

std::string_view Archive::bytes() const {
  const std::span<std::byte> span = mapping_.bytes();
  return {reinterpret_cast<const char*>(span.data()), span.size()};
}

std::string Archive::read(size_t i, uint64_t limit) const {
  const auto unpack = zip_ ? unpack_zip : unpack_tar;
  return unpack(bytes(), entries_[i], where(i), limit);
}

}  // namespace roulade
