// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/class_samples.hpp"

#include "roulade/data/byte_rows.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace roulade {
namespace {

/// A class as sample.label takes it whatever the classes are called: by its number, with zeros before it where a class
/// has that name. A name may be one of the label's words, "data" or "none".
std::string label_of(int64_t number, const std::vector<std::string>& names) {
  std::string out = fmt::format("{}", number);
  while (std::find(names.begin(), names.end(), out) != names.end()) out.insert(0, "0");
  return out;
}

void append(Points& to, const Points& more) {
  to.rows += more.rows;
  to.values.insert(to.values.end(), more.values.begin(), more.values.end());
  to.labels.insert(to.labels.end(), more.labels.begin(), more.labels.end());
}

/// The numbers of the first `each` of every class.
std::vector<int64_t> first_of_each(const std::vector<int64_t>& labels, int64_t classes, int64_t each) {
  std::vector<std::vector<int64_t>> of(static_cast<size_t>(classes));
  for (int64_t i = 0; i < std::ssize(labels); ++i)
    if (const int64_t label = labels[static_cast<size_t>(i)]; label >= 0)
      if (auto& rows = of[static_cast<size_t>(label)]; std::ssize(rows) < each) rows.push_back(i);
  std::vector<int64_t> out;
  for (const std::vector<int64_t>& rows : of) out.insert(out.end(), rows.begin(), rows.end());
  return out;
}

}  // namespace

Points samples_of_classes(const TrainedRun& run, const SampleRequest& request) {
  Points out{0, run.facts.width(), {}, {}};
  for (int64_t k = 0; k < run.facts.classes() && !request.cancel.requested(); ++k) {
    TrainedRun of_class = run;
    of_class.recipe.tables.at("sample")["label"] = label_of(k, run.facts.class_names);
    append(out, sample_points(of_class, request).points);
  }
  return out;
}

Points data_of_classes(const PointSource& source, Split split, uint64_t seed, int64_t each) {
  Points out{0, static_cast<int64_t>(source.columns().size()), {}, {}};
  if (const auto* by_bytes = dynamic_cast<const ByteSource*>(&source)) {
    ByteRows all = by_bytes->draw_bytes(split, seed, 0);
    for (const int64_t i : first_of_each(all.labels, source.classes(), each)) append(out, all.points(i, 1));
    return out;
  }
  const Points all = source.draw(split, seed, 0);
  for (const int64_t i : first_of_each(all.labels, source.classes(), each))
    append(out, {1, all.width, {all.row(i), all.row(i + 1)}, {all.labels[static_cast<size_t>(i)]}});
  return out;
}

}  // namespace roulade
