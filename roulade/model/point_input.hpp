// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/embedding.hpp"
#include "roulade/model/model.hpp"

#include <memory>
#include <string>

namespace roulade {

/// The input of networks on points: [x, embedded noise level, embedded class] side by side.
class PointInput {
 public:
  struct Settings {
    std::string embedding = "sinusoidal";
    int64_t embedding_width = 16;
    double fourier_scale = 1;
    int64_t label_width = 16;
    void bind(Binder& b);
  };

  /// Throws Error(usage) unless the sample has one axis.
  PointInput(const Settings& settings, const ModelShape& shape, Initialiser& init);
  int64_t width() const { return points_ + features_; }
  int64_t feature_width() const { return features_; }
  /// x: [B, width of a point]. Throws Error(usage) for another shape, or for labels that the network has no classes
  /// for.
  Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const;
  /// The part beside x: [B, feature_width].
  Tensor features(const Tensor& x, const Tensor& noise_level, const Condition& condition) const;
  /// Throws Error(usage) as features() does.
  void check(const Tensor& x, const Tensor& noise_level, const Condition& condition) const;
  /// features() in float32, row after row: out[i * stride + j], i < n.   label: [n] in -1..classes-1, or null: no
  /// class.
  void fill(int64_t n, const float* noise_level, const int64_t* label, float* out, int64_t stride) const;
  /// The table of class features [classes + 1, width], whose last row is "no class"; null where there are no classes.
  const Weight* labels() const { return label_.classes > 0 ? &label_.table.weight : nullptr; }
  int64_t noise_width() const { return noise_->width(); }
  bool ready() const { return label_.classes == 0 || label_.table.weight.bare(); }
  void list(NamedWeights& to) const;

 private:
  int64_t points_ = 0;
  int64_t features_ = 0;
  std::unique_ptr<NoiseEmbedding> noise_;
  LabelEmbedding label_;
};

/// Fills bind and make of an entry whose network N is constructed from (Settings, ModelShape, Initialiser).
template <class Settings, class N>
void with_model_settings(ModelEntry& entry) {
  entry.bind = [](Binder& b) { Settings().bind(b); };
  entry.make = [](Binder& b, const ModelShape& shape, uint64_t seed) -> std::unique_ptr<Model> {
    Settings settings;
    settings.bind(b);
    return std::make_unique<N>(settings, shape, Initialiser(seed));
  };
}

}  // namespace roulade
