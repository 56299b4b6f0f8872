// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/attention_watch.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

thread_local AttentionWatch* in_this_thread = nullptr;

/// Height and width of a picture of so many places with the proportions of another.
std::pair<int64_t, int64_t> sides(int64_t places, int64_t height, int64_t width) {
  const double ratio = static_cast<double>(height) / static_cast<double>(width);
  const auto down = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(places) * ratio)));
  for (const int64_t h : {down, down + 1, down - 1})
    if (h > 0 && places % h == 0) return {h, places / h};
  fail(Code::usage, "attention watch", "places of a layer", "a picture's", fmt::format("{}", places));
}

}  // namespace

AttentionWatch::AttentionWatch() : before_(in_this_thread) { in_this_thread = this; }
AttentionWatch::~AttentionWatch() { in_this_thread = before_; }
AttentionWatch* AttentionWatch::current() { return in_this_thread; }

AttentionPause::AttentionPause() : before_(std::exchange(in_this_thread, nullptr)) {}
AttentionPause::~AttentionPause() { in_this_thread = before_; }

void AttentionWatch::note(const Tensor& shares) {
  Sum& sum = by_places_[shares.size(1)];
  const Tensor now = shares.detach().to(at::kFloat);
  ++sum.count;
  if (!sum.shares.defined()) {
    sum.shares = now.clone();
    return;
  }
  // Calls without the negative half, as guidance in an interval makes them, have fewer rows, and fewer tokens where the
  // negative text is the longer one: what the condition reads comes first in both.
  const int64_t rows = std::min(now.size(0), sum.shares.size(0)), tokens = std::min(now.size(2), sum.shares.size(2));
  sum.shares = sum.shares.narrow(0, 0, rows).narrow(2, 0, tokens) + now.narrow(0, 0, rows).narrow(2, 0, tokens);
}

Tensor AttentionWatch::map(int64_t batch, const Tensor& tokens, int64_t height, int64_t width) const {
  if (by_places_.empty())
    fail(Code::usage, "attention watch", "a network with cross-attention", "one", "nothing was noted");
  Tensor out = at::zeros({batch, height, width});
  int64_t layers = 0;
  for (const auto& [places, sum] : by_places_) {
    if (sum.shares.size(0) < batch || tokens.dim() != 2 || tokens.size(0) != batch ||
        tokens.size(1) > sum.shares.size(2))
      fail(Code::usage, "attention watch", "tokens", fmt::format("[{}, {}]", sum.shares.size(0), sum.shares.size(2)),
           fmt::format("{}", tokens.sizes().vec()));
    const Tensor read = sum.shares.narrow(0, 0, batch).narrow(2, 0, tokens.size(1)) * tokens.unsqueeze(1);
    const auto [h, w] = sides(places, height, width);
    const Tensor small = read.sum(2).view({batch, 1, h, w});
    out += at::upsample_bilinear2d(small, {height, width}, false).view({batch, height, width});
    layers += sum.count;
  }
  return out / static_cast<double>(layers);
}

}  // namespace roulade
