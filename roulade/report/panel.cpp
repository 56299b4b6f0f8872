// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/panel.hpp"

#include "roulade/report/text.hpp"

#include <algorithm>
#include <cmath>

namespace roulade::plot {

namespace {

constexpr double kSwatch = 21, kSwatchGap = 18;  // a legend's entry
constexpr int kLayerLevels = 16, kCellLevels = 32;
const Paint kText{kInk, 1, true}, kFaintText{kInk, 0.75, true};

// Maps a value to a place along an axis.
struct Scale {
  Limits limits;
  bool logarithmic = false;
  double from = 0, to = 1;  // places of the limits

  double operator()(double v) const {
    const double share =
        logarithmic ? std::log(v / limits.low) / std::log(limits.high / limits.low) : (v - limits.low) / limits.span();
    return from + share * (to - from);
  }
};

Limits limits_for(const Axis& axis, const std::vector<Series>& all, bool along_x) {
  if (axis.limits) return *axis.limits;
  std::vector<double> seen;
  for (const Series& s : all)
    for (double v : along_x ? s.x : s.y)
      if (!axis.logarithmic || v > 0) seen.push_back(v);
  const bool from_zero =
      !along_x && std::any_of(all.begin(), all.end(), [](const Series& s) { return s.kind == Series::Kind::bars; });
  if (from_zero) seen.push_back(0);
  Limits limits = limits_of(seen);
  if (axis.logarithmic) {
    if (limits.low <= 0) return {0.1, 10};
    const double room = std::pow(limits.high / limits.low, 0.05);
    return {limits.low / room, limits.high * room};
  }
  if (from_zero) return {0, limits.high * 1.06};
  return pad(limits, 0.04);
}

void draw_points(Painter& p, const Series& s, const Scale& sx, const Scale& sy, const Box& box) {
  if (s.x.size() <= 400) {
    const double radius = s.radius > 0 ? s.radius : s.x.size() > 60 ? 2.2 : 3;
    std::vector<Spot> centres;
    for (size_t i = 0; i < s.x.size(); ++i) {
      const Spot at{sx(s.x[i]), sy(s.y[i])};
      if (std::isfinite(at.x) && std::isfinite(at.y) && sx.limits.contains(s.x[i]) && sy.limits.contains(s.y[i]))
        centres.push_back(at);
    }
    if (!centres.empty()) p.discs(centres, radius, {s.colour, s.opacity > 0 ? s.opacity : 0.8, false});
    return;
  }
  const double scale = p.layer_scale(box.width);
  std::vector<float> x(s.x.size()), y(s.x.size());
  for (size_t i = 0; i < s.x.size(); ++i) {
    x[i] = static_cast<float>((sx(s.x[i]) - box.x) * scale);
    y[i] = static_cast<float>((sy(s.y[i]) - box.y) * scale);
  }
  const double side = std::sqrt(box.width * box.height);
  const double radius = (s.radius > 0 ? s.radius : fitting_radius(s.x.size(), side)) * scale;
  const Cover dots = cover(x, y, static_cast<int>(std::lround(box.width * scale)),
                           static_cast<int>(std::lround(box.height * scale)), std::min(radius, 7.5));
  p.layer(box, mask_of(dots, s.opacity > 0 ? s.opacity : fitting_opacity(dots), kLayerLevels), s.colour);
}

void draw_line(Painter& p, const Series& s, const Scale& sx, const Scale& sy) {
  const Pen pen{{s.colour, s.opacity > 0 ? s.opacity : 1, false}, s.width, s.dashed};
  std::vector<Spot> run;
  auto flush = [&] {
    if (run.size() > 1) p.path(run, pen);
    run.clear();
  };
  for (size_t i = 0; i < s.x.size(); ++i) {
    const Spot at{sx(s.x[i]), sy(s.y[i])};
    if (std::isfinite(at.x) && std::isfinite(at.y))
      run.push_back({at.x, std::clamp(at.y, -1e4, 1e4)});
    else
      flush();
  }
  flush();
}

void draw_bars(Painter& p, const Series& s, const Scale& sx, const Scale& sy) {
  std::vector<Spot> outline{{sx(s.x.front()), sy(0)}};
  for (size_t i = 0; i < s.y.size(); ++i) {
    outline.push_back({sx(s.x[i]), sy(s.y[i])});
    outline.push_back({sx(s.x[i + 1]), sy(s.y[i])});
  }
  outline.push_back({sx(s.x.back()), sy(0)});
  if (s.filled)
    p.fill(outline, {s.colour, 0.45, false});
  else
    p.path(outline, {{s.colour, 1, false}, s.width, s.dashed});
}

void draw_cells(Painter& p, const Series& s, const Scale& sx, const Scale& sy) {
  const int across = s.cells_across, up = static_cast<int>(s.cells.size()) / std::max(across, 1);
  if (across < 1 || up < 1) return;
  const Box box{sx(s.x[0]), sy(s.y[1]), sx(s.x[1]) - sx(s.x[0]), sy(s.y[0]) - sy(s.y[1])};
  // Each cell as whole pixels, so that scaling does not blur one into the next.
  const int times = std::max(1, static_cast<int>(std::lround(box.width * p.layer_scale(box.width) / across)));
  Mask mask{across * times, up * times, {}};
  mask.alpha.resize(static_cast<size_t>(mask.width) * static_cast<size_t>(mask.height));
  size_t k = 0;
  for (int row = 0; row < mask.height; ++row)
    for (int col = 0; col < mask.width; ++col) {
      const double v = s.cells[static_cast<size_t>((up - 1 - row / times) * across + col / times)];
      const double level = std::isfinite(v) ? std::round(std::clamp(v, 0.0, 1.0) * kCellLevels) / kCellLevels : 0;
      mask.alpha[k++] = static_cast<uint8_t>(std::lround(255 * level));
    }
  p.layer(box, mask, s.colour);
}

std::vector<Tick> ticks_for(const Axis& axis, Limits limits, int wanted) {
  return axis.logarithmic ? log_ticks(limits, wanted) : linear_ticks(limits, wanted);
}

std::vector<Tick> upright_ticks(const Axis& axis, Limits limits, double height) {
  if (!axis.ticks) return {};
  return ticks_for(axis, limits, std::clamp(static_cast<int>(height / 38), 2, 8));
}

// As many ticks as have room for their labels side by side.
std::vector<Tick> level_ticks(const Axis& axis, Limits limits, double width) {
  std::vector<Tick> ticks;
  for (int wanted = axis.ticks ? 8 : 0; wanted >= 1; --wanted) {
    ticks = ticks_for(axis, limits, wanted);
    double needs = 0;
    for (const Tick& t : ticks) needs += kTextSize * (text_width(t.label) + 2.0);
    if (needs <= width + 20) break;
  }
  return ticks;
}

std::vector<const Series*> named(const Panel& panel) {
  std::vector<const Series*> out;
  for (const Series& s : panel.series)
    if (panel.legend && !s.name.empty()) out.push_back(&s);
  return out;
}

double widest(const std::vector<Tick>& ticks) {
  double width = 0;
  for (const Tick& t : ticks) width = std::max(width, kTextSize * text_width(t.label));
  return width;
}

// Both axes' limits, one unit as long on both when the panel asks for it.
std::pair<Limits, Limits> limits_in(const Panel& panel, double width, double height) {
  Limits x = limits_for(panel.x, panel.series, true), y = limits_for(panel.y, panel.series, false);
  if (panel.equal) {
    const double unit = std::max(x.span() / width, y.span() / height);
    x = {x.centre() - unit * width / 2, x.centre() + unit * width / 2};
    y = {y.centre() - unit * height / 2, y.centre() + unit * height / 2};
  }
  return {x, y};
}

}  // namespace

Legend legend_of(const std::vector<const Series*>& series, double width) {
  Legend rows;
  double used = 0;
  for (const Series* s : series) {
    const double needs = kSwatch + kTextSize * text_width(s->name);
    if (rows.empty() || used + needs > width) {
      rows.emplace_back();
      used = 0;
    }
    rows.back().push_back(s);
    used += needs + kSwatchGap;
  }
  return rows;
}

void draw_legend(Painter& p, const Legend& legend, double left, double top) {
  double y = top + 11;
  for (const auto& row : legend) {
    double x = left;
    for (const Series* s : row) {
      const Paint paint{s->colour, 1, false};
      if (s->kind == Series::Kind::points) {
        const Spot centre[] = {{x + 7, y - 4}};
        p.discs(centre, 4, paint);
      } else if ((s->kind == Series::Kind::bars && s->filled) || s->kind == Series::Kind::cells) {
        const Spot corners[] = {{x, y - 9}, {x + 14, y - 9}, {x + 14, y + 1}, {x, y + 1}};
        p.fill(corners, {s->colour, 0.55, false});
      } else {
        const Spot ends[] = {{x, y - 4}, {x + 16, y - 4}};
        p.path(ends, {{s->colour, s->opacity > 0 ? s->opacity : 1, false}, std::max(s->width, 1.5), s->dashed});
      }
      p.text({x + kSwatch, y}, s->name, kTextSize, Anchor::start, kText, false, false);
      x += kSwatch + kTextSize * text_width(s->name) + kSwatchGap;
    }
    y += kLegendRow;
  }
}

Margins margins_of(const Panel& panel, const Box& box) {
  const double title = panel.title.empty() ? 0 : 20;
  const auto legend = legend_of(named(panel), box.width - 70);
  Margins m;
  m.top = title + kLegendRow * static_cast<double>(legend.size()) + (legend.empty() && title == 0 ? 8 : 4);
  m.bottom = (panel.x.ticks ? 20 : 6) + (panel.x.label.empty() ? 0 : 19);
  m.right = panel.x.ticks ? 14 : 6;
  const double height = box.height - m.top - m.bottom;
  const Limits y = limits_in(panel, box.width - 60, height).second;
  m.left = (panel.y.ticks ? 9 + widest(upright_ticks(panel.y, y, height)) : 6) + (panel.y.label.empty() ? 0 : 19);
  return m;
}

void draw(Painter& p, const Panel& panel, const Box& box, const Margins& margins) {
  const Box in{box.x + margins.left, box.y + margins.top, box.width - margins.left - margins.right,
               box.height - margins.top - margins.bottom};
  const auto [lx, ly] = limits_in(panel, in.width, in.height);
  const Scale sx{lx, panel.x.logarithmic, in.x, in.x + in.width}, sy{ly, panel.y.logarithmic, in.y + in.height, in.y};

  const Pen grid{{kInk, 0.1, true}, 1, false};
  for (const Tick& t : level_ticks(panel.x, lx, in.width)) {
    const double x = sx(t.value);
    const Spot ends[] = {{x, in.y}, {x, in.y + in.height}};
    p.path(ends, grid);
    p.text({x, in.y + in.height + 16}, t.label, kTextSize, Anchor::middle, kFaintText, false, false);
  }
  for (const Tick& t : upright_ticks(panel.y, ly, in.height)) {
    const double y = sy(t.value);
    const Spot ends[] = {{in.x, y}, {in.x + in.width, y}};
    p.path(ends, grid);
    p.text({in.x - 6, y + kTextSize * 0.36}, t.label, kTextSize, Anchor::end, kFaintText, false, false);
  }

  p.push_clip(in);
  for (const Series& s : panel.series) {
    if (s.x.empty() || s.y.empty()) continue;
    if (s.kind == Series::Kind::points) draw_points(p, s, sx, sy, in);
    if (s.kind == Series::Kind::line) draw_line(p, s, sx, sy);
    if (s.kind == Series::Kind::bars) draw_bars(p, s, sx, sy);
    if (s.kind == Series::Kind::cells) draw_cells(p, s, sx, sy);
  }
  p.pop_clip();

  const Spot frame[] = {{in.x, in.y},
                        {in.x + in.width, in.y},
                        {in.x + in.width, in.y + in.height},
                        {in.x, in.y + in.height},
                        {in.x, in.y}};
  p.path(frame, {{kInk, 0.35, true}, 1, false});
  if (!panel.title.empty()) p.text({in.x, box.y + 13}, panel.title, kTextSize + 0.5, Anchor::start, kText, true, false);
  draw_legend(p, legend_of(named(panel), box.width - 70), in.x, box.y + (panel.title.empty() ? 0 : 20));
  if (!panel.x.label.empty())
    p.text({in.x + in.width / 2, box.y + box.height - 5}, panel.x.label, kTextSize, Anchor::middle, kText, false,
           false);
  if (!panel.y.label.empty())
    p.text({box.x + 12, in.y + in.height / 2}, panel.y.label, kTextSize, Anchor::middle, kText, false, true);
}

}  // namespace roulade::plot
