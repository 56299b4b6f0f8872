// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/data/builtin.hpp"
#include "roulade/data/generate.hpp"
#include "roulade/data/points.hpp"
#include "roulade/io/image.hpp"

#include <algorithm>
#include <cmath>

namespace roulade::data {
namespace {

struct Settings {
  std::string file;
  std::string ink = "auto";
  double extent = 4;
  void bind(Binder& b) {
    b.add("file", file, {}, "PNG file");
    b.add("ink", ink, {"auto", "dark", "light", "alpha"},
          "where points are dense: auto = where the picture is opaque, or dark in one without transparency");
    b.add("extent", extent, above(0), "the longer side spans [-extent, extent]");
  }
};

/// Density of a pixel up to a factor, 0..1: darkness or lightness (luma of Rec. 709) times opacity, or opacity alone.
double density(const Image& image, const uint8_t* pixel, const std::string& ink) {
  const bool coloured = image.channels > 2, transparent = image.channels % 2 == 0;
  const double opacity = transparent ? pixel[image.channels - 1] / 255.0 : 1;
  if (ink == "alpha") return opacity;
  const double light = (coloured ? 0.2126 * pixel[0] + 0.7152 * pixel[1] + 0.0722 * pixel[2] : pixel[0]) / 255.0;
  return opacity * (ink == "light" ? light : 1 - light);
}

/// A pixel as often as its density says, then a place within it, uniform: the picture as a law with a density.
class Picture final : public PointSource {
 public:
  explicit Picture(const Settings& s) : extent_(s.extent) {
    if (s.file.empty()) fail(Code::usage, "data picture.file", "no file is named");
    const Image image = parse_png(read_content(s.file, uint64_t{1} << 29), s.file);
    width_ = image.width;
    height_ = image.height;
    std::string ink = s.ink;
    if (ink == "auto") {
      ink = "dark";
      for (int64_t i = 0; i < width_ * height_ && image.channels % 2 == 0; ++i)
        if (image.values[static_cast<size_t>((i + 1) * image.channels - 1)] < 255) ink = "alpha";
    }
    if (ink == "alpha" && image.channels % 2 != 0)
      fail(Code::input, s.file, "the picture has no transparency", "data.ink = \"dark\" or \"light\"");
    double sum = 0;
    for (int64_t y = 0; y < height_; ++y)
      for (int64_t x = 0; x < width_; ++x) cumulative_.push_back(sum += density(image, image.pixel(x, y), ink));
    if (!(sum > 0)) fail(Code::input, s.file, "the picture is empty: no pixel is " + (ink == "alpha" ? "opaque" : ink));
  }

  const std::vector<std::string>& columns() const override { return columns_; }
  bool endless() const override { return true; }

  Points draw(Split split, uint64_t seed, int64_t count) const override {
    return generate({.uniforms = 3}, split, seed, count, [this](const double* u, const double*, double* row) {
      // The last pixel with a share of its own: u may round to the end.
      const double at = std::min(u[0] * cumulative_.back(), std::nextafter(cumulative_.back(), 0.0));
      const int64_t i = std::upper_bound(cumulative_.begin(), cumulative_.end(), at) - cumulative_.begin();
      const double side = 2 * extent_ / static_cast<double>(std::max(width_, height_));
      row[0] = side * (static_cast<double>(i % width_) + u[1] - 0.5 * static_cast<double>(width_));
      row[1] = side * (0.5 * static_cast<double>(height_) - static_cast<double>(i / width_) - u[2]);
      return int64_t{0};
    });
  }

 private:
  double extent_;
  int64_t width_ = 0, height_ = 0;
  std::vector<double> cumulative_;  ///< densities of the pixels summed, row after row from the top
  std::vector<std::string> columns_{"x", "y"};
};

}  // namespace

Entry picture() {
  Entry entry;
  entry.name = "picture";
  entry.summary = "Points of a PNG picture: dense where it is dark or opaque, uniform within each pixel";
  entry.source = "the file";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Picture>(s); });
}

}  // namespace roulade::data
