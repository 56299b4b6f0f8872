// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// What an SVG file says of its picture in Dublin Core: blanks of a text are one, entities are characters.
struct SvgDescription {
  std::string title;                  ///< dc:title, or empty
  std::vector<std::string> keywords;  ///< dc:subject's, in small letters, each once
};

/// Reads the first dc:title and the dc:subject of an SVG file's metadata, whatever the prefixes are; titles of people
/// and publishers (within an Agent) are passed over. A file without metadata, or a damaged one, has none.
/// Source: Dublin Core Metadata Element Set 1.1; RDF 1.0, as SVG 1.1, section 21, shows it.
SvgDescription parse_svg_description(std::string_view content);

}  // namespace roulade
