// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/resize.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kMostSide = int64_t{1} << 16;
constexpr int kBits = 22;  // behind the point of a weight: a sum of 8-bit numbers with weights below 2 stays in 32 bits

struct Kernel {
  double reach;  ///< from the centre, in pixels of the smaller picture
  double (*weight)(double);
};

double box(double x) { return x > -0.5 && x <= 0.5 ? 1 : 0; }

double triangle(double x) { return std::max(0.0, 1 - std::abs(x)); }

double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

double sinc(double x) {
  if (x == 0) return 1;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos3(double x) { return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0; }

Kernel kernel(Filter filter) {
  switch (filter) {
    case Filter::box:
      return {0.5, box};
    case Filter::bilinear:
      return {1, triangle};
    case Filter::bicubic:
      return {2, cubic};
    case Filter::lanczos:
      return {3, lanczos3};
  }
  fail(Code::internal, "resize", "no such filter");
}

/// Which of `from` pixels make each of `to` new ones, and with what weights.
struct Shares {
  struct Piece {
    int64_t first, count;
    size_t at;  ///< of its weights
  };
  std::vector<Piece> pieces;  ///< [to]
  std::vector<double> weights;

  Shares(int64_t from, int64_t to, const Kernel& kernel) {
    const double scale = static_cast<double>(from) / static_cast<double>(to), stretch = std::max(scale, 1.0);
    const double reach = kernel.reach * stretch, shrink = 1 / stretch;
    for (int64_t i = 0; i < to; ++i) {
      const double centre = (static_cast<double>(i) + 0.5) * scale;
      const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(centre - reach + 0.5));
      const int64_t end = std::min(from, static_cast<int64_t>(centre + reach + 0.5));
      pieces.push_back({first, end - first, weights.size()});
      double sum = 0;
      for (int64_t x = first; x < end; ++x) {
        weights.push_back(kernel.weight((static_cast<double>(x) - centre + 0.5) * shrink));
        sum += weights.back();
      }
      for (size_t k = pieces.back().at; sum != 0 && k < weights.size(); ++k) weights[k] /= sum;
    }
  }
};

/// The same in whole numbers of kBits bits behind the point.
struct Weights {
  std::vector<Shares::Piece> pieces;  ///< [to]
  std::vector<int32_t> weights;

  Weights(int64_t from, int64_t to, const Kernel& kernel) {
    Shares exact(from, to, kernel);
    pieces = std::move(exact.pieces);
    for (double w : exact.weights) {
      w *= 1 << kBits;
      weights.push_back(static_cast<int32_t>(w < 0 ? w - 0.5 : w + 0.5));
    }
  }
};

uint8_t rounded(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kBits, 0, 255)); }

constexpr int32_t kHalf = int32_t{1} << (kBits - 1);

template <int64_t kChannels>
void along_rows(const Image& image, const Weights& weights, Image& out) {
  const int64_t to = out.width;
  for (int64_t y = 0; y < out.height; ++y) {
    uint8_t* pixel = out.values.data() + y * to * kChannels;
    for (int64_t x = 0; x < to; ++x, pixel += kChannels) {
      const Shares::Piece& piece = weights.pieces[static_cast<size_t>(x)];
      const uint8_t* from = image.pixel(piece.first, y);
      const int32_t* w = weights.weights.data() + piece.at;
      int32_t sums[kChannels];
      for (int64_t c = 0; c < kChannels; ++c) sums[c] = kHalf;
      for (int64_t k = 0; k < piece.count; ++k, from += kChannels)
        for (int64_t c = 0; c < kChannels; ++c) sums[c] += w[k] * from[c];
      for (int64_t c = 0; c < kChannels; ++c) pixel[c] = rounded(sums[c]);
    }
  }
}

void along_columns(const Image& image, const Weights& weights, Image& out) {
  const int64_t row = image.width * image.channels;
  std::vector<int32_t> sums(static_cast<size_t>(row));
  for (int64_t y = 0; y < out.height; ++y) {
    const Shares::Piece& piece = weights.pieces[static_cast<size_t>(y)];
    std::fill(sums.begin(), sums.end(), kHalf);
    for (int64_t k = 0; k < piece.count; ++k) {
      const uint8_t* from = image.values.data() + (piece.first + k) * row;
      const int32_t w = weights.weights[piece.at + static_cast<size_t>(k)];
      for (int64_t i = 0; i < row; ++i) sums[static_cast<size_t>(i)] += w * from[i];
    }
    uint8_t* to = out.values.data() + y * row;
    for (int64_t i = 0; i < row; ++i) to[i] = rounded(sums[static_cast<size_t>(i)]);
  }
}

