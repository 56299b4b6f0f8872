// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace roulade {

/// One value to show: nothing, yes or no, a number, a text, a shape.
using Cell = std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<int64_t>>;

/// A named value.   name: snake_case; unit: "s", "MB", or empty.
struct Fact {
  std::string name;
  Cell value;
  std::string unit;
};

/// A named table: each row has one cell a column.
struct Sheet {
  std::string name;
  std::vector<std::string> columns;  ///< snake_case; a unit at the end, e.g. "size_kB"
  std::vector<std::vector<Cell>> rows;
};

/// What a command has to tell, for people and for programs alike.
struct Description {
  std::vector<Fact> facts;
  std::vector<Sheet> sheets;

  void add(std::string name, Cell value, std::string unit = "") {
    facts.push_back({std::move(name), std::move(value), std::move(unit)});
  }
};

}  // namespace roulade
