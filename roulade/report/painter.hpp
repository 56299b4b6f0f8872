// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/colour.hpp"
#include "roulade/report/dots.hpp"

#include <span>
#include <string>
#include <string_view>

namespace roulade::plot {

struct Spot {
  double x = 0, y = 0;
};

struct Box {
  double x = 0, y = 0, width = 0, height = 0;
};

/// How a shape is filled or stroked. `ink` shapes take the colour of the text around them (on a dark page a light one).
struct Paint {
  Colour colour = kInk;
  double alpha = 1;
  bool ink = false;
};

struct Pen {
  Paint paint;
  double width = 1;
  bool dashed = false;
};

enum class Anchor { start, middle, end };

/// Where drawing goes: a PNG picture or an SVG document. Lengths in units of 1/96 inch, y downwards.
class Painter {
 public:
  virtual ~Painter() = default;
  virtual void path(std::span<const Spot> spots, const Pen& pen) = 0;
  virtual void fill(std::span<const Spot> corners, const Paint& paint) = 0;
  /// Discs of one size; where they overlap they are not darker.
  virtual void discs(std::span<const Spot> centres, double radius, const Paint& paint) = 0;
  /// `at` is on the baseline; `turned` text runs upwards.
  virtual void text(Spot at, std::string_view text, double size, Anchor anchor, const Paint& paint, bool bold,
                    bool turned) = 0;
  /// Pixels to a unit that a layer over a box of this width should have.
  virtual double layer_scale(double width) const = 0;
  /// A mask laid over a box, in one colour.
  virtual void layer(const Box& box, const Mask& mask, Colour colour) = 0;
  virtual void push_clip(const Box& box) = 0;
  virtual void pop_clip() = 0;
};

}  // namespace roulade::plot