Image blank(int64_t width, int64_t height, int64_t channels) {
  return {width, height, channels, std::vector<uint8_t>(static_cast<size_t>(width * height * channels))};
}

/// a * b / 255, rounded.
uint8_t share(int a, int b) { return static_cast<uint8_t>((a * b * 2 + 255) / 510); }

/// Colours multiplied by the opacity, which is the last channel; or divided by it again, cut to 255.
template <class Change>
void change_colours(Image& image, Change change) {
  const size_t channels = static_cast<size_t>(image.channels);
  for (size_t at = 0; at < image.values.size(); at += channels) {
    const int opacity = image.values[at + channels - 1];
    for (size_t c = 0; c + 1 < channels; ++c) image.values[at + c] = change(image.values[at + c], opacity);
  }
}

uint8_t divided(int colour, int opacity) {
  if (opacity == 0 || opacity == 255) return static_cast<uint8_t>(colour);
  return static_cast<uint8_t>(std::min(255, 255 * colour / opacity));
}

void check_picture(const Image& image, const char* where) {
  if (image.channels < 1 || image.channels > 4 || image.width < 1 || image.height < 1 ||
      image.values.size() != static_cast<size_t>(image.width * image.height * image.channels))
    fail(Code::usage, where, "picture", "1 to 4 channels, and a value for each of every pixel",
         fmt::format("{} x {} x {} with {} values", image.width, image.height, image.channels, image.values.size()));
}

void check_sides(int64_t width, int64_t height, const char* where) {
  if (width < 1 || height < 1 || width > kMostSide || height > kMostSide)
    fail(Code::usage, where, "size", fmt::format("sides of 1 to {}", kMostSide), fmt::format("{} x {}", width, height));
}

uint8_t grey(const uint8_t* rgb) {
  return static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

}  // namespace

Image resize(const Image& image, int64_t width, int64_t height, Filter filter) {
  check_picture(image, "resize");
  check_sides(width, height, "resize");
  if (image.width > kMostSide || image.height > kMostSide)
    fail(Code::input, "resize", "size of the picture", fmt::format("sides of 1 to {}", kMostSide),
         fmt::format("{} x {}", image.width, image.height));
  if (width == image.width && height == image.height) return image;
  const bool transparent = image.channels % 2 == 0;
  Image at = image;
  if (transparent) change_colours(at, share);
  if (width != image.width) {
    Image out = blank(width, at.height, at.channels);
    const Weights weights(at.width, width, kernel(filter));
    constexpr decltype(&along_rows<1>) kRows[] = {along_rows<1>, along_rows<2>, along_rows<3>, along_rows<4>};
    kRows[at.channels - 1](at, weights, out);
    at = std::move(out);
  }
  if (height != image.height) {
    Image out = blank(width, height, at.channels);
    along_columns(at, Weights(at.height, height, kernel(filter)), out);
    at = std::move(out);
  }
  if (transparent) change_colours(at, divided);
  return at;
}

std::vector<float> resize_plane(std::span<const float> plane, std::array<int64_t, 2> from, std::array<int64_t, 2> to,
                                Filter filter) {
  for (const int64_t side : {from[0], from[1], to[0], to[1]})
    if (side < 1 || side > kMostSide || static_cast<int64_t>(plane.size()) != from[0] * from[1])
      fail(Code::usage, "resize", "plane", fmt::format("sides of 1 to {}, and a value for each pixel", kMostSide),
           fmt::format("{} x {} with {} values to {} x {}", from[0], from[1], plane.size(), to[0], to[1]));
  std::vector<float> at(plane.begin(), plane.end());
  const auto [height, width] = from;
  if (to[1] != width) {
    const Shares shares(width, to[1], kernel(filter));
    std::vector<float> out;
    for (int64_t y = 0; y < height; ++y)
      for (const Shares::Piece& piece : shares.pieces) {
        double sum = 0;
        for (int64_t k = 0; k < piece.count; ++k)
          sum += double{at[static_cast<size_t>(y * width + piece.first + k)]} *
                 shares.weights[piece.at + static_cast<size_t>(k)];
        out.push_back(static_cast<float>(sum));
      }
    at = std::move(out);
  }
  if (to[0] != height) {
    const Shares shares(height, to[0], kernel(filter));
    std::vector<float> out;
    std::vector<double> sums(static_cast<size_t>(to[1]));
    for (const Shares::Piece& piece : shares.pieces) {
      std::fill(sums.begin(), sums.end(), 0);
      for (int64_t k = 0; k < piece.count; ++k)
        for (size_t x = 0; x < sums.size(); ++x)
          sums[x] += double{at[static_cast<size_t>(piece.first + k) * sums.size() + x]} *
                     shares.weights[piece.at + static_cast<size_t>(k)];
      for (const double sum : sums) out.push_back(static_cast<float>(sum));
    }
    at = std::move(out);
  }
  return at;
}

