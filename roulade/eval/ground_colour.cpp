// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/ground_colour.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr auto kWhere = "ground";
using Lab = std::array<double, 3>;

double distance(const Lab& a, const Lab& b) { return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]); }

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Lab lab_of(const Rgb& colour) {
  constexpr double kMatrix[3][3] = {
      {0.4124564, 0.3575761, 0.1804375}, {0.2126729, 0.7151522, 0.0721750}, {0.0193339, 0.1191920, 0.9503041}};
  constexpr double kWhite[3] = {0.95047, 1, 1.08883}, kEdge = 216.0 / 24389, kSlope = 24389.0 / 27;
  double f[3];
  for (size_t k = 0; k < 3; ++k) {
    double x = 0;
    for (size_t c = 0; c < 3; ++c) {
      const double v = colour[c] / 255.0;
      x += kMatrix[k][c] * (v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4));
    }
    x /= kWhite[k];
    f[k] = x > kEdge ? std::cbrt(x) : (kSlope * x + 16) / 116;
  }
  return {116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
}

GroundJudge::GroundJudge(std::vector<NamedColour> grounds) : grounds_(std::move(grounds)) {
  if (grounds_.size() < 2) fail(Code::usage, kWhere, "named colours", "2 or more", std::to_string(grounds_.size()));
  for (const NamedColour& ground : grounds_) lab_.push_back(lab_of(ground.colour));
  double least = std::numeric_limits<double>::infinity();
  for (size_t a = 0; a < lab_.size(); ++a)
    for (size_t b = 0; b < a; ++b) {
      const double apart = distance(lab_[a], lab_[b]);
      if (apart == 0)
        fail(Code::usage, kWhere, "named colours", "each another one",
             fmt::format("{} and {} alike", grounds_[b].name, grounds_[a].name));
      least = std::min(least, apart);
    }
  reach_ = least / 2;
}

int64_t GroundJudge::find(const std::string& name) const {
  std::vector<std::string> known;
  for (const NamedColour& ground : grounds_) {
    if (ground.name == name) return std::ssize(known);
    known.push_back(ground.name);
  }
  fail_unknown(kWhere, "named colour", name, known);
}

std::vector<Ground> GroundJudge::of(const Tensor& pictures) const {
  if (pictures.dim() != 4 || pictures.size(1) != 3 || pictures.scalar_type() != at::kByte || pictures.size(2) < 1 ||
      pictures.size(3) < 1)
    fail(Code::usage, kWhere, "pictures", "bytes [n, 3, height, width]",
         fmt::format("{} {}", at::toString(pictures.scalar_type()), fmt::join(pictures.sizes(), " x ")));
  const Tensor bytes = pictures.detach().cpu().contiguous();
  const int64_t height = bytes.size(2), width = bytes.size(3), area = height * width;
  const int64_t frame = std::max<int64_t>(1, std::min(height, width) / 16);
  std::vector<Ground> out;
  for (int64_t n = 0; n < bytes.size(0); ++n) {
    const uint8_t* from = bytes.const_data_ptr<uint8_t>() + n * 3 * area;
    std::vector<Lab> pixels;
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        if (y >= frame && y < height - frame && x >= frame && x < width - frame) continue;
        const uint8_t* at = from + y * width + x;
        pixels.push_back(lab_of({at[0], at[area], at[2 * area]}));
      }
    Lab middle{};
    for (size_t k = 0; k < 3; ++k) {
      std::vector<double> values;
      for (const Lab& pixel : pixels) values.push_back(pixel[k]);
      middle[k] = median(std::move(values));
    }
    const auto nearest = std::min_element(lab_.begin(), lab_.end(), [&](const Lab& a, const Lab& b) {
      return distance(a, middle) < distance(b, middle);
    });
    Ground found{-1, distance(*nearest, middle), 0};
    const auto near =
        std::count_if(pixels.begin(), pixels.end(), [&](const Lab& p) { return distance(p, *nearest) <= reach_; });
    found.share = static_cast<double>(near) / static_cast<double>(pixels.size());
    if (found.distance <= reach_ && found.share >= 0.5) found.index = nearest - lab_.begin();
    out.push_back(found);
  }
  return out;
}

}  // namespace roulade
