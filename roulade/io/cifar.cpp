// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/cifar.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/file.hpp"

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 31;
constexpr size_t kRecord = 1 + 3 * 32 * 32;
constexpr int kClasses = 10;

}  // namespace

CifarBatch parse_cifar10(std::string_view file, const std::string& where) {
  if (file.empty() || file.size() % kRecord != 0)
    fail(Code::input, where, "bytes of a CIFAR-10 file", fmt::format("a multiple of {}", kRecord),
         fmt::format("{}", file.size()));
  CifarBatch batch;
  batch.values.reserve(file.size() / kRecord * (kRecord - 1));
  for (size_t at = 0; at < file.size(); at += kRecord) {
    const int label = static_cast<unsigned char>(file[at]);
    if (label >= kClasses)
      fail(Code::input, where, fmt::format("class of record {}", at / kRecord), "0 to 9", fmt::format("{}", label));
    batch.labels.push_back(label);
    const std::string_view pixels = file.substr(at + 1, kRecord - 1);
    batch.values.insert(batch.values.end(), pixels.begin(), pixels.end());
  }
  return batch;
}

CifarBatch read_cifar10(const std::filesystem::path& path) {
  return parse_cifar10(read_file(path, kMostBytes), path.string());
}

}  // namespace roulade
