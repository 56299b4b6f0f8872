// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/npy.hpp"

#include "tests/io/scratch.hpp"

#include <gtest/gtest.h>

namespace roulade {
namespace {

using Shape = std::vector<int64_t>;

/// The rule of tools/golden/io.py.
double rule(char kind, size_t i) {
  const auto x = static_cast<double>(i);
  return kind == 'f' ? x / 2 - 1 : kind == 'i' ? x - 1 : kind == 'u' ? x : static_cast<double>(i % 2);
}

void expect_array(const std::string& name, char kind, const Shape& shape) {
  const NpyArray a = read_npy(golden("io/" + name + ".npy"));
  EXPECT_EQ(a.shape, shape) << name;
  size_t count = 1;
  for (const int64_t n : shape) count *= static_cast<size_t>(n);
  ASSERT_EQ(a.values.size(), count) << name;
  for (size_t i = 0; i < count; ++i) EXPECT_EQ(a.values[i], rule(kind, i)) << name << " " << i;
}

TEST(Npy, ReadsWhatNumpyWrote) {
  for (const std::string name : {"f4", "f8", "i4", "i8", "u1", "b1"}) expect_array(name, name[0], {3, 2});
  expect_array("scalar", 'f', {});
  expect_array("vector", 'f', {5});
  expect_array("empty", 'f', {0, 4});
  expect_array("version2", 'f', {3, 2});
  expect_array("fortran", 'f', {2, 3, 4});  // the rule numbers elements in row-major order
}

TEST(Npy, WritesTheBytesOfNumpy) {
  const Scratch s;
  std::vector<float> f;
  std::vector<double> d;
  std::vector<int64_t> n;
  for (size_t i = 0; i < 6; ++i) {
    f.push_back(static_cast<float>(rule('f', i)));
    d.push_back(rule('f', i));
    n.push_back(static_cast<int64_t>(i) - 1);
  }
  write_npy(s / "f4", {3, 2}, f);
  write_npy(s / "f8", {3, 2}, d);
  write_npy(s / "i8", {3, 2}, n);
  for (const std::string name : {"f4", "f8", "i8"}) EXPECT_EQ(slurp(s / name), slurp(golden("io/" + name + ".npy")));
  const Shape axes{3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  expect_array("axes", 'f', axes);
  write_npy(s / "axes", axes, d);
  EXPECT_EQ(slurp(s / "axes"), slurp(golden("io/axes.npy")));  // numpy's spare room for growth shows here
  d.resize(5);
  write_npy(s / "vector", {5}, d);
  EXPECT_EQ(slurp(s / "vector"), slurp(golden("io/vector.npy")));
  d.resize(1);
  write_npy(s / "scalar", {}, d);
  EXPECT_EQ(slurp(s / "scalar"), slurp(golden("io/scalar.npy")));
  expect_error(Code::usage, {"number of values", "expected 4, got 1"}, [&] { write_npy(s / "x", {2, 2}, d); });
}

std::string npy(const std::string& header, size_t bytes) {
  return std::string("\x93NUMPY\1\0", 8) + static_cast<char>(header.size()) + '\0' + header + std::string(bytes, '\0');
}

TEST(Npy, RefusesLies) {
  const auto refused = [](const std::string& file, const std::string& part) {
    expect_error(Code::input, {"f.npy", part}, [&] { parse_npy(file, "f.npy"); });
  };
  const std::string good = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
  EXPECT_EQ(parse_npy(npy(good, 16), "").shape, Shape{2});
  EXPECT_EQ(parse_npy(npy("{\"shape\":(2,),\"descr\":'<f8','fortran_order':False}", 16), "").shape, Shape{2});
  refused("", "not an NPY file");
  refused("\x93NUMPX\1\0__________", "not an NPY file");
  refused(std::string("\x93NUMPY\3\0__________", 18), "1.0 or 2.0, got 3.0");
  refused(std::string("\x93NUMPY\2\0\1\0", 10), "within its header");
  refused(std::string("\x93NUMPY\1\0\xff\xff{", 11), "within its header");
  refused(std::string("\x93NUMPY\2\0\xff\xff\xff\xff{}", 14), "within its header");
  refused(npy(good, 15), "bytes of data");
  refused(npy(good, 17), "bytes of data");
  refused(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 0), "bytes of data");
  refused(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,), }", 0), "bytes of data");
  refused(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }", 0), "bad shape");
  refused(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", 0), "bad shape");
  refused(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2), }x", 16), "text after");
  refused(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2", 16), "expected ')'");
  refused(npy("{'descr': '<f8', 'fortran_order': False, }", 16), "missing");
  refused(npy("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False}", 16), "twice");
  refused(npy("{'descr': '<f8', 'fortran_order': 0, 'shape': (2,)}", 16), "True or False");
  refused(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), 'x': 1}", 16), "unknown key 'x'");
  refused(npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,)}", 16), "structured");
  refused(npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 16), "element type");
  refused(slurp(golden("io/complex.npy")), "'<c8'");
  refused(slurp(golden("io/big_endian.npy")), "'>f8'");
  std::string large = npy("{'descr': '<i8', 'fortran_order': False, 'shape': (1,)}", 8);
  large.back() = 0x40;
  refused(large, "2^53");
  large.replace(large.size() - 8, 8, std::string("\1\0\0\0\0\0\x20\0", 8));  // 2^53 + 1
  refused(large, "2^53");
  large.replace(large.size() - 8, 8, std::string("\0\0\0\0\0\0\x20\0", 8));  // 2^53
  EXPECT_EQ(parse_npy(large, "f").values.at(0), 9007199254740992.0);
  expect_error(Code::io, {"No such file"}, [] { read_npy("/nowhere.npy"); });
}

}  // namespace
}  // namespace roulade
