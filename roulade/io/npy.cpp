// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/npy.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"

#include <algorithm>
#include <bit>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>
#include <set>

#include <fmt/format.h>

namespace roulade {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are stored as the machine holds them");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxRank = 32;

struct Header {
  std::string descr;
  bool fortran = false;
  std::vector<int64_t> shape;
};

/// Reads the header, a Python dictionary such as {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& where) : rest_(text), where_(where) {}

  Header parse() {
    Header header;
    std::set<std::string> seen;
    take('{');
    while (!next_is('}')) {
      const std::string key = quoted();
      if (!seen.insert(key).second) refuse("key '" + key + "' stands twice");
      take(':');
      if (key == "descr") {
        header.descr = quoted();
      } else if (key == "fortran_order") {
        header.fortran = truth();
      } else if (key == "shape") {
        header.shape = shape();
      } else {
        refuse("unknown key '" + key + "'");
      }
      if (!next_is(',')) {
        take('}', false);
        break;
      }
      take(',');
    }
    take('}');
    skip_space();
    if (!rest_.empty()) refuse("text after the dictionary");
    if (seen.size() != 3) refuse("descr, fortran_order or shape is missing");
    return header;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { fail(Code::input, where_, "bad NPY header: " + what); }

  void skip_space() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front()))) rest_.remove_prefix(1);
  }

  bool next_is(char c) {
    skip_space();
    return !rest_.empty() && rest_.front() == c;
  }

  void take(char c, bool remove = true) {
    if (!next_is(c)) refuse(fmt::format("expected '{}'", c));
    if (remove) rest_.remove_prefix(1);
  }

  std::string quoted() {
    skip_space();
    const char quote = rest_.empty() ? '\0' : rest_.front();
    const size_t end = quote == '\'' || quote == '"' ? rest_.find(quote, 1) : std::string_view::npos;
    if (end == std::string_view::npos) refuse("expected a text in quotes (structured arrays are not read)");
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }

  bool truth() {
    skip_space();
    for (const auto& [word, value] : {std::pair("True", true), std::pair("False", false)}) {
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(std::strlen(word));
      return value;
    }
    refuse("expected True or False");
  }

  std::vector<int64_t> shape() {
    std::vector<int64_t> out;
    take('(');
    while (!next_is(')')) {
      int64_t n = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), n);
      if (error != std::errc() || n < 0 || out.size() == kMaxRank) refuse("bad shape");
      rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
      out.push_back(n);
      if (!next_is(',')) break;
      take(',');
    }
    take(')');
    return out;
  }

  std::string_view rest_;
  const std::string& where_;
};

template <class T>
double element(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<double>(value);
}

double truth_value(const char* at) { return *at != 0 ? 1.0 : 0.0; }

struct Element {
  const char* name;
  size_t size;
  double (*read)(const char*);
};
constexpr Element kElements[] = {
    {"<f4", 4, element<float>},   {"<f8", 8, element<double>},  {"<i4", 4, element<int32_t>},
    {"<i8", 8, element<int64_t>}, {"|u1", 1, element<uint8_t>}, {"|b1", 1, truth_value},
};

const Element& find_element(const std::string& descr, const std::string& where) {
  std::vector<std::string> known;
  for (const Element& e : kElements) {
    if (descr == e.name) return e;
    known.push_back(e.name);
  }
  fail(Code::input, where, "element type", fmt::format("{}", fmt::join(known, ", ")), "'" + descr + "'");
}

/// Product of the shape; false when it leaves int64.
bool element_count(const std::vector<int64_t>& shape, int64_t& count) {
  count = 1;
  for (const int64_t n : shape)
    if (n < 0 || __builtin_mul_overflow(count, n, &count)) return false;
  return true;
}

/// Row-major copy of values whose first index runs fastest.
std::vector<double> from_fortran(const std::vector<double>& values, const std::vector<int64_t>& shape) {
  std::vector<double> out;
  out.reserve(values.size());
  std::vector<int64_t> index(shape.size(), 0);
  for (size_t i = 0; i < values.size(); ++i) {
    int64_t at = 0;
    for (size_t axis = shape.size(); axis-- > 0;) at = at * shape[axis] + index[axis];
    out.push_back(values[static_cast<size_t>(at)]);
    for (size_t axis = shape.size(); axis-- > 0 && ++index[axis] == shape[axis];) index[axis] = 0;
  }
  return out;
}

