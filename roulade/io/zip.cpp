// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/archive.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <zlib.h>

namespace roulade {
namespace {

constexpr std::string_view kLocal = "PK\3\4", kCentral = "PK\1\2", kEnd = "PK\5\6", kEnd64 = "PK\6\6",
                           kLocator64 = "PK\6\7";
constexpr size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20;
constexpr int kEncrypted = -1;  // in place of a method

/// A number of `count` bytes, the lowest first. The caller has seen that they are there.
uint64_t number(std::string_view bytes, size_t at, size_t count) {
  uint64_t out = 0;
  for (size_t i = count; i-- > 0;) out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
  return out;
}

bool has(std::string_view file, uint64_t at, std::string_view sign, size_t size) {
  return at <= file.size() && size <= file.size() - at && file.substr(at).starts_with(sign);
}

/// Where the list of files lies.
struct Directory {
  uint64_t begin, count;
  uint64_t shift;  ///< what stands before the archive, which its offsets do not count
};

Directory find_directory(std::string_view file, const std::string& where) {
  // The end record has a comment of any length behind it, which may hold its sign, too: the last one that fits counts.
  constexpr size_t kMostComment = 65535;
  const size_t least = file.size() < kEndSize + kMostComment ? 0 : file.size() - kEndSize - kMostComment;
  for (size_t at = file.size() < kEndSize ? 0 : file.size() - kEndSize + 1; at-- > least;) {
    if (!has(file, at, kEnd, kEndSize) || number(file, at + 20, 2) > file.size() - at - kEndSize) continue;
    uint64_t end = at, count = number(file, at + 10, 2), size = number(file, at + 12, 4),
             begin = number(file, at + 16, 4);
    if (number(file, at + 4, 2) != 0 && number(file, at + 4, 2) != 0xffff)
      fail(Code::input, where, "a zip archive of several volumes");
    if (at >= kLocator64Size && has(file, at - kLocator64Size, kLocator64, kLocator64Size)) {
      uint64_t stated = number(file, at - kLocator64Size + 8, 8);
      if (!has(file, stated, kEnd64, kEnd64Size) && at >= kLocator64Size + kEnd64Size)
        stated = at - kLocator64Size - kEnd64Size;  // something stands before the archive
      if (!has(file, stated, kEnd64, kEnd64Size)) fail(Code::input, where, "damaged: its zip64 record is not there");
      end = stated;
      count = number(file, stated + 32, 8);
      size = number(file, stated + 40, 8);
      begin = number(file, stated + 48, 8);
    }
    if (size > end || begin > end - size)
      fail(Code::input, where, "damaged, or cut short", fmt::format("a list of {} bytes at {}", size, begin),
           fmt::format("{} bytes before its end", end));
    return {end - size, count, end - size - begin};
  }
  fail(Code::input, where, "cut short: a zip archive without its end");
}

/// Sizes and place of a file of 4 GB and more, where the entry says that they stand here.   APPNOTE 4.5.3.
bool read_zip64(std::string_view extra, ArchiveEntry& entry) {
  constexpr uint64_t kElsewhere = 0xffffffff;
  while (extra.size() >= 4) {
    const uint64_t kind = number(extra, 0, 2), size = number(extra, 2, 2);
    if (size > extra.size() - 4) return false;
    if (kind == 1) {
      size_t at = 4;
      for (uint64_t* value : {&entry.size, &entry.packed, &entry.begin}) {
        if (*value != kElsewhere) continue;
        if (at + 8 > 4 + size) return false;
        *value = number(extra, at, 8);
        at += 8;
      }
    }
    extra.remove_prefix(4 + size);
  }
  return true;
}

std::string inflate_all(std::string_view packed, uint64_t size, const std::string& where) {
  constexpr size_t kPiece = size_t{1} << 30;  // zlib counts in 32 bits
  struct Inflater {
    z_stream stream{};
    ~Inflater() { inflateEnd(&stream); }
  } inflater;
  z_stream& z = inflater.stream;
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) fail(Code::device, where, "no memory to unpack");
  std::string out(size + 1, '\0');
  size_t done = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    const size_t in = std::min(packed.size(), kPiece), room = std::min(out.size() - done, kPiece);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));  // zlib does not write to it
    z.avail_in = static_cast<uInt>(in);
    z.next_out = reinterpret_cast<Bytef*>(out.data() + done);
    z.avail_out = static_cast<uInt>(room);
    status = inflate(&z, Z_NO_FLUSH);
    packed.remove_prefix(in - z.avail_in);
    done += room - z.avail_out;
  }
  if (status != Z_STREAM_END || done != size)
    fail(Code::input, where, "damaged", fmt::format("{} bytes packed by deflate", size));
  out.resize(size);
  return out;
}

}  // namespace

