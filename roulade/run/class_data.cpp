// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/class_data.hpp"

#include "roulade/data/byte_rows.hpp"

#include <algorithm>
#include <vector>

namespace roulade {
namespace {

void append(Points& to, const Points& more) {
  to.rows += more.rows;
  to.values.insert(to.values.end(), more.values.begin(), more.values.end());
  to.labels.insert(to.labels.end(), more.labels.begin(), more.labels.end());
}

/// The numbers of the first `each` of every class that is there, or of as many as the least of them has.
std::vector<int64_t> first_of_each(const std::vector<int64_t>& labels, int64_t classes, int64_t each) {
  std::vector<std::vector<int64_t>> of(static_cast<size_t>(classes));
  for (int64_t i = 0; i < std::ssize(labels); ++i)
    if (const int64_t label = labels[static_cast<size_t>(i)]; label >= 0)
      if (auto& rows = of[static_cast<size_t>(label)]; std::ssize(rows) < each) rows.push_back(i);
  std::vector<int64_t> out;
  for (const std::vector<int64_t>& rows : of)
    if (!rows.empty()) each = std::min<int64_t>(each, std::ssize(rows));
  for (const std::vector<int64_t>& rows : of)
    out.insert(out.end(), rows.begin(), rows.begin() + std::min<int64_t>(each, std::ssize(rows)));
  return out;
}

}  // namespace

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
