// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/likelihood.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/eval/ode.hpp"

#include <cmath>
#include <numbers>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kExactUpTo = 32;

Tensor to_tensor(std::span<const double> values, at::IntArrayRef shape) {
  // from_blob borrows; clone owns
  return at::from_blob(const_cast<double*>(values.data()), shape, at::TensorOptions(at::kDouble)).clone();
}

/// One level of noise.
struct Angle {
  double t = 0, radius = 1, cosine = 1, sine = 0;
};

/// The path of theta that a schedule's times go.
class Path {
 public:
  Path(const Schedule& schedule, double t_min)
      : schedule_(schedule), t_min_(t_min), low_(theta(t_min)), high_(theta(1)) {}

  double low() const { return low_; }
  double high() const { return high_; }

  Angle at(double theta) const {
    const double t = theta >= high_ ? 1 : theta <= low_ ? t_min_ : schedule_.time_of(-2 * std::log(std::tan(theta)));
    const double alpha = schedule_.alpha(t), sigma = schedule_.sigma(t), radius = std::hypot(alpha, sigma);
    return {t, radius, alpha / radius, sigma / radius};
  }

 private:
  double theta(double t) const { return std::atan2(schedule_.sigma(t), schedule_.alpha(t)); }

  const Schedule& schedule_;
  double t_min_, low_, high_;
};

/// The ODE of one batch. A row's state is [y, integrals]: one integral of the exact divergence, or one a probe.
class Flow {
 public:
  Flow(const Denoiser& denoiser, const Tensor& x0, const Condition& condition, const LikelihoodOptions& options,
       const Path& path)
      : denoiser_(denoiser), condition_(condition), path_(path), sample_(x0.sizes().slice(1).vec()) {
    batch_ = x0.size(0);
    width_ = x0.numel() / batch_;
    const bool exact = options.divergence == Divergence::exact ||
                       (options.divergence == Divergence::automatic && width_ <= kExactUpTo);
    if (!exact) draw_probes(options);
    integrals_ = exact ? 1 : options.probes;
  }

  int64_t state_width() const { return width_ + integrals_; }
  int64_t width() const { return width_; }

  void slopes(std::span<const double> theta, std::span<const double> state, std::span<const int64_t> rows,
              std::span<double> slope) const {
    const auto n = static_cast<int64_t>(theta.size());
    std::vector<double> t, radius, cosine, sine;
    for (const double one : theta) {
      const Angle a = path_.at(one);
      t.push_back(a.t);
      radius.push_back(a.radius);
      cosine.push_back(a.cosine);
      sine.push_back(a.sine);
    }
    const Tensor chosen = at::tensor(at::IntArrayRef(rows.data(), rows.size()), at::kLong);
    const Condition condition = n == batch_ || condition_.empty() ? condition_ : select(condition_, chosen);
    const auto column = [&](const std::vector<double>& values) { return to_tensor(values, {n, 1}); };

    const at::AutoGradMode with_gradients(true);
    const Tensor y = to_tensor(state, {n, state_width()}).narrow(1, 0, width_).clone().requires_grad_(true);
    const Tensor x0 = denoise(y.mul(column(radius)), t, condition).view({n, width_});
    const Tensor divergences = probes_.defined() ? products(x0, y, chosen) : diagonal(x0, y);

    const Tensor out = at::from_blob(slope.data(), {n, state_width()}, at::TensorOptions(at::kDouble));
    const at::NoGradGuard without;
    out.narrow(1, 0, width_).copy_(y.mul(column(cosine)).sub_(x0).div_(column(sine)));
    out.narrow(1, width_, integrals_)
        .copy_(column(cosine).mul_(static_cast<double>(width_)).sub(divergences).div_(column(sine)));
  }

 private:
  Tensor denoise(const Tensor& x, const std::vector<double>& t, const Condition& condition) const {
    std::vector<int64_t> shape{x.size(0)};
    shape.insert(shape.end(), sample_.begin(), sample_.end());
    const Tensor x0 = denoiser_.denoise(x.view(shape), t, condition).x0.to(at::kDouble);
    if (!x0.requires_grad()) fail(Code::usage, "likelihood", "the denoiser is not differentiable");
    return x0;
  }

  /// The gradient of a sum over all rows: [n, width].
  static Tensor gradient(const Tensor& sum, const Tensor& y, bool keep) {
    sum.backward({}, keep, false, at::TensorList(&y, 1));
    const Tensor out = y.grad();
    y.mutable_grad().reset();
    return out;
  }

  /// The sum of d x0_j / d y_j: [n, 1].
  Tensor diagonal(const Tensor& x0, const Tensor& y) const {
    Tensor sum;
    for (int64_t j = 0; j < width_; ++j) {
      const Tensor one = gradient(x0.select(1, j).sum(), y, j + 1 < width_).narrow(1, j, 1);
      sum = sum.defined() ? sum.add_(one) : one.clone();
    }
    return sum;
  }

  /// v^T (d x0 / d y) v of each probe: [n, probes].
  Tensor products(const Tensor& x0, const Tensor& y, const Tensor& rows) const {
    const Tensor signs = probes_.index_select(0, rows);  // [n, probes, width]
    Tensor out = at::empty({x0.size(0), integrals_}, x0.options().requires_grad(false));
    for (int64_t p = 0; p < integrals_; ++p) {
      const Tensor v = signs.select(1, p);
      out.select(1, p).copy_(gradient(x0.mul(v).sum(), y, p + 1 < integrals_).mul(v).sum(1));
    }
    return out;
  }