Image enlarged(const Image& image, int64_t times) {
  if (times < 1) fail(Code::usage, "picture", "times that it is enlarged", "1 or more", fmt::format("{}", times));
  Image out{image.width * times, image.height * times, image.channels, {}};
  out.values.reserve(static_cast<size_t>(out.width * out.height * out.channels));
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t x = 0; x < out.width; ++x) {
      const uint8_t* from = image.pixel(x / times, y / times);
      out.values.insert(out.values.end(), from, from + image.channels);
    }
  return out;
}

Image crop(const Image& image, int64_t left, int64_t top, int64_t width, int64_t height) {
  check_picture(image, "crop");
  if (left < 0 || top < 0 || width < 1 || height < 1 || left > image.width || top > image.height ||
      width > image.width - left || height > image.height - top)
    fail(Code::usage, "crop", "part", fmt::format("within {} x {} pixels", image.width, image.height),
         fmt::format("{} x {} at ({}, {})", width, height, left, top));
  Image out{width, height, image.channels, {}};
  out.values.reserve(static_cast<size_t>(width * height * image.channels));
  for (int64_t y = top; y < top + height; ++y)
    out.values.insert(out.values.end(), image.pixel(left, y), image.pixel(left, y) + width * image.channels);
  return out;
}

Image center_crop(const Image& image, int64_t width, int64_t height) {
  return crop(image, (image.width - width) / 2, (image.height - height) / 2, width, height);
}

Image cover(const Image& image, int64_t width, int64_t height, Filter filter) {
  check_picture(image, "cover");
  check_sides(width, height, "cover");
  int64_t across = image.width, down = image.height;
  if (across * height > down * width)
    across = std::clamp<int64_t>((2 * down * width + height) / (2 * height), 1, image.width);
  else
    down = std::clamp<int64_t>((2 * across * height + width) / (2 * width), 1, image.height);
  return resize(center_crop(image, across, down), width, height, filter);
}

Image with_channels(const Image& image, int64_t channels, const Rgb& background) {
  check_picture(image, "with_channels");
  if (channels < 1 || channels > 4) fail(Code::usage, "with_channels", "channels", "1 to 4", std::to_string(channels));
  if (channels == image.channels) return image;
  const bool from_colour = image.channels >= 3, to_colour = channels >= 3;
  const bool from_opacity = image.channels % 2 == 0, to_opacity = channels % 2 == 0;
  Image out = blank(image.width, image.height, channels);
  const uint8_t* from = image.values.data();
  uint8_t* to = out.values.data();
  for (int64_t i = 0; i < image.width * image.height; ++i, from += image.channels, to += channels) {
    uint8_t rgb[] = {from[0], from[from_colour ? 1 : 0], from[from_colour ? 2 : 0]};
    const uint8_t opacity = from_opacity ? from[image.channels - 1] : 255;
    if (to_opacity) {
      to[channels - 1] = opacity;
    } else if (opacity != 255) {
      for (size_t c = 0; c < 3; ++c)  // one rounding of the whole
        rgb[c] = static_cast<uint8_t>((2 * (rgb[c] * opacity + background[c] * (255 - opacity)) + 255) / 510);
    }
    if (to_colour) {
      std::copy_n(rgb, 3, to);
    } else {
      to[0] = grey(rgb);  // equal numbers stay what they are
    }
  }
  return out;
}

}  // namespace roulade
