// SPDX-License-Identifier: Apache-2.0
#include "roulade/guidance/threshold.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <ATen/ops/kthvalue.h>
#include <ATen/ops/max.h>
#include <ATen/ops/min.h>

namespace roulade {
namespace {

class Thresholded final : public Denoiser {
 public:
  Thresholded(const GuidanceThreshold& threshold, std::shared_ptr<const Denoiser> inner)
      : threshold_(threshold), inner_(std::move(inner)) {}

  const Schedule& schedule() const override { return inner_->schedule(); }

  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    Denoised d = inner_->denoise(x_t, t, condition);
    if (!d.x0_direction) d.x0_direction = d.x0;
    d.x0 = threshold_.apply(d.x0);
    return d;
  }

 private:
  GuidanceThreshold threshold_;
  std::shared_ptr<const Denoiser> inner_;
};

/// The quantile `share` of each row.   rows: [B, n]. Returns [B].
Tensor quantile(const Tensor& rows, double share) {
  const int64_t last = rows.size(1) - 1;
  const double place = share * static_cast<double>(last), below = std::floor(place);
  const auto k = static_cast<int64_t>(below);
  const Tensor low = std::get<0>(at::kthvalue(rows, k + 1, 1));
  if (k == last) return low;
  const Tensor high = std::get<0>(at::kthvalue(rows, k + 2, 1));
  return low.add(high.sub(low), place - below);
}

}  // namespace

void GuidanceThreshold::bind(Binder& b) {
  b.add("threshold", share, between(0, 1),
        "quantile of a sample's |x0| beyond which it is clipped, then shrunk to the limit; 0 = not, Imagen: 0.995");
  b.add("threshold_limit", limit, above(0), "largest |x0| of the data, to which a clipped sample is shrunk");
}

Tensor GuidanceThreshold::apply(const Tensor& x0) const {
  if (share == 0 || x0.numel() == 0) return x0;
  std::vector<int64_t> shape(static_cast<size_t>(x0.dim()), 1);
  shape[0] = x0.size(0);
  const Tensor s = quantile(x0.abs().reshape({x0.size(0), -1}), share).clamp_min(limit).view(shape);
  return at::max(at::min(x0, s), s.neg()).mul(limit).div(s);
}

std::shared_ptr<const Denoiser> GuidanceThreshold::around(std::shared_ptr<const Denoiser> inner) const {
  if (share == 0) return inner;
  return std::make_shared<const Thresholded>(*this, std::move(inner));
}

}  // namespace roulade