template <class T>
void write(const std::filesystem::path& path, const char* descr, const std::vector<int64_t>& shape,
           std::span<const T> values) {
  int64_t count = 0;
  if (!element_count(shape, count) || static_cast<size_t>(count) != values.size())
    fail(Code::usage, path.string(), fmt::format("number of values for shape [{}]", fmt::join(shape, ", ")),
         std::to_string(count), std::to_string(values.size()));
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", descr,
                                   fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  // As numpy does: room for the first extent to grow to 21 digits, then spaces to a multiple of 64.
  if (!shape.empty()) header.append(21 - std::to_string(shape[0]).size(), ' ');
  const size_t before = kMagic.size() + 4;
  header.append(63 - (before + header.size()) % 64, ' ');
  header += '\n';
  const auto length = static_cast<uint16_t>(header.size());
  write_file_atomically(path, [&](File& file) {
    file.write(std::string(kMagic) + '\1' + '\0' + static_cast<char>(length & 255) + static_cast<char>(length >> 8) +
               header);
    file.write({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  });
}

}  // namespace

NpyArray parse_npy(std::string_view file, const std::string& where) {
  if (file.size() < 10 || !file.starts_with(kMagic)) fail(Code::input, where, "not an NPY file");
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(file[i])); };
  const size_t major = byte(6);
  if ((major != 1 && major != 2) || byte(7) != 0)
    fail(Code::input, where, "NPY version", "1.0 or 2.0", fmt::format("{}.{}", major, byte(7)));
  const size_t begin = major == 1 ? 10 : 12;
  if (file.size() < begin) fail(Code::input, where, "NPY file ends within its header");
  const size_t length = byte(8) | byte(9) << 8 | (major == 2 ? byte(10) << 16 | byte(11) << 24 : 0);
  if (length > file.size() - begin) fail(Code::input, where, "NPY file ends within its header");

  const Header header = HeaderParser(file.substr(begin, length), where).parse();
  const Element& type = find_element(header.descr, where);
  const std::string_view data = file.substr(begin + length);
  int64_t count = 0;
  if (!element_count(header.shape, count) || static_cast<uint64_t>(count) > data.size() / type.size ||
      static_cast<uint64_t>(count) * type.size != data.size())
    fail(Code::input, where, "bytes of data",
         fmt::format("those of '{}' [{}]", header.descr, fmt::join(header.shape, ", ")), std::to_string(data.size()));

  NpyArray array{header.shape, std::vector<double>(static_cast<size_t>(count))};
  for (size_t i = 0; i < array.values.size(); ++i) array.values[i] = type.read(data.data() + i * type.size);
  if (header.descr == "<i8") {
    constexpr int64_t kExact = int64_t{1} << 53;
    for (size_t i = 0; i < array.values.size(); ++i) {
      int64_t x = 0;  // itself: 2^53 + 1 is a double's 2^53
      std::memcpy(&x, data.data() + i * sizeof x, sizeof x);
      if (x > kExact || x < -kExact) fail(Code::input, where, "integer without an exact double", "at most 2^53");
    }
  }
  if (header.fortran && header.shape.size() > 1) array.values = from_fortran(array.values, header.shape);
  return array;
}

NpyArray read_npy(const std::filesystem::path& path) { return parse_npy(read_file(path), path.string()); }

void write_npy(const std::filesystem::path& path, const std::vector<int64_t>& shape, std::span<const float> values) {
  write(path, "<f4", shape, values);
}

void write_npy(const std::filesystem::path& path, const std::vector<int64_t>& shape, std::span<const double> values) {
  write(path, "<f8", shape, values);
}

void write_npy(const std::filesystem::path& path, const std::vector<int64_t>& shape, std::span<const int64_t> values) {
  write(path, "<i8", shape, values);
}

}  // namespace roulade
