// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/retrieval.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr auto kWhere = "retrieval";
constexpr double kEqual = 1e-12;

/// Rows of length 1, in double; a row of zeros stays.
Tensor unit_rows(const Tensor& x, const char* what) {
  const Tensor y = x.detach().cpu().to(at::kDouble);
  if (!at::isfinite(y).all().item<bool>())
    fail(Code::numeric, kWhere, fmt::format("{} hold numbers that are not finite", what));
  const Tensor length = y.square().sum(1, true).sqrt();
  return y / at::where(length == 0, 1.0, length);
}

void add_figures(Retrieval& out) {
  const auto n = static_cast<double>(out.ranks.size());
  out.share = std::accumulate(out.in_top.begin(), out.in_top.end(), 0.0) / n;
  double square = 0;
  for (const double hit : out.in_top) square += (hit - out.share) * (hit - out.share);
  out.share_error = std::sqrt(square / n / n);
  std::vector<double> sorted = out.ranks;
  std::sort(sorted.begin(), sorted.end());
  const auto at = [&](double place) {  // places from 1 on
    return sorted[static_cast<size_t>(std::clamp(place, 1.0, n)) - 1];
  };
  out.median = (at(std::floor((n + 1) / 2)) + at(std::ceil((n + 1) / 2))) / 2;
  out.median_error = (at(std::ceil((n + std::sqrt(n)) / 2 + 0.5)) - at(std::floor((n - std::sqrt(n)) / 2 + 0.5))) / 2;
  out.chance_share = static_cast<double>(out.top) / static_cast<double>(out.candidates);
  out.chance_median = (static_cast<double>(out.candidates) + 1) / 2;
}

}  // namespace

Retrieval retrieve(const Tensor& mapped, const Tensor& candidates, const std::vector<int64_t>& own, int64_t top) {
  const at::NoGradGuard no_grad;
  if (mapped.dim() != 2 || candidates.dim() != 2 || mapped.size(0) < 1 || candidates.size(0) < 2 ||
      mapped.size(1) != candidates.size(1) || mapped.size(0) != static_cast<int64_t>(own.size()))
    fail(Code::usage, kWhere, "shapes", "[n, D], [K, D] and n captions, K of 2 or more",
         fmt::format("{}, {} and {}", fmt::format("{}", fmt::join(mapped.sizes(), " x ")),
                     fmt::format("{}", fmt::join(candidates.sizes(), " x ")), own.size()));
  Retrieval out;
  out.candidates = candidates.size(0);
  out.top = top;
  if (top < 1 || top > out.candidates)
    fail(Code::usage, kWhere, "top", fmt::format("1 to {}", out.candidates), fmt::format("{}", top));
  const Tensor cosines =
      at::matmul(unit_rows(mapped, "pictures"), unit_rows(candidates, "captions").t()).contiguous();  // [n, K]
  const double* row = cosines.const_data_ptr<double>();
  for (const int64_t right : own) {
    if (right < 0 || right >= out.candidates)
      fail(Code::usage, kWhere, "a picture's caption", fmt::format("0 to {}", out.candidates - 1),
           fmt::format("{}", right));
    double nearer = 0, equal = 0;  // the own one is neither
    for (int64_t k = 0; k < out.candidates; ++k) {
      const double ahead = row[k] - row[right];
      if (k != right && std::abs(ahead) <= kEqual)
        ++equal;
      else if (ahead > 0)
        ++nearer;
    }
    out.ranks.push_back(1 + nearer + equal / 2);
    out.in_top.push_back(std::clamp((static_cast<double>(top) - nearer) / (equal + 1), 0.0, 1.0));
    row += out.candidates;
  }
  add_figures(out);
  return out;
}

Retrieval retrieval_of(const Retrieval& all, const std::vector<int64_t>& rows) {
  if (rows.empty()) fail(Code::usage, kWhere, "rows", "at least one", "none");
  Retrieval out;
  out.candidates = all.candidates;
  out.top = all.top;
  for (const int64_t row : rows) {
    if (row < 0 || row >= std::ssize(all.ranks))
      fail(Code::usage, kWhere, "row", fmt::format("0 to {}", std::ssize(all.ranks) - 1), fmt::format("{}", row));
    out.ranks.push_back(all.ranks[static_cast<size_t>(row)]);
    out.in_top.push_back(all.in_top[static_cast<size_t>(row)]);
  }
  add_figures(out);
  return out;
}

}  // namespace roulade
