// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/dpm_solver.hpp"
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/space.hpp"
#include "roulade/schedule/forward.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/ops/maximum.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kTries = 10000;      // in one step; more means a tolerance that rounding does not allow
constexpr double kReaches = 1 + 1e-6;  // a rest that is longer by this is not worth a step of its own
constexpr double kEpsilon = 1e-8;      // keeps 1 / error finite

struct Settings {
  int64_t order = 3;
  double rtol = 0.05, atol = 0.0078;
  double h_init = 0.05;
  double pcoeff = 0, icoeff = 1, dcoeff = 0;
  double accept_safety = 0.81;

  void bind(Binder& b) {
    b.add("order", order, between(2, 3), "order of the finer of the two solutions that are compared; calls of a try");
    b.add("rtol", rtol, at_least(0), "tolerated difference of the two, relative to x");
    b.add("atol", atol, above(0), "tolerated difference of the two in units of x, where that is more");
    b.add("h_init", h_init, above(0), "length that is tried first, in log(alpha / sigma)");
    b.add("pcoeff", pcoeff, at_least(0), "proportional part of the control of the length");
    b.add("icoeff", icoeff, at_least(0), "integral part");
    b.add("dcoeff", dcoeff, at_least(0), "derivative part");
    b.add("accept_safety", accept_safety, between(0, 1),
          "a try whose length should have been shorter by more is undone");
  }
};

/// Length of a sample's next try in log(alpha / sigma), and 1 / error of the tries before, newest first; 0 = none yet.
struct Control {
  double h = 0;
  double inverse[3] = {0, 0, 0};

  /// Whether a try with this error counts. `length`: what was tried where that was the rest of the way, else h.
  bool accepts(double error, double length, bool arrives, const Settings& set) {
    Control next = *this;
    next.inverse[0] = 1 / (error + kEpsilon);
    if (inverse[0] == 0) next.inverse[1] = next.inverse[2] = next.inverse[0];
    const auto order = static_cast<double>(set.order);
    const double factor = std::pow(next.inverse[0], (set.pcoeff + set.icoeff + set.dcoeff) / order) *
                          std::pow(next.inverse[1], -(set.pcoeff + 2 * set.dcoeff) / order) *
                          std::pow(next.inverse[2], set.dcoeff / order);
    const double limited = 1 + std::atan(factor - 1);
    const bool accepted = limited >= set.accept_safety;
    if (accepted && arrives) return true;  // the rest of the way says nothing of the length that it could have had
    next.h = length * limited;
    if (accepted) next.inverse[2] = next.inverse[1], next.inverse[1] = next.inverse[0];
    *this = next;
    return accepted;
  }
};

/// One sample's try from t to the end of its last stage.
struct Try {
  double t = 0;
  std::vector<DpmStage> stages{};
  DpmStage lower{};

  double end() const { return stages.back().t; }
};

/// A number of each try, to multiply `like`.
template <class Member>
Tensor column(const std::vector<Try>& tries, const Tensor& like, Member member) {
  std::vector<double> values;
  values.reserve(tries.size());
  for (const Try& one : tries) values.push_back(member(one));
  return broadcast(values, like);
}

class DpmAdaptive final : public Sampler {
 public:
  explicit DpmAdaptive(const Settings& settings) : set_(settings) {}

