// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/condition.hpp"
#include "roulade/core/registry.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/model/weight.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace roulade {

class PointNetwork;

/// A network: (input, noise level, condition) -> output of the input's shape unless ModelShape says otherwise. Knows no
/// schedule. Const calls are thread-safe.
class Model {
 public:
  virtual ~Model() = default;
  /// x: [B, ...]; noise_level: [B], what the schedule or the preconditioning says (see Schedule::network_time).
  virtual Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const = 0;
  /// Every weight by its name in the file, in a fixed order. Handles share storage with the network.
  virtual std::vector<std::pair<std::string, Weight>> parameters() const = 0;

  /// The network as the fused passes see it; null for those that they do not know.
  virtual const PointNetwork* point_network() const { return nullptr; }

  int64_t parameter_count() const;
};

/// What a network must fit: the width of a point (shape without the batch axis) and the number of classes (0 = none).
struct ModelShape {
  std::vector<int64_t> sample;
  int64_t classes = 0;
  int64_t answers = 1;  ///< numbers returned for each channel: 2 = the answer, then a learned variance behind it
  int64_t outputs = 0;  ///< numbers returned for a point where they are no answers to its channels; 0 = they are
  int64_t tokens = 0;   ///< width of the token states that come with each sample (Condition::tokens); 0 = none come
  int64_t pooled = 0;   ///< width of Condition::pooled; 0 = none comes

  int64_t channels_out() const { return outputs > 0 ? outputs : sample.at(0) * answers; }
};

struct ModelEntry : EntryInfo {
  /// Weights drawn by `seed` (stream init). Throws Error(usage) when the sample's shape does not suit the network.
  std::function<std::unique_ptr<Model>(Binder&, const ModelShape&, uint64_t seed)> make;
};

namespace model {

using Entry = ModelEntry;
#define ADD(name) Entry name();
#include "roulade/model/list.hpp"
#undef ADD
const Registry<Entry>& registry();

}  // namespace model
}  // namespace roulade
