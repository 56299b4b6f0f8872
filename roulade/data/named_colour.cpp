// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/named_colour.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

namespace roulade {

const std::vector<NamedColour>& named_grounds() {
  static const std::vector<NamedColour> grounds = {
      {"white", {255, 255, 255}}, {"black", {0, 0, 0}},     {"grey", {128, 128, 128}}, {"red", {214, 40, 40}},
      {"yellow", {250, 214, 40}}, {"green", {40, 160, 70}}, {"blue", {40, 90, 214}},   {"pink", {250, 160, 200}}};
  return grounds;
}

std::vector<NamedColour> parse_grounds(const std::string& list) {
  std::vector<std::string> known;
  for (const NamedColour& ground : named_grounds()) known.push_back(ground.name);
  std::vector<NamedColour> out;
  std::istringstream in(list);
  for (std::string name; std::getline(in, name, ',');) {
    const size_t from = name.find_first_not_of(' ');
    name = from == std::string::npos ? "" : name.substr(from, name.find_last_not_of(' ') - from + 1);
    if (name == "all" && list.find(',') != std::string::npos)
      fail(Code::usage, "data", "grounds", "all, or names of some", list);
    if (name == "all") return named_grounds();
    const auto is_it = [&](const NamedColour& one) { return one.name == name; };
    const auto found = std::find_if(named_grounds().begin(), named_grounds().end(), is_it);
    if (found == named_grounds().end()) fail_unknown("data", "ground", name, known);
    if (std::any_of(out.begin(), out.end(), is_it)) fail(Code::usage, "data", "grounds", "each once", name + " twice");
    out.push_back(*found);
  }
  if (out.empty()) fail_unknown("data", "ground", list, known);
  return out;
}

std::vector<std::string> on_ground(const std::vector<std::string>& wordings, const NamedColour& ground) {
  std::vector<std::string> out;
  for (size_t i = 0; i < wordings.size(); ++i) {
    const std::string &what = wordings[i], &where = ground.name;
    out.push_back(i % 3 == 0   ? fmt::format("{} on {}", what, where)
                  : i % 3 == 1 ? fmt::format("{}, {} background", what, where)
                               : fmt::format("{} on a {} background", what, where));
  }
  return out;
}

}  // namespace roulade
