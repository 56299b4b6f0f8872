// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/level_losses.hpp"

#include "roulade/core/error.hpp"
#include "roulade/objective/step_noise.hpp"
#include "roulade/run/chunks.hpp"
#include "roulade/train/batches.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

namespace roulade {
namespace {

/// The points 0, 1, ... and from the start again.
Points cycled(const Points& points, int64_t count) {
  if (points.rows < 1) fail(Code::usage, "losses by level", "points", "at least one", "none");
  Points out{count, points.width, {}, {}};
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = i % points.rows;
    out.values.insert(out.values.end(), points.row(row), points.row(row) + points.width);
    if (!points.labels.empty()) out.labels.push_back(points.labels[static_cast<size_t>(row)]);
    if (!points.texts.empty()) out.texts.push_back(points.texts[static_cast<size_t>(row)]);
  }
  return out;
}

std::vector<double> row_means(const Tensor& values) {
  const Tensor means = values.to(at::kDouble).mean({1}).contiguous();
  const double* from = means.const_data_ptr<double>();
  return {from, from + means.numel()};
}

}  // namespace

NoisedPoints::NoisedPoints(const TrainParts& parts, const Points& points, int64_t count, uint64_t seed) {
  const at::NoGradGuard no_grad;
  const ObjectiveTerms terms = make_objective_terms(parts.resolved.tables.at("objective"));
  const auto prediction = make_prediction(parts.resolved.tables.at("denoiser"));
  const Schedule& schedule = *parts.schedule;
  loss_ = terms.loss;
  const Points taken = cycled(points, count);
  facts_ = parts.facts;
  labels_ = taken.labels;
  texts_ = taken.texts;
  const Tensor x0 = to_batch(taken).x0;
  const StepKey key{seed, 0, 0};
  t_.resize(static_cast<size_t>(count));
  terms.times->draw(schedule, key, t_);
  const Tensor eps = step_noise(key, x0);

  const auto column = [&](const std::function<double(size_t)>& value) {
    Tensor out = at::empty({count, 1}, at::kFloat);
    for (size_t i = 0; i < t_.size(); ++i) out.mutable_data_ptr<float>()[i] = static_cast<float>(value(i));
    return out;
  };
  std::vector<Coefficients> c;
  for (const double t : t_) {
    c.push_back(prediction->at(schedule, t));
    alpha_.push_back(schedule.alpha(t));
    sigma_.push_back(schedule.sigma(t));
  }
  in_ = column([&](size_t i) { return c[i].in; });
  noise_ = column([&](size_t i) { return c[i].noise; });
  skip_ = column([&](size_t i) { return c[i].skip; });
  out_ = column([&](size_t i) { return c[i].out; });
  weight_ = column([&](size_t i) { return terms.weight->at(alpha_[i], sigma_[i], c[i]); });
  x_t_ = column([&](size_t i) { return alpha_[i]; }) * x0 + column([&](size_t i) { return sigma_[i]; }) * eps;
  target_ =
      column([&](size_t i) { return c[i].target_x0; }) * x0 + column([&](size_t i) { return c[i].target_eps; }) * eps;
}

Condition NoisedPoints::condition() const {
  Condition out;
  if (!labels_.empty()) out.label = at::tensor(labels_, at::kLong);
  if (!texts_.empty()) out.text = at::tensor(texts_, at::kLong);
  return out;
}

Condition NoisedPoints::condition(int64_t first, int64_t count) const { return slice(condition(), first, count); }

Tensor NoisedPoints::output(const Model& model) const {
  const at::NoGradGuard no_grad;
  const Tensor x = (in_ * x_t_).view(facts_.axes(x_t_.size(0))), noise = noise_.view({-1});
  // What a network of pictures keeps of all of them at once would be gigabytes.
  if (!facts_.pictures()) return model.forward(x, noise, condition()).flatten(1);
  std::vector<Tensor> parts;
  const int64_t together = rows_together(facts_.network_axes());
  for (int64_t first = 0; first < x.size(0); first += together) {
    const int64_t count = std::min(together, x.size(0) - first);
    parts.push_back(
        model.forward(x.narrow(0, first, count), noise.narrow(0, first, count), condition(first, count)).flatten(1));
  }
  return at::cat(parts);
}

Tensor NoisedPoints::output_of(const Tensor& x0) const { return (x0 - skip_ * x_t_) / out_; }

Tensor NoisedPoints::output(const Denoiser& denoiser) const {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> parts;
  const int64_t together = rows_together(facts_.network_axes());  // an exact denoiser's pairs stay in the cache, too
  for (int64_t first = 0; first < x_t_.size(0); first += together) {
    const int64_t count = std::min(together, x_t_.size(0) - first);
    const Condition part = condition(first, count);
    parts.push_back(denoiser
                        .denoise(x_t_.narrow(0, first, count).view(facts_.axes(count)),
                                 std::span(t_).subspan(static_cast<size_t>(first), static_cast<size_t>(count)), part)
                        .x0.flatten(1));
  }
  return output_of(at::cat(parts));
}

std::vector<double> NoisedPoints::losses(const Tensor& output) const {
  return row_means(loss_->values(output, target_) * weight_);
}

std::vector<double> NoisedPoints::distances(const Tensor& a, const Tensor& b) const {
  return row_means((a - b).square() * weight_);
}

std::vector<std::vector<size_t>> NoisedPoints::by_level(int64_t count) const {
  std::vector<size_t> order(t_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return t_[a] < t_[b]; });
  std::vector<std::vector<size_t>> out;
  for (int64_t k = 0; k < count; ++k) {
    const auto place = [&](int64_t j) {
      return order.begin() + static_cast<std::ptrdiff_t>(j * static_cast<int64_t>(order.size()) / count);
    };
    if (place(k) != place(k + 1)) out.emplace_back(place(k), place(k + 1));
  }
  return out;
}

Tensor gaussian_x0(const Points& training, const NoisedPoints& at) {
  // Not Scaling::fit: a column may be the same in all rows, as the corners of pictures are.
  const Tensor rows = at::tensor(training.values, at::kDouble).view({training.rows, training.width});
  const Tensor centre = rows.mean(0), mean = centre.to(at::kFloat);
  const Tensor power = (rows - centre).square().mean(0).to(at::kFloat);
  const Tensor alpha = at::tensor(at.alpha(), at::kFloat).unsqueeze(1);
  const Tensor sigma = at::tensor(at.sigma(), at::kFloat).unsqueeze(1);
  const Tensor gain = alpha * power / (alpha.square() * power + sigma.square());
  return mean + gain * (at.x_t() - alpha * mean);
}

}  // namespace roulade
