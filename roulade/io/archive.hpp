// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/file.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// A file within an archive.
struct ArchiveEntry {
  std::string name;     ///< with '/' between its parts, as the archive has it but for leading "./" and '/'
  uint64_t size = 0;    ///< bytes once unpacked
  uint64_t begin = 0;   ///< tar: of the content; zip: of the local header
  uint64_t packed = 0;  ///< zip: bytes in the archive
  int method = 0;       ///< zip: 0 stored, 8 deflate
  uint32_t crc = 0;     ///< zip: of the content
};

/// The files of a zip or tar archive, which the content tells apart.   zip: stored or packed by deflate, zip64; neither
/// encrypted nor in several volumes. tar: ustar, pax and GNU's long names; not packed as a whole. Folders, links and
/// devices are left out; of two files of one name the later counts.
/// Throws Error(input) when it is neither, damaged or cut short.
/// Source: PKWARE, APPNOTE.TXT 6.3.9; POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block".
std::vector<ArchiveEntry> list_zip(std::string_view file, const std::string& where);
std::vector<ArchiveEntry> list_tar(std::string_view file, const std::string& where);
bool is_zip(std::string_view file);
bool is_tar(std::string_view file);

/// The content of a file of an archive. Throws Error(input) when it is damaged, encrypted, packed in another way, or
/// larger than `limit`.
std::string unpack_zip(std::string_view file, const ArchiveEntry& entry, const std::string& where, uint64_t limit);
std::string unpack_tar(std::string_view file, const ArchiveEntry& entry, const std::string& where, uint64_t limit);

/// An archive on the disk, of which only what is read comes into memory. The file must not shrink meanwhile.
class Archive {
 public:
  /// Throws Error(io) when it cannot be read, Error(input) as above.
  explicit Archive(const std::filesystem::path& path);

  const std::vector<ArchiveEntry>& entries() const { return entries_; }  ///< in bytewise order of their names
  /// The content of entries()[i]. May be called by several threads at once.
  std::string read(size_t i, uint64_t limit) const;
  std::string where(size_t i) const { return path_.string() + ":" + entries_[i].name; }  ///< for messages

 private:
  std::string_view bytes() const;

  std::filesystem::path path_;
  Mapping mapping_;
  bool zip_ = false;
  std::vector<ArchiveEntry> entries_;
};

}  // namespace roulade
