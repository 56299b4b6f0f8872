// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/sampler/spare_tensors.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace roulade {

/// A weighted sum of tensors of one shape that is not made yet. Sums of sums only add weights, in double, so that in
/// the end a step reads each of its tensors once.
class Sum {
 public:
  struct Term {
    double weight = 0;
    Tensor x{};
  };

  Sum() = default;
  Sum(double weight, const Tensor& x) { add(weight, x); }

  /// Adds weight x; to the weight of x where it is a term already. Throws Error(internal) beyond kMost terms.
  Sum& add(double weight, const Tensor& x);
  Sum& add(double weight, const Sum& other);

  std::span<const Term> terms() const { return {terms_.data(), count_}; }

  static constexpr size_t kMost = 12;

 private:
  std::array<Term, kMost> terms_{};
  size_t count_ = 0;
};

/// Makes sums in memory that is used again as soon as nobody else holds a tensor (or a view) made in it before.
class SumMaker {
 public:
  /// Terms are added in their order.   sum: one term or more.
  Tensor make(const Sum& sum);
  /// Two sums, reading what they share once.
  std::pair<Tensor, Tensor> make(const Sum& first, const Sum& second);

  /// Whether x is what was made last, and finite: known from its making.
  bool finite(const Tensor& x) const { return finite_ && last_.defined() && x.is_same(last_); }
  /// Read and written so far.
  int64_t bytes() const { return bytes_; }
  /// Times that memory was taken, where none could be used again.
  int64_t allocations() const { return spares_.allocations(); }
  /// Memory for whatever else a step makes, of like's shape.
  Tensor empty(const Tensor& like, at::ScalarType dtype) {
    return spares_.take(like.sizes(), like.options().dtype(dtype));
  }

 private:
  Tensor empty_like(const Tensor& like) { return empty(like, like.scalar_type()); }

  SpareTensors spares_;
  Tensor last_;
  bool finite_ = false;
  int64_t bytes_ = 0;
};

/// The sum in memory of its own.
Tensor made(const Sum& sum);

}  // namespace roulade
