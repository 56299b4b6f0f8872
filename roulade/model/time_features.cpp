// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/time_features.hpp"

#include "roulade/core/error.hpp"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/log.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sin.h>
#include <fmt/format.h>

namespace roulade {

constexpr double kFourierDeviation = 16;

TimeFeatures::TimeFeatures(Initialiser& init, const Shape& given) : shape(given) {
  if (shape.kind == "fourier") weight = init.normal({shape.width}, kFourierDeviation, false);
  if (shape.kind == "fourier_of_time") weight = init.normal({shape.width}, 1, false);
  if (shape.kind == "learned") weight = init.normal({shape.rows, shape.width}, 1);
}

Tensor TimeFeatures::forward(const Tensor& time) const {
  if (shape.kind == "positional") return sinusoidal_features(time, shape.width, 10000, shape.flip, shape.shift);
  if (shape.kind.starts_with("fourier")) {
    const bool of_log = shape.kind == "fourier";
    const Tensor angle = at::outer(of_log ? at::log(time) : time, weight.use(time.scalar_type())) * (2 * M_PI);
    const Tensor sine = at::sin(angle), cosine = at::cos(angle);
    return shape.flip && !of_log ? at::cat({cosine, sine}, 1) : at::cat({sine, cosine}, 1);
  }
  const double last = time.max().item<double>();
  if (time.min().item<double>() < 0 || last > static_cast<double>(shape.rows - 1))
    fail(Code::usage, "model", "time of a learned embedding", fmt::format("0 to {}", shape.rows - 1),
         fmt::format("{}", last));
  return at::embedding(weight.use(time.scalar_type()), time.to(at::kLong));
}

void TimeFeatures::list(NamedWeights& to, const std::string& prefix) const {
  if (weight.defined()) to.emplace_back(prefix + ".weight", weight);
}

Tensor TimeEmbedding::forward(const Tensor& features) const {
  return linear_2.forward(at::silu(linear_1.forward(features)));
}

void TimeEmbedding::list(NamedWeights& to, const std::string& prefix) const {
  linear_1.list(to, prefix + ".linear_1");
  linear_2.list(to, prefix + ".linear_2");
}

}  // namespace roulade
