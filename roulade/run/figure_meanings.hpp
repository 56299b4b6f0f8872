// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/content.hpp"

#include <string>

namespace roulade {

/// How a reader should take a figure.
struct FigureMeaning {
  const char* name;   ///< as metrics give it
  const char* title;  ///< for a page
  const char* words;
  ReportFigure::Aim aim;
};

/// Whether `figure` is `name`, or that of features, a judge or an attribute: "precision_lite0" is of "precision".
bool is_figure_of(const std::string& figure, const std::string& name);

/// The meaning of the longest name that a figure is of; null: it is shown by its own name.
const FigureMeaning* meaning_of(const std::string& figure);

}  // namespace roulade
