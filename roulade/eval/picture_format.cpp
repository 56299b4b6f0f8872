// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/picture_format.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/div.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

namespace roulade {

Tensor on_white(const Tensor& pictures) {
  const int64_t channels = pictures.size(1), colours = channels < 3 ? 1 : 3;
  if (channels == colours) return pictures;
  const Tensor opacity = pictures.narrow(1, colours, 1).to(at::kInt);
  const Tensor seen = pictures.narrow(1, 0, colours).to(at::kInt) * opacity + 255 * (255 - opacity);
  return at::div(seen + 127, 255, "floor").to(at::kByte).contiguous();
}

Tensor PictureFormat::bytes(const PointView& scaled) const {
  if (shape.size() != 3 || scaled.width != shape[0] * shape[1] * shape[2] || !(high > low))
    fail(Code::usage, "pictures", "numbers of a picture", fmt::format("{}", fmt::join(shape, " x ")),
         fmt::format("{}", scaled.width));
  if (shape[0] > 4)
    fail(Code::usage, "pictures", "channels", "1 to 4: grey or colours, with opacity or without",
         std::to_string(shape[0]));
  const int64_t pixels = scaled.width;
  Tensor out = at::empty({scaled.rows, shape[0], shape[1], shape[2]}, at::kByte);
  uint8_t* to = out.mutable_data_ptr<uint8_t>();
  for (int64_t i = 0; i < scaled.rows; ++i)
    for (int64_t c = 0; c < pixels; ++c) {
      const auto at = static_cast<size_t>(c);
      const double x =
          static_cast<double>(scaled.values[i * scaled.width + c]) * scaling.deviation[at] + scaling.mean[at];
      *to++ = static_cast<uint8_t>(std::lround(255 * std::clamp((x - low) / (high - low), 0.0, 1.0)));
    }
  return on_white(out);
}

}  // namespace roulade
