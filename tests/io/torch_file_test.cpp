// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/torch_file.hpp"

#include "roulade/io/pickle.hpp"
#include "roulade/io/tensor_file.hpp"
#include "tests/io/scratch.hpp"

#include <random>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using namespace std::string_literals;

/// The rule of tools/golden/torch_files.py.
Tensor values(at::ScalarType dtype, at::IntArrayRef shape) {
  int64_t count = 1;
  for (const int64_t n : shape) count *= n;
  const Tensor i = at::arange(count, at::kLong);
  const Tensor v = at::isFloatingType(dtype) ? i / 2.0 - 1
                   : dtype == at::kBool      ? i % 2
                   : dtype == at::kByte      ? i
                                             : i - 1;
  return v.to(dtype).view(shape);
}

const std::string kMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s;
const std::string kVersion = "\x80\x02M\xe9\x03."s;
const std::string kMachine = "\x80\x02}(X\x0d\0\0\0little_endian\x88u."s;

std::string bytes(uint64_t n, int count) {
  std::string out;
  for (int i = 0; i < count; ++i, n >>= 8) out += static_cast<char>(n & 255);
  return out;
}

std::string text(const std::string& s) { return "X" + bytes(s.size(), 4) + s; }

std::string integer(uint64_t n) { return "\x8a\x08" + bytes(n, 8); }

std::string tuple(const std::vector<uint64_t>& numbers) {
  std::string out = "(";
  for (const uint64_t n : numbers) out += integer(n);
  return out + "t";
}

/// A file of the older form around the opcodes of its dictionary.
std::string around(const std::string& opcodes, const std::string& rest = "") {
  return kMagic + kVersion + kMachine + "\x80\x02" + opcodes + "." + rest;
}

/// One tensor of four floats in a storage '0', whose place is told.
struct Told {
  uint64_t stored = 4, offset = 0;
  std::vector<uint64_t> size{4}, stride{1};
  std::string type = "FloatStorage", keys = text("0"), after = "N", device = "cpu";
  uint64_t count = 4;
  size_t data = 16;

  std::string file() const {
    const std::string storage =
        "(" + text("storage") + "ctorch\n" + type + "\n" + text("0") + text(device) + integer(stored) + after + "tQ";
    const std::string tensor =
        "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + integer(offset) + tuple(size) + tuple(stride) + "\x89}tR";
    return around("}" + text("a") + tensor + "s",
                  "\x80\x02](" + keys + "e." + bytes(count, 8) + std::string(data, '\0'));
  }
};

void refused(const std::string& file, const std::vector<std::string>& parts) {
  const Scratch s;
  spill(s / "f.pth", file);
  std::vector<std::string> all = parts;
  all.push_back("f.pth");
  expect_error(Code::input, all, [&] { read_torch_file(s / "f.pth"); });
}

TEST(TorchFile, ReadsWhatTorchSaved) {
  for (const char* name : {"io/legacy.pth", "io/zipped.pth"}) {
    const auto found = read_torch_file(golden(name));
    std::map<std::string, Tensor> expected = {
        {"matrix", values(at::kFloat, {2, 3})}, {"transposed", values(at::kFloat, {2, 3}).t()},
        {"row", values(at::kFloat, {2, 3})[1]}, {"scalar", values(at::kDouble, {})},
        {"empty", values(at::kFloat, {0, 4})},  {"parameter", values(at::kFloat, {4})},
        {"float16", values(at::kHalf, {3})},    {"bfloat16", values(at::kBFloat16, {3})},
        {"int64", values(at::kLong, {3})},      {"int32", values(at::kInt, {3})},
        {"int16", values(at::kShort, {3})},     {"int8", values(at::kChar, {3})},
        {"uint8", values(at::kByte, {3})},      {"bool", values(at::kBool, {3})}};
    ASSERT_EQ(found.size(), expected.size()) << name;
    for (const auto& [key, tensor] : expected) {
      ASSERT_TRUE(found.contains(key)) << name << " " << key;
      EXPECT_EQ(found.at(key).scalar_type(), tensor.scalar_type()) << name << " " << key;
      EXPECT_TRUE(found.at(key).equal(tensor)) << name << " " << key;
      EXPECT_FALSE(found.at(key).requires_grad());
    }
    EXPECT_EQ(found.at("row").storage().data(), found.at("matrix").storage().data()) << name;
  }
  EXPECT_TRUE(read_torch_file(golden("io/plain_dict.pth")).at("a").equal(values(at::kFloat, {3})));
}

