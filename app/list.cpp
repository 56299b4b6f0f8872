// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/output.hpp"
#include "app/work.hpp"
#include "roulade/run/listing.hpp"

#include <memory>

#include <fmt/format.h>

namespace roulade::app {
namespace {

struct Options {
  std::string kind;
  bool verbose = false;
  bool json = false;
};

Description describe_kinds() {
  Sheet sheet{"kinds", {"kind", "recipe_key", "entries", "names"}, {}};
  for (const ListedKind& kind : listed_kinds()) {
    std::vector<std::string> names;
    for (const ListedEntry& entry : kind.entries) names.push_back(entry.name);
    sheet.rows.push_back({kind.name, kind.key.empty() ? Cell() : Cell(kind.key),
                          static_cast<int64_t>(kind.entries.size()), fmt::format("{}", fmt::join(names, ", "))});
  }
  return {{}, {std::move(sheet)}};
}

// People read the range behind the help, programs beside it.
Sheet list_options(const ListedKind& kind, bool json) {
  Sheet sheet{"options", {"of", "key", "default", "help"}, {}};
  if (json) sheet.columns.emplace_back("range");
  for (const ListedEntry& entry : kind.entries)
    for (const OptionInfo& info : entry.options) {
      std::string help = info.help;
      if (!json && !info.range.empty()) help += ": " + info.range;
      sheet.rows.push_back({entry.name, info.key, roulade::to_text(info.initial), help});
      if (json) sheet.rows.back().emplace_back(info.range);
    }
  return sheet;
}

Sheet list_sources(const ListedKind& kind) {
  Sheet sheet{"sources", {"name", "source"}, {}};
  for (const ListedEntry& entry : kind.entries)
    if (!entry.source.empty()) sheet.rows.push_back({entry.name, entry.source});
  return sheet;
}

Sheet list_details(const ListedKind& kind) {
  Sheet sheet{"details", {"name"}, {}};
  sheet.columns.insert(sheet.columns.end(), kind.detail_names.begin(), kind.detail_names.end());
  for (const ListedEntry& entry : kind.entries) {
    std::vector<Cell> row = {entry.name};
    row.insert(row.end(), entry.details.begin(), entry.details.end());
    sheet.rows.push_back(std::move(row));
  }
  return sheet;
}

Sheet list_spellings(const ListedKind& kind) {
  Sheet sheet{"spellings", {"name", "spellings"}, {}};
  for (const ListedEntry& entry : kind.entries)
    if (!entry.spellings.empty())
      sheet.rows.push_back({entry.name, fmt::format("{}", fmt::join(entry.spellings, ", "))});
  return sheet;
}

Description describe(const ListedKind& kind, bool verbose, bool json) {
  Sheet sheet{kind.name, {"name"}, {}};
  sheet.columns.insert(sheet.columns.end(), kind.fact_names.begin(), kind.fact_names.end());
  sheet.columns.emplace_back("summary");
  for (const ListedEntry& entry : kind.entries) {
    std::vector<Cell> row = {entry.name};
    row.insert(row.end(), entry.facts.begin(), entry.facts.end());
    row.emplace_back(entry.summary);
    sheet.rows.push_back(std::move(row));
  }
  Description out{{}, {std::move(sheet)}};
  if (!verbose) return out;
  out.sheets.push_back(list_options(kind, json));
  out.sheets.push_back(list_sources(kind));
  if (!kind.detail_names.empty()) out.sheets.push_back(list_details(kind));
  if (Sheet also = list_spellings(kind); !also.rows.empty()) out.sheets.push_back(std::move(also));
  return out;
}

}  // namespace

void add_list(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("list", "List what can be chosen: data, schedules, samplers, ...");
  command.add_option("KIND", o->kind, "samplers, recipes, ...; default: all kinds")->option_text(" ");
  command.add_flag("-v,--verbose", o->verbose,
                   "also options, sources, all that entries declare,\nother programs' names");
  add_json(command, o->json);
  command.callback([o, &exit_code] {
    print(o->kind.empty() ? describe_kinds() : describe(find_kind(o->kind), o->verbose, o->json), o->json);
    exit_code = 0;
  });
}

}  // namespace roulade::app
