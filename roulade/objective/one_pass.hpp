// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/registry.hpp"
#include "roulade/model/model.hpp"
#include "roulade/objective/objective.hpp"

#include <functional>
#include <memory>

namespace roulade {

/// Makes points of standard normals in one network call. Const calls are thread-safe.
class Generator {
 public:
  virtual ~Generator() = default;
  /// Standard normals that one point takes.
  virtual int64_t normals() const = 0;
  /// z: [B, normals()], independent N(0, 1); result: [B, width of a point], scaled like the training data.
  virtual Tensor generate(const Tensor& z, const Condition& condition) const = 0;
};

/// An objective that trains a generator: what it draws with are the weights of its first group.
class OnePass : public Objective, public Generator {};

/// What such an objective is made from, beside its own options.
struct OnePassInput {
  ModelShape shape;  ///< of the data
  /// Makes network number `index` of [model] for points, told no noise level: `inputs` numbers to `outputs` numbers.
  /// width: replaces model.width unless it is 0. Throws Error(usage) where [model] cannot.
  std::function<std::shared_ptr<const Model>(int64_t inputs, int64_t outputs, uint64_t index, int64_t width)> network;
};

namespace objective::one_pass {
struct Entry : EntryInfo {
  std::function<std::shared_ptr<const OnePass>(Binder&, const OnePassInput&)> make;
};
#define ADD(name) Entry name();
#include "roulade/objective/one_pass_list.hpp"
#undef ADD
const Registry<Entry>& registry();
}  // namespace objective::one_pass

/// A network's answer where no noise level is told.   x: [B, inputs].
Tensor answer(const Model& network, const Tensor& x, const Condition& condition);

/// Weights with a prefix to their names.
NamedWeights prefixed(const std::string& prefix, const NamedWeights& weights);

}  // namespace roulade
