// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/parallel.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/sampler/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include <ATen/ops/empty.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kIndexBits = 28;  // a key's step holds the part above, the step's index below
constexpr int64_t kNumbersAtOnce = 16384;

template <class Real>
void fill(const RandomKey& key, int64_t first, int64_t width, Tensor& out) {
  Real* to = out.data_ptr<Real>();
  parallel_for(0, out.numel() / width, std::max<int64_t>(1, kNumbersAtOnce / width), [&](int64_t begin, int64_t end) {
    fill_normal(key, first + begin, width,
                std::span<Real>(to + begin * width, static_cast<size_t>((end - begin) * width)));
  });
}

/// Rows first.. of the key's sequence, of this shape: in float64 for float64, in float32 and converted for all else.
Tensor normal(const RandomKey& key, int64_t first, at::IntArrayRef shape, const at::TensorOptions& options,
              SpareTensors* spares = nullptr) {
  const auto dtype = options.dtype() == at::kDouble ? at::kDouble : at::kFloat;
  Tensor out = spares != nullptr ? spares->take(shape, at::TensorOptions().dtype(dtype))
                                 : at::empty(shape, at::TensorOptions().dtype(dtype));
  if (out.numel() > 0) {
    const int64_t width = out.numel() / out.size(0);
    if (dtype == at::kDouble) {
      fill<double>(key, first, width, out);
    } else {
      fill<float>(key, first, width, out);
    }
  }
  return out.to(options);
}

}  // namespace

Noise counter_noise(uint64_t seed, int64_t first) {
  NoiseFn draw = [seed, first, spares = std::make_shared<SpareTensors>()](int64_t index, int64_t part,
                                                                          const Tensor& like) {
    if (index < 0 || index >= int64_t{1} << kIndexBits || part < 0 || part >= int64_t{1} << (32 - kIndexBits))
      fail(Code::usage, "counter_noise", "step and part", "below 2^28 and below 16",
           fmt::format("{}, {}", index, part));
    const RandomKey key{seed, Stream::sampler, static_cast<uint64_t>(part << kIndexBits | index)};
    return normal(key, first, like.sizes(), like.options(), spares.get());
  };
  return {std::move(draw), counter_brownian(seed, first)};
}

Tensor prior_noise(uint64_t seed, int64_t first, int64_t count, std::span<const int64_t> shape, double deviation) {
  std::vector<int64_t> sizes{count};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  return normal({seed, Stream::prior, 0}, first, sizes, at::TensorOptions().dtype(at::kFloat)).mul_(deviation);
}

double prior_deviation(const Schedule& schedule, double t) {
  return t == 1 ? schedule.prior_deviation() : std::hypot(schedule.alpha(t), schedule.sigma(t));
}

}  // namespace roulade
