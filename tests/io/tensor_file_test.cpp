// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/tensor_file.hpp"

#include "tests/io/scratch.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

TEST(TensorFile, ReferenceFileHasTheValuesOfItsRule) {
  for (const Load how : {Load::copy, Load::map}) {
    const TensorFile file = read_tensors(golden("io/mixed.safetensors"), how);
    EXPECT_EQ(file.metadata.at("format"), "pt");
    ASSERT_EQ(file.tensors.size(), 16u);
    for (const auto& [name, t] : file.tensors) {
      const Tensor x = t.to(at::kDouble).flatten();
      for (int64_t i = 0; i < x.numel(); ++i) {
        const auto k = static_cast<double>(i);
        const double expected = t.is_floating_point()          ? k / 2 - 1
                                : t.scalar_type() == at::kBool ? static_cast<double>(i % 2)
                                : name.starts_with("t.u")      ? k
                                                               : k - 1;
        EXPECT_EQ(x[i].item<double>(), expected) << name;
      }
    }
    EXPECT_EQ(file.tensors.at("t.float32").sizes(), (std::vector<int64_t>{3, 1, 2}));
    EXPECT_EQ(file.tensors.at("empty").sizes(), (std::vector<int64_t>{0, 4}));
    EXPECT_EQ(file.tensors.at("scalar").dim(), 0);
    EXPECT_EQ(file.tensors.at("t.bfloat16").scalar_type(), at::kBFloat16);
  }
}

TEST(TensorFile, WritesTheSameBytesAgain) {
  const Scratch s;
  const TensorFile file = read_tensors(golden("io/mixed.safetensors"));
  write_tensors(s / "out", file.tensors, file.metadata);
  EXPECT_EQ(slurp(s / "out"), slurp(golden("io/mixed.safetensors")));
}

TEST(TensorFile, LayoutDoesNotMatter) {
  const Scratch s;
  const Tensor x = at::arange(6, at::kFloat).view({2, 3});
  write_tensors(s / "a", {{"x", x.t()}});
  write_tensors(s / "b", {{"x", x.t().contiguous()}});
  EXPECT_EQ(slurp(s / "a"), slurp(s / "b"));
  EXPECT_TRUE(read_tensors(s / "a").tensors.at("x").equal(x.t()));
}

TEST(TensorFile, MappedTensorsOutliveTheFileAndKeepWritesToThemselves) {
  const Scratch s;
  write_tensors(s / "a", {{"x", at::arange(4, at::kFloat)}, {"y", at::zeros({3})}});
  Tensor x = read_tensors(s / "a", Load::map).tensors.at("x");
  x.add_(1);
  EXPECT_TRUE(read_tensors(s / "a").tensors.at("x").equal(at::arange(4, at::kFloat)));
  std::filesystem::remove(s / "a");
  EXPECT_TRUE(x.equal(at::arange(1, 5, at::kFloat)));
}

TEST(TensorFile, MisalignedTensorsAreCopied) {
  const Scratch s;
  const std::string header =
      R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  spill(s / "f", file + header + std::string("\x07\x00\x00\x80\x3f", 5));
  const Tensor b = read_tensors(s / "f", Load::map).tensors.at("b");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(b.data_ptr()) % 4, 0u);
  EXPECT_EQ(b.item<float>(), 1.0f);
}

TEST(TensorFile, Refusals) {
  const Scratch s;
  expect_error(Code::usage, {"'z'", "ComplexFloat"}, [&] {
    write_tensors(s / "f", {{"z", at::zeros({2}, at::kComplexFloat)}});
  });
  expect_error(Code::usage, {"'u'", "undefined"}, [&] { write_tensors(s / "f", {{"u", Tensor()}}); });
  write_tensors(s / "f", {{"x", at::zeros({100})}});
  const std::string whole = slurp(s / "f");
  for (const size_t size : {size_t{0}, size_t{4}, size_t{20}, whole.size() - 1}) {
    spill(s / "f", whole.substr(0, size));
    expect_error(Code::input, {(s / "f").string()}, [&] { read_tensors(s / "f"); });
  }
}

}  // namespace
}  // namespace roulade
