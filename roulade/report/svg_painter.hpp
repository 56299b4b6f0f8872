// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/painter.hpp"

#include <string>

namespace roulade::plot {

/// Writes SVG elements. Ink is `currentColor`, so the document around says what colour that is.
class SvgPainter final : public Painter {
 public:
  void path(std::span<const Spot> spots, const Pen& pen) override;
  void fill(std::span<const Spot> corners, const Paint& paint) override;
  void discs(std::span<const Spot> centres, double radius, const Paint& paint) override;
  void text(Spot at, std::string_view text, double size, Anchor anchor, const Paint& paint, bool bold,
            bool turned) override;
  double layer_scale(double width) const override { return width < 260 ? 1.5 : 2; }  // small panels come in numbers
  void layer(const Box& box, const Mask& mask, Colour colour) override;
  void push_clip(const Box& box) override;
  void pop_clip() override;

  /// The elements so far inside <svg>. `alone`: a file of its own, with namespace, size, ink and white paper; otherwise
  /// a part of an HTML page, as wide as its place, with `label` for those who cannot see it.
  std::string document(double width, double height, bool alone, std::string_view label) const;

 private:
  std::string body_;
};

}  // namespace roulade::plot
