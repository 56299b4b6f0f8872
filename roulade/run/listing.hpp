// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/run/description.hpp"

#include <string>
#include <vector>

namespace roulade {

/// One entry of a registry as it is listed.
struct ListedEntry {
  std::string name, summary, source;
  std::vector<OptionInfo> options;
  std::vector<Cell> facts;               ///< one a fact name of the kind
  std::vector<Cell> details{};           ///< one a detail name of the kind
  std::vector<std::string> spellings{};  ///< other programs' names for it
};

/// The entries of one registry.
struct ListedKind {
  std::string name;                     ///< plural: "samplers"
  std::vector<std::string> also;        ///< other words for it: "sampler"
  std::string key;                      ///< the recipe key that chooses: "sample.sampler"; empty for recipes
  std::vector<std::string> fact_names;  ///< what the entries declare: "order", ...
  std::vector<ListedEntry> entries;
  std::vector<std::string> detail_names{};  ///< what they declare beside it, for those who want all
};

/// Everything that can be chosen, in the order of a recipe's tables; the recipes inside the library last.
std::vector<ListedKind> listed_kinds();

/// The kind of a name in singular or plural. Throws Error(usage) naming the nearest.
ListedKind find_kind(const std::string& word);

}  // namespace roulade
