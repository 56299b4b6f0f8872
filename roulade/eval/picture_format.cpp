// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/picture_format.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/ops/empty.h>
#include <fmt/format.h>

namespace roulade {

Tensor PictureFormat::bytes(const PointView& scaled) const {
  if (shape.size() != 3 || scaled.width != shape[0] * shape[1] * shape[2] || !(high > low))
    fail(Code::usage, "pictures", "numbers of a picture", fmt::format("{}", fmt::join(shape, " x ")),
         fmt::format("{}", scaled.width));
  const int64_t colours = shape[0] < 3 ? 1 : 3, pixels = colours * shape[1] * shape[2];
  Tensor out = at::empty({scaled.rows, colours, shape[1], shape[2]}, at::kByte);
  uint8_t* to = out.mutable_data_ptr<uint8_t>();
  for (int64_t i = 0; i < scaled.rows; ++i)
    for (int64_t c = 0; c < pixels; ++c) {
      const auto at = static_cast<size_t>(c);
      const double x =
          static_cast<double>(scaled.values[i * scaled.width + c]) * scaling.deviation[at] + scaling.mean[at];
      *to++ = static_cast<uint8_t>(std::lround(255 * std::clamp((x - low) / (high - low), 0.0, 1.0)));
    }
  return out;
}

}  // namespace roulade
