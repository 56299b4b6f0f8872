// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sum.hpp"

#include "roulade/core/error.hpp"
#include "roulade/kernel/weighted_sum.hpp"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

namespace roulade {
namespace {

struct Weights {
  const Tensor* x = nullptr;
  double first = 0, second = 0;
};

/// All terms of both sums, each tensor once; those of weight 0 are left out where others remain.
std::vector<Weights> joined(const Sum& first, const Sum* second) {
  std::vector<Weights> all;
  for (const Sum::Term& term : first.terms()) all.push_back({&term.x, term.weight, 0});
  if (second != nullptr)
    for (const Sum::Term& term : second->terms()) {
      const auto same = std::find_if(all.begin(), all.end(), [&](const Weights& w) { return w.x->is_same(term.x); });
      if (same == all.end())
        all.push_back({&term.x, 0, term.weight});
      else
        same->second = term.weight;
    }
  if (all.empty()) fail(Code::internal, "Sum", "terms", "one or more", "none");
  const Weights kept = all.front();
  std::erase_if(all, [](const Weights& w) { return w.first == 0 && w.second == 0; });
  if (all.empty()) all.push_back(kept);
  return all;
}

/// Whether the kernel may do it: plain memory of one type and shape, and nobody asks for gradients.
bool plain(const std::vector<Weights>& all) {
  const Tensor& like = *all.front().x;
  return std::all_of(all.begin(), all.end(), [&](const Weights& w) {
    const Tensor& x = *w.x;
    return x.device().is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble) &&
           x.scalar_type() == like.scalar_type() && x.is_contiguous() && x.sizes().equals(like.sizes()) &&
           !(at::GradMode::is_enabled() && x.requires_grad());
  });
}

/// The expression that the kernel must equal.
Tensor by_operators(const std::vector<Weights>& all, double Weights::*weight) {
  Tensor sum;
  for (const Weights& w : all) sum = sum.defined() ? sum.add(*w.x, w.*weight) : w.x->mul(w.*weight);
  return sum;
}

template <class Real>
bool by_kernel(const std::vector<Weights>& all, const Tensor& out, const Tensor& second) {
  std::array<kernel::SumTerm<Real>, 2 * Sum::kMost> terms;
  std::transform(all.begin(), all.end(), terms.begin(), [](const Weights& w) {
    return kernel::SumTerm<Real>{w.x->const_data_ptr<Real>(), w.first, w.second};
  });
  return kernel::weighted_sum(std::span<const kernel::SumTerm<Real>>(terms.data(), all.size()), out.numel(),
                              out.mutable_data_ptr<Real>(),
                              second.defined() ? second.mutable_data_ptr<Real>() : nullptr);
}

bool by_kernel(const std::vector<Weights>& all, const Tensor& out, const Tensor& second) {
  return out.scalar_type() == at::kFloat ? by_kernel<float>(all, out, second) : by_kernel<double>(all, out, second);
}

int64_t moved(const std::vector<Weights>& all, int64_t outputs) {
  const Tensor& like = *all.front().x;
  return (static_cast<int64_t>(all.size()) + outputs) * like.numel() * static_cast<int64_t>(like.element_size());
}

}  // namespace

Sum& Sum::add(double weight, const Tensor& x) {
  for (size_t i = 0; i < count_; ++i)
    if (terms_[i].x.is_same(x)) {
      terms_[i].weight += weight;
      return *this;
    }
  if (count_ == kMost) fail(Code::internal, "Sum", "terms", fmt::format("at most {}", kMost));
  terms_[count_++] = {weight, x};
  return *this;
}

Sum& Sum::add(double weight, const Sum& other) {
  for (const Term& term : other.terms()) add(weight * term.weight, term.x);
  return *this;
}

Tensor SumMaker::make(const Sum& sum) {
  const std::vector<Weights> all = joined(sum, nullptr);
  bytes_ += moved(all, 1);
  last_.reset();
  if (!plain(all)) return by_operators(all, &Weights::first);
  last_ = empty_like(*all.front().x);
  finite_ = by_kernel(all, last_, {});
  return last_;
}

std::pair<Tensor, Tensor> SumMaker::make(const Sum& first, const Sum& second) {
  const std::vector<Weights> all = joined(first, &second);
  bytes_ += moved(all, 2);
  last_.reset();
  if (!plain(all)) return {by_operators(all, &Weights::first), by_operators(all, &Weights::second)};
  last_ = empty_like(*all.front().x);
  Tensor other = empty_like(*all.front().x);
  finite_ = by_kernel(all, last_, other);
  return {last_, std::move(other)};
}

Tensor made(const Sum& sum) { return SumMaker().make(sum); }

}  // namespace roulade
