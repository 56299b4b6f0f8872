// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/png_text.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/utf8.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/gzip.hpp"
#include "roulade/io/image.hpp"

#include <optional>

#include <fmt/format.h>
#include <zlib.h>

namespace roulade {
namespace {

constexpr std::string_view kSignature("\x89PNG\r\n\x1a\n", 8);
constexpr size_t kFrame = 12;  // bytes of a chunk around its data: length, name, checksum
constexpr size_t kMostKeyword = 79;

uint32_t big_endian(std::string_view bytes) {
  uint32_t out = 0;
  for (const char c : bytes.substr(0, 4)) out = out << 8 | static_cast<unsigned char>(c);
  return out;
}

std::string big_endian(uint32_t n) {
  return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8), static_cast<char>(n)};
}

uint32_t checksum(std::string_view name_and_data) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(name_and_data.data()), name_and_data.size()));
}

std::string utf8_of(std::string_view latin1) {
  std::string out;
  for (const char c : latin1) append_utf8(out, static_cast<unsigned char>(c));
  return out;
}

/// None where Latin-1 lacks a character.   text: UTF-8.
std::optional<std::string> latin1_of(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = utf8_sequence(text.substr(at));
    const auto first = static_cast<unsigned char>(text[at]);
    if (bytes > 2 || first > 0xc3) return std::nullopt;
    out += bytes == 1 ? text[at] : static_cast<char>((first & 0x03) << 6 | (text[at + 1] & 0x3f));
    at += bytes;
  }
  return out;
}

/// Why these Latin-1 bytes are no keyword; empty: they are one.
std::string fault_of_keyword(std::string_view keyword) {
  if (keyword.empty() || keyword.size() > kMostKeyword) return fmt::format("{} characters", keyword.size());
  if (keyword.front() == ' ' || keyword.back() == ' ' || keyword.find("  ") != std::string_view::npos)
    return "spaces at an end, or two together";
  for (const char c : keyword)
    if (const auto code = static_cast<unsigned char>(c); code < 32 || (code > 126 && code < 161))
      return fmt::format("the character {}", code);
  return "";
}

/// The data of one text chunk, taken from the front.
struct Reader {
  std::string_view left;
  const std::string& where;
  uint64_t& room;  ///< bytes that texts of this file may still have

  [[noreturn]] void damaged(const std::string& what) const { fail(Code::input, where, "damaged text: " + what); }
  std::string_view up_to_zero(const char* what) {
    const size_t end = left.find('\0');
    if (end == std::string_view::npos) damaged(fmt::format("its {} has no end", what));
    const std::string_view out = left.substr(0, end);
    left.remove_prefix(end + 1);
    return out;
  }
  unsigned char byte() {
    if (left.empty()) damaged("it is cut short");
    const auto out = static_cast<unsigned char>(left.front());
    left.remove_prefix(1);
    return out;
  }
  std::string keyword() {
    const std::string_view out = up_to_zero("keyword");
    if (const std::string fault = fault_of_keyword(out); !fault.empty()) damaged("a keyword of " + fault);
    return utf8_of(out);
  }
  void zlib_method() {
    if (const unsigned char method = byte(); method != 0) damaged(fmt::format("packing of kind {}", method));
  }
  /// What is left, unpacked where that is so.
  std::string content(bool packed) {
    const std::string out = packed ? inflate_zlib(left, where, room) : std::string(left);
    if (out.find('\0') != std::string::npos) damaged("a zero byte in it");
    return out;
  }
  void count(const std::string& text) {
    if (text.size() > room)
      fail(Code::input, where, "the texts are too large", fmt::format("at most {} bytes", kMostPngText));
    room -= text.size();
  }
};

