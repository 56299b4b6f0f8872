// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/fused_denoising.hpp"

#include "roulade/core/rng.hpp"
#include "roulade/model/point_network.hpp"
#include "roulade/objective/step_noise.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>

namespace roulade {
namespace {

/// One batch as the pass reads it; what inputs() writes of a row, loss() of the same row reads.
class Task final : public kernel::PointTask {
 public:
  Task(const PointNetwork& network, const TimeDistribution& times, const Schedule& schedule, const LossFunction& loss,
       const std::function<DenoisingLevel(double)>& level, const StepKey& key, int64_t rows)
      : input_(network.input()),
        times_(times),
        schedule_(schedule),
        loss_(loss),
        level_(level),
        key_(key),
        rows_(rows),
        width_(network.shape().points),
        target_(static_cast<size_t>(rows * width_)),
        weight_(static_cast<size_t>(rows)) {
    if (const Weight* table = input_.labels()) {
      label_rows_ = table->stored().size(0);
      label_width_ = table->stored().size(1);
      label_sums_.resize(static_cast<size_t>(kernel::gradient_parts(rows) * label_rows_ * label_width_));
    }
  }

  void inputs(int64_t first, int64_t n, float* x, int64_t x_stride, float* features, int64_t f_stride) override {
    std::array<float, kMostRows> noise_level;
    std::array<float, kMostRows * 8> small;
    std::vector<float> large;
    float* eps = small.data();
    if (n * width_ > static_cast<int64_t>(small.size())) {
      large.resize(static_cast<size_t>(n * width_));
      eps = large.data();
    }
    fill_normal({key_.seed, Stream::noise, static_cast<uint64_t>(key_.step)}, key_.first + first, width_,
                std::span<float>(eps, static_cast<size_t>(n * width_)));
    std::array<double, kMostRows> drawn;
    const double* t = all_times.empty() ? drawn.data() : &all_times[static_cast<size_t>(first)];
    if (all_times.empty()) {
      StepKey at = key_;
      at.first += first;
      times_.draw(schedule_, at, {drawn.data(), static_cast<size_t>(n)});
    }
    for (int64_t i = 0; i < n; ++i) {
      const DenoisingLevel level = level_(t[i]);
      const float* from = x0 + (first + i) * width_;
      float* target = &target_[static_cast<size_t>((first + i) * width_)];
      for (int64_t c = 0; c < width_; ++c) {
        const float e = eps[i * width_ + c];
        x[i * x_stride + c] = level.in * (level.alpha * from[c] + level.sigma * e);
        target[c] = level.target_x0 * from[c] + level.target_eps * e;
      }
      noise_level[static_cast<size_t>(i)] = level.noise;
      weight_[static_cast<size_t>(first + i)] = level.weight;
    }
    input_.fill(n, noise_level.data(), label ? label + first : nullptr, features, f_stride);
  }

  double loss(int64_t first, int64_t n, const float* out, float* gradient, int64_t stride) override {
    const auto mean = static_cast<float>(1 / (static_cast<double>(rows_) * static_cast<double>(width_)));
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      const float* target = &target_[static_cast<size_t>((first + i) * width_)];
      const float weight = weight_[static_cast<size_t>(first + i)];
      float* slope = gradient + i * stride;
      for (int64_t c = 0; c < width_; ++c) slope[c] = out[i * stride + c] - target[c];
      sum += double{weight} * loss_.sum_and_slopes({slope, static_cast<size_t>(width_)});
      for (int64_t c = 0; c < width_; ++c) slope[c] *= weight * mean;
    }
    return sum;
  }

  void feature_gradients(int64_t part, int64_t first, int64_t n, const float* gradient, int64_t stride) override {
    const int64_t offset = input_.noise_width();
    float* sums = &label_sums_[static_cast<size_t>(part * label_rows_ * label_width_)];
    for (int64_t i = 0; i < n; ++i) {
      const int64_t row = label && label[first + i] >= 0 ? label[first + i] : label_rows_ - 1;
      for (int64_t c = 0; c < label_width_; ++c) sums[row * label_width_ + c] += gradient[i * stride + offset + c];
    }
  }

  /// The label table's gradient, parts added in their order.
  void write_label_gradient(float* to) const {
    const int64_t size = label_rows_ * label_width_;
    for (int64_t i = 0; i < size; ++i) {
      to[i] = 0;
      for (size_t at = static_cast<size_t>(i); at < label_sums_.size(); at += static_cast<size_t>(size))
        to[i] += label_sums_[at];
    }
  }

