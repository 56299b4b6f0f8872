// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/pictures.hpp"

#include <algorithm>
#include <cmath>

namespace roulade::plot {

namespace {

constexpr double kLargestLogSnr = 20;

Series line(std::string name, Colour colour, std::vector<double> x, std::vector<double> y) {
  Series s;
  s.kind = Series::Kind::line;
  s.name = std::move(name);
  s.colour = colour;
  s.x = std::move(x);
  s.y = std::move(y);
  return s;
}

// The value of a curve at t, between its neighbours.
double at(const std::vector<double>& x, const std::vector<double>& y, double t) {
  const auto above = static_cast<size_t>(std::lower_bound(x.begin(), x.end(), t) - x.begin());
  if (above == 0) return y.front();
  if (above == x.size()) return y.back();
  const double share = (t - x[above - 1]) / (x[above] - x[above - 1]);
  if (share == 1) return y[above];
  return y[above - 1] + share * (y[above] - y[above - 1]);
}

// Means over blocks, so that no more than `most` points are left.
void thin(std::vector<double>& x, std::vector<double>& y, size_t most) {
  const size_t block = (x.size() + most - 1) / most;
  if (block < 2) return;
  std::vector<double> bx, by;
  for (size_t i = 0; i < x.size(); i += block) {
    const size_t end = std::min(i + block, x.size());
    double sx = 0, sy = 0;
    for (size_t k = i; k < end; ++k) sx += x[k], sy += y[k];
    bx.push_back(sx / static_cast<double>(end - i));
    by.push_back(sy / static_cast<double>(end - i));
  }
  x.swap(bx);
  y.swap(by);
}

// The mean over a window that reaches `reach` values to both sides. Near the ends it shrinks on both sides alike, so
// that a steep start is not bent, but not below a fifth, so that the last value is not a raw one.
std::vector<double> smooth(const std::vector<double>& y, size_t reach) {
  std::vector<double> sums{0}, out;
  for (double v : y) sums.push_back(sums.back() + v);
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t after = y.size() - 1 - i, r = std::max(std::min({reach, i, after}), reach / 5);
    const size_t first = i - std::min(i, r), last = i + std::min(after, r);
    out.push_back((sums[last + 1] - sums[first]) / static_cast<double>(last + 1 - first));
  }
  return out;
}

void keep_finite(std::vector<double>& x, std::vector<double>& y) {
  size_t n = 0;
  for (size_t i = 0; i < x.size(); ++i)
    if (std::isfinite(x[i]) && std::isfinite(y[i])) x[n] = x[i], y[n++] = y[i];
  x.resize(n);
  y.resize(n);
}

}  // namespace

Picture schedule_picture(const ScheduleCurves& c) {
  Picture picture{"schedule", {}, {}};
  picture.figure.title = "Noise schedule";
  picture.figure.columns = 2;
  picture.figure.width = 900;
  picture.figure.height = 300 + 34;

  Panel level;
  level.x = {"t", Limits{0, 1}, false, true};
  const double largest = *std::max_element(c.sigma.begin(), c.sigma.end());
  level.y.logarithmic = largest > 5;  // variance exploding: orders of magnitude
  level.series = {line("alpha", kBlue, c.t, c.alpha), line("sigma", kVermillion, c.t, c.sigma)};
  if (!level.y.logarithmic) level.y.limits = Limits{-0.02 * largest, 1.04 * std::max(largest, 1.0)};

  Panel ratio;
  ratio.x = level.x;
  ratio.y.label = "log_snr";
  const Limits seen = limits_of(c.log_snr);  // the ends may be infinite or nearly so
  ratio.y.limits = pad({std::max(seen.low, -kLargestLogSnr), std::min(seen.high, kLargestLogSnr)}, 0.04);
  ratio.series = {line("ln(alpha² / sigma²)", kGreen, c.t, c.log_snr)};
  if (!c.grid.empty()) {
    Series visits;
    visits.name = "times sampled";
    visits.opacity = 0.7;
    visits.radius = 2.2;
    visits.colour = kPurple;
    for (double t : c.grid) {
      const double v = at(c.t, c.log_snr, t);
      if (!std::isfinite(v)) continue;
      visits.x.push_back(t);
      visits.y.push_back(v);
    }
    ratio.series.push_back(std::move(visits));
  }
  picture.figure.panels = {level, ratio};
  picture.caption = "x_t = alpha x0 + sigma eps; t = 0 is data, t = 1 noise.";
  return picture;
}

