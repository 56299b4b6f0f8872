// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/idx.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/gzip.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 31;

IdxArray parse_plain(std::string_view file, const std::string& where) {
  const auto byte = [&](size_t i) { return static_cast<uint64_t>(static_cast<unsigned char>(file[i])); };
  if (file.size() < 4 || byte(0) != 0 || byte(1) != 0) fail(Code::input, where, "not an IDX file");
  if (byte(2) != 8)
    fail(Code::input, where, "element type of an IDX file", "8, unsigned bytes", fmt::format("{}", byte(2)));
  const size_t axes = byte(3);
  if (axes < 1 || axes > 4) fail(Code::input, where, "axes of an IDX file", "1 to 4", fmt::format("{}", axes));
  const size_t begin = 4 + 4 * axes;
  if (file.size() < begin) fail(Code::input, where, "cut short: an IDX file that ends within its header");
  IdxArray array;
  uint64_t count = 1;
  for (size_t axis = 0; axis < axes; ++axis) {
    const size_t at = 4 + 4 * axis;
    const uint64_t n = byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3);
    array.shape.push_back(static_cast<int64_t>(n));
    if (__builtin_mul_overflow(count, n, &count)) count = ~uint64_t{0};
  }
  if (count != file.size() - begin)
    fail(Code::input, where, "bytes after the header of an IDX file",
         fmt::format("those of [{}]", fmt::join(array.shape, ", ")), fmt::format("{}", file.size() - begin));
  array.values.assign(file.begin() + static_cast<std::ptrdiff_t>(begin), file.end());
  return array;
}

}  // namespace

IdxArray parse_idx(std::string_view file, const std::string& where) {
  return is_gzip(file) ? parse_plain(gunzip(file, where, kMostBytes), where) : parse_plain(file, where);
}

IdxArray read_idx(const std::filesystem::path& path) { return parse_idx(read_file(path, kMostBytes), path.string()); }

void write_idx(const std::filesystem::path& path, const IdxArray& array) {
  std::string header("\0\0\x08", 3);
  header += static_cast<char>(array.shape.size());
  uint64_t count = 1;
  for (const int64_t n : array.shape) {
    if (n < 0 || n > INT32_MAX || __builtin_mul_overflow(count, static_cast<uint64_t>(n), &count)) count = ~uint64_t{0};
    for (const int shift : {24, 16, 8, 0}) header += static_cast<char>(n >> shift);
  }
  if (array.shape.empty() || array.shape.size() > 4 || count != array.values.size())
    fail(Code::usage, path.string(), "values of an IDX file",
         fmt::format("those of [{}], 1 to 4 axes", fmt::join(array.shape, ", ")), std::to_string(array.values.size()));
  write_file_atomically(path, [&](File& file) {
    file.write(header);
    file.write({reinterpret_cast<const char*>(array.values.data()), array.values.size()});
  });
}

}  // namespace roulade
