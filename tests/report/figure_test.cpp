// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/figure.hpp"

#include "picture_reader.hpp"
#include "roulade/report/png.hpp"
#include "xml_reader.hpp"

#include <cmath>
#include <sstream>

#include <gtest/gtest.h>

namespace roulade::plot {
namespace {

Series dots(Colour colour, double x, double y, size_t count) {
  Series s;
  s.colour = colour;
  s.opacity = 1;
  s.radius = 3;
  s.x.assign(count, x);
  s.y.assign(count, y);
  return s;
}

// Three marks at (0, 0), (1, 0) and (0, 1).
Figure corner(size_t count) {
  Figure figure;
  figure.title = "Corner";
  figure.width = 320;
  figure.height = 260;
  Panel panel;
  panel.equal = true;
  panel.x = {"across", Limits{-0.5, 1.5}, false, true};
  panel.y = {"up", Limits{-0.5, 1.5}, false, true};
  panel.series = {dots(kBlue, 0, 0, count), dots(kVermillion, 1, 0, count), dots(kGreen, 0, 1, count)};
  figure.panels.push_back(panel);
  return figure;
}

void expect_corner(const Pixels& pixels, double tolerance) {
  const Blob origin = find_colour(pixels, kBlue, 4), right = find_colour(pixels, kVermillion, 4),
             up = find_colour(pixels, kGreen, 4);
  ASSERT_GT(origin.count, 15);
  ASSERT_GT(right.count, 15);
  ASSERT_GT(up.count, 15);
  EXPECT_NEAR(origin.y, right.y, tolerance);
  EXPECT_NEAR(origin.x, up.x, tolerance);
  EXPECT_GT(right.x - origin.x, 50);
  EXPECT_NEAR(right.x - origin.x, origin.y - up.y, 2 * tolerance);  // equal units, y upwards
}

TEST(Figure, PngHasItsSizeAndPointsWhereTheyBelong) {
  for (size_t count : {size_t{1}, size_t{500}}) {  // circles, and the layer of many dots
    const Pixels pixels = read_png(to_png(corner(count), 2));
    EXPECT_EQ(pixels.width, 640);
    EXPECT_EQ(pixels.height, 520);
    EXPECT_EQ(pixels.at(0, 0), kPaper);
    expect_corner(pixels, 0.75);  // a dot's place is rounded to a quarter of a pixel
  }
}

TEST(Figure, ScaleOneDrawsTheSameSmaller) {
  const Pixels pixels = read_png(to_png(corner(1), 1));
  EXPECT_EQ(pixels.width, 320);
  EXPECT_EQ(find_colour(pixels, kBlue, 4).count > 8, true);
}

TEST(Figure, SvgIsXmlWithTextAndPoints) {
  Figure figure = corner(1);
  figure.panels[0].x.label = "a < b & \"c\"";
  const XmlElement svg = read_xml(to_svg(figure));
  EXPECT_EQ(svg.name, "svg");
  EXPECT_EQ(svg.attributes.at("width"), "320");
  EXPECT_EQ(svg.attributes.at("height"), "260");
  EXPECT_EQ(svg.find("title").at(0)->text, "Corner");
  EXPECT_EQ(svg.find("path").size(), 3U);  // discs
  std::set<std::string> texts;
  for (const XmlElement* e : svg.find("text")) texts.insert(e->text);
  EXPECT_TRUE(texts.count("a < b & \"c\""));
  EXPECT_TRUE(texts.count("up"));
  EXPECT_TRUE(texts.count("Corner"));
}

TEST(Figure, SvgHoldsManyPointsAsPictures) {
  const XmlElement svg = read_xml(to_svg(corner(500)));
  const auto images = svg.find("image");
  ASSERT_EQ(images.size(), 3U);
  const std::string head = "data:image/png;base64,", href = images[1]->attributes.at("href");
  ASSERT_EQ(href.substr(0, head.size()), head);
  const Pixels pixels = read_png(from_base64(href.substr(head.size())));
  EXPECT_NEAR(pixels.width, 1.5 * std::stod(images[1]->attributes.at("width")), 1);
  EXPECT_NEAR(pixels.height, 1.5 * std::stod(images[1]->attributes.at("height")), 1);
  const Blob mark = find_colour(pixels, kVermillion, 2);
  EXPECT_GT(mark.count, 40);  // radius of 4.5 pixels
  EXPECT_EQ(find_colour(pixels, kBlue, 2).count, 0);
}

TEST(Figure, InlineSvgTakesThePagesInk) {
  const std::string text = to_inline_svg(corner(1));
  EXPECT_EQ(text.find("http"), std::string::npos);
  EXPECT_EQ(text.find("Corner</text>"), std::string::npos);
  EXPECT_NE(text.find("aria-label=\"Corner\""), std::string::npos);
  EXPECT_NE(text.find("currentColor"), std::string::npos);
  const XmlElement svg = read_xml(text);
  EXPECT_EQ(svg.attributes.at("viewBox"), "0 0 320 226");  // without the title's room
}

TEST(Figure, PngOfMaskKeepsColourAndOpacity) {
  Mask mask{5, 2, {0, 64, 128, 192, 255, 255, 0, 10, 20, 30}};
  const Pixels pixels = read_png(png_of_mask(mask, kVermillion));
  ASSERT_EQ(pixels.width, 5);
  ASSERT_EQ(pixels.height, 2);
  EXPECT_EQ(pixels.at(0, 0), kPaper);
  EXPECT_EQ(pixels.at(4, 0), kVermillion);
  EXPECT_EQ(pixels.at(0, 1), kVermillion);
  EXPECT_EQ(pixels.at(1, 1), kPaper);
  Mask many{256, 1, {}};  // more than 16 levels: 8 bits a pixel
  for (int i = 0; i < 256; ++i) many.alpha.push_back(static_cast<uint8_t>(i));
  const Pixels row = read_png(png_of_mask(many, kBlack));
  for (int i = 1; i < 256; ++i) EXPECT_LE(row.at(i, 0).r, row.at(i - 1, 0).r);
  EXPECT_EQ(row.at(255, 0), kBlack);
}

TEST(Figure, HistogramIsADensity) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(i / 1000.0);
  values.push_back(NAN);
  values.push_back(99);
  const Series s = histogram(values, {0, 1}, 10);
  ASSERT_EQ(s.x.size(), 11U);
  double area = 0;
  for (double h : s.y) area += 0.1 * h;
  EXPECT_NEAR(area, 1000.0 / 1002.0, 1e-12);
  EXPECT_NEAR(s.y[3], 1000.0 / 1002.0, 0.011);  // a bin's border may hold one value more
}

TEST(Figure, ValuesThatAreNotFiniteBreakLinesAndLeaveNoPoints) {
  Figure figure = corner(1);
  Series line;
  line.kind = Series::Kind::line;
  line.x = {0, 0.2, 0.4, 0.6, 0.8};
  line.y = {0, 1, NAN, 1, INFINITY};
  Series lost = dots(kPurple, NAN, 0, 1);
  figure.panels[0].series = {line, lost};
  const std::string svg = to_svg(figure);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
  EXPECT_EQ(read_xml(svg).find("path").size(), 0U);
}

}  // namespace
}  // namespace roulade::plot
