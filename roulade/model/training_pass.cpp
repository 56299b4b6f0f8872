// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/training_pass.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"

#include <array>
#include <optional>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

namespace roulade {
namespace {

thread_local TrainingPass* in_this_thread = nullptr;

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// A body that waits for the gradients.
struct Waiting final : torch::CustomClassHolder {
  Recomputed body;
  int64_t drops = 0;
};

class RecomputeFunction : public torch::autograd::Function<RecomputeFunction> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& a, const Tensor& b, const std::optional<Tensor>& c,
                        const Recomputed& body) {
    auto waiting = c10::make_intrusive<Waiting>();
    waiting->body = body;
    if (const TrainingPass* pass = TrainingPass::current()) waiting->drops = pass->drops();
    ctx->saved_data["waiting"] = at::IValue::make_capsule(waiting);
    ctx->save_for_backward({a, b, c ? *c : Tensor()});
    return body(a, b, c ? *c : Tensor());
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& by) {
    const auto capsule = ctx->saved_data["waiting"].toCapsule();
    const auto* const waiting = static_cast<const Waiting*>(capsule.get());
    std::array<Tensor, 3> inputs;
    const variable_list saved = ctx->get_saved_variables();
    for (size_t i = 0; i < inputs.size(); ++i)
      if (saved[i].defined()) inputs[i] = saved[i].detach().requires_grad_(true);
    TrainingPass* const pass = TrainingPass::current();
    const int64_t drops = pass ? pass->drops() : 0;
    if (pass) pass->repeat_from(waiting->drops);
    {
      const at::AutoGradMode with_gradients(true);
      waiting->body(inputs[0], inputs[1], inputs[2]).backward(by[0]);
    }
    if (pass) pass->repeat_from(drops);
    variable_list out(4);
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].defined()) out[i] = inputs[i].grad();
    return out;
  }
};

}  // namespace

TrainingPass::TrainingPass(uint64_t seed, int64_t step, int64_t first)
    : seed_(seed), step_(step), first_(first), before_(in_this_thread) {
  in_this_thread = this;
}

TrainingPass::~TrainingPass() { in_this_thread = before_; }

TrainingPass* TrainingPass::current() { return in_this_thread; }

Tensor TrainingPass::drop(const Tensor& x, double p) {
  if (p < 0 || p > 1) fail(Code::usage, "dropout", "share", "0 to 1", fmt::format("{}", p));
  const auto call = static_cast<uint64_t>(++drops_);  // 0 is that of the labels
  if (p == 0 || x.numel() == 0) return x;
  const int64_t width = x.numel() / x.size(0);
  Tensor factors = at::empty(x.sizes(), at::kFloat);
  float* const to = factors.mutable_data_ptr<float>();
  std::vector<double> u(static_cast<size_t>(x.numel()));
  fill_uniform({derive_seed(seed_, call), Stream::dropout, static_cast<uint64_t>(step_)}, first_, width, u);
  const float kept = p < 1 ? static_cast<float>(1 / (1 - p)) : 0;
  for (size_t i = 0; i < u.size(); ++i) to[i] = u[i] < p ? 0 : kept;
  return x * factors.to(x.scalar_type());
}

Tensor dropout(const Tensor& x, double p) {
  TrainingPass* const pass = TrainingPass::current();
  return pass && p > 0 ? pass->drop(x, p) : x;
}

Tensor recompute(const Recomputed& body, const Tensor& a, const Tensor& b, const Tensor& c) {
  if (!at::GradMode::is_enabled()) return body(a, b, c);
  return RecomputeFunction::apply(a, b, c.defined() ? std::optional<Tensor>(c) : std::nullopt, body);
}

}  // namespace roulade
