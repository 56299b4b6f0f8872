// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/gif.hpp"

#include "roulade/core/error.hpp"
#include "roulade/report/cairo_painter.hpp"
#include "roulade/report/dots.hpp"
#include "roulade/report/figure.hpp"

#include <algorithm>
#include <cmath>

#include <cgif.h>

namespace roulade::plot {

namespace {

constexpr int kStrip = 34;           // above the points: the label
constexpr int kInkLevels = 8;        // smoothness of its letters
constexpr int kRoom = 255;           // palette entries; cgif takes the last one for "as before"
constexpr double kDataShown = 0.45;  // opacity of the data where they are densest

// Pixel = ink level, or (class, level of its density, level of the data's density).
class Palette {
 public:
  explicit Palette(const std::vector<Colour>& colours) : classes_(static_cast<int>(colours.size())) {
    data_levels_ = classes_ <= 6 ? 4 : classes_ <= 8 ? 3 : 2;
    levels_ = std::clamp((kRoom - kInkLevels - data_levels_) / (classes_ * data_levels_), 1, 9);
    while (classes_ > 1 && size() > kRoom) --classes_;  // more classes than colours: the last ones share
    for (int i = 0; i < kInkLevels; ++i) add(blend(kInk, kPaper, static_cast<double>(i) / (kInkLevels - 1)));
    for (int d = 0; d < data_levels_; ++d) add(data_colour(d));
    for (int k = 0; k < classes_; ++k)
      for (int l = 1; l <= levels_; ++l)
        for (int d = 0; d < data_levels_; ++d)
          add(blend(colours[static_cast<size_t>(k)], data_colour(d), static_cast<double>(l) / levels_));
  }

  uint8_t ink(double share) const { return static_cast<uint8_t>(std::lround(share * (kInkLevels - 1))); }
  uint8_t dot(int k, uint8_t alpha, uint8_t data_alpha) const {
    const int d = (data_alpha * (data_levels_ - 1) + 127) / 255, l = (alpha * levels_ + 127) / 255;
    if (l == 0) return static_cast<uint8_t>(kInkLevels + d);
    return static_cast<uint8_t>(kInkLevels + data_levels_ +
                                (std::min(k, classes_ - 1) * levels_ + l - 1) * data_levels_ + d);
  }
  std::vector<uint8_t>& bytes() { return bytes_; }
  int size() const { return kInkLevels + data_levels_ + classes_ * levels_ * data_levels_; }

 private:
  Colour data_colour(int d) const { return blend(kData, kPaper, kDataShown * d / (data_levels_ - 1)); }
  void add(Colour c) { bytes_.insert(bytes_.end(), {c.r, c.g, c.b}); }

  int classes_, data_levels_, levels_;
  std::vector<uint8_t> bytes_;
};

// Pixel places of two columns' values (one column: see bars()).
Cover dots_of(const std::vector<double>& points, const std::vector<size_t>& group, size_t only, const Animation& a,
              const View& view, int side) {
  const auto width = static_cast<size_t>(a.width);
  std::vector<float> x, y;
  for (size_t r = 0; r * width < points.size(); ++r) {
    if (!group.empty() && group[r] != only) continue;
    x.push_back(static_cast<float>((points[r * width] - view[0].low) / view[0].span() * side));
    y.push_back(static_cast<float>((view[1].high - points[r * width + 1]) / view[1].span() * side));
  }
  return cover(x, y, side, side, std::clamp(fitting_radius(points.size() / width, side), 1.0, 2.2));
}

// One column: a histogram with full bars as tall as `tallest` reaches.
Mask bars_of(const std::vector<double>& points, const View& view, int side, double tallest) {
  const Series s = histogram(points, view[0], 70);
  Mask mask{side, side, std::vector<uint8_t>(static_cast<size_t>(side) * static_cast<size_t>(side))};
  for (int x = 0; x < side; ++x) {
    const double height = s.y[static_cast<size_t>(x) * s.y.size() / static_cast<size_t>(side)] / tallest * side * 0.9;
    for (int y = 0; y < side; ++y)
      if (side - y <= height)
        mask.alpha[static_cast<size_t>(y) * static_cast<size_t>(side) + static_cast<size_t>(x)] = 190;
  }
  return mask;
}

double tallest_of(const Animation& a) {
  double tallest = 0;
  auto see = [&](const std::vector<double>& points, const View& view) {
    if (points.empty()) return;
    const Series s = histogram(points, view[0], 70);
    tallest = std::max(tallest, *std::max_element(s.y.begin(), s.y.end()));
  };
  see(a.data, a.views.back());
  see(a.points.back(), a.views.back());
  return tallest > 0 ? tallest : 1;
}

int append(void* out, const uint8_t* bytes, size_t count) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), count);
  return 0;
}

