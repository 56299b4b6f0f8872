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
  const Tensor values = pictures.flatten(1).to(at::kFloat).contiguous();
  return {values.const_data_ptr<float>(), values.size(0), values.size(1)};
}

}  // namespace

Nearness nearness(const Tensor& pictures, const Tensor& others, bool among_them) {
  const int64_t k = among_them ? 2 : 1;
  for (const Tensor* t : {&pictures, &others})
    if (t->scalar_type() != at::kByte || t->dim() < 2 || t->sizes().slice(1) != pictures.sizes().slice(1) ||
        t->numel() == 0 || others.size(0) < k)
      fail(Code::usage, "nearness", "pictures",
           fmt::format("bytes of one shape, one picture at least and {} others", k),
           fmt::format("{} and {}", fmt::join(pictures.sizes(), " x "), fmt::join(others.sizes(), " x ")));
  const Columns x = columns(pictures);
  const std::vector<float> squares = neighbour_radii(x, columns(others), k);
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
