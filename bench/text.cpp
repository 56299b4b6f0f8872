// SPDX-License-Identifier: Apache-2.0
// One caption of 16 tokens through all-MiniLM-L6-v2, where ./dev data minilm has brought it.
#include "case.hpp"
#include "roulade/text/encoder.hpp"

#include <chrono>
#include <filesystem>
#include <memory>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

namespace roulade::bench {
namespace {

constexpr auto kFolder = "datasets/minilm";
constexpr int kTimes = 20;
constexpr double kFirst = 0.0918985;  // what transformers 5.24.0 has for it

}  // namespace

// got = the first of the pooled numbers. Of each run the mean over 20 calls counts.
Run text_minilm() {
  if (!std::filesystem::exists(kFolder)) return {};
  const std::shared_ptr<const TextEncoder> encoder = open_text_encoder(kFolder);
  // "a small brown dog runs along the beach at sunset, oil painting."
  const Tensor ids =
      at::tensor({101, 1037, 2235, 2829, 3899, 3216, 2247, 1996, 3509, 2012, 10434, 1010, 3514, 4169, 1012, 102},
                 at::kLong)
          .unsqueeze(0);
  const Tensor mask = ids.gt(0);
  return [=]() -> Outcome {
    const at::NoGradGuard no_grad;
    const auto start = std::chrono::steady_clock::now();
    Tensor pooled;
    for (int i = 0; i < kTimes; ++i) pooled = encoder->encode({ids, mask}).pooled;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    return {pooled[0][0].item<double>(), kFirst - 1e-5, kFirst + 1e-5, took.count() / kTimes, std::nullopt};
  };
}

}  // namespace roulade::bench