bool is_zip(std::string_view file) { return file.starts_with(kLocal) || file.starts_with(kEnd); }

std::vector<ArchiveEntry> list_zip(std::string_view file, const std::string& where) {
  const Directory directory = find_directory(file, where);
  std::vector<ArchiveEntry> out;
  uint64_t at = directory.begin;
  for (uint64_t i = 0; i < directory.count; ++i) {
    if (!has(file, at, kCentral, kCentralSize))
      fail(Code::input, where, fmt::format("damaged: no entry {} of {} in its list", i, directory.count));
    const uint64_t flags = number(file, at + 8, 2), name = number(file, at + 28, 2), extra = number(file, at + 30, 2),
                   comment = number(file, at + 32, 2);
    if (name + extra + comment > file.size() - at - kCentralSize)
      fail(Code::input, where, fmt::format("damaged: entry {} of its list is cut short", i));
    ArchiveEntry entry;
    entry.name = file.substr(at + kCentralSize, name);
    entry.method = flags & 1 ? kEncrypted : static_cast<int>(number(file, at + 10, 2));
    entry.crc = static_cast<uint32_t>(number(file, at + 16, 4));
    entry.packed = number(file, at + 20, 4);
    entry.size = number(file, at + 24, 4);
    entry.begin = number(file, at + 42, 4);
    if (!read_zip64(file.substr(at + kCentralSize + name, extra), entry) || entry.begin > file.size())
      fail(Code::input, where, fmt::format("damaged: entry {} of its list leads nowhere", i));
    entry.begin += directory.shift;
    std::replace(entry.name.begin(), entry.name.end(), '\\', '/');
    if (!entry.name.ends_with('/')) out.push_back(std::move(entry));
    at += kCentralSize + name + extra + comment;
  }
  return out;
}

std::string unpack_zip(std::string_view file, const ArchiveEntry& entry, const std::string& where, uint64_t limit) {
  if (entry.method == kEncrypted) fail(Code::input, where, "encrypted");
  if (entry.method != 0 && entry.method != 8)
    fail(Code::input, where, "way of packing", "stored or deflate", fmt::format("method {}", entry.method));
  if (entry.size > limit)
    fail(Code::input, where, "file is too large", fmt::format("at most {} bytes", limit),
         fmt::format("{}", entry.size));
  if (!has(file, entry.begin, kLocal, kLocalSize)) fail(Code::input, where, "damaged: its header is not there");
  const uint64_t begin =
      entry.begin + kLocalSize + number(file, entry.begin + 26, 2) + number(file, entry.begin + 28, 2);
  if (begin > file.size() || entry.packed > file.size() - begin || (entry.method == 0 && entry.packed != entry.size))
    fail(Code::input, where, "damaged, or cut short", fmt::format("{} bytes", entry.packed));
  constexpr uint64_t kBestDeflate = 1032;  // bytes that one byte can stand for
  if (entry.size / kBestDeflate > entry.packed)
    fail(Code::input, where, "damaged", fmt::format("{} bytes", entry.size), fmt::format("{} packed", entry.packed));
  const std::string_view packed = file.substr(begin, entry.packed);
  std::string out = entry.method == 0 ? std::string(packed) : inflate_all(packed, entry.size, where);
  const uint32_t crc = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(out.data()), out.size()));
  if (crc != entry.crc) fail(Code::input, where, "damaged: its checksum is another");
  return out;
}

}  // namespace roulade