TEST(TorchFile, WeightsComeInAnyFormat) {
  const Scratch s;
  write_tensors(s / "w", {{"a", values(at::kFloat, {3})}});
  EXPECT_TRUE(read_weights(s / "w").at("a").equal(values(at::kFloat, {3})));
  EXPECT_EQ(read_weights(golden("io/legacy.pth")).size(), 14U);
  EXPECT_EQ(read_weights(golden("io/zipped.pth")).size(), 14U);
  spill(s / "w", "not weights at all");
  expect_error(Code::input, {(s / "w").string()}, [&] { read_weights(s / "w"); });
  expect_error(Code::io, {"/nowhere", "No such file"}, [] { read_weights("/nowhere"); });
}

TEST(TorchFile, RunsNothing) {
  const std::filesystem::path trace = "/tmp/roulade-ran-a-file";
  std::filesystem::remove(trace);
  for (const std::string name : {"command", "zipped_command"})
    expect_error(Code::input, {name + ".pth", "'posix.system'", "not run"},
                 [&] { read_torch_file(golden("io/" + name + ".pth")); });
  expect_error(Code::input, {"pickle.pth", "not a file that torch.save wrote"},
               [] { read_torch_file(golden("io/pickle.pth")); });
  EXPECT_FALSE(std::filesystem::exists(trace));
  refused(around("cos\nsystem\n" + text("true") + "\x85R"), {"'os.system'"});
  refused(around("c__builtin__\neval\n" + text("1") + "\x85R"), {"'__builtin__.eval'"});
  refused(around("ctorch.nn\nLinear\n)R"), {"'torch.nn.Linear'"});
  refused(around("ctorch._utils\n_rebuild_tensor_v2\x1b[31m\n)R"), {"'torch._utils._rebuild_tensor_v2?[31m'"});
  refused(around("c" + std::string(10000, 'a')), {"a global without an end"});
  refused(around("ios\nsystem\n"), {"opcode 0x69"});                       // INST
  refused(around("(oN"), {"opcode 0x6f"});                                 // OBJ
  refused(around(")\x81"), {"opcode 0x81"});                               // NEWOBJ
  refused(around("\x82\x01"), {"opcode 0x82"});                            // EXT1
  refused(around(text("os") + text("system") + "\x93"), {"opcode 0x93"});  // STACK_GLOBAL
  refused(around("ctorch\nFloatStorage\n)R"), {"a call of torch.FloatStorage"});
}

TEST(TorchFile, RefusesWhatIsNoStateDict) {
  const auto file_refused = [](const std::string& name, const std::vector<std::string>& parts) {
    expect_error(Code::input, parts, [&] { read_torch_file(golden("io/" + name + ".pth")); });
  };
  file_refused("nested", {"nested.pth", "'state_dict'", "expected a tensor, got a dictionary"});
  file_refused("list", {"list.pth", "expected a dictionary of tensors, got a list"});
  file_refused("quantised", {"'torch._utils._rebuild_qtensor'"});
  file_refused("conjugated", {"'torch.ComplexFloatStorage'"});
  refused("", {"torch.save"});
  refused("PK\5\6", {"zip"});
  refused(around("}(" + text("a") + "Nu"), {"'a': expected a tensor, got None"});
  refused(around("}(K\1Nu"), {"expected a text, got a whole number"});
  refused(kMagic + "\x80\x02K\1.", {"version", "1001"});
  refused(kMagic + kVersion + "\x80\x02}.", {"little_endian"});
  refused(kMagic + kVersion + "\x80\x04N.", {"protocol", "got 4"});
}

