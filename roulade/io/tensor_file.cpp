// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/tensor_file.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

namespace roulade {
namespace {

constexpr std::pair<DType, at::ScalarType> kPairs[] = {
    {DType::BOOL, at::kBool},
    {DType::U8, at::kByte},
    {DType::I8, at::kChar},
    {DType::F8_E5M2, at::kFloat8_e5m2},
    {DType::F8_E4M3, at::kFloat8_e4m3fn},
    {DType::I16, at::kShort},
    {DType::U16, at::kUInt16},
    {DType::F16, at::kHalf},
    {DType::BF16, at::kBFloat16},
    {DType::I32, at::kInt},
    {DType::U32, at::kUInt32},
    {DType::F32, at::kFloat},
    {DType::F64, at::kDouble},
    {DType::I64, at::kLong},
    {DType::U64, at::kUInt64},
};

at::ScalarType scalar_type(DType dtype) {
  for (const auto& [ours, theirs] : kPairs)
    if (ours == dtype) return theirs;
  fail(Code::internal, "tensor_file", "dtype without a pair");
}

DType dtype_of(const Tensor& tensor, const std::filesystem::path& path, const std::string& name) {
  for (const auto& [ours, theirs] : kPairs)
    if (theirs == tensor.scalar_type()) return ours;
  fail(Code::usage, path.string(), "dtype of tensor '" + name + "'", "one that safetensors has",
       at::toString(tensor.scalar_type()));
}

Tensor load(const Safetensors& file, const TensorSpec& spec, Load how) {
  const std::span<std::byte> bytes = file.bytes(spec);
  const at::TensorOptions options = at::TensorOptions(scalar_type(spec.dtype));
  const bool aligned = reinterpret_cast<uintptr_t>(bytes.data()) % static_cast<uintptr_t>(bytes_of(spec.dtype)) == 0;
  if (how == Load::map && aligned && !bytes.empty())
    return at::from_blob(
        bytes.data(), spec.shape, [keeper = file.mapping](void*) {}, options);
  Tensor tensor = at::empty(spec.shape, options);
  if (!bytes.empty()) std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

/// The header's extents times the element's size fit int64, but LibTorch also multiplies the extents of empty tensors.
void check_strides(const TensorSpec& spec, const std::filesystem::path& path) {
  int64_t product = 1;
  for (const int64_t n : spec.shape)
    if (__builtin_mul_overflow(product, std::max<int64_t>(n, 1), &product))
      fail(Code::input, path.string(), "extents of tensor '" + spec.name + "' are too large");
}

}  // namespace

TensorFile read_tensors(const std::filesystem::path& path, Load how) {
  const Safetensors file(path);
  TensorFile out;
  out.metadata = file.header.metadata;
  for (const TensorSpec& spec : file.header.tensors) {
    check_strides(spec, path);
    out.tensors.emplace(spec.name, load(file, spec, how));
  }
  return out;
}

void write_tensors(const std::filesystem::path& path, const std::map<std::string, Tensor>& tensors,
                   const Metadata& metadata) {
  std::vector<Tensor> held;  // keeps the contiguous copies until they are written
  std::vector<TensorBytes> parts;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.defined()) fail(Code::usage, path.string(), "tensor '" + name + "' is undefined");
    held.push_back(tensor.detach().cpu().contiguous());
    const Tensor& t = held.back();
    parts.push_back({name,
                     dtype_of(t, path, name),
                     t.sizes().vec(),
                     {static_cast<const std::byte*>(t.const_data_ptr()), t.nbytes()}});
  }
  write_safetensors(path, std::move(parts), metadata);
}

}  // namespace roulade
