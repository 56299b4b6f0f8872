// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/terms.hpp"

#include <cmath>

#include <ATen/ops/huber_loss.h>
#include <ATen/ops/l1_loss.h>
#include <ATen/ops/mse_loss.h>

namespace roulade::objective::loss {
namespace {

struct NoSettings {
  void bind(Binder&) {}
};

class L2 final : public LossFunction {
 public:
  Tensor values(const Tensor& output, const Tensor& target) const override {
    return at::mse_loss(output, target, at::Reduction::None);
  }
  double sum_and_slopes(std::span<float> errors) const override {
    double sum = 0;
    for (float& e : errors) {
      sum += double{e} * double{e};
      e *= 2;
    }
    return sum;
  }
};

class L1 final : public LossFunction {
 public:
  Tensor values(const Tensor& output, const Tensor& target) const override {
    return at::l1_loss(output, target, at::Reduction::None);
  }
  double sum_and_slopes(std::span<float> errors) const override {
    double sum = 0;
    for (float& e : errors) {
      sum += std::abs(double{e});
      e = e > 0 ? 1.0f : e < 0 ? -1.0f : e;  // 0 and NaN stay
    }
    return sum;
  }
};

struct HuberSettings {
  double delta = 1;
  void bind(Binder& b) { b.add("loss_delta", delta, above(0), "error where the square turns into a line"); }
};

class Huber final : public LossFunction {
 public:
  explicit Huber(HuberSettings s) : s_(s) {}
  Tensor values(const Tensor& output, const Tensor& target) const override {
    return at::huber_loss(output, target, at::Reduction::None, s_.delta);
  }
  double sum_and_slopes(std::span<float> errors) const override {
    const auto delta = static_cast<float>(s_.delta);
    double sum = 0;
    for (float& e : errors) {
      const double size = std::abs(double{e});
      sum += size <= s_.delta ? 0.5 * size * size : s_.delta * (size - 0.5 * s_.delta);
      e = e > delta ? delta : e < -delta ? -delta : e;
    }
    return sum;
  }

 private:
  HuberSettings s_;
};

}  // namespace

Entry l2() {
  Entry e;
  e.name = "l2";
  e.summary = "squared error";
  e.source = "Ho et al. 2020, eq. 14";
  return with_settings<Entry, NoSettings>(e, [](const NoSettings&) { return std::make_unique<L2>(); });
}

Entry l1() {
  Entry e;
  e.name = "l1";
  e.summary = "absolute error";
  e.source = "Saharia et al. 2021, section 4.1";
  return with_settings<Entry, NoSettings>(e, [](const NoSettings&) { return std::make_unique<L1>(); });
}

Entry huber() {
  Entry e;
  e.name = "huber";
  e.summary = "squared error below delta, linear above";
  e.source = "Huber 1964, eq. 1.2";
  return with_settings<Entry, HuberSettings>(e, [](const HuberSettings& s) { return std::make_unique<Huber>(s); });
}

}  // namespace roulade::objective::loss
