// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <cstdint>
#include <map>

namespace roulade {

/// Notes, for as long as it lives, how much each place of a picture reads each token of its prompt, over all
/// cross-attentions that run in this thread. What they answer stays the same but for rounding. Source: Tang et al. 2023
/// ("What the DAAM"), eq. 3 to 5.
class AttentionWatch {
 public:
  AttentionWatch();
  AttentionWatch(const AttentionWatch&) = delete;
  AttentionWatch& operator=(const AttentionWatch&) = delete;
  ~AttentionWatch();
  static AttentionWatch* current();  ///< null where nobody watches

  /// shares: [B, L, M], the softmax of a layer, mean over its heads; places as rows of a picture.
  void note(const Tensor& shares);

  /// The mean over layers and calls of the share that each place gives to the tokens, each layer's map enlarged
  /// (bilinear).   batch: rows taken, the first ones (guidance asks for the condition first); tokens: bool [batch, M],
  /// those that count; result: float [batch, height, width]. Throws Error(usage) where nothing was noted, and for
  /// tokens of another shape.
  Tensor map(int64_t batch, const Tensor& tokens, int64_t height, int64_t width) const;

 private:
  struct Sum {
    Tensor shares;
    int64_t count = 0;
  };
  std::map<int64_t, Sum> by_places_;  ///< by L
  AttentionWatch* before_;
};

/// Nobody watches in this thread for as long as it lives: for a network that is asked beside the watched one.
class AttentionPause {
 public:
  AttentionPause();
  AttentionPause(const AttentionPause&) = delete;
  AttentionPause& operator=(const AttentionPause&) = delete;
  ~AttentionPause();

 private:
  AttentionWatch* before_;
};

}  // namespace roulade
