// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/svg_painter.hpp"

#include "roulade/report/png.hpp"
#include "roulade/report/text.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade::plot {

namespace {

// A length with at most two decimals: a hundredth of a pixel is below what is seen.
std::string num(double v) {
  const auto hundredths = std::llround(v * 100);
  if (hundredths % 100 == 0) return std::to_string(hundredths / 100);
  std::string s = fmt::format("{:.2f}", static_cast<double>(hundredths) / 100);
  if (s.back() == '0') s.pop_back();
  return s;
}

std::string colour_of(const Paint& paint) {
  if (paint.ink) return "currentColor";
  return fmt::format("#{:02x}{:02x}{:02x}", paint.colour.r, paint.colour.g, paint.colour.b);
}

std::string opacity_of(const char* what, const Paint& paint) {
  return paint.alpha < 1 ? fmt::format(" {}-opacity=\"{}\"", what, num(paint.alpha)) : "";
}

std::string spots_of(std::span<const Spot> spots) {
  std::string out;
  for (const Spot& s : spots) out += (out.empty() ? "" : " ") + num(s.x) + "," + num(s.y);
  return out;
}

}  // namespace

void SvgPainter::path(std::span<const Spot> spots, const Pen& pen) {
  body_ += fmt::format(
      "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"{}{}/>\n",
      spots_of(spots), colour_of(pen.paint), num(pen.width), opacity_of("stroke", pen.paint),
      pen.dashed ? " stroke-dasharray=\"5 4\"" : "");
}

void SvgPainter::fill(std::span<const Spot> corners, const Paint& paint) {
  body_ += fmt::format("<polygon points=\"{}\" fill=\"{}\"{}/>\n", spots_of(corners), colour_of(paint),
                       opacity_of("fill", paint));
}

// A line of no length with round ends is a disc: a dozen bytes each.
void SvgPainter::discs(std::span<const Spot> centres, double radius, const Paint& paint) {
  std::string path;
  for (const Spot& s : centres) path += "M" + num(s.x) + " " + num(s.y) + "h0";
  body_ += fmt::format(
      "<path class=\"discs\" d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linecap=\"round\"{}/>\n",
      path, colour_of(paint), num(2 * radius), opacity_of("stroke", paint));
}

void SvgPainter::text(Spot at, std::string_view text, double size, Anchor anchor, const Paint& paint, bool bold,
                      bool turned) {
  static constexpr const char* anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
  body_ +=
      fmt::format("<text x=\"{0}\" y=\"{1}\" font-size=\"{2}\" fill=\"{3}\"{4}{5}{6}{7}>{8}</text>\n", num(at.x),
                  num(at.y), num(size), colour_of(paint), opacity_of("fill", paint), anchors[static_cast<int>(anchor)],
                  bold ? " font-weight=\"600\"" : "",
                  turned ? fmt::format(" transform=\"rotate(-90 {} {})\"", num(at.x), num(at.y)) : "", escape(text));
}

void SvgPainter::layer(const Box& box, const Mask& mask, Colour colour) {
  body_ += fmt::format(
      "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" "
      "href=\"data:image/png;base64,{}\"/>\n",
      num(box.x), num(box.y), num(box.width), num(box.height), base64(png_of_mask(mask, colour)));
}

// A nested <svg> clips to its box without an id, which would have to be unique in a page of many figures.
void SvgPainter::push_clip(const Box& box) {
  body_ += fmt::format(
      "<svg x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{3}\" viewBox=\"{0} {1} {2} {3}\" overflow=\"hidden\">\n",
      num(box.x), num(box.y), num(box.width), num(box.height));
}

void SvgPainter::pop_clip() { body_ += "</svg>\n"; }

std::string SvgPainter::document(double width, double height, bool alone, std::string_view label) const {
  const std::string w = num(width), h = num(height), name = escape(label);
  if (!alone)
    return fmt::format("<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n{}</svg>\n", w, h,
                       name, body_);
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" "
      "color=\"#{2:02x}{3:02x}{4:02x}\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n<title>{5}</title>\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n{6}</svg>\n",
      w, h, kInk.r, kInk.g, kInk.b, name, body_);
}

}  // namespace roulade::plot
