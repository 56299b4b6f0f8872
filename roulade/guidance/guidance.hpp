// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/condition.hpp"
#include "roulade/core/registry.hpp"
#include "roulade/denoiser/denoiser.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace roulade {

/// What a guidance method wraps.
struct GuidanceParts {
  std::shared_ptr<const Denoiser> denoiser;
  /// What to steer away from: one row for all samples, or one for each. Empty = label and text -1, as training drops
  /// them.
  Condition negative;
  /// A worse network's, on the same data and schedule; for methods that need one.
  std::shared_ptr<const Denoiser> weak{};
};

/// A guidance method: a denoiser made of denoisers, so that samplers know nothing of it.
struct GuidanceEntry : EntryInfo {
  bool needs_weak = false;  ///< guides by a second network (GuidanceParts::weak)
  /// The option that is 1 where the answer to the negative condition is not asked for; empty = there is none such.
  std::string off_at_one;
  std::function<std::shared_ptr<const Denoiser>(Binder&, GuidanceParts)> make;
};

/// The guided denoiser from a method's name and options; what the method does not know is refused. Throws Error(usage).
std::shared_ptr<const Denoiser> make_guided(const std::string& name, const Table& options, GuidanceParts parts);

/// `negative` for a batch like `positive`: its one row repeated, or its rows as they are where it has one for each
/// sample; label and text -1 where it is empty; sizes and beside_time are positive's where it has none.
/// Throws Error(usage) for another number of rows.
Condition negative_like(const Condition& positive, const Condition& negative, int64_t batch);

/// The answers to the condition and to the negative one by one call of the parts' denoiser: [2B, ...], the condition's
/// first. Tokens may be of unequal lengths (see concatenate). `where` names the method in errors. Throws Error(usage)
/// without a condition, and when the two differ in their members (a token condition needs a negative one of its own).
Denoised denoise_both(const char* where, const GuidanceParts& parts, const Tensor& x_t, std::span<const double> t,
                      const Condition& condition);

namespace guidance {

using Entry = GuidanceEntry;
const Registry<Entry>& registry();

#define ADD(name) Entry name();
#include "roulade/guidance/list.hpp"
#undef ADD

}  // namespace guidance
}  // namespace roulade
