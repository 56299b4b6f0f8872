// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/embedding.hpp"

#include "roulade/core/error.hpp"
#include "roulade/kernel/cos_sin.hpp"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/full.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

/// max_period^(-j / (half - shift)) for j < half.
Tensor frequencies(int64_t half, const at::TensorOptions& options, double max_period, double shift) {
  return at::exp(at::arange(half, options) * (-std::log(max_period) / (static_cast<double>(half) - shift)));
}

class None final : public NoiseEmbedding {
 public:
  int64_t width() const override { return 0; }
  Tensor forward(const Tensor& noise_level) const override { return noise_level.unsqueeze(1).narrow(1, 0, 0); }
  void fill(int64_t, const float*, float*, int64_t) const override {}
  void list(NamedWeights&, const std::string&) const override {}
};

class Raw final : public NoiseEmbedding {
 public:
  int64_t width() const override { return 1; }
  Tensor forward(const Tensor& noise_level) const override { return noise_level.unsqueeze(1); }
  void fill(int64_t n, const float* noise_level, float* out, int64_t stride) const override {
    for (int64_t i = 0; i < n; ++i) out[i * stride] = noise_level[i];
  }
  void list(NamedWeights&, const std::string&) const override {}
};

class Sinusoidal final : public NoiseEmbedding {
 public:
  explicit Sinusoidal(int64_t width) : width_(width) {
    const Tensor f = frequencies(width / 2, at::kFloat, 10000, 0);
    frequency_.assign(f.const_data_ptr<float>(), f.const_data_ptr<float>() + f.numel());
  }
  int64_t width() const override { return width_; }
  Tensor forward(const Tensor& noise_level) const override { return sinusoidal_features(noise_level, width_); }
  void fill(int64_t n, const float* noise_level, float* out, int64_t stride) const override {
    kernel::cos_sin_features(n, noise_level, frequency_, 1, out, stride);
  }
  void list(NamedWeights&, const std::string&) const override {}

 private:
  int64_t width_;
  std::vector<float> frequency_;
};

class Fourier final : public NoiseEmbedding {
 public:
  Fourier(Initialiser& init, int64_t width, double scale)
      : width_(width), frequency_(init.normal({width / 2}, scale, false)) {}
  int64_t width() const override { return width_; }
  Tensor forward(const Tensor& noise_level) const override {
    const Tensor angle = at::outer(noise_level, frequency_.use(noise_level.scalar_type())) * (2 * M_PI);
    return at::cat({at::cos(angle), at::sin(angle)}, 1);
  }
  void fill(int64_t n, const float* noise_level, float* out, int64_t stride) const override {
    const Tensor turns = frequency_.use(at::kFloat).contiguous();
    kernel::cos_sin_features(n, noise_level, {turns.const_data_ptr<float>(), static_cast<size_t>(turns.numel())},
                             static_cast<float>(2 * M_PI), out, stride);
  }
  void list(NamedWeights& to, const std::string& prefix) const override {
    to.emplace_back(prefix + ".weight", frequency_);
  }

 private:
  int64_t width_;
  Weight frequency_;  // drawn once, never trained
};

}  // namespace

Tensor sinusoidal_features(const Tensor& k, int64_t width, double max_period, bool flip, double shift) {
  const Tensor angle = at::outer(k, frequencies(width / 2, k.options(), max_period, shift));
  const Tensor cosine = at::cos(angle), sine = at::sin(angle);
  Tensor out = flip ? at::cat({cosine, sine}, 1) : at::cat({sine, cosine}, 1);
  if (width % 2) out = at::constant_pad_nd(out, {0, 1});
  return out;
}

const std::vector<std::string>& noise_embedding_kinds() {
  static const std::vector<std::string> kinds = {"raw", "sinusoidal", "fourier", "none"};
  return kinds;
}

std::unique_ptr<NoiseEmbedding> make_noise_embedding(const std::string& kind, Initialiser& init, int64_t width,
                                                     double fourier_scale) {
  if (kind == "none") return std::make_unique<None>();
  if (kind == "raw") return std::make_unique<Raw>();
  if (width < 2 || width % 2)
    fail(Code::usage, "model.embedding_width", "width of the noise embedding", "an even number of at least 2",
         fmt::format("{}", width));
  if (kind == "sinusoidal") return std::make_unique<Sinusoidal>(width);
  if (kind == "fourier") return std::make_unique<Fourier>(init, width, fourier_scale);
  fail_unknown("model", "embedding", kind, noise_embedding_kinds());
}

LabelEmbedding::LabelEmbedding(Initialiser& init, int64_t count, int64_t width)
    : table(init, count + 1, width), classes(count) {}

Tensor LabelEmbedding::forward(const std::optional<Tensor>& labels, int64_t batch) const {
  return table.forward(label_rows(labels, batch, classes - 1, classes));
}

Tensor label_rows(const std::optional<Tensor>& labels, int64_t batch, int64_t most, int64_t none) {
  if (!labels) return at::full({batch}, none, at::kLong);
  if (labels->dim() != 1 || labels->size(0) != batch)
    fail(Code::usage, "model", "shape of label", fmt::format("[{}]", batch), fmt::format("{}", labels->sizes().vec()));
  if (batch == 0) return *labels;
  const int64_t low = labels->min().item<int64_t>(), high = labels->max().item<int64_t>();
  if (low < -1 || high > most)
    fail(Code::usage, "label", "class out of range", fmt::format("0 to {}, or -1 for none", most),
         fmt::format("{}", low < -1 ? low : high));
  return at::where(*labels < 0, none, *labels);
}

}  // namespace roulade
