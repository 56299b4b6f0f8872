// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/registry.hpp"
#include "roulade/core/tensor.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace roulade {

/// A network that turns pictures into vectors, near each other where pictures look alike: what Fréchet distance, KID
/// and precision and recall of pictures are measured on. Const calls are thread-safe.
class Features {
 public:
  virtual ~Features() = default;
  /// What a figure's name says of them: the network, and its way of resizing where there are several.
  virtual const std::string& name() const = 0;
  virtual int64_t width() const = 0;
  /// pictures: uint8 [n, channels, H, W], channels 1 (grey) or 3 (RGB), values 0 to 255; result: float [n, width]. Any
  /// n >= 0; a picture's vector does not depend on those beside it. Throws Error(usage) for other shapes and dtypes.
  virtual Tensor of(const Tensor& pictures) const = 0;
};

namespace features {

/// Its options are keys of [eval]; one of them names the file of weights where the network needs one.
using Entry = Factory<Features>;
const Registry<Entry>& registry();

#define ADD(name) Entry name();
#include "roulade/eval/feature_list.hpp"
#undef ADD

}  // namespace features
}  // namespace roulade
