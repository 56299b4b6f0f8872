// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/feature_pictures.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/parallel.hpp"
#include "roulade/io/torch_file.hpp"

#include <algorithm>
#include <filesystem>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade::features {

Tensor each_picture(const Tensor& pictures, int64_t width, const std::string& where,
                    const std::function<Tensor(const Image&)>& vector) {
  const bool fits = pictures.dim() == 4 && (pictures.size(1) == 1 || pictures.size(1) == 3) &&
                    (pictures.numel() > 0 || pictures.size(0) == 0);
  if (!fits || pictures.scalar_type() != at::kByte)
    fail(Code::usage, where, "pictures", "bytes [n, 1 or 3, height, width]",
         fmt::format("{} {}", at::toString(pictures.scalar_type()), pictures.sizes().vec()));
  const int64_t count = pictures.size(0);
  const Tensor rows = pictures.detach().cpu().permute({0, 2, 3, 1}).contiguous();  // [n, H, W, channels]
  const Tensor out = at::empty({count, width}, at::kFloat);
  const auto size = static_cast<size_t>(count == 0 ? 0 : rows.numel() / count);
  const uint8_t* from = rows.const_data_ptr<uint8_t>();
  float* to = out.mutable_data_ptr<float>();
  parallel_for(0, count, 1, [&](int64_t first, int64_t last) {
    const at::NoGradGuard no_grad;
    for (int64_t i = first; i < last; ++i) {
      const uint8_t* values = from + static_cast<size_t>(i) * size;
      const Tensor one = vector(Image{rows.size(2), rows.size(1), rows.size(3), {values, values + size}}).contiguous();
      std::copy_n(one.const_data_ptr<float>(), width, to + i * width);
    }
  });
  return out;
}

Tensor rgb_of(const Image& picture) {
  const Tensor bytes = at::from_blob(const_cast<uint8_t*>(picture.values.data()),  // only read
                                     {1, picture.height, picture.width, picture.channels}, at::kByte);
  return bytes.to(at::kFloat).expand({1, picture.height, picture.width, 3}).contiguous().permute({0, 3, 1, 2});
}

NamedTensors weights_for(const std::string& where, const std::string& path, const std::string& expected) {
  if (path.empty()) fail(Code::usage, where, "features_file, the file of weights", expected, "none");
  return {read_weights(path), path};
}

std::string lite0_file(const std::string& given) {
  constexpr auto kUsual = "datasets/lite0/efficientnet-lite0-57934424.pth";
  return given.empty() && std::filesystem::exists(kUsual) ? kUsual : given;
}

}  // namespace roulade::features
