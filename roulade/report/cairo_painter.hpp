// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/painter.hpp"

#include <cstdint>
#include <memory>
#include <vector>

typedef struct _cairo cairo_t;

namespace roulade::plot {

/// Draws into a picture of width * scale by height * scale pixels on white paper.
class CairoPainter final : public Painter {
 public:
  /// Throws Error(device) when cairo cannot make the picture.
  CairoPainter(double width, double height, double scale);
  ~CairoPainter() override;
  CairoPainter(const CairoPainter&) = delete;
  CairoPainter& operator=(const CairoPainter&) = delete;

  void path(std::span<const Spot> spots, const Pen& pen) override;
  void fill(std::span<const Spot> corners, const Paint& paint) override;
  void discs(std::span<const Spot> centres, double radius, const Paint& paint) override;
  void text(Spot at, std::string_view text, double size, Anchor anchor, const Paint& paint, bool bold,
            bool turned) override;
  double layer_scale(double) const override { return scale_; }
  void layer(const Box& box, const Mask& mask, Colour colour) override;
  void push_clip(const Box& box) override;
  void pop_clip() override;

  /// How far a line of text reaches, in the units of its size.
  double text_width(std::string_view text, double size);

  int width() const { return width_; }    ///< pixels
  int height() const { return height_; }  ///< pixels
  std::vector<uint8_t> rgb() const;       ///< [height * width * 3]

 private:
  int width_ = 0, height_ = 0;
  double scale_ = 1;
  cairo_t* context_ = nullptr;
};

}  // namespace roulade::plot