TEST(TorchFile, RefusesLyingTensors) {
  Told fine;
  const Scratch s;
  spill(s / "f", fine.file());
  EXPECT_EQ(read_torch_file(s / "f").at("a").sizes(), at::IntArrayRef({4}));
  const auto lie = [](auto change, const std::vector<std::string>& parts) {
    Told told;
    change(told);
    refused(told.file(), parts);
  };
  const uint64_t huge = uint64_t{1} << 62, most = ~uint64_t{0} >> 1;
  lie([](Told& t) { t.offset = 1; }, {"'a' leaves its storage"});
  lie([](Told& t) { t.size = {5}; }, {"'a' leaves its storage"});
  lie([](Told& t) { t.stride = {2}; }, {"'a' leaves its storage"});
  lie([&](Told& t) { t.stride = {huge}; }, {"'a' leaves its storage"});
  lie([&](Told& t) { t.size = {huge, 4}, t.stride = {0, 0}; }, {"'a' leaves its storage"});  // 2^64 = 0
  lie([&](Told& t) { t.size = {1000000}, t.stride = {0}; }, {"'a' leaves its storage"});
  lie([&](Told& t) { t.size = {huge, 0, huge}, t.stride = {1, 1, 1}; }, {"'a' leaves its storage"});
  lie([&](Told& t) { t.offset = most, t.size = {1}; }, {"'a' leaves its storage"});
  lie([&](Told& t) { t.size = {2, 2}; }, {"2 strides, got 1"});
  lie([](Told& t) { t.size = {~uint64_t{0}}; }, {"0 and more, got -1"});
  lie([](Told& t) { t.stride = {~uint64_t{0}}; }, {"0 and more, got -1"});
  lie([](Told& t) { t.stored = ~uint64_t{0}; }, {"0 and more, got -1"});
  lie([](Told& t) { t.size = std::vector<uint64_t>(65, 1); }, {"at most 64"});
  lie([&](Told& t) { t.stored = t.count = huge; }, {"larger than any memory"});
  lie([](Told& t) { t.stored = t.count = uint64_t{1} << 40; }, {"values of storage '0'", "16 bytes left"});
  lie([](Told& t) { t.count = 3; }, {"values of storage '0'"});
  lie([](Told& t) { t.count = ~uint64_t{0}; }, {"values of storage '0'"});
  lie([](Told& t) { t.data = 15; }, {"values of storage '0'"});
  lie([](Told& t) { t.data = 17; }, {"bytes after the last storage"});
  lie([](Told& t) { t.keys = text("1"); }, {"storage '1' belongs to no tensor"});
  lie([](Told& t) { t.keys = text("0") + text("0"), t.data = 40; }, {"comes twice"});
  lie([](Told& t) { t.keys = "N"; }, {"belongs to no tensor"});
  lie([](Told& t) { t.keys = "", t.count = 0, t.data = 0; }, {"storage '0' is missing"});
  lie([](Told& t) { t.after = "(" + text("0") + "K\1K\1t"; }, {"not part of another"});
  lie([](Told& t) { t.type = "UntypedStorage"; }, {"storage of numbers", "torch.UntypedStorage"});
}

