// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/sample_size.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/image_set.hpp"

#include <charconv>

#include <fmt/format.h>

namespace roulade {

PictureSize parse_picture_size(const std::string& text) {
  const char *first = text.data(), *last = first + text.size();
  PictureSize out;
  const auto [cross, bad_height] = std::from_chars(first, last, out.height);
  if (bad_height == std::errc() && cross != last && *cross == 'x') {
    const auto [end, bad_width] = std::from_chars(cross + 1, last, out.width);
    if (bad_width == std::errc() && end == last && out.height > 0 && out.width > 0) return out;
  }
  fail(Code::usage, "--size", "sides of the samples", "HEIGHTxWIDTH, such as 48x80", text);
}

void set_sample_size(TrainedRun& run, PictureSize size) {
  constexpr int64_t kMostSide = 4096;
  DataFacts& facts = run.facts;
  if (facts.buckets.empty())
    fail(Code::usage, "--size", "data of the run", "pictures in buckets (data.fit = \"buckets\")",
         "pictures of one shape");
  const Table& data = run.recipe.tables.at("data");
  const auto found = data.find("bucket_step");
  if (found == data.end())  // exported by an earlier version
    fail(Code::usage, "--size", "the sides' step", "a run, whose recipe has data.bucket_step", "an exported folder");
  const int64_t step = std::get<int64_t>(found->second.value);
  for (const int64_t side : {size.height, size.width})
    if (side < step || side % step != 0 || side > kMostSide)
      fail(Code::usage, "--size", "sides of the samples",
           fmt::format("multiples of {}, the run's data.bucket_step, up to {}", step, kMostSide),
           fmt::format("{} x {}", size.height, size.width));
  facts.shape = {facts.shape.at(0), size.height, size.width};
  facts.columns = picture_columns(facts.shape);
  // What was trained in buckets is scaled alike everywhere.
  facts.scaling.mean.assign(facts.columns.size(), facts.scaling.mean.front());
  facts.scaling.deviation.assign(facts.columns.size(), facts.scaling.deviation.front());
}

}  // namespace roulade
