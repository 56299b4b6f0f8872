// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/given_start.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/file_tree.hpp"
#include "roulade/io/image.hpp"
#include "roulade/io/sha256.hpp"
#include "roulade/run/partial_rows.hpp"
#include "roulade/run/table_rows.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace roulade {

std::string given_sha256(const std::filesystem::path& path) {
  std::error_code none;
  if (!std::filesystem::is_directory(path, none)) return sha256_of({path});
  Sha256 out;
  const auto tree = open_tree(path);
  for (const std::string& name : tree->names())
    if (is_picture_name(name)) out.update(tree->read(name, kMostImageBytes));
  return out.hex();
}

GivenPictures read_given_start(const TrainedRun& run, const GivenStart& start, int64_t count, int64_t prompts) {
  if (!names_pictures(run, start.file)) {
    if (count > 0)
      fail(Code::usage, "--count", "samples", "none: as many as the table has rows", std::to_string(count));
    if (!start.mask.empty()) fail(Code::usage, "--mask", "what it is laid on", "a picture", start.file);
    GivenPictures out{start.completed ? read_partial_rows(run, start.file) : GivenRows{read_rows(run, start.file), {}},
                      {}};
    if (prompts > out.rows.points.rows)
      fail(Code::usage, "--prompt", "prompts",
           fmt::format("at most {}, a row of {} each", out.rows.points.rows, start.file), std::to_string(prompts));
    return out;
  }
  if (start.completed && start.mask.empty())
    fail(Code::usage, "--complete", "what is to be drawn of " + start.file, "--mask PICTURE, white there", "nothing");
  GivenPictures out = read_given_pictures(run, start.file, start.mask);
  out.rows = in_turn(out.rows, count > 0 ? count : std::max(prompts, out.rows.points.rows));
  return out;
}

Editing editing_of(const GivenStart& start, GivenRows rows) {
  Editing out;
  out.rows = std::move(rows);
  out.strength = start.strength.value_or(out.strength);
  out.inverted = start.inverted;
  out.repeats = start.repeats;
  out.walks = start.walks;
  out.jump = start.jump;
  return out;
}

}  // namespace roulade
