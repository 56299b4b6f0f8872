// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/parts.hpp"
#include "roulade/run/settings.hpp"

#include <cstdint>
#include <vector>

namespace roulade {

/// Points noised once, at times drawn as the objective draws them: whatever is judged on them (weights, the exact
/// denoiser, the memoriser) meets the same times and the same noise, so differences are exact.
class NoisedPoints {
 public:
  /// points: scaled, texts as numbers in parts.texts; taken from the start again where `count` is more than there are.
  /// Throws Error(usage) for no points.
  NoisedPoints(const TrainParts& parts, const Points& points, int64_t count, uint64_t seed);

  const Tensor& x_t() const { return x_t_; }  ///< [n, width]
  const std::vector<double>& t() const { return t_; }
  const std::vector<double>& alpha() const { return alpha_; }
  const std::vector<double>& sigma() const { return sigma_; }
  const std::vector<int64_t>& labels() const { return labels_; }
  const std::vector<int64_t>& texts() const { return texts_; }  ///< numbers in parts.texts; empty: none are read
  Condition condition() const;                                  ///< labels and texts, where there are any

  /// What a network answers: F(in x_t, noise), without gradients.
  Tensor output(const Model& model) const;
  /// What a network that knows x0 answers: (x0 - skip x_t) / out.   x0: [n, width].
  Tensor output_of(const Tensor& x0) const;
  /// The answers of a denoiser as a network's.
  Tensor output(const Denoiser& denoiser) const;

  /// The objective's loss of each point with its weight, mean over the columns: [n].
  std::vector<double> losses(const Tensor& output) const;
  /// The weighted squared distance between two answers, mean over the columns: [n]. With the exact denoiser's answer F*
  /// and the l2 loss, E[loss(F)] = E[loss(F*)] + E[distance(F, F*)], and the latter has far less noise.
  std::vector<double> distances(const Tensor& a, const Tensor& b) const;

  /// The points in `count` groups of about equal size, from the least noise to the most.
  std::vector<std::vector<size_t>> by_level(int64_t count) const;

 private:
  Condition condition(int64_t first, int64_t count) const;

  std::shared_ptr<const LossFunction> loss_;
  Tensor x_t_, target_;
  Tensor in_, noise_, skip_, out_, weight_;  ///< [n, 1] float
  std::vector<double> t_, alpha_, sigma_;
  DataFacts facts_;  ///< how the network takes a sample; kept here are rows of numbers
  std::vector<int64_t> labels_, texts_;
};

/// The best linear denoiser, that of a Gaussian with the points' means and deviations: what the noise level alone
/// teaches. x0: [n, width].
Tensor gaussian_x0(const Points& training, const NoisedPoints& at);

}  // namespace roulade
