// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/dots.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace roulade::plot {

namespace {

constexpr int kShifts = 4;  // positions of a dot's centre inside a pixel, each way

// A dot's coverage around the pixel that holds its centre, for one sub-pixel position.
struct Stamp {
  int reach = 0;  // pixels on each side
  std::vector<float> share;
};

Stamp make_stamp(double radius, double dx, double dy) {
  Stamp stamp;
  stamp.reach = static_cast<int>(std::ceil(radius + 0.5));
  for (int j = -stamp.reach; j <= stamp.reach; ++j)
    for (int i = -stamp.reach; i <= stamp.reach; ++i) {
      // Pixel centre to dot centre; the edge is a ramp one pixel wide.
      const double distance = std::hypot(i + 0.5 - dx, j + 0.5 - dy);
      stamp.share.push_back(static_cast<float>(std::clamp(radius + 0.5 - distance, 0.0, 1.0)));
    }
  return stamp;
}

}  // namespace

Cover cover(std::span<const float> x, std::span<const float> y, int width, int height, double radius) {
  std::array<Stamp, kShifts * kShifts> stamps;
  for (int j = 0; j < kShifts; ++j)
    for (int i = 0; i < kShifts; ++i)
      stamps[static_cast<size_t>(j * kShifts + i)] = make_stamp(radius, (i + 0.5) / kShifts, (j + 0.5) / kShifts);
  const int reach = stamps[0].reach, side = 2 * reach + 1;

  // A margin as wide as a dot spares the clipping inside the loop.
  const int wide = width + 2 * reach, high = height + 2 * reach;
  std::vector<float> field(static_cast<size_t>(wide) * static_cast<size_t>(high));
  for (size_t k = 0; k < x.size(); ++k) {
    const float px = x[k], py = y[k];
    if (!(px >= 0 && py >= 0 && px < static_cast<float>(width) && py < static_cast<float>(height))) continue;
    const int ix = static_cast<int>(px), iy = static_cast<int>(py);
    const int sx = std::min(static_cast<int>((px - static_cast<float>(ix)) * kShifts), kShifts - 1);
    const int sy = std::min(static_cast<int>((py - static_cast<float>(iy)) * kShifts), kShifts - 1);
    const float* share = stamps[static_cast<size_t>(sy * kShifts + sx)].share.data();
    for (int j = 0; j < side; ++j) {
      float* row = field.data() + static_cast<size_t>(iy + j) * static_cast<size_t>(wide) + ix;
      for (int i = 0; i < side; ++i) row[i] += *share++;
    }
  }

  Cover out{width, height, {}};
  out.dots.reserve(static_cast<size_t>(width) * static_cast<size_t>(height));
  for (int j = 0; j < height; ++j) {
    const float* row = field.data() + static_cast<size_t>(j + reach) * static_cast<size_t>(wide) + reach;
    out.dots.insert(out.dots.end(), row, row + width);
  }
  return out;
}

double fitting_opacity(const Cover& cover) {
  std::vector<float> covered;
  for (float c : cover.dots)
    if (c > 0.5F) covered.push_back(c);
  if (covered.empty()) return 0.85;
  const auto place = covered.begin() + static_cast<std::ptrdiff_t>(covered.size() * 9 / 10);
  std::nth_element(covered.begin(), place, covered.end());
  constexpr double kShown = 0.85;  // opacity where the dots are densest
  return std::clamp(1 - std::pow(1 - kShown, 1 / std::max(1.0, static_cast<double>(*place))), 0.06, 0.8);
}

Mask mask_of(const Cover& cover, double opacity, int levels) {
  constexpr int kSteps = 64;  // table entries per dot
  const double rate = std::log1p(-std::min(opacity, 0.999));
  const double full = std::log(0.5 / 255) / rate;  // more dots than this round to 255
  std::vector<uint8_t> table(static_cast<size_t>(full * kSteps) + 2);
  for (size_t i = 0; i < table.size(); ++i) {
    const double alpha = 1 - std::exp(rate * static_cast<double>(i) / kSteps);
    table[i] = static_cast<uint8_t>(std::lround(std::round(alpha * (levels - 1)) / (levels - 1) * 255));
  }
  Mask mask{cover.width, cover.height, std::vector<uint8_t>(cover.dots.size())};
  const float last = static_cast<float>(table.size() - 1);
  for (size_t i = 0; i < cover.dots.size(); ++i)
    mask.alpha[i] = table[static_cast<size_t>(std::min(cover.dots[i] * kSteps, last))];
  return mask;
}

double fitting_radius(size_t count, double side) {
  // The dots together cover about as much as the square, within what the eye can still see and tell apart.
  const double radius = 0.28 * side / std::sqrt(static_cast<double>(std::max<size_t>(count, 1)));
  return std::clamp(radius, side * 0.0015, side * 0.005);
}

}  // namespace roulade::plot
