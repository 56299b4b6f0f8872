// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/terms.hpp"

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
};

class L1 final : public LossFunction {
 public:
  Tensor values(const Tensor& output, const Tensor& target) const override {
    return at::l1_loss(output, target, at::Reduction::None);
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
