// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/picture_classifier.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr auto kWhere = "picture classifier";
constexpr int64_t kGroups = 8;
constexpr int64_t kRaster = 3;
constexpr int64_t kLeastSide = 4;  ///< that is halved

}  // namespace

PictureClassifier::PictureClassifier(const PictureClassifierShape& shape, uint64_t seed) : shape_(shape) {
  const auto& picture = shape.picture;
  if (picture.size() != 3 || *std::min_element(picture.begin(), picture.end()) < 1)
    fail(Code::usage, kWhere, "shape", "channels, height and width", fmt::format("[{}]", fmt::join(picture, ", ")));
  if (shape.classes < 2) fail(Code::usage, kWhere, "classes", "at least 2", fmt::format("{}", shape.classes));
  if (shape.widths.empty() || shape.hidden < 1) fail(Code::usage, kWhere, "blocks", "one at least", "none");
  Initialiser init(seed);
  int64_t in = picture[0];
  for (const int64_t width : shape.widths) {
    blocks_.push_back({Conv2d(init, in, width, 3, 1, 1), GroupNorm(init, kGroups, width, 1e-5, kWhere)});
    in = width;
  }
  hidden_ = Linear(init, in * kRaster * kRaster, shape.hidden);
  last_ = Linear(init, shape.hidden, shape.classes);
}

Tensor PictureClassifier::hidden(const Tensor& x) const {
  Tensor h = in_kernel_order(x);
  for (const Block& block : blocks_) {
    h = at::relu(block.norm.forward(block.conv.forward(h)));
    if (std::min(h.size(2), h.size(3)) >= kLeastSide) h = at::max_pool2d(h, {2, 2});
  }
  if (h.size(2) != kRaster || h.size(3) != kRaster) h = at::adaptive_avg_pool2d(h, {kRaster, kRaster});
  return at::relu(hidden_.forward(h.flatten(1)));
}

NamedWeights PictureClassifier::parameters() const {
  NamedWeights out;
  for (size_t i = 0; i < blocks_.size(); ++i) {
    blocks_[i].conv.list(out, fmt::format("blocks.{}.conv", i));
    blocks_[i].norm.list(out, fmt::format("blocks.{}.norm", i));
  }
  hidden_.list(out, "hidden");
  last_.list(out, "last");
  return out;
}

}  // namespace roulade