TEST(TorchFile, AbusesOfTheMachine) {
  refused(around("0"), {"opcode 0x30"});
  refused(around(""), {"an empty stack at byte"});
  refused(around("("), {"an empty stack"});
  refused(around("h\7"), {"a memo that was not written"});
  refused(around("j\xff\xff\xff\xff"), {"a memo that was not written"});
  refused(around("q\1"), {"an empty stack"});
  refused(around("t"), {"no mark on the stack"});
  refused(around("N(s"), {"an empty stack"});
  refused(around("}(Nu"), {"a key without a value"});
  refused(around("]NNs"), {"a list in place of a dictionary"});
  refused(around("NNb"), {"None in place of a dictionary"});
  refused(around("N)R"), {"None in place of a global"});
  refused(around("NQ"), {"None in place of a tuple"});
  refused(around("ccollections\nOrderedDict\nK\1\x85R"), {"arguments of OrderedDict"});
  refused(around("ctorch._utils\n_rebuild_parameter\n)R"), {"a call of torch._utils._rebuild_parameter"});
  refused(around("\x8a\x09" + std::string(9, '\1')), {"more than 64 bits"});
  refused(around("X\xff\xff\xff\xff"), {"cut short"});
  refused(around(std::string(size_t{1} << 23, 'N')), {"too many objects"});
  // Short calls that would copy a long tuple each.
  std::string copies = "(" + std::string(size_t{1} << 16, 'N') + "tq" + std::string(1, '\0');
  for (int i = 0; i < 300; ++i) copies += "ctorch._utils\n_rebuild_tensor_v2\nh"s + std::string(1, '\0') + "R";
  refused(around(copies), {"too many items"});
  // A list that holds itself, and lists of lists that would be 2^60 items if they were copied.
  refused(around("]q\0h\0a"s), {"a list"});
  std::string laughs = "]q" + std::string(1, '\0');
  for (char i = 1; i < 60; ++i) {
    laughs += std::string("](h") + static_cast<char>(i - 1) + "h" + static_cast<char>(i - 1) + "eq" + i;
  }
  refused(around(laughs), {"a list"});
  std::string twice = "}";
  twice += "q" + std::string(1, '\0') + text("a") + "h" + std::string(1, '\0') + "s";  // a dictionary in itself
  refused(around(twice), {"'a': expected a tensor, got a dictionary"});
}

TEST(TorchFile, CutShortAnywhere) {
  const Scratch s;
  for (const char* name : {"io/legacy.pth", "io/zipped.pth"}) {
    const std::string whole = slurp(golden(name));
    for (size_t size = 0; size < whole.size(); ++size) {
      spill(s / "f", whole.substr(0, size));
      expect_error(Code::input, {}, [&] { read_torch_file(s / "f"); });
    }
  }
}

TEST(TorchFile, DamagedAnywhere) {
  const Scratch s;
  for (const char* name : {"io/legacy.pth", "io/zipped.pth"}) {
    const std::string whole = slurp(golden(name));
    std::mt19937 random(1);
    int refusals = 0;
    for (int i = 0; i < 800; ++i) {
      std::string damaged = whole;
      for (size_t change = 0; change <= random() % 3; ++change)
        damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
      spill(s / "f", damaged);
      try {
        for (const auto& [key, tensor] : read_torch_file(s / "f"))
          EXPECT_EQ((tensor.scalar_type() == at::kBool ? tensor.view(at::kByte) : tensor).clone().numel(),
                    tensor.numel());
      } catch (const Error& e) {
        EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(Code::input)) << e.what();
        ++refusals;
      }
    }
    EXPECT_GT(refusals, 250) << name;
    EXPECT_LT(refusals, 800) << name;
  }
}

TEST(Pickle, ReadsOldTexts) {  // as Python 2 wrote them
  const std::string old = "\x80\x02(U\1aT\1\0\0\0bG\x3f\xf0\0\0\0\0\0\0\x8a\1\xfft.more"s;
  size_t at = 0;
  const Pickle pickle = parse_pickle(old, at, "f");
  EXPECT_EQ(old.substr(at), "more");
  const auto& items = pickle[pickle.root].items;
  ASSERT_EQ(items.size(), 4U);
  EXPECT_EQ(pickle[items[0]].text, "a");
  EXPECT_EQ(pickle[items[1]].text, "b");
  EXPECT_EQ(pickle[items[2]].real, 1.0);
  EXPECT_EQ(pickle[items[3]].integer, -1);
}

}  // namespace
}  // namespace roulade