// The strip with the label and a bar that grows with the frames.
void draw_strip(std::vector<uint8_t>& pixels, const Palette& palette, const std::string& label, double done, int side) {
  CairoPainter painter(side, kStrip, 1);
  painter.text({10, 22}, label, 15, Anchor::start, {}, false, false);
  const Spot bar[] = {{0, kStrip - 2}, {side * done, kStrip - 2}, {side * done, kStrip}, {0, kStrip}};
  painter.fill(bar, {kInk, 0.6, false});
  const auto rgb = painter.rgb();
  for (size_t i = 0; i < static_cast<size_t>(side * kStrip); ++i)
    pixels[i] = palette.ink((255.0 - rgb[3 * i]) / (255.0 - kInk.r));
}

struct Layers {
  std::vector<Mask> classes;
  Mask data;
};

void draw_points(std::vector<uint8_t>& pixels, const Palette& palette, const Layers& layers) {
  uint8_t* out = pixels.data() + static_cast<size_t>(layers.data.width) * kStrip;
  for (size_t i = 0; i < layers.data.alpha.size(); ++i) {
    size_t best = 0;
    for (size_t k = 1; k < layers.classes.size(); ++k)
      if (layers.classes[k].alpha[i] > layers.classes[best].alpha[i]) best = k;
    out[i] = palette.dot(static_cast<int>(best), layers.classes[best].alpha[i], layers.data.alpha[i]);
  }
}

}  // namespace

std::string to_gif(const Animation& a, int side) {
  Palette palette(a.colours);
  std::string out;
  CGIF_Config config{};
  config.pGlobalPalette = palette.bytes().data();
  config.numGlobalPaletteEntries = static_cast<uint16_t>(palette.size());
  config.attrFlags = CGIF_ATTR_IS_ANIMATED;
  config.numLoops = CGIF_INFINITE_LOOP;
  config.width = static_cast<uint16_t>(side);
  config.height = static_cast<uint16_t>(side + kStrip);
  config.pWriteFn = append;
  config.pContext = &out;
  CGIF* gif = cgif_newgif(&config);
  if (!gif) fail(Code::internal, "report", "an animated GIF could not be begun");

  const size_t frames = a.points.size();
  const double tallest = a.width == 1 ? tallest_of(a) : 0;
  // One opacity for all frames, that of the last: crowded frames are darker, as they are.
  double opacity = 0.5, data_opacity = 0.5;
  if (a.width > 1) {
    opacity = fitting_opacity(dots_of(a.points.back(), {}, 0, a, a.views.back(), side));
    data_opacity = fitting_opacity(dots_of(a.data, {}, 0, a, a.views.back(), side));
  }
  std::vector<uint8_t> pixels(static_cast<size_t>(side) * static_cast<size_t>(side + kStrip));
  Layers layers;
  int result = CGIF_OK;
  for (size_t f = 0; f < frames && result == CGIF_OK; ++f) {
    const View& view = a.views[f];
    const bool moved =
        f == 0 || !std::equal(view.begin(), view.end(), a.views[f - 1].begin(),
                              [](const Limits& x, const Limits& y) { return x.low == y.low && x.high == y.high; });
    layers.classes.clear();
    if (a.width == 1) {
      layers.classes.push_back(bars_of(a.points[f], view, side, tallest));
      layers.data = bars_of(a.data, view, side, tallest);
    } else {
      for (size_t k = 0; k < a.colours.size(); ++k)
        layers.classes.push_back(mask_of(dots_of(a.points[f], a.group, k, a, view, side), opacity, 64));
      if (moved) layers.data = mask_of(dots_of(a.data, {}, 0, a, view, side), data_opacity, 64);
    }
    draw_strip(pixels, palette, a.labels[f], frames == 1 ? 1 : static_cast<double>(f) / static_cast<double>(frames - 1),
               side);
    draw_points(pixels, palette, layers);
    CGIF_FrameConfig frame{};
    frame.pImageData = pixels.data();
    frame.delay = f + 1 == frames ? 200 : f == 0 ? 60 : 8;
    frame.genFlags = CGIF_FRAME_GEN_USE_TRANSPARENCY | CGIF_FRAME_GEN_USE_DIFF_WINDOW;
    result = cgif_addframe(gif, &frame);
  }
  const int closed = cgif_close(gif);
  if (result != CGIF_OK || closed != CGIF_OK) fail(Code::internal, "report", "an animated GIF could not be encoded");
  return out;
}

}  // namespace roulade::plot
