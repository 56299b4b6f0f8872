// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/schedule/schedule.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace roulade::test {

/// A schedule under test and how it was made.
struct ScheduleCase {
  std::string name;
  std::shared_ptr<const Schedule> schedule;
};

/// Every registry entry with its defaults and, where it has the option, with few steps, without terminal signal,
/// counted from clean data, and with a shifted time. `t` at state i of a discrete one is i / states().
inline std::vector<ScheduleCase> schedule_cases() {
  std::vector<ScheduleCase> out;
  for (const schedule::Entry& entry : schedule::registry().entries()) {
    const std::vector<OptionInfo> options = entry.options();
    const auto has = [&options](const std::string& key) {
      return std::any_of(options.begin(), options.end(), [&key](const OptionInfo& o) { return o.key == key; });
    };
    const auto add = [&](const std::string& what, Table table) {
      if (has("betas")) {  // a table has no default
        std::vector<double> betas;
        for (int i = 0; i < 25; ++i) betas.push_back(i == 0 && what == " from_clean" ? 0 : 0.001 + 0.01 * i);
        table["betas"] = betas;
      }
      out.push_back({entry.name + what, schedule::registry().make(entry.name, table)});
    };
    add("", {});
    if (has("steps")) add(" steps=40", {{"steps", 40}});
    if (has("zero_terminal_snr")) add(" zero_terminal_snr", {{"zero_terminal_snr", true}});
    if (has("index")) add(" from_clean", {{"index", "from_clean"}});
    if (has("shift")) add(" shift=3", {{"shift", 3.0}});
  }
  return out;
}

}  // namespace roulade::test
