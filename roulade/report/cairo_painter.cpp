// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/cairo_painter.hpp"

#include "roulade/core/error.hpp"
#include "roulade/report/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <cairo.h>
#include <fmt/format.h>

namespace roulade::plot {

namespace {

void set_source(cairo_t* c, const Paint& paint) {
  const Colour& k = paint.ink ? kInk : paint.colour;
  cairo_set_source_rgba(c, k.r / 255.0, k.g / 255.0, k.b / 255.0, paint.alpha);
}

void trace(cairo_t* c, std::span<const Spot> spots) {
  cairo_new_path(c);
  for (const Spot& s : spots) cairo_line_to(c, s.x, s.y);
}

void set_font(cairo_t* c, double size, bool bold) {
  cairo_select_font_face(c, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                         bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(c, size);
}

}  // namespace

CairoPainter::CairoPainter(double width, double height, double scale)
    : width_(static_cast<int>(std::lround(width * scale))),
      height_(static_cast<int>(std::lround(height * scale))),
      scale_(scale) {
  cairo_surface_t* surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width_, height_);
  context_ = cairo_create(surface);
  cairo_surface_destroy(surface);  // the context holds it
  if (cairo_status(context_) != CAIRO_STATUS_SUCCESS) {
    const std::string why = cairo_status_to_string(cairo_status(context_));
    cairo_destroy(context_);
    fail(Code::device, "report", fmt::format("no picture of {} x {} pixels: {}", width_, height_, why));
  }
  cairo_set_source_rgb(context_, 1, 1, 1);
  cairo_paint(context_);
  cairo_scale(context_, scale, scale);
  // Letters are placed by their own shape, not by the screen that happens to be here.
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_set_font_options(context_, options);
  cairo_font_options_destroy(options);
  cairo_set_line_join(context_, CAIRO_LINE_JOIN_ROUND);
}

CairoPainter::~CairoPainter() { cairo_destroy(context_); }

void CairoPainter::path(std::span<const Spot> spots, const Pen& pen) {
  trace(context_, spots);
  set_source(context_, pen.paint);
  cairo_set_line_width(context_, pen.width);
  const double dashes[] = {5, 4};
  cairo_set_dash(context_, dashes, pen.dashed ? 2 : 0, 0);
  cairo_stroke(context_);
}

void CairoPainter::fill(std::span<const Spot> corners, const Paint& paint) {
  trace(context_, corners);
  set_source(context_, paint);
  cairo_fill(context_);
}

void CairoPainter::discs(std::span<const Spot> centres, double radius, const Paint& paint) {
  cairo_new_path(context_);
  for (const Spot& s : centres) {
    cairo_new_sub_path(context_);
    cairo_arc(context_, s.x, s.y, radius, 0, 2 * M_PI);
  }
  set_source(context_, paint);
  cairo_fill(context_);
}

void CairoPainter::text(Spot at, std::string_view text, double size, Anchor anchor, const Paint& paint, bool bold,
                        bool turned) {
  set_font(context_, size, bold);
  const std::string bytes = clean(text);  // cairo stops drawing at bytes that are not UTF-8
  cairo_text_extents_t extents;
  cairo_text_extents(context_, bytes.c_str(), &extents);
  const double back = anchor == Anchor::start    ? 0
                      : anchor == Anchor::middle ? extents.x_advance / 2
                                                 : extents.x_advance;
  cairo_save(context_);
  cairo_translate(context_, at.x, at.y);
  if (turned) cairo_rotate(context_, -M_PI / 2);
  cairo_move_to(context_, -back, 0);
  set_source(context_, paint);
  cairo_show_text(context_, bytes.c_str());
  cairo_restore(context_);
}

double CairoPainter::text_width(std::string_view text, double size) {
  set_font(context_, size, false);
  const std::string bytes = clean(text);
  cairo_text_extents_t extents;
  cairo_text_extents(context_, bytes.c_str(), &extents);
  return extents.x_advance;
}

void CairoPainter::layer(const Box& box, const Mask& mask, Colour colour) {
  cairo_surface_t* surface = cairo_image_surface_create(CAIRO_FORMAT_A8, mask.width, mask.height);
  cairo_surface_flush(surface);
  unsigned char* rows = cairo_image_surface_get_data(surface);
  if (!rows) {
    cairo_surface_destroy(surface);
    fail(Code::device, "report", "no memory for a layer of dots");
  }
  const int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; y < mask.height; ++y)
    std::memcpy(rows + static_cast<std::ptrdiff_t>(y) * stride, &mask.alpha[static_cast<size_t>(y * mask.width)],
                static_cast<size_t>(mask.width));
  cairo_surface_mark_dirty(surface);
  cairo_save(context_);
  cairo_translate(context_, box.x, box.y);
  cairo_scale(context_, box.width / mask.width, box.height / mask.height);
  set_source(context_, {colour, 1, false});
  cairo_mask_surface(context_, surface, 0, 0);
  cairo_restore(context_);
  cairo_surface_destroy(surface);
}

void CairoPainter::push_clip(const Box& box) {
  cairo_save(context_);
  cairo_rectangle(context_, box.x, box.y, box.width, box.height);
  cairo_clip(context_);
}

void CairoPainter::pop_clip() { cairo_restore(context_); }

std::vector<uint8_t> CairoPainter::rgb() const {
  cairo_surface_t* surface = cairo_get_target(context_);
  cairo_surface_flush(surface);
  const unsigned char* data = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  std::vector<uint8_t> out;
  out.reserve(static_cast<size_t>(width_) * static_cast<size_t>(height_) * 3);
  for (int y = 0; y < height_; ++y)
    for (int x = 0; x < width_; ++x) {
      uint32_t pixel;
      std::memcpy(&pixel, data + static_cast<std::ptrdiff_t>(y) * stride + x * 4, 4);
      out.insert(out.end(),
                 {static_cast<uint8_t>(pixel >> 16), static_cast<uint8_t>(pixel >> 8), static_cast<uint8_t>(pixel)});
    }
  return out;
}

}  // namespace roulade::plot
