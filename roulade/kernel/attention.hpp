// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace roulade::kernel {

/// Attention with heads side by side: head h of a token's vector is its numbers h width .. (h + 1) width - 1.
struct AttentionShape {
  int64_t batch = 0, queries = 0, keys = 0, heads = 1, width = 0;
  float scale = 1;
};

/// For each sample and head O = P V, P = softmax over keys (scale Q K^T + bias).   q, out: [batch, queries, heads,
/// width]; k, v: [batch, keys, heads, width]; bias: [batch, keys], -infinity = not a key, or null; log_sums: [batch,
/// heads, queries], log sum over keys exp(scale Q K^T + bias), which the gradient needs, or null. A query without keys
/// has O = 0. Float32 on all threads, without [queries, keys] in memory; the bits depend neither on the number of
/// threads nor on the other samples. Source: Dao et al. 2022, "FlashAttention", algorithm 1 (Milakov and Gimelshein
/// 2018 for the sums on the way).
void attention(const AttentionShape& shape, const float* q, const float* k, const float* v, const float* bias,
               float* out, float* log_sums);

/// What attention() gave, and the derivative by it.
struct AttentionAnswer {
  const float* out = nullptr;
  const float* log_sums = nullptr;
  const float* by_out = nullptr;  ///< [batch, queries, heads, width]
};
struct AttentionGradients {
  float *q = nullptr, *k = nullptr, *v = nullptr;  ///< written, not added to
};

/// The derivatives by q, k and v; P is computed again.
void attention_gradient(const AttentionShape& shape, const float* q, const float* k, const float* v, const float* bias,
                        const AttentionAnswer& answer, const AttentionGradients& to);

}  // namespace roulade::kernel
