// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/ode.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr size_t kStages = 7;
using Stages = std::array<double, kStages>;

constexpr Stages kNodes = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};
// Row i: weights of the earlier slopes in stage i; the last row is the solution of order 5 itself.
constexpr std::array<Stages, kStages> kWeights = {{
    {},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
}};
// Order 5 less order 4.
constexpr Stages kError = {71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

constexpr double kSafety = 0.9, kShrink = 0.2, kGrow = 5;

/// The rows under way, packed: those that arrive are taken out.
class Rows {
 public:
  Rows(const RowSlopes& slopes, std::vector<double> y, int64_t width, double from, double to, const OdeOptions& options)
      : slopes_(slopes), width_(static_cast<size_t>(width)), to_(to), set_(options), y_(std::move(y)) {
    const size_t count = y_.size() / width_;
    for (size_t i = 0; i < count; ++i) rows_.push_back(static_cast<int64_t>(i));
    s_.assign(count, from);
    tried_.assign(count, 0);
    result_.y.assign(y_.size(), 0);
    evaluate(s_, y_, k_[0]);
    for (size_t i = 0; i < count; ++i) h_.push_back(first_step(i));
  }

  bool empty() const { return rows_.empty(); }

  void step() {
    const size_t count = rows_.size();
    std::vector<double> at(count), y(y_.size());
    for (size_t i = 0; i < count; ++i)
      if (std::abs(h_[i]) > std::abs(to_ - s_[i])) h_[i] = to_ - s_[i];
    for (size_t stage = 1; stage < kStages; ++stage) {
      for (size_t i = 0; i < count; ++i) {
        at[i] = stage + 1 < kStages ? s_[i] + kNodes[stage] * h_[i] : arrival(i);
        for (size_t c = i * width_; c < (i + 1) * width_; ++c) y[c] = y_[c] + h_[i] * sum(kWeights[stage], stage, c);
      }
      evaluate(at, y, k_[stage]);
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; ++i) {
      const double error = norm(i, y);
      const bool taken = error <= 1;  // not where it is not a number
      if (++tried_[i] > set_.most_steps || (!taken && std::abs(h_[i]) <= 1e-14 * std::abs(s_[i]))) give_up(i);
      h_[i] *= std::isfinite(error) ? std::clamp(kSafety * std::pow(error, -0.2), kShrink, taken ? kGrow : 1) : kShrink;
      if (taken) take(i, y, at[i]);
      if (taken && s_[i] == to_) {
        arrive(i);
      } else {
        move(i, kept++);
      }
    }
    shrink(kept);
  }

  OdeResult result(bool finished) {
    result_.finished = finished;
    return std::move(result_);
  }

 private:
  void evaluate(const std::vector<double>& s, const std::vector<double>& y, std::vector<double>& slope) {
    slope.resize(y.size());
    slopes_(s, y, rows_, slope);
    result_.slopes += static_cast<int64_t>(rows_.size());
  }

  double sum(const Stages& weights, size_t stages, size_t c) const {
    double out = 0;
    for (size_t j = 0; j < stages; ++j) out += weights[j] * k_[j][c];
    return out;
  }

  double scale(double a, double b) const { return set_.tolerance * (1 + std::max(std::abs(a), std::abs(b))); }

  /// The step that would change y by a hundredth of its scale, at most a tenth of the way.
  double first_step(size_t i) const {
    double fastest = 0;
    for (size_t c = i * width_; c < (i + 1) * width_; ++c) {
      if (!std::isfinite(k_[0][c])) give_up(i);
      fastest = std::max(fastest, std::abs(k_[0][c]) / (1 + std::abs(y_[c])));
    }
    const double way = to_ - s_[i];
    return std::copysign(std::min(0.1 * std::abs(way), 0.01 / std::max(fastest, 1e-300)), way);
  }

  double arrival(size_t i) const { return h_[i] == to_ - s_[i] ? to_ : s_[i] + h_[i]; }

  double norm(size_t i, const std::vector<double>& y) const {
    double squares = 0;
    for (size_t c = i * width_; c < (i + 1) * width_; ++c)
      squares += std::pow(h_[i] * sum(kError, kStages, c) / scale(y_[c], y[c]), 2);
    return std::sqrt(squares / static_cast<double>(width_));
  }

  void take(size_t i, const std::vector<double>& y, double s) {
    for (size_t c = i * width_; c < (i + 1) * width_; ++c) {
      y_[c] = y[c];
      k_[0][c] = k_[kStages - 1][c];  // the last slope of a step is the first of the next
    }
    s_[i] = s;
  }

  void arrive(size_t i) {
    const auto to = static_cast<std::ptrdiff_t>(static_cast<size_t>(rows_[i]) * width_);
    std::copy_n(y_.begin() + static_cast<std::ptrdiff_t>(i * width_), width_, result_.y.begin() + to);
  }

  void move(size_t from, size_t to) {
    if (from == to) return;
    rows_[to] = rows_[from];
    s_[to] = s_[from];
    h_[to] = h_[from];
    tried_[to] = tried_[from];
    for (size_t c = 0; c < width_; ++c)
      for (std::vector<double>* values : {&y_, &k_[0]}) (*values)[to * width_ + c] = (*values)[from * width_ + c];
  }

  void shrink(size_t count) {
    rows_.resize(count);
    s_.resize(count);
    h_.resize(count);
    tried_.resize(count);
    for (std::vector<double>* values : {&y_, &k_[0]}) values->resize(count * width_);
  }

  [[noreturn]] void give_up(size_t i) const {
    fail(Code::numeric, "ode", fmt::format("row {} at {:.6g}", rows_[i], s_[i]),
         fmt::format("finite slopes and at most {} steps at tolerance {:g}", set_.most_steps, set_.tolerance),
         fmt::format("{} steps", tried_[i]));
  }

  const RowSlopes& slopes_;
  size_t width_;
  double to_;
  OdeOptions set_;
  std::vector<int64_t> rows_;
  std::vector<double> s_, h_, y_;  ///< per row: [n], [n], [n * width]
  std::vector<int64_t> tried_;
  std::array<std::vector<double>, kStages> k_;  ///< slopes of the stages, [n * width]
  OdeResult result_;
};

}  // namespace

OdeResult integrate_rows(const RowSlopes& slopes, std::vector<double> y, int64_t width, double from, double to,
                         const OdeOptions& options, const Cancel& cancel) {
  if (width < 1 || y.size() % static_cast<size_t>(width) != 0)
    fail(Code::usage, "ode", "values", fmt::format("rows of {}", width), fmt::format("{}", y.size()));
  if (!(options.tolerance > 0) || !std::isfinite(from) || !std::isfinite(to) || from == to)
    fail(Code::usage, "ode", "tolerance and ends", "a tolerance > 0, two different numbers",
         fmt::format("{}, {} to {}", options.tolerance, from, to));
  if (y.empty()) return {};
  Rows rows(slopes, std::move(y), width, from, to, options);
  while (!rows.empty() && !cancel.requested()) rows.step();
  const bool finished = rows.empty();
  return rows.result(finished);
}

}  // namespace roulade
