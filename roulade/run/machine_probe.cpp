// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/machine_probe.hpp"

#include "roulade/kernel/matrix_product.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

namespace roulade {

double machine_probe() {
  constexpr int64_t kSide = 1024;
  const std::vector<float> a(static_cast<size_t>(kSide * kSide), 0.5F), b(a);
  std::vector<float> c(a.size());
  const kernel::MatrixProduct product(kSide, kSide, kSide, {a.data(), kSide, 1}, {b.data(), kSide, 1}, c.data());
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    kernel::multiply(product);
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return least;
}

}  // namespace roulade