  void draw_probes(const LikelihoodOptions& options) {
    if (options.probes < 2) fail(Code::usage, "likelihood", "probes", "at least 2", fmt::format("{}", options.probes));
    std::vector<double> u(static_cast<size_t>(batch_ * options.probes * width_));
    fill_uniform({options.seed, Stream::evaluate, 0}, options.first, options.probes * width_, u);
    for (double& value : u) value = value < 0.5 ? -1 : 1;
    probes_ = to_tensor(u, {batch_, options.probes, width_});
  }

  const Denoiser& denoiser_;
  const Condition& condition_;
  const Path& path_;
  std::vector<int64_t> sample_;
  int64_t batch_ = 0, width_ = 0, integrals_ = 1;
  Tensor probes_;  ///< [B, probes, width] of +-1; undefined = exact
};

/// log p_1 of y_1 = x_1 / radius: [B].
std::vector<double> prior_density(const Denoiser& denoiser, const std::vector<double>& y, at::IntArrayRef shape,
                                  double radius, const LikelihoodOptions& options) {
  const auto batch = static_cast<size_t>(shape[0]);
  const size_t width = y.size() / batch;
  const double stretch = static_cast<double>(width) * std::log(radius);
  std::vector<double> out(batch);
  if (options.prior) {
    const Tensor given = options.prior(to_tensor(y, shape).mul_(radius)).to(at::kDouble).contiguous();
    for (size_t i = 0; i < batch; ++i) out[i] = given.const_data_ptr<double>()[i] + stretch;
    return out;
  }
  const double deviation = denoiser.schedule().prior_deviation() / radius;
  for (size_t i = 0; i < batch; ++i) {
    out[i] = -0.5 * static_cast<double>(width) * std::log(2 * std::numbers::pi * deviation * deviation);
    for (size_t c = i * width; c < (i + 1) * width; ++c) out[i] -= 0.5 * std::pow(y[c] / deviation, 2);
  }
  return out;
}

/// What the integrals of one row tell: their mean, and the standard error of it.
struct Estimate {
  double mean = 0, error = 0;
};

Estimate estimate(std::span<const double> integrals) {
  const auto n = static_cast<double>(integrals.size());
  Estimate out;
  for (const double value : integrals) out.mean += value / n;
  if (integrals.size() < 2) return out;
  for (const double value : integrals) out.error += std::pow(value - out.mean, 2);
  out.error = std::sqrt(out.error / (n - 1) / n);
  return out;
}

}  // namespace

Likelihood log_likelihood(const Denoiser& denoiser, const Tensor& x0, const Condition& condition,
                          const LikelihoodOptions& options, const Cancel& cancel) {
  if (x0.dim() < 2 || x0.numel() == 0)
    fail(Code::usage, "likelihood", "shape of x0", "[B, ...], not empty",
         fmt::format("[{}]", fmt::join(x0.sizes(), ", ")));
  const Schedule& schedule = denoiser.schedule();
  const double t_min = options.t_min.value_or(schedule.t_min());
  if (!(t_min > 0 && t_min < 1) || schedule.sigma(t_min) == 0)
    fail(Code::usage, "likelihood", "t_min", "a time between 0 and 1 with some noise", fmt::format("{}", t_min));
  const Path path(schedule, t_min);
  const Flow flow(denoiser, x0, condition, options, path);
  const auto width = static_cast<size_t>(flow.width()), state = static_cast<size_t>(flow.state_width());
  const auto batch = static_cast<size_t>(x0.size(0));

  const double shrink = path.at(path.low()).cosine;
  const Tensor data = x0.detach().to(at::kDouble).contiguous();
  std::vector<double> start(batch * state, 0);
  for (size_t i = 0; i < batch; ++i)
    for (size_t c = 0; c < width; ++c) start[i * state + c] = shrink * data.const_data_ptr<double>()[i * width + c];

  const OdeResult ode = integrate_rows(
      [&](std::span<const double> theta, std::span<const double> y, std::span<const int64_t> rows,
          std::span<double> slope) { flow.slopes(theta, y, rows, slope); },
      std::move(start), flow.state_width(), path.low(), path.high(), {.tolerance = options.tolerance}, cancel);

  Likelihood out;
  out.finished = ode.finished;
  if (!out.finished) return out;
  std::vector<double> y(batch * width);
  for (size_t i = 0; i < batch; ++i)
    for (size_t c = 0; c < width; ++c) y[i * width + c] = ode.y[i * state + c];
  out.log_density = prior_density(denoiser, y, x0.sizes(), path.at(path.high()).radius, options);
  for (size_t i = 0; i < batch; ++i) {
    const Estimate divergence = estimate(std::span(ode.y).subspan(i * state + width, state - width));
    out.log_density[i] += divergence.mean + static_cast<double>(width) * std::log(shrink);
    out.standard_error.push_back(divergence.error);
  }
  out.calls = static_cast<double>(ode.slopes) / static_cast<double>(batch);
  return out;
}

}  // namespace roulade
