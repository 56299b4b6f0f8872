// SPDX-License-Identifier: Apache-2.0
#include "roulade/denoiser/network_denoiser.hpp"

#include "roulade/core/error.hpp"
#include "roulade/schedule/forward.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <ATen/ops/clamp.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>

namespace roulade {
namespace {

class NetworkDenoiser final : public Denoiser {
 public:
  NetworkDenoiser(std::shared_ptr<const Model> model, std::shared_ptr<const Schedule> schedule,
                  std::shared_ptr<const Prediction> prediction, bool learned_variance)
      : model_(std::move(model)),
        schedule_(std::move(schedule)),
        prediction_(std::move(prediction)),
        learned_variance_(learned_variance) {}

  const Schedule& schedule() const override { return *schedule_; }

  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    check_times("denoise", x_t, t);
    return t.size() == 1 ? at_one_time(x_t, t[0], condition) : at_many_times(x_t, t, condition);
  }

 private:
  Denoised at_one_time(const Tensor& x_t, double t, const Condition& condition) const {
    if (schedule_->sigma(t) == 0)
      return {.x0 = x_t.mul(1 / schedule_->alpha(t)), .x0_direction = {}, .variance_share = {}};
    const Coefficients c = prediction_->at(*schedule_, t);
    Denoised d = answer(c.in == 1 ? x_t : x_t.mul(c.in), at::full({x_t.size(0)}, c.noise, x_t.options()), condition);
    if (c.skip != 0) {
      d.x0 = d.x0.mul(c.out).add_(x_t, c.skip);
    } else if (c.out != 1) {
      d.x0 = d.x0.mul(c.out);
    }
    return d;
  }

  Denoised at_many_times(const Tensor& x_t, std::span<const double> t, const Condition& condition) const {
    std::vector<double> in, noise, skip, out;
    for (const double t_i : t) {
      // A clean sample is passed through; the network is told its least noise level, which is always defined.
      const bool clean = schedule_->sigma(t_i) == 0;
      const Coefficients c = prediction_->at(*schedule_, clean ? schedule_->t_min() : t_i);
      in.push_back(c.in);
      noise.push_back(c.noise);
      skip.push_back(clean ? 1 / schedule_->alpha(t_i) : c.skip);
      out.push_back(clean ? 0 : c.out);
    }
    const bool plain = std::all_of(in.begin(), in.end(), [](double c) { return c == 1; });
    Denoised d = answer(plain ? x_t : x_t.mul(broadcast(in, x_t)), broadcast(noise, x_t).view({-1}), condition);
    d.x0 = d.x0.mul(broadcast(out, x_t)).add_(x_t.mul(broadcast(skip, x_t)));
    return d;
  }

  /// The network's output in the place of x0, and the share that a learned variance stands at.
  Denoised answer(const Tensor& x, const Tensor& noise, const Condition& condition) const {
    const Tensor output = model_->forward(x, noise, condition);
    if (!learned_variance_) return {.x0 = output, .x0_direction = {}, .variance_share = {}};
    const int64_t channels = x.size(1);
    if (output.dim() != x.dim() || output.size(1) != 2 * channels)
      fail(Code::usage, "denoiser", "channels of a network with learned variance", fmt::format("{}", 2 * channels),
           fmt::format("{}", output.dim() == x.dim() ? output.size(1) : 0));
    return {.x0 = output.narrow(1, 0, channels),
            .x0_direction = {},
            .variance_share = output.narrow(1, channels, channels).add(1).mul_(0.5)};
  }

  std::shared_ptr<const Model> model_;
  std::shared_ptr<const Schedule> schedule_;
  std::shared_ptr<const Prediction> prediction_;
  bool learned_variance_;
};

class Clipped final : public Denoiser {
 public:
  Clipped(std::shared_ptr<const Denoiser> inner, double limit) : inner_(std::move(inner)), limit_(limit) {}

  const Schedule& schedule() const override { return inner_->schedule(); }

  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    Denoised d = inner_->denoise(x_t, t, condition);
    if (!d.x0_direction) d.x0_direction = d.x0;
    d.x0 = at::clamp(d.x0, -limit_, limit_);
    return d;
  }

 private:
  std::shared_ptr<const Denoiser> inner_;
  double limit_;
};

}  // namespace

void DenoiserOptions::bind(Binder& b) {
  double limit = clip.value_or(0);
  b.add("clip", limit, at_least(0), "clip the estimate of x0 to [-clip, clip]; 0 = do not");
  clip = limit > 0 ? std::optional<double>(limit) : std::nullopt;
  b.add("variance", variance, {"fixed", "learned"},
        "of the reverse step: the sampler's, or one that the network returns beside its prediction");
}

std::unique_ptr<Denoiser> make_denoiser(std::shared_ptr<const Model> model, std::shared_ptr<const Schedule> schedule,
                                        std::shared_ptr<const Prediction> prediction, const DenoiserOptions& options) {
  if (!model || !schedule || !prediction)
    fail(Code::usage, "make_denoiser", "parts", "a model, a schedule and a prediction", "an empty pointer");
  auto plain = std::make_unique<NetworkDenoiser>(std::move(model), std::move(schedule), std::move(prediction),
                                                 options.learned_variance());
  if (!options.clip) return plain;
  return make_clipped(std::move(plain), *options.clip);
}

std::unique_ptr<Denoiser> make_clipped(std::shared_ptr<const Denoiser> inner, double limit) {
  if (!(limit > 0)) fail(Code::usage, "make_clipped", "limit", "> 0", fmt::format("{}", limit));
  return std::make_unique<Clipped>(std::move(inner), limit);
}

}  // namespace roulade
