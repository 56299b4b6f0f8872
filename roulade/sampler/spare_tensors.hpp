// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace roulade {

/// Tensors that are given again once nobody else holds them or a view of them. Any thread may take.
class SpareTensors {
 public:
  /// Contiguous, with any content.
  Tensor take(at::IntArrayRef shape, const at::TensorOptions& options);
  /// Times that memory was taken, where none could be used again.
  int64_t allocations() const { return allocations_; }

 private:
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();  // so that a context can be moved
  std::vector<Tensor> tensors_;
  int64_t allocations_ = 0;
};

}  // namespace roulade
