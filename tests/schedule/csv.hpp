// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/tree.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace roulade::test {

/// The cells of every line but the first of tests/golden/<folder>/<name>.csv.
inline std::vector<std::vector<std::string>> golden(const std::string& name, const std::string& folder = "schedule") {
  const std::string file = (tree() / "tests/golden" / folder / (name + ".csv")).string();
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read " + file);
  std::vector<std::vector<std::string>> rows;
  std::string line, cell;
  std::getline(in, line);
  while (std::getline(in, line)) {
    rows.emplace_back();
    for (std::istringstream cells(line); std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  return rows;
}

}  // namespace roulade::test
