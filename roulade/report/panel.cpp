// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/panel.hpp"

#include "roulade/report/text.hpp"

#include <algorithm>
#include <cmath>

namespace roulade::plot {

namespace {

constexpr double kLetter = 0.62 * kTextSize;  // a letter's width, on the safe side
constexpr double kLayerScale = 2;             // pixels of a layer of dots to a unit
constexpr int kLayerLevels = 16;
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

// Rows of legend entries, each no wider than the box.
std::vector<std::vector<const Series*>> legend_rows(const Panel& panel, double width) {
  std::vector<std::vector<const Series*>> rows;
  double used = 0;
  if (!panel.legend) return rows;
  for (const Series& s : panel.series) {
    if (s.name.empty()) continue;
    const double needs = 34 + kLetter * static_cast<double>(length(s.name));
    if (rows.empty() || used + needs > width) {
      rows.emplace_back();
      used = 0;
    }
    rows.back().push_back(&s);
    used += needs;
  }
  return rows;
}

void draw_legend(Painter& p, const std::vector<std::vector<const Series*>>& rows, double left, double top) {
  double y = top + 11;
  for (const auto& row : rows) {
    double x = left;
    for (const Series* s : row) {
      const Paint paint{s->colour, 1, false};
      if (s->kind == Series::Kind::points) {
        p.circle({x + 7, y - 4}, 4, paint);
      } else if (s->kind == Series::Kind::bars && s->filled) {
        const Spot corners[] = {{x, y - 9}, {x + 14, y - 9}, {x + 14, y + 1}, {x, y + 1}};
        p.fill(corners, {s->colour, 0.55, false});
      } else {
        const Spot ends[] = {{x, y - 4}, {x + 16, y - 4}};
        p.path(ends, {{s->colour, s->opacity > 0 ? s->opacity : 1, false}, std::max(s->width, 1.5), s->dashed});
      }
      p.text({x + 21, y}, s->name, kTextSize, Anchor::start, kText, false, false);
      x += 34 + kLetter * static_cast<double>(length(s->name));
    }
    y += 18;
  }
}

void draw_points(Painter& p, const Series& s, const Scale& sx, const Scale& sy, const Box& box) {
  if (s.x.size() <= 400) {
    const double radius = s.radius > 0 ? s.radius : s.x.size() > 60 ? 2.2 : 3;
    for (size_t i = 0; i < s.x.size(); ++i) {
      const Spot at{sx(s.x[i]), sy(s.y[i])};
      if (std::isfinite(at.x) && std::isfinite(at.y) && sx.limits.contains(s.x[i]) && sy.limits.contains(s.y[i]))
        p.circle(at, radius, {s.colour, s.opacity > 0 ? s.opacity : 0.8, false});
    }
    return;
  }
  std::vector<float> x(s.x.size()), y(s.x.size());
  for (size_t i = 0; i < s.x.size(); ++i) {
    x[i] = static_cast<float>((sx(s.x[i]) - box.x) * kLayerScale);
    y[i] = static_cast<float>((sy(s.y[i]) - box.y) * kLayerScale);
  }
  const double side = std::sqrt(box.width * box.height);
  const double radius = (s.radius > 0 ? s.radius : fitting_radius(s.x.size(), side)) * kLayerScale;
  const Cover dots = cover(x, y, static_cast<int>(std::lround(box.width * kLayerScale)),
                           static_cast<int>(std::lround(box.height * kLayerScale)), std::min(radius, 7.5));
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

std::vector<Tick> ticks_for(const Axis& axis, Limits limits, double extent, double each) {
  if (!axis.ticks) return {};
  const int wanted = std::clamp(static_cast<int>(extent / each), 2, 9);
  return axis.logarithmic ? log_ticks(limits, wanted) : linear_ticks(limits, wanted);
}

size_t longest(const std::vector<Tick>& ticks) {
  size_t n = 0;
  for (const Tick& t : ticks) n = std::max(n, length(t.label));
  return n;
}

}  // namespace

void draw(Painter& p, const Panel& panel, const Box& box) {
  Limits lx = limits_for(panel.x, panel.series, true), ly = limits_for(panel.y, panel.series, false);
  const auto rows = legend_rows(panel, box.width - 10);
  const double title = panel.title.empty() ? 0 : 20;

  // The inside: what titles, labels and ticks leave.
  Box in = box;
  in.y += title + 18 * static_cast<double>(rows.size()) + (rows.empty() && title == 0 ? 8 : 4);
  in.height = box.y + box.height - in.y - (panel.x.ticks ? 20 : 6) - (panel.x.label.empty() ? 0 : 19);
  const auto rough = ticks_for(panel.y, ly, in.height, 46);
  const double left =
      (panel.y.ticks ? 9 + kLetter * static_cast<double>(longest(rough)) : 6) + (panel.y.label.empty() ? 0 : 19);
  in.x += left;
  in.width = box.width - left - (panel.x.ticks ? 14 : 6);

  if (panel.equal) {
    const double unit = std::max(lx.span() / in.width, ly.span() / in.height);
    lx = {lx.centre() - unit * in.width / 2, lx.centre() + unit * in.width / 2};
    ly = {ly.centre() - unit * in.height / 2, ly.centre() + unit * in.height / 2};
  }
  const Scale sx{lx, panel.x.logarithmic, in.x, in.x + in.width}, sy{ly, panel.y.logarithmic, in.y + in.height, in.y};
  const auto ty = ticks_for(panel.y, ly, in.height, 46);
  auto tx = ticks_for(panel.x, lx, in.width, 62);
  while (tx.size() > 2 &&
         static_cast<double>(longest(tx) + 1) * kLetter * static_cast<double>(tx.size()) > in.width + 40) {
    const auto fewer = ticks_for(panel.x, lx, in.width, in.width / static_cast<double>(tx.size() / 2));
    if (fewer.size() >= tx.size()) break;
    tx = fewer;
  }

  const Pen grid{{kInk, 0.1, true}, 1, false};
  for (const Tick& t : tx) {
    const double x = sx(t.value);
    const Spot ends[] = {{x, in.y}, {x, in.y + in.height}};
    p.path(ends, grid);
    p.text({x, in.y + in.height + 16}, t.label, kTextSize, Anchor::middle, kFaintText, false, false);
  }
  for (const Tick& t : ty) {
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
  }
  p.pop_clip();

  const Spot frame[] = {{in.x, in.y},
                        {in.x + in.width, in.y},
                        {in.x + in.width, in.y + in.height},
                        {in.x, in.y + in.height},
                        {in.x, in.y}};
  p.path(frame, {{kInk, 0.35, true}, 1, false});
  if (!panel.title.empty()) p.text({in.x, box.y + 13}, panel.title, kTextSize + 0.5, Anchor::start, kText, true, false);
  draw_legend(p, rows, in.x, box.y + title);
  if (!panel.x.label.empty())
    p.text({in.x + in.width / 2, box.y + box.height - 5}, panel.x.label, kTextSize, Anchor::middle, kText, false,
           false);
  if (!panel.y.label.empty())
    p.text({box.x + 12, in.y + in.height / 2}, panel.y.label, kTextSize, Anchor::middle, kText, false, true);
}

}  // namespace roulade::plot
