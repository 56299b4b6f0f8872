// SPDX-License-Identifier: Apache-2.0
#include "roulade/guidance/rescale.hpp"

#include "roulade/core/error.hpp"
#include "roulade/denoiser/prediction.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include <ATen/ops/ones_like.h>
#include <ATen/ops/std.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>

namespace roulade {

void GuidanceRescale::bind(Binder& b) {
  b.add("rescale", share, between(0, 1),
        "share in which a sample's deviation is drawn back to that of the condition's answer; 0 = not");
  b.add("rescale_of", of, {"x0", "v", "eps", "velocity"},
        "whose deviation: of the estimate, or of what such a network returns (diffusers: the network's own)");
}

Tensor GuidanceRescale::apply(const Schedule& schedule, const Tensor& x_t, std::span<const double> t,
                              const Tensor& guided, const Tensor& conditional) const {
  if (share == 0) return guided;
  std::vector<int64_t> axes(static_cast<size_t>(std::max<int64_t>(x_t.dim() - 1, 0)));
  std::iota(axes.begin(), axes.end(), 1);
  int64_t numbers = 1;
  for (const int64_t axis : axes) numbers *= x_t.size(axis);
  if (numbers < 2) fail(Code::usage, "guidance.rescale", "numbers in a sample", "two or more", std::to_string(numbers));

  const auto prediction = denoiser::registry().make(of);
  std::vector<double> skip;
  // A clean sample is x_t / alpha whatever the condition: nothing is to be rescaled, and eps has no row there.
  for (const double time : t) skip.push_back(schedule.sigma(time) == 0 ? 0 : prediction->at(schedule, time).skip);
  std::vector<int64_t> shape(static_cast<size_t>(x_t.dim()), 1);
  shape[0] = static_cast<int64_t>(skip.size());
  const Tensor base = x_t.mul(at::tensor(skip, x_t.options().requires_grad(false)).view(shape));

  const Tensor f = guided.sub(base);
  const Tensor deviation = at::std(f, axes, true, true);
  const Tensor ratio = at::std(conditional.sub(base), axes, true, true).div(deviation);
  const Tensor factor = at::where(deviation.eq(0), at::ones_like(ratio), ratio.mul(share).add(1 - share));
  return base.add(f.mul(factor));
}

}  // namespace roulade
