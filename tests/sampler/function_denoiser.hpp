// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/denoiser/denoiser.hpp"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace roulade::testing {

/// A denoiser that is any function of (x_t, t), one time for all, and notes the times that it was asked for.
class FunctionDenoiser final : public Denoiser {
 public:
  using Function = std::function<Denoised(const Tensor& x_t, double t)>;
  FunctionDenoiser(std::shared_ptr<const Schedule> schedule, Function function)
      : schedule_(std::move(schedule)), function_(std::move(function)) {}

  const Schedule& schedule() const override { return *schedule_; }
  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition&) const override {
    times.push_back(t[0]);
    return function_(x_t, t[0]);
  }

  mutable std::vector<double> times;

 private:
  std::shared_ptr<const Schedule> schedule_;
  Function function_;
};

}  // namespace roulade::testing
