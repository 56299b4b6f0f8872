// SPDX-License-Identifier: Apache-2.0
#include "roulade/guidance/interval.hpp"

#include "roulade/core/error.hpp"

#include <cmath>
#include <utility>
#include <vector>

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

namespace roulade {
namespace {

int64_t rows(const Condition& condition) {
  for (const auto member : kConditionMembers)
    if (const auto& value = condition.*member) return value->size(0);
  return 0;
}

class Interval final : public Denoiser {
 public:
  Interval(const GuidanceInterval& interval, std::shared_ptr<const Denoiser> guided,
           std::shared_ptr<const Denoiser> plain, bool whole)
      : interval_(interval), guided_(std::move(guided)), plain_(std::move(plain)), whole_(whole) {}

  const Schedule& schedule() const override { return guided_->schedule(); }

  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    check_times("guidance", x_t, t);
    Part in{*guided_, {}, {}}, out{*plain_, {}, {}};
    for (size_t i = 0; i < t.size(); ++i) {
      Part& part = interval_.holds(std::exp(-0.5 * schedule().log_snr(t[i]))) ? in : out;
      part.rows.push_back(static_cast<int64_t>(i));
      part.times.push_back(t[i]);
    }
    if (out.rows.empty()) return guided_->denoise(x_t, t, condition);
    if (in.rows.empty()) return plain_->denoise(x_t, t, condition);
    const Denoised inside = whole_ ? in.of(guided_->denoise(x_t, t, condition)) : in.denoise(x_t, condition);
    return joined(inside, out.denoise(x_t, condition), in, out);
  }

 private:
  struct Part {
    const Denoiser& denoiser;
    std::vector<int64_t> rows;
    std::vector<double> times;

    Denoised denoise(const Tensor& x_t, const Condition& condition) const {
      const Tensor chosen = at::tensor(rows);
      return denoiser.denoise(x_t.index_select(0, chosen), times, select(condition, chosen));
    }

    /// These rows of an answer to all.
    Denoised of(Denoised all) const {
      const Tensor chosen = at::tensor(rows);
      all.x0 = all.x0.index_select(0, chosen);
      if (all.x0_direction) all.x0_direction = all.x0_direction->index_select(0, chosen);
      if (all.variance_share) all.variance_share = all.variance_share->index_select(0, chosen);
      return all;
    }
  };

  static Denoised joined(const Denoised& a, const Denoised& b, const Part& in, const Part& out) {
    std::vector<int64_t> place(in.rows.size() + out.rows.size());
    for (size_t k = 0; k < in.rows.size(); ++k) place[static_cast<size_t>(in.rows[k])] = static_cast<int64_t>(k);
    for (size_t k = 0; k < out.rows.size(); ++k)
      place[static_cast<size_t>(out.rows[k])] = static_cast<int64_t>(in.rows.size() + k);
    const Tensor order = at::tensor(place);
    const auto both = [&](const Tensor& x, const Tensor& y) { return at::cat({x, y}, 0).index_select(0, order); };
    Denoised result{both(a.x0, b.x0), {}, {}};
    if (a.x0_direction || b.x0_direction) result.x0_direction = both(a.direction(), b.direction());
    if (a.variance_share && b.variance_share) result.variance_share = both(*a.variance_share, *b.variance_share);
    return result;
  }

  GuidanceInterval interval_;
  std::shared_ptr<const Denoiser> guided_, plain_;
  bool whole_;  ///< guides whole batches only
};

}  // namespace

void GuidanceInterval::bind(Binder& b) {
  b.add("noise_low", low, at_least(0), "guides where sigma / alpha is above this; elsewhere the condition alone");
  b.add("noise_high", high, at_least(0), "guides where sigma / alpha is at most this; 0 = no limit");
}

void GuidanceInterval::check() const {
  if (high > 0 && high <= low)
    fail(Code::usage, "guidance.noise_high", "upper end of the noise levels that are guided",
         fmt::format("above noise_low = {}, or 0", low), fmt::format("{}", high));
}

std::shared_ptr<const Denoiser> in_interval(const GuidanceInterval& interval, std::shared_ptr<const Denoiser> guided,
                                            const GuidanceParts& parts) {
  interval.check();
  if (interval.everywhere()) return guided;
  return std::make_shared<const Interval>(interval, std::move(guided), parts.denoiser, rows(parts.negative) > 1);
}

}  // namespace roulade
