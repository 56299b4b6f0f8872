// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/rng.hpp"
#include "roulade/objective/terms.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace roulade::objective::times {
namespace {

/// u in (0, 1) to a time: one of the states 1..T where there are states, else t_min + u (1 - t_min).
double spread(const Schedule& schedule, double u) {
  if (const int64_t states = schedule.states(); states > 0)
    return static_cast<double>(1 +
                               std::min<int64_t>(states - 1, static_cast<int64_t>(u * static_cast<double>(states)))) /
           static_cast<double>(states);
  return schedule.t_min() + u * (1 - schedule.t_min());
}

/// The nearest state 1..T where there are states.
double to_state(const Schedule& schedule, double t) {
  t = std::clamp(t, schedule.t_min(), 1.0);
  const auto states = static_cast<double>(schedule.states());
  return states > 0 ? std::clamp(std::round(t * states), 1.0, states) / states : t;
}

struct NoSettings {
  void bind(Binder&) {}
};

class Uniform final : public TimeDistribution {
 public:
  void draw(const Schedule& schedule, const StepKey& key, std::span<double> t) const override {
    fill_uniform({key.seed, Stream::time, static_cast<uint64_t>(key.step)}, key.first, 1, t);
    for (double& value : t) value = spread(schedule, value);
  }
  bool independent() const override { return true; }
};

class Stratified final : public TimeDistribution {
 public:
  void draw(const Schedule& schedule, const StepKey& key, std::span<double> t) const override {
    double start[1];
    const int64_t whole = key.batch > 0 ? key.batch : static_cast<int64_t>(t.size());
    const int64_t before = key.batch > 0 ? key.first % key.batch : 0;  // of the same batch, in another process
    fill_uniform({key.seed, Stream::time, static_cast<uint64_t>(key.step)}, key.first - before, 1, start);
    const auto n = static_cast<double>(whole);
    for (size_t i = 0; i < t.size(); ++i) {
      const double u = start[0] + static_cast<double>(before + static_cast<int64_t>(i)) / n;
      t[i] = spread(schedule, u - std::floor(u));
    }
  }
};

struct LogNormalSettings {
  double mean = -1.2;
  double deviation = 1.2;
  void bind(Binder& b) {
    b.add("times_mean", mean, {}, "mean of ln(sigma / alpha)");
    b.add("times_deviation", deviation, above(0), "standard deviation of ln(sigma / alpha)");
  }
};

class LogNormal final : public TimeDistribution {
 public:
  explicit LogNormal(LogNormalSettings s) : s_(s) {}
  void draw(const Schedule& schedule, const StepKey& key, std::span<double> t) const override {
    fill_normal({key.seed, Stream::time, static_cast<uint64_t>(key.step)}, key.first, 1, t);
    for (double& value : t) value = to_state(schedule, schedule.time_of(-2 * (s_.mean + s_.deviation * value)));
  }
  bool independent() const override { return true; }

 private:
  LogNormalSettings s_;
};

}  // namespace

Entry uniform() {
  Entry e;
  e.name = "uniform";
  e.summary = "every time equally often";
  e.source = "Ho et al. 2020, algorithm 1";
  return with_settings<Entry, NoSettings>(e, [](const NoSettings&) { return std::make_unique<Uniform>(); });
}

Entry log_normal() {
  Entry e;
  e.name = "log_normal";
  e.summary = "ln(sigma / alpha) normally distributed: most often where there is most to learn";
  e.source = "Karras et al. 2022, table 1";
  return with_settings<Entry, LogNormalSettings>(
      e, [](const LogNormalSettings& s) { return std::make_unique<LogNormal>(s); });
}

Entry stratified() {
  Entry e;
  e.name = "stratified";
  e.summary = "uniform, but evenly spread over each batch from one random start: less noise in the loss";
  e.source = "Kingma et al. 2021, appendix I.1";
  return with_settings<Entry, NoSettings>(e, [](const NoSettings&) { return std::make_unique<Stratified>(); });
}

}  // namespace roulade::objective::times
