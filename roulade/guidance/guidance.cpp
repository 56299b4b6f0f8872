// SPDX-License-Identifier: Apache-2.0
#include "roulade/guidance/guidance.hpp"

#include "roulade/core/error.hpp"

#include <utility>
#include <vector>

#include <ATen/ops/cat.h>
#include <ATen/ops/full_like.h>
#include <fmt/format.h>

namespace roulade {
namespace {

void repeat(std::optional<Tensor>& member, int64_t batch) {
  if (!member || member->size(0) == batch) return;
  if (member->size(0) != 1)
    fail(Code::usage, "guidance", "rows of the negative condition", fmt::format("1 or {}", batch),
         fmt::format("{}", member->size(0)));
  std::vector<int64_t> shape = member->sizes().vec();
  shape[0] = batch;
  member = member->expand(shape);
}

}  // namespace

std::shared_ptr<const Denoiser> make_guided(const std::string& name, const Table& options, GuidanceParts parts) {
  if (!parts.denoiser) fail(Code::usage, "guidance", "denoiser to guide", "one", "an empty pointer");
  const guidance::Entry& entry = guidance::registry().find(name);
  Binder b("guidance " + name, options);
  auto made = entry.make(b, std::move(parts));
  b.finish();
  return made;
}

Condition negative_like(const Condition& positive, const Condition& negative, int64_t batch) {
  Condition out = negative;
  // A class that is not named and a text that is not written are those that training drops.
  const bool none = out.empty();
  if (positive.label && (none || (!out.label && out.text))) out.label = at::full_like(*positive.label, -1);
  if (positive.text && (none || !out.text)) out.text = at::full_like(*positive.text, -1);
  // What is turned round is a text or a class: the picture's sizes stay unless others are given.
  if (!out.sizes) out.sizes = positive.sizes;
  if (!out.beside_time) out.beside_time = positive.beside_time;
  for (auto member : kConditionMembers) repeat(out.*member, batch);
  return out;
}

Denoised denoise_both(const char* where, const GuidanceParts& parts, const Tensor& x_t, std::span<const double> t,
                      const Condition& condition) {
  check_times(where, x_t, t);
  if (condition.empty()) fail(Code::usage, where, "condition to guide by", "a label or tokens", "none");
  const Condition negative = negative_like(condition, parts.negative, x_t.size(0));
  std::vector<double> times(t.begin(), t.end());
  if (times.size() > 1) times.insert(times.end(), t.begin(), t.end());
  return parts.denoiser->denoise(at::cat({x_t, x_t}, 0), times, concatenate(condition, negative));
}

}  // namespace roulade
