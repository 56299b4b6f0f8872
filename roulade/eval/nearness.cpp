// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/nearness.hpp"

#include "roulade/core/error.hpp"
#include "roulade/kernel/nearest.hpp"

#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

Columns columns(const Tensor& pictures) {
  if (pictures.scalar_type() != at::kByte || pictures.dim() < 2 || pictures.numel() == 0)
    fail(Code::usage, "nearness", "pictures", "bytes, one picture at least",
         fmt::format("{}", fmt::join(pictures.sizes(), " x ")));
  const Tensor values = pictures.flatten(1).to(at::kFloat).contiguous();
  return {values.const_data_ptr<float>(), values.size(0), values.size(1)};
}

std::vector<int64_t> shape_of_one(const Tensor& pictures) {
  return {pictures.sizes().begin() + 1, pictures.sizes().end()};
}

}  // namespace

KnownPictures::KnownPictures(const Tensor& pictures) : columns_(std::make_shared<const Columns>(columns(pictures))) {
  shape_ = shape_of_one(pictures);
}

Nearness KnownPictures::from(const Tensor& pictures, bool among_them) const {
  const Columns x = columns(pictures);
  const int64_t k = among_them ? 2 : 1;
  if (shape_of_one(pictures) != shape_)
    fail(Code::usage, "nearness", "a picture", fmt::format("{}", fmt::join(shape_, " x ")),
         fmt::format("{}", fmt::join(shape_of_one(pictures), " x ")));
  if (columns_->rows() < k)
    fail(Code::usage, "nearness", "pictures to be near to", fmt::format("{} at least", k),
         std::to_string(columns_->rows()));
  const std::vector<float> squares = neighbour_radii(x, *columns_, k);
  Nearness out{0, 0, x.rows()};
  std::vector<double> distances;
  for (const float square : squares) {
    distances.push_back(std::sqrt(static_cast<double>(square) / static_cast<double>(x.width())) / 255);
    out.mean += distances.back() / static_cast<double>(out.count);
  }
  for (const double d : distances) out.error += (d - out.mean) * (d - out.mean);
  out.error = std::sqrt(out.error) / static_cast<double>(out.count);
  return out;
}

}  // namespace roulade
