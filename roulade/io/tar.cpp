// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/archive.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr size_t kBlock = 512;
constexpr uint64_t kMostNameBytes = uint64_t{1} << 20;  // of a long name, or of a pax header

/// The characters of a field up to its first NUL.
std::string_view text(std::string_view header, size_t at, size_t size) {
  const std::string_view field = header.substr(at, size);
  return field.substr(0, field.find('\0'));
}

/// Octal digits, or GNU's binary numbers, whose first bit is set.
std::optional<uint64_t> number(std::string_view header, size_t at, size_t size) {
  const std::string_view field = header.substr(at, size);
  uint64_t out = 0;
  if (field[0] & 0x80) {
    for (size_t i = 1; i < field.size(); ++i) {
      if (out >> 55) return std::nullopt;
      out = out << 8 | static_cast<unsigned char>(field[i]);
    }
    return out;
  }
  size_t i = 0;
  while (i < field.size() && field[i] == ' ') ++i;
  for (; i < field.size() && field[i] >= '0' && field[i] <= '7'; ++i)
    out = out << 3 | static_cast<uint64_t>(field[i] - '0');
  if (i < field.size() && field[i] != '\0' && field[i] != ' ') return std::nullopt;
  return out;
}

/// True when the sum of the header's bytes, its own field taken as blanks, is what the field says.
bool sum_fits(std::string_view header) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  return number(header, 148, 8) == sum;
}

/// What a pax header says of the next file: records "LENGTH KEY=VALUE\n".
struct Pax {
  std::optional<std::string> name;
  std::optional<uint64_t> size;
};

bool read_pax(std::string_view records, Pax& out) {
  while (!records.empty() && records[0] != '\0') {
    size_t length = 0;
    const auto [end, error] = std::from_chars(records.data(), records.data() + records.size(), length);
    const auto digits = static_cast<size_t>(end - records.data());
    if (error != std::errc() || length < digits + 2 || length > records.size() || records[digits] != ' ') return false;
    const std::string_view record = records.substr(digits + 1, length - digits - 2);
    if (record.starts_with("path=")) out.name = record.substr(5);
    if (record.starts_with("size=")) {
      uint64_t size = 0;
      const auto [last, fault] = std::from_chars(record.data() + 5, record.data() + record.size(), size);
      if (fault != std::errc() || last != record.data() + record.size()) return false;
      out.size = size;
    }
    records.remove_prefix(length);
  }
  return true;
}

std::string header_name(std::string_view header) {
  const std::string name(text(header, 0, 100)), prefix(text(header, 345, 155));
  const bool posix = header.substr(257, 6) == std::string_view("ustar\0", 6);  // GNU's has other fields there
  return posix && !prefix.empty() ? prefix + "/" + name : name;
}

}  // namespace

bool is_tar(std::string_view file) {
  return file.size() >= kBlock &&
         (file.substr(257, 5) == "ustar" || (file[0] != '\0' && sum_fits(file.substr(0, kBlock))));
}

std::vector<ArchiveEntry> list_tar(std::string_view file, const std::string& where) {
  std::vector<ArchiveEntry> out;
  Pax next;
  for (uint64_t at = 0; at < file.size();) {
    const auto refuse = [&](const std::string& what) {
      fail(Code::input, where, fmt::format("{} at byte {}", what, at));
    };
    if (file.size() - at < kBlock) refuse("cut short: a header that ends");
    const std::string_view header = file.substr(at, kBlock);
    if (header.find_first_not_of('\0') == std::string_view::npos) break;  // the end
    if (!sum_fits(header)) refuse("damaged: no header");
    const char type = header[156];
    std::optional<uint64_t> size = number(header, 124, 12);
    if (next.size && (type == '0' || type == '\0' || type == '7')) size = next.size;
    if (type >= '1' && type <= '6') size = 0;  // links, devices and folders have no content
    if (!size) refuse("damaged: no size");
    at += kBlock;
    if (*size > file.size() - at)
      fail(Code::input, where, "cut short, or damaged", fmt::format("a file of {} bytes at byte {}", *size, at),
           fmt::format("{} to the end", file.size() - at));
    const std::string_view content = file.substr(at, *size);
    if (type == 'x' || type == 'L') {
      if (*size > kMostNameBytes) refuse("damaged: a name that long");
      if (type == 'L')
        next.name = text(content, 0, content.size());
      else if (!read_pax(content, next))
        refuse("damaged: a pax header");
    } else if (type != 'g' && type != 'K') {
      if (type == '0' || type == '\0' || type == '7') {
        const std::string name = next.name ? *next.name : header_name(header);
        if (!name.ends_with('/')) out.push_back({name, *size, at, 0, 0, 0});
      }
      next = {};
    }
    at += std::min<uint64_t>((*size + kBlock - 1) / kBlock * kBlock, file.size() - at);
  }
  return out;
}

std::string unpack_tar(std::string_view file, const ArchiveEntry& entry, const std::string& where, uint64_t limit) {
  if (entry.size > limit)
    fail(Code::input, where, "file is too large", fmt::format("at most {} bytes", limit),
         fmt::format("{}", entry.size));
  if (entry.begin > file.size() || entry.size > file.size() - entry.begin)
    fail(Code::input, where, "cut short", fmt::format("{} bytes", entry.size));
  return std::string(file.substr(entry.begin, entry.size));
}

}  // namespace roulade
