// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/condition.hpp"
#include "roulade/model/time_features.hpp"
#include "roulade/model/unet_config.hpp"

#include <optional>

namespace roulade {

/// The vector that a U-Net tells its residual blocks: the time's, plus that of a class, plus that of a pooled text with
/// the sizes of the picture (SDXL).   time: [B]; result: [B, embedding width]. Source: Ho et al. 2020, appendix B;
/// sizes: Podell et al. 2023, section 2.2; beside_time: Luo et al. 2023 (LCM), eq. 8 and appendix.
class UnetEmbedding {
 public:
  UnetEmbedding(Initialiser& init, const UnetConfig& config);
  /// Throws Error(usage) for a condition that the configuration needs and that is missing or of another shape, and for
  /// classes of a network that knows none.
  Tensor forward(const Tensor& time, const Condition& condition, at::ScalarType dtype) const;
  void list(NamedWeights& to) const;

 private:
  Tensor of_class(const Tensor& time, const Condition& condition, at::ScalarType dtype) const;
  Tensor of_text_and_sizes(const Tensor& time, const Condition& condition, at::ScalarType dtype) const;

  UnetConfig config_;
  TimeFeatures time_, sizes_;
  TimeEmbedding time_embedding_;
  std::optional<Linear> cond_proj_;
  std::optional<Embedding> class_table_;
  std::optional<TimeEmbedding> class_features_;
  std::optional<Linear> class_layer_;
  std::optional<TimeEmbedding> add_embedding_;
};

}  // namespace roulade
