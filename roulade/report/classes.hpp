// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/colour.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace roulade::plot {

/// The classes that occur, each with its colour.
struct Classes {
  std::vector<int64_t> values;  ///< ascending; -1 stands for every row without a class

  /// Of both lists together.
  Classes(const std::vector<int64_t>& a, const std::vector<int64_t>& b);

  size_t size() const { return values.size(); }
  size_t index(int64_t label) const;
  Colour colour(size_t i) const;
  std::string name(size_t i) const;  ///< "class 3", "no class"
};

}  // namespace roulade::plot
