// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/work.hpp"
#include "roulade/core/error.hpp"
#include "roulade/run/picture_folder.hpp"
#include "roulade/run/sample_files.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

namespace roulade::app {
namespace {

struct Options {
  WorkOptions work;
  std::string name, out, root, grounds, format = "csv";
  int64_t count = 10000;
  bool drawn = false;  ///< an option that only drawn points have was given
};

bool is_picture_folder(const std::string& name) {
  const std::vector<std::string> names = picture_folders();
  return std::count(names.begin(), names.end(), name) > 0;
}

/// The names of folders, four a line.
std::string folder_lines() {
  const std::vector<std::string> names = picture_folders();
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) out += (i == 0 ? "\n" : i % 4 == 0 ? ",\n" : ", ") + names[i];
  return out;
}

int build(const Options& o) {
  if (o.drawn || !o.work.set.empty() || o.work.seed)
    fail(Code::usage, "data " + o.name, "--count, --format, --set and --seed", "none: the pictures are what they are");
  Work work(o.work);
  const auto built =
      build_picture_folder(o.name, o.out, o.root.empty() ? "/" : o.root, o.grounds, work.progress(), work.cancel());
  if (!built) return work.stopped("stopped; nothing was written");
  work.finish(*built);
  return 0;
}

int data(const Options& o) {
  if (is_picture_folder(o.name)) return build(o);
  for (const auto& [option, value] : {std::pair("--root", &o.root), {"--grounds", &o.grounds}})
    if (!value->empty()) fail(Code::usage, "data " + o.name, option, "a set of pictures that a package holds");
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
  CLI::App& command = *root.add_subcommand("data", "Write points of a data set, or a folder of pictures.");
  command.add_option("NAME", o->name, "see roulade list data; pictures:" + folder_lines())
      ->required()
      ->option_text(" ");
  command.add_option("-o,--out", o->out, "folder to write to; for pictures a new or empty one")
      ->required()
      ->option_text("DIR");
  command.add_option("-n,--count", o->count, "points; default: 10000")->option_text("N")->check(whole(1));
  command.add_option("--format", o->format, "default: csv (npy has no classes)")
      ->option_text("csv|npy")
      ->check(CLI::IsMember({"csv", "npy"}));
  command.add_option("--root", o->root, "pictures: where the package was unpacked; default: /")->option_text("DIR");
  command
      .add_option(
          "--grounds", o->grounds,
          "pictures with opacity and texts: draw each on these\nand name them in its texts: all, or some of white,\n"
          "black, grey, red, yellow, green, blue, pink; default:\nemoji all, papirus and openclipart none")
      ->option_text("LIST");
  o->work.add_to(command, "of the points; default: 0");
  command.footer(
      "Examples:\n"
      "  roulade data moons --out data --set data.noise=0.05\n"
      "  roulade data fashion_mnist --out datasets/fashion_mnist\n"
      "  roulade data papirus --grounds white,blue --out datasets/on_grounds");
  command.callback([o, &command, &exit_code] {
    o->drawn = command.count("--count") + command.count("--format") > 0;
    exit_code = data(*o);
  });
}

}  // namespace roulade::app
