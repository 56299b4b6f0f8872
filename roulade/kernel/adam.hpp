// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace roulade::kernel {

/// One Adam(W) step of one weight, in place.   All spans have one length; gradient is multiplied by `gradient_scale`
/// first.
///   g = gradient_scale grad + weight_decay w (Adam)     or w -= lr weight_decay w (AdamW, `decoupled`)
///   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
///   w -= lr / (1 - beta1^step) m / (sqrt(v / (1 - beta2^step)) + epsilon)
/// step: 1 for the first. Source: Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2.
struct AdamStep {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
  bool decoupled = false;
  double gradient_scale = 1;
  int64_t step = 1;
};
/// A running average of the weight that follows its step: average = decay average + (1 - decay) weight.
struct Follower {
  double decay = 0;
  std::span<float> average;
};
/// Piece by piece, so that the averages find the weight in the cache.
void adam(const AdamStep& s, std::span<float> weight, std::span<const float> gradient, std::span<float> m,
          std::span<float> v, std::span<const Follower> followers = {});

/// average = decay average + (1 - decay) weight, in place.
void average(double decay, std::span<float> average, std::span<const float> weight);

/// Sum of squares in double; the same for any number of threads.
double sum_of_squares(std::span<const float> values);

}  // namespace roulade::kernel
