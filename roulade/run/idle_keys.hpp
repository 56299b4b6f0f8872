// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/recipe.hpp"

#include <functional>
#include <string>

namespace roulade {

/// Throws Error(usage) naming the first key that `is_idle` says nothing reads and that differs from its default, keys
/// that choose before the options that a choice brings.   resolved: all keys in force; initial: what they are without
/// anybody's wish, resolved; why: the sentence that the error gives.
void refuse_idle_keys(const Recipe& resolved, const Recipe& initial,
                      const std::function<bool(const std::string& table, const std::string& key)>& is_idle,
                      const std::string& why);

}  // namespace roulade
