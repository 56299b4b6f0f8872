// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/layer_norm.hpp"

#include <ATen/ops/layer_norm.h>

namespace roulade {

LayerNorm::LayerNorm(Initialiser& init, int64_t width, double eps_)
    : weight(init.ones({width})), bias(init.zeros({width})), eps(eps_) {}

Tensor LayerNorm::forward(const Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight.use(x.scalar_type()), bias.use(x.scalar_type()), eps);
}

void LayerNorm::list(NamedWeights& to, const std::string& prefix) const {
  to.emplace_back(prefix + ".weight", weight);
  to.emplace_back(prefix + ".bias", bias);
}

}  // namespace roulade
