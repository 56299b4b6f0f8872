// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/point_input.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>

#include <ATen/ops/cat.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {

void PointInput::Settings::bind(Binder& b) {
  b.add("embedding", embedding, noise_embedding_kinds(), "how the noise level is told; none = not at all");
  b.add("embedding_width", embedding_width, at_least(1), "features of the noise level (raw: always 1, none: 0)");
  b.add("fourier_scale", fourier_scale, above(0), "standard deviation of the fourier frequencies");
  b.add("label_width", label_width, at_least(1), "features of the class, where the data have classes");
}

PointInput::PointInput(const Settings& s, const ModelShape& shape, Initialiser& init) {
  if (shape.sample.size() != 1 || shape.sample[0] < 1)
    fail(Code::usage, "model", "shape of a sample", "one axis (a point)", fmt::format("{}", shape.sample));
  points_ = shape.sample[0];
  noise_ = make_noise_embedding(s.embedding, init, s.embedding_width, s.fourier_scale);
  if (shape.classes > 0) label_ = LabelEmbedding(init, shape.classes, s.label_width);
  features_ = noise_->width() + (shape.classes > 0 ? s.label_width : 0);
}

void PointInput::check(const Tensor& x, const Tensor& noise_level, const Condition& condition) const {
  if (x.dim() != 2 || x.size(1) != points_)
    fail(Code::usage, "model", "shape of x", fmt::format("[B, {}]", points_), fmt::format("{}", x.sizes().vec()));
  if (noise_level.dim() != 1 || noise_level.size(0) != x.size(0))
    fail(Code::usage, "model", "shape of noise_level", fmt::format("[{}]", x.size(0)),
         fmt::format("{}", noise_level.sizes().vec()));
  if (!condition.label) return;
  if (label_.classes == 0) fail(Code::usage, "model", "a label was given, but the network was trained without classes");
  label_rows(condition.label, x.size(0), label_.classes - 1, label_.classes);
}

Tensor PointInput::features(const Tensor& x, const Tensor& noise_level, const Condition& condition) const {
  check(x, noise_level, condition);
  // bfloat16 holds three digits: noise levels stay wider until they are features.
  const auto dtype = x.scalar_type();
  const Tensor noise = noise_->forward(noise_level.to(dtype == at::kBFloat16 ? at::kFloat : dtype)).to(dtype);
  if (label_.classes == 0) return noise;
  return at::cat({noise, label_.forward(condition.label, x.size(0)).to(dtype)}, 1);
}

void PointInput::fill(int64_t n, const float* noise_level, const int64_t* label, float* out, int64_t stride) const {
  noise_->fill(n, noise_level, out, stride);
  if (label_.classes == 0) return;
  const Tensor& table = label_.table.weight.stored();
  const int64_t width = table.size(1);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t row = label && label[i] >= 0 ? label[i] : label_.classes;
    std::copy_n(table.const_data_ptr<float>() + row * width, width, out + i * stride + noise_->width());
  }
}

Tensor PointInput::forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const {
  return at::cat({x, features(x, noise_level, condition)}, 1);
}

void PointInput::list(NamedWeights& to) const {
  noise_->list(to, "noise_embedding");
  if (label_.classes > 0) label_.table.list(to, "label_embedding");
}

}  // namespace roulade
