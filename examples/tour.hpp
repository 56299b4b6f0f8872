// SPDX-License-Identifier: Apache-2.0
// For the examples of docs/tour.md: the article's Swiss roll, and pictures written where the program is started.
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/data/mixture.hpp"
#include "roulade/denoiser/exact.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/report/figure.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/train/batches.hpp"

#include <string>

#include <ATen/Context.h>

namespace tour {

using roulade::Tensor;

/// LibTorch's own noise, the same at every run.
inline const bool kSeeded = (at::manual_seed(0), true);

/// Data, schedule, network and objective of the article's recipe.
inline roulade::TrainParts article() {
  return roulade::make_train_parts(roulade::resolve(roulade::find_recipe("swiss_roll_article")));
}

/// `count` points of the roll as a network sees them.   Returns [count, 2], mean 0, deviation 1.
inline Tensor draw(const roulade::TrainParts& parts, int64_t count) {
  return roulade::to_batch(parts.facts.scaling.apply(parts.source->draw(roulade::Split::test, 0, count))).x0;
}

/// E[x_0 | x_t] of these data, known by quadrature.
inline std::shared_ptr<const roulade::Denoiser> exact(const roulade::TrainParts& parts) {
  const roulade::Mixture law = roulade::apply(parts.facts.scaling, *parts.source->law());
  return roulade::make_exact_mixture(parts.schedule, law.weights, law.means, law.deviations);
}

/// The rows of [n, 2] as dots.
inline roulade::plot::Series dots(const Tensor& x, roulade::plot::Colour colour = roulade::plot::kSamples) {
  const Tensor d = x.to(at::kDouble).contiguous();
  const double* p = d.const_data_ptr<double>();
  roulade::plot::Series s;
  s.colour = colour;
  s.radius = 1;
  for (int64_t i = 0; i < d.size(0); ++i) s.x.push_back(p[2 * i]), s.y.push_back(p[2 * i + 1]);
  return s;
}

inline roulade::plot::Panel plane(const std::string& title, const std::vector<roulade::plot::Series>& series) {
  const roulade::plot::Axis axis{"", roulade::plot::Limits{-3, 3}, false, false};
  return {title, axis, axis, series, true, false};
}

inline roulade::plot::Series line(const std::string& name, roulade::plot::Colour colour) {
  roulade::plot::Series s;
  s.kind = roulade::plot::Series::Kind::line;
  s.name = name, s.colour = colour;
  return s;
}

inline void save(const std::string& name, const roulade::plot::Figure& figure) {
  const bool svg = name.ends_with(".svg");
  roulade::write_file_atomically(name, svg ? roulade::plot::to_svg(figure) : roulade::plot::to_png(figure, 1));
}

/// A curve over steps, above the dashed level that it cannot fall below.
inline void save_curve(const std::string& name, const roulade::plot::Series& curve, double floor) {
  roulade::plot::Series best = line("best there is", roulade::plot::kVermillion);
  best.x = {0, curve.x.back()}, best.y = {floor, floor}, best.dashed = true;
  roulade::plot::Panel panel;
  panel.x.label = "step", panel.y.label = "loss", panel.y.limits = roulade::plot::Limits{0, 1.2};
  panel.series = {curve, best};
  roulade::plot::Figure figure;
  figure.panels = {panel};
  figure.width = 480, figure.height = 280;
  save(name, figure);
}

}  // namespace tour
