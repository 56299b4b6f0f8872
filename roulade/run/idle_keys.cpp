// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/idle_keys.hpp"

#include "roulade/core/error.hpp"

namespace roulade {

void refuse_idle_keys(const Recipe& resolved, const Recipe& initial,
                      const std::function<bool(const std::string& table, const std::string& key)>& is_idle,
                      const std::string& why) {
  for (const bool of_choice : {false, true})
    for (const auto& [name, table] : resolved.tables)
      for (const auto& [key, given] : table) {
        if (!is_idle(name, key)) continue;
        const auto usual = initial.tables.at(name).find(key);
        const bool brought = usual == initial.tables.at(name).end();
        if (brought ? of_choice : usual->second.value != given.value)
          fail(Code::usage, name + "." + key, why, "no such key", to_text(given.value));
      }
}

}  // namespace roulade
