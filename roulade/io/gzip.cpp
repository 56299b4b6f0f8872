// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/gzip.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <zlib.h>

namespace roulade {
namespace {

constexpr int kGzip = 16 + MAX_WBITS;  // zlib's sign for gzip's frame

struct Inflater {
  z_stream stream{};
  explicit Inflater(const std::string& where) {
    if (inflateInit2(&stream, kGzip) != Z_OK) fail(Code::device, where, "no memory to unpack");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream); }
};

}  // namespace

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

std::string gunzip(std::string_view bytes, const std::string& where, uint64_t limit) {
  constexpr size_t kPiece = size_t{1} << 30;  // zlib counts in 32 bits
  Inflater inflater(where);
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
      if (!is_gzip(bytes)) fail(Code::input, where, "something follows the gzip data");
      inflateReset(&z);
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      fail(Code::input, where, fmt::format("damaged gzip data ({})", z.msg ? z.msg : "no reason given"));
    } else if (bytes.empty() && z.avail_out != 0) {
      fail(Code::input, where, "gzip data are cut short");
    }
  }
  if (done > limit) fail(Code::input, where, "unpacked content is too large", fmt::format("at most {} bytes", limit));
  out.resize(done);
  return out;
}

}  // namespace roulade
