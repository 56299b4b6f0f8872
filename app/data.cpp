// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/work.hpp"
#include "roulade/run/sample_files.hpp"

#include <memory>

#include <fmt/format.h>

namespace roulade::app {
namespace {

struct Options {
  WorkOptions work;
  std::string name, out, format = "csv";
  int64_t count = 10000;
};

int data(const Options& o) {
  Work work(o.work);
  Recipe recipe;
  set_key(recipe, fmt::format("data.kind=\"{}\"", o.name));
  for (const std::string& assignment : o.work.set) set_key(recipe, assignment);
  const int64_t seed = o.work.seed.value_or(0);
  const auto file = std::filesystem::path(o.out) / (o.name + "." + o.format);
  const Points points = write_data(file, recipe, static_cast<uint64_t>(seed), o.count);
  Description out;
  out.add("file", file.string());
  out.add("seed", seed);
  out.add("rows", points.rows);
  out.add("columns", points.width);
  work.finish(out);
  return 0;
}

}  // namespace

void add_data(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("data", "Draw points of a data set into a table, DIR/NAME.csv.");
  command.add_option("NAME", o->name, "see roulade list data")->required()->option_text(" ");
  command.add_option("-o,--out", o->out, "folder to write to")->required()->option_text("DIR");
  command.add_option("-n,--count", o->count, "points; default: 10000")->option_text("N")->check(CLI::PositiveNumber);
  command.add_option("--format", o->format, "default: csv (npy has no classes)")
      ->option_text("csv|npy")
      ->check(CLI::IsMember({"csv", "npy"}));
  o->work.add_to(command, "of the points; default: 0");
  command.footer("Example:\n  roulade data moons --out data --set data.noise=0.05");
  command.callback([o, &exit_code] { exit_code = data(*o); });
}

}  // namespace roulade::app
