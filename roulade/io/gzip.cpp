// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/gzip.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <zlib.h>

namespace roulade {
namespace {

constexpr int kZlib = MAX_WBITS, kGzip = 16 + MAX_WBITS;  // zlib's signs for its own frame and for gzip's

struct Inflater {
  z_stream stream{};
  Inflater(int frame, const std::string& where) {
    if (inflateInit2(&stream, frame) != Z_OK) fail(Code::device, where, "no memory to unpack");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream); }
};

std::string unpack(int frame, std::string_view bytes, const std::string& where, uint64_t limit) {
  constexpr size_t kPiece = size_t{1} << 30;  // zlib counts in 32 bits
  const char* kind = frame == kGzip ? "gzip" : "zlib";
  Inflater inflater(frame, where);
  z_stream& z = inflater.stream;
  std::string out(std::min<uint64_t>(limit + 1, uint64_t{1} << 16), '\0');
  size_t done = 0;
  while (true) {
    if (done == out.size()) {
      if (done > limit)
        fail(Code::input, where, "unpacked content is too large", fmt::format("at most {} bytes", limit));
      out.resize(std::min<uint64_t>(limit + 1, 2 * out.size()));  // no length in the file is believed
    }
    const size_t in = std::min(bytes.size(), kPiece), room = std::min(out.size() - done, kPiece);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write to it
    z.avail_in = static_cast<uInt>(in);
    z.next_out = reinterpret_cast<Bytef*>(out.data() + done);
    z.avail_out = static_cast<uInt>(room);
    const int status = inflate(&z, Z_NO_FLUSH);
    bytes.remove_prefix(in - z.avail_in);
    done += room - z.avail_out;
    if (status == Z_STREAM_END) {
      if (bytes.empty()) break;
      if (frame != kGzip || !is_gzip(bytes))
        fail(Code::input, where, fmt::format("something follows the {} data", kind));
      inflateReset(&z);
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      fail(Code::input, where, fmt::format("damaged {} data ({})", kind, z.msg ? z.msg : "no reason given"));
    } else if (bytes.empty() && z.avail_out != 0) {
      fail(Code::input, where, fmt::format("{} data are cut short", kind));
    }
  }
  if (done > limit) fail(Code::input, where, "unpacked content is too large", fmt::format("at most {} bytes", limit));
  out.resize(done);
  return out;
}

}  // namespace

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

std::string gunzip(std::string_view bytes, const std::string& where, uint64_t limit) {
  return unpack(kGzip, bytes, where, limit);
}

std::string inflate_zlib(std::string_view bytes, const std::string& where, uint64_t limit) {
  return unpack(kZlib, bytes, where, limit);
}

}  // namespace roulade
