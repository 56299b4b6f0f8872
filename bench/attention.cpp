// SPDX-License-Identifier: Apache-2.0
// Self-attention beside LibTorch's.
#include "roulade/model/attention.hpp"

#include "case.hpp"
#include "peer.hpp"
#include "roulade/core/process.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <torch/csrc/autograd/autograd.h>

namespace roulade::bench {
namespace {

constexpr double kNear = 1e-5;  // of the largest value

struct States {
  int64_t batch, places, heads, width;
  std::vector<Tensor> qkv;
  Tensor by;

  States(int64_t batch_, int64_t places_, int64_t heads_, int64_t width_)
      : batch(batch_), places(places_), heads(heads_), width(width_), by(drawn()) {
    for (int i = 0; i < 3; ++i) qkv.push_back(drawn().requires_grad_(true));
  }
  Tensor drawn() const { return at::randn({batch, places, heads * width}); }
  Tensor answer() const { return attend(qkv[0], qkv[1], qkv[2], heads, {}); }
  std::vector<Tensor> gradients() const { return torch::autograd::grad({answer()}, qkv, {by}); }
  double operations() const { return 4.0 * static_cast<double>(batch * heads * width * places * places); }
};

/// got = the largest difference from LibTorch's beside the largest value. operations: of the arithmetic that is timed.
Outcome alternate(const std::function<std::vector<Tensor>()>& work, double operations) {
  std::vector<Tensor> got, expected;
  const double took = seconds_of([&] { got = work(); });
  set_exact(true);
  const double peer = seconds_of([&] { expected = work(); });
  set_exact(false);
  double error = 0;
  for (size_t i = 0; i < got.size(); ++i) error = std::max(error, largest_difference(got[i], expected[i]));
  return {error, 0, kNear, took, operations, peer};
}

Run call_of(const States& drawn) {
  const auto states = std::make_shared<States>(drawn);
  return [states]() -> Outcome {
    const at::NoGradGuard no_grad;
    return alternate([&] { return std::vector<Tensor>{states->answer()}; }, states->operations());
  };
}

/// Forward and the gradients by queries, keys and values, whose scores are computed twice.
Run step_of(const States& drawn) {
  const auto states = std::make_shared<States>(drawn);
  return [states]() -> Outcome { return alternate([&] { return states->gradients(); }, 3.5 * states->operations()); };
}

States small() { return {16, 256, 2, 32}; }
States large() { return {1, 4096, 8, 40}; }

}  // namespace

Run attention_256() { return call_of(small()); }
Run attention_4096() { return call_of(large()); }
Run attention_step_256() { return step_of(small()); }
Run attention_step_4096() { return step_of(large()); }

}  // namespace roulade::bench
