// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/colour.hpp"
#include "roulade/report/content.hpp"
#include "roulade/report/view.hpp"

#include <string>
#include <vector>

namespace roulade::plot {

/// The reverse process made ready to be played: at most four columns, a limited number of points, a view per frame.
struct Animation {
  int64_t width = 0;                        ///< columns
  std::vector<std::string> columns;         ///< names
  std::vector<std::string> labels;          ///< [frames]
  std::vector<double> times;                ///< [frames]
  std::vector<std::vector<double>> points;  ///< [frames][rows * width]
  std::vector<size_t> group;                ///< [rows] index into colours and classes
  std::vector<Colour> colours;              ///< one per class; one in all without classes
  std::vector<std::string> classes;         ///< names, empty without classes
  std::vector<View> views;                  ///< [frames][width]
  std::vector<double> data;                 ///< [rows * width] real points, for the background
  bool plane = false;                       ///< two columns with equal units
};

/// At most `points` rows of every frame and as many of the data, and at most `frames` frames, evenly chosen; the first
/// and the last frame stay.
Animation animation_of(const ReportContent& content, size_t points, size_t frames);

/// The animation as a JSON object for the page's player: coordinates are 16-bit shares of a range per frame and column,
/// little endian, in base64.
std::string to_json(const Animation& animation);

/// The label of a frame: its own, or "t = 0.750".
std::string label_of(const ReportFrame& frame);

}  // namespace roulade::plot
