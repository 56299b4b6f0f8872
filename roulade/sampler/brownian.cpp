// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/parallel.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/sampler/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr uint64_t kWhole = uint64_t{1} << 40;  // the bridge's interval [0, 1] in units of its resolution
constexpr int64_t kNumbersAtOnce = 4096;        // of one thread: four such arrays stay in the cache on the way down

/// b(place / kWhole) of rows first.. of the bridge, times `scale`.   0 < place < kWhole; out: [rows * width].
void bridge(uint64_t seed, int64_t first, int64_t width, uint64_t place, double scale, std::span<double> out) {
  std::vector<double> left(out.size()), right(out.size()), z(out.size());
  uint64_t from = 0, to = kWhole, node = 1;
  for (;;) {
    const uint64_t middle = from + (to - from) / 2;
    fill_normal({derive_seed(seed, node), Stream::brownian, 0}, first, width, std::span<double>(z));
    const double deviation = std::sqrt(static_cast<double>(to - from) / static_cast<double>(kWhole)) / 2;
    for (size_t i = 0; i < z.size(); ++i) z[i] = (left[i] + right[i]) / 2 + deviation * z[i];
    if (middle == place) break;
    (place < middle ? right : left).swap(z);
    (place < middle ? to : from) = middle;
    node = 2 * node + (place < middle ? 0 : 1);
  }
  std::transform(z.begin(), z.end(), out.begin(), [scale](double value) { return scale * value; });
}

}  // namespace

BrownianFn counter_brownian(uint64_t seed, int64_t first) {
  return [seed, first, spares = std::make_shared<SpareTensors>()](double snr, const Tensor& like) {
    if (!(snr >= 0 && std::isfinite(snr)))
      fail(Code::usage, "counter_brownian", "alpha^2 / sigma^2", "at least 0 and finite", fmt::format("{}", snr));
    const auto whole = static_cast<double>(kWhole);
    const auto place = std::min(static_cast<uint64_t>(std::llround(snr / (1 + snr) * whole)), kWhole - 1);
    const double rest = static_cast<double>(kWhole - place) / whole;  // 1 - v = 1 / (1 + snr)
    BrownianPoint point{(1 - rest) / rest, spares->take(like.sizes(), at::TensorOptions(at::kDouble))};
    if (place == 0) point.value.zero_();
    if (place == 0 || like.numel() == 0) return point;
    const int64_t width = like.numel() / like.size(0);
    auto* to = point.value.data_ptr<double>();
    parallel_for(0, like.size(0), std::max<int64_t>(1, kNumbersAtOnce / width), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end;) {
        const int64_t rows = std::min(end - row, std::max<int64_t>(1, kNumbersAtOnce / width));
        bridge(seed, first + row, width, place, 1 / rest,
               std::span<double>(to + row * width, static_cast<size_t>(rows * width)));
        row += rows;
      }
    });
    return point;
  };
}

}  // namespace roulade
