// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/text_vectors.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

namespace roulade {

Tensor text_vectors(const Tokenizer& tokenizer, const TextEncoder& encoder, const std::vector<std::string>& texts,
                    const ProgressFn& progress, const Cancel& cancel) {
  constexpr size_t kAtOnce = 64;
  if (encoder.pooled_width() == 0) fail(Code::usage, "text vectors", "text encoder", "one that pools its states");
  const at::NoGradGuard no_grad;
  const auto all = static_cast<int64_t>(texts.size());
  const Pace pace("texts", all);
  Tensor out = at::zeros({all, encoder.pooled_width()}, at::kFloat);
  for (size_t first = 0; first < texts.size() && !cancel.requested(); first += kAtOnce) {
    const size_t last = std::min(first + kAtOnce, texts.size());
    const std::vector<std::string> some(texts.begin() + static_cast<std::ptrdiff_t>(first),
                                        texts.begin() + static_cast<std::ptrdiff_t>(last));
    const EncodedBatch tokens = tokenizer.encode_batch(some);
    const EncodedText states = encoder.encode({tokens.ids, tokens.mask});
    out.slice(0, static_cast<int64_t>(first), static_cast<int64_t>(last)).copy_(states.pooled);
    if (progress) progress(pace.at(static_cast<int64_t>(last)));
  }
  return out;
}

}  // namespace roulade