Picture loss_picture(const LossCurves& loss) {
  LossCurves c = loss;
  keep_finite(c.step, c.loss);
  keep_finite(c.validation_step, c.validation_loss);
  Picture picture{"loss", {}, {}};
  picture.figure.title = "Training loss";
  picture.figure.height = 430 + 34;

  const std::vector<double> calm = smooth(c.loss, c.loss.size() / 50);
  std::vector<double> seen = calm;
  seen.insert(seen.end(), c.validation_loss.begin(), c.validation_loss.end());
  Limits limits = limits_of(seen);
  Panel panel;
  panel.y.logarithmic = limits.low > 0 && limits.high / limits.low > 6;
  panel.x = {"step", pad(limits_of(c.step), 0.02), false, true};
  panel.y.label = "loss";
  // The raw curve may leave the picture, the smoothed one never does.
  Limits raw = limits_of(c.loss);
  if (panel.y.logarithmic) {
    if (raw.low > 0)
      limits = join(limits, {std::max(raw.low, limits.low / 1.5), std::min(raw.high, limits.high * 1.5)});
    limits = {limits.low / 1.08, limits.high * 1.08};
  } else {
    const double room = 0.35 * limits.span();
    limits = pad(join(limits, {std::max(raw.low, limits.low - room), std::min(raw.high, limits.high + room)}), 0.03);
  }
  panel.y.limits = limits;

  Series faint = line("each step", kSky, c.step, c.loss);
  thin(faint.x, faint.y, 1500);
  faint.width = 1;
  faint.opacity = 0.55;
  Series strong = line("smoothed", kBlue, c.step, calm);
  thin(strong.x, strong.y, 300);
  strong.width = 2.2;
  panel.series = {faint, strong};
  if (!c.validation_step.empty()) {
    panel.series.push_back(line("validation", kVermillion, c.validation_step, c.validation_loss));
    panel.series.back().width = 1.4;
    Series marks = panel.series.back();
    marks.kind = Series::Kind::points;
    marks.name.clear();
    marks.opacity = 1;
    marks.radius = 2.6;
    if (marks.x.size() <= 40) panel.series.push_back(std::move(marks));
  }
  picture.figure.panels = {panel};
  return picture;
}

Picture level_picture(const LevelErrors& e) {
  Picture picture{"levels", {}, {}};
  picture.figure.title = "Held-out error by noise level";
  picture.figure.height = 430 + 34;
  Panel panel;
  panel.x = {"log_snr (right: less noise)", pad(limits_of(e.log_snr), 0.02), false, true};
  panel.y.label = "mean squared error";
  panel.y.limits = Limits{0, 1.06 * std::max({1.0, limits_of(e.x0).high, limits_of(e.eps).high})};
  panel.series = {line("of x_0", kVermillion, e.log_snr, e.x0), line("of eps", kBlue, e.log_snr, e.eps)};
  if (!e.target.empty()) {
    panel.series.push_back(line("of " + e.target_name, kGreen, e.log_snr, e.target));
    panel.y.limits = Limits{0, std::max(panel.y.limits->high, 1.06 * limits_of(e.target).high)};
  }
  if (!e.least_x0.empty()) {
    panel.series.push_back(line("least possible of x_0", kInk, e.log_snr, e.least_x0));
    panel.series.back().dashed = true;
  }
  picture.figure.panels = {panel};
  picture.caption = "Of one coordinate, in the units that the network sees. " + e.note;
  return picture;
}

}  // namespace roulade::plot