PngText text_of(std::string_view name, Reader read) {
  PngText out{read.keyword(), ""};
  if (name == "iTXt") {
    const unsigned char packed = read.byte();
    if (packed > 1) read.damaged(fmt::format("a flag of {}", packed));
    if (packed == 1)
      read.zlib_method();
    else
      read.byte();
    read.up_to_zero("language");
    read.up_to_zero("translated keyword");
    out.text = read.content(packed == 1);
    if (find_not_utf8(out.text) != std::string_view::npos) read.damaged("it is not UTF-8");
  } else {
    if (name == "zTXt") read.zlib_method();
    out.text = utf8_of(read.content(name == "zTXt"));
  }
  read.count(out.text);
  return out;
}

std::string chunk(std::string_view name, std::string_view data) {
  const std::string body = std::string(name) + std::string(data);
  return big_endian(static_cast<uint32_t>(data.size())) + body + big_endian(checksum(body));
}

}  // namespace

std::vector<PngText> parse_png_texts(std::string_view file, const std::string& where) {
  if (!file.starts_with(kSignature)) fail(Code::input, where, "not a PNG file");
  std::vector<PngText> out;
  uint64_t room = kMostPngText;
  std::string_view name;
  for (size_t at = kSignature.size(); name != "IEND";) {
    const std::string_view rest = file.substr(at);
    const uint64_t length = rest.size() < kFrame ? 0 : big_endian(rest);
    if (rest.size() < kFrame || length > rest.size() - kFrame)
      fail(Code::input, where, "cut short, or damaged", fmt::format("a chunk of {} bytes", length + kFrame),
           fmt::format("{} bytes to the end of the file", rest.size()));
    const bool first = name.empty();
    name = rest.substr(4, 4);
    if (first != (name == "IHDR")) fail(Code::input, where, "damaged", "one header, in front");
    const std::string_view body = rest.substr(4, 4 + length);
    if (checksum(body) != big_endian(rest.substr(8 + length)))
      fail(Code::input, where,
           fmt::format(
               "damaged: the checksum of a chunk {} at byte {} is wrong",
               name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos
                   ? name
                   : "of no name",
               at));
    if (name == "tEXt" || name == "zTXt" || name == "iTXt") out.push_back(text_of(name, {body.substr(4), where, room}));
    at += kFrame + length;
  }
  return out;
}

std::vector<PngText> read_png_texts(const std::filesystem::path& path) {
  return parse_png_texts(read_file(path, kMostImageBytes), path.string());
}

std::string with_png_texts(std::string_view png, const std::vector<PngText>& texts) {
  constexpr size_t kHeader = 13;
  const size_t at = kSignature.size() + kFrame + kHeader;
  if (!png.starts_with(kSignature) || png.size() < at)
    fail(Code::usage, "PNG text", "file to add it to", "a PNG file", fmt::format("{} bytes", png.size()));
  std::string out(png.substr(0, at));
  for (const auto& [keyword, text] : texts) {
    for (const std::string& one : {keyword, text})
      if (find_not_utf8(one) != std::string_view::npos) fail(Code::usage, "PNG text", "text", "UTF-8", "other bytes");
    const std::optional<std::string> name = latin1_of(keyword);
    const std::string fault = name ? fault_of_keyword(*name) : "characters that Latin-1 lacks";
    if (!fault.empty())
      fail(Code::usage, "PNG text", "keyword", fmt::format("1 to {} characters of Latin-1", kMostKeyword), fault);
    if (text.find('\0') != std::string::npos || text.size() > kMostPngText)
      fail(Code::usage, "PNG text", "text of " + keyword, fmt::format("at most {} bytes, none zero", kMostPngText),
           text.size() > kMostPngText ? fmt::format("{} bytes", text.size()) : "a zero byte");
    const std::string zero(1, '\0');
    if (const std::optional<std::string> plain = latin1_of(text))
      out += chunk("tEXt", *name + zero + *plain);
    else
      out += chunk("iTXt", *name + zero + zero + zero + zero + zero + text);  // not packed, no language, no translation
  }
  return out.append(png.substr(at));
}

}  // namespace roulade