  std::vector<double> all_times;  ///< empty where inputs() draws them
  const float* x0 = nullptr;
  const int64_t* label = nullptr;

 private:
  const PointInput& input_;
  const TimeDistribution& times_;
  const Schedule& schedule_;
  const LossFunction& loss_;
  const std::function<DenoisingLevel(double)>& level_;
  StepKey key_;
  int64_t rows_, width_, label_rows_ = 0, label_width_ = 0;
  std::vector<float> target_, weight_, label_sums_;
};

/// Memory of the gradients of one network after another, taken again once nobody else holds it.
class GradientMemory {
 public:
  void begin() { next_ = 0; }
  /// Makes it the weight's gradient, for the caller to write.
  float* take(const Weight& weight) {
    const Tensor& value = weight.stored();
    if (next_ == kept_.size()) kept_.emplace_back();
    Tensor& kept = kept_[next_++];
    if (!kept.defined() || kept.use_count() > 1 || kept.sizes() != value.sizes()) kept = at::empty_like(value);
    value.mutable_grad() = kept;
    return kept.mutable_data_ptr<float>();
  }

 private:
  std::vector<Tensor> kept_;
  size_t next_ = 0;
};

}  // namespace

FusedDenoising::FusedDenoising(const Model& model, const TimeDistribution& times, const Schedule& schedule,
                               const LossFunction& loss, std::function<DenoisingLevel(double)> level,
                               double label_dropout)
    : model_(model),
      times_(times),
      schedule_(schedule),
      loss_(loss),
      level_(std::move(level)),
      label_dropout_(label_dropout) {}

bool FusedDenoising::ready(std::span<const Batch> batches) const {
  const PointNetwork* network = model_.point_network();
  if (!network || network->shape().outputs != network->shape().points) return false;
  return network->ready() && std::all_of(batches.begin(), batches.end(), [&](const Batch& b) {
           return b.x0.scalar_type() == at::kFloat && b.x0.dim() == 2 && b.x0.size(1) == network->shape().points;
         });
}

double FusedDenoising::gradients(std::span<const Batch> batches, const StepKey& key) const {
  at::NoGradGuard no_grad;
  const PointNetwork& network = *model_.point_network();
  std::vector<Tensor> points, labels;
  for (const Batch& batch : batches) {
    points.push_back(batch.x0);
    if (batch.condition.label) labels.push_back(*batch.condition.label);
  }
  const Tensor x0 = (points.size() == 1 ? points[0] : at::cat(points)).contiguous();
  Condition condition;
  if (!labels.empty()) condition.label = (labels.size() == 1 ? labels[0] : at::cat(labels)).contiguous();
  network.input().check(x0, x0.select(1, 0), condition);
  condition = drop_labels(condition, label_dropout_, key);

  const int64_t rows = x0.size(0);
  Task task(network, times_, schedule_, loss_, level_, key, rows);
  task.x0 = x0.const_data_ptr<float>();
  if (condition.label) task.label = condition.label->const_data_ptr<int64_t>();
  if (!times_.independent()) {
    task.all_times.resize(static_cast<size_t>(rows));
    StepKey at = key;
    for (const Batch& batch : batches) {  // times are spread over each batch, as loss() spreads them
      const std::span<double> all(task.all_times);
      times_.draw(schedule_, at,
                  all.subspan(static_cast<size_t>(at.first - key.first), static_cast<size_t>(batch.x0.size(0))));
      at.first += batch.x0.size(0);
    }
  }

  static thread_local GradientMemory memory;
  memory.begin();
  std::vector<kernel::LayerGradients> gradients;
  for (const Linear& layer : network.layers())
    gradients.push_back({memory.take(layer.weight), memory.take(layer.bias)});
  const Weight* table = network.input().labels();
  static thread_local std::optional<kernel::PackedPointNetwork> packed;
  if (packed && packed->shape() == network.shape())
    packed->pack(network.values());
  else
    packed.emplace(network.shape(), network.values());
  const double sum = kernel::gradients(*packed, rows, task, table != nullptr, gradients);
  if (table) task.write_label_gradient(memory.take(*table));
  return sum / (static_cast<double>(rows) * static_cast<double>(network.shape().points));
}

}  // namespace roulade