  /// Each sample walks at lengths of its own, so that no other in its batch changes it.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    if (schedule.sigma(s) == 0) return context.denoise(x_t, t).x0;
    Tensor x = x_t;
    if (schedule.alpha(t) == 0) {  // an infinite log(alpha / sigma): Euler's step, as its error is about the square of
      const double start = std::max(s, schedule.time_of(std::log(set_.atol)));  // alpha / sigma, to where that is atol
      x = context.make(euler(Space::ve, schedule, x_t, context.denoise(x_t, t).x0, t, start));
      t = start;
    }
    std::vector<Try> tries(static_cast<size_t>(x.size(0)), Try{.t = t});
    std::vector<Control> controls = recalled(context.memory, tries.size());
    Tensor x0, lower_before = x;
    bool moved = true;
    for (int64_t n = 0; plan(schedule, tries, controls, s); ++n) {
      if (n == kTries)
        fail(Code::numeric, "dpm_adaptive", "tries of a step", fmt::format("fewer than {}", kTries),
             fmt::format("a tolerance (rtol {}, atol {}) that is not reached", set_.rtol, set_.atol));
      if (moved) x0 = denoise(context, x, tries, [](const Try& one) { return one.t; });
      const auto [higher, lower] = ends(context, x, x0, tries);
      const Tensor error = errors(higher, lower, lower_before);
      const Tensor accepted = broadcast(judge(schedule, tries, controls, s, error), x).ne(0);
      moved = accepted.any().item<bool>();
      x = at::where(accepted, higher, x);
      lower_before = at::where(accepted, lower, lower_before);
    }
    context.memory.clear();
    for (const Control& c : controls)
      context.memory.insert(context.memory.end(), {c.h, c.inverse[0], c.inverse[1], c.inverse[2]});
    return x;
  }

 private:
  /// The controls as the step before left them.
  std::vector<Control> recalled(const std::vector<double>& memory, size_t count) const {
    std::vector<Control> controls(count, Control{.h = set_.h_init});
    for (size_t i = 0; 4 * i < memory.size(); ++i)
      controls[i] = {memory[4 * i], {memory[4 * i + 1], memory[4 * i + 2], memory[4 * i + 3]}};
    return controls;
  }

  /// Sets the stages of each sample's next try; one that has arrived stays. False when all have.
  bool plan(const Schedule& schedule, std::vector<Try>& tries, const std::vector<Control>& controls, double s) const {
    bool any = false;
    for (size_t i = 0; i < tries.size(); ++i) {
      Try& one = tries[i];
      any = any || one.t > s;
      const double h = controls[i].h, from = schedule.log_snr(one.t) / 2, rest = schedule.log_snr(s) / 2 - from;
      const double end = rest <= h * kReaches ? s : schedule.time_of(2 * (from + h));
      one.stages = dpm_stages(set_.order, schedule, one.t, end);
      one.lower = dpm_lower_end(set_.order, schedule, one.t, end);
    }
    return any;
  }

  template <class Time>
  static Tensor denoise(StepContext& context, const Tensor& x, const std::vector<Try>& tries, Time time) {
    std::vector<double> times;
    for (const Try& one : tries) times.push_back(time(one));
    return context.denoise(x, times).x0;
  }

  /// Where the tries end, at the order and at one less.
  std::pair<Tensor, Tensor> ends(StepContext& context, const Tensor& x, const Tensor& x0,
                                 const std::vector<Try>& tries) const {
    const auto times = [&](const Tensor& y, auto number) { return y.mul(column(tries, y, number)); };
    const auto end_of = [&](auto stage, const Tensor& difference) {
      Tensor y = times(x, [&](const Try& one) { return stage(one).keep; });
      y.add_(times(x0, [&](const Try& one) { return stage(one).gain; }));
      if (difference.defined()) y.add_(times(difference, [&](const Try& one) { return stage(one).extra; }));
      return y;
    };
    Tensor first, difference;  // eps_i - eps
    for (size_t k = 0; k + 1 < static_cast<size_t>(set_.order); ++k) {
      const auto stage = [k](const Try& one) { return one.stages[k]; };
      const Tensor y = end_of(stage, difference);
      const Tensor y0 = denoise(context, y, tries, [&](const Try& one) { return stage(one).t; });
      Tensor next = times(x0.sub(y0), [&](const Try& one) { return stage(one).snr_root; });
      if (difference.defined()) next.add_(times(difference, [&](const Try& one) { return stage(one).again; }));
      difference = std::move(next);
      if (k == 0) first = difference;
    }
    return {end_of([](const Try& one) { return one.stages.back(); }, difference),
            end_of([](const Try& one) { return one.lower; }, first)};
  }

  /// Root mean square over a sample of what the two differ, in units of what is tolerated: [B] float64.
  Tensor errors(const Tensor& higher, const Tensor& lower, const Tensor& lower_before) const {
    const Tensor tolerated = at::maximum(lower.abs(), lower_before.abs()).mul_(set_.rtol).clamp_min_(set_.atol);
    const Tensor error = lower.sub(higher).div_(tolerated).to(at::kDouble);
    return error.square().reshape({error.size(0), -1}).mean(1).sqrt().cpu().contiguous();
  }

  /// Which tries count, as 1 or 0. Moves those, and sets the length of each sample's next.
  std::vector<double> judge(const Schedule& schedule, std::vector<Try>& tries, std::vector<Control>& controls, double s,
                            const Tensor& errors) const {
    std::vector<double> accepted;
    for (size_t i = 0; i < tries.size(); ++i) {
      Try& one = tries[i];
      const double error = errors.data_ptr<double>()[i], end = one.end();
      if (!std::isfinite(error))
        fail(Code::numeric, "dpm_adaptive", "x", "finite values", fmt::format("NaN or infinity at t = {}", end));
      const double length = (schedule.log_snr(end) - schedule.log_snr(one.t)) / 2;
      const bool moves = one.t == s || controls[i].accepts(error, end == s ? length : controls[i].h, end == s, set_);
      accepted.push_back(moves ? 1 : 0);
      if (moves) one.t = end;
    }
    return accepted;
  }

  Settings set_;
};

}  // namespace

namespace sampler {

Entry dpm_adaptive() {
  Entry entry;
  entry.name = "dpm_adaptive";
  entry.summary = "DPM-Solver-12 or -23: steps as long as a tolerance allows, within each step of the grid";
  entry.source =
      "Lu et al. 2022a (DPM-Solver), appendix C; control: Soderlind and Wang 2006, Adaptive Time-Stepping and "
      "Computational Stability";
  entry.facts = {
      .stochastic = false, .local_order = 4, .start_order = 4, .global_order = 3, .calls = 0, .last_calls = 1};
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const DpmAdaptive>(s); });
}

}  // namespace sampler
}  // namespace roulade
