// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/byte_rows.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_set>
#include <utility>

namespace roulade {
namespace {

std::vector<int64_t> part(const std::vector<int64_t>& labels, int64_t first, int64_t last) {
  if (labels.empty()) return {};
  return {labels.begin() + first, labels.begin() + last};
}

/// The first text of each.
std::vector<int64_t> firsts(const std::vector<std::vector<int64_t>>& texts, int64_t first, int64_t last) {
  std::vector<int64_t> out;
  if (texts.empty()) return out;
  for (int64_t i = first; i < last; ++i) out.push_back(texts[static_cast<size_t>(i)].front());
  return out;
}

}  // namespace

Scaling fit_scaling(const ByteRows& rows, const std::string& mode) {
  std::vector<int64_t> sums, squares;  // of each column, once they are asked for
  const auto add_up = [&] {
    if (rows.rows.empty()) fail(Code::input, "scaling", "no points to scale by");
    sums.assign(static_cast<size_t>(rows.width), 0);
    squares = sums;
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      const uint8_t* row = rows.row(static_cast<int64_t>(i));
      for (size_t j = 0; j < sums.size(); ++j) {
        sums[j] += row[j];
        squares[j] += int64_t{row[j]} * row[j];
      }
    }
  };
  // n^2 variance = n sum x^2 - (sum x)^2, whole numbers: nothing is lost where values are large and near each other.
  __extension__ using Whole = __int128;
  const auto moments = [](int64_t n, int64_t sum, int64_t squared) {
    const auto count = static_cast<double>(n);
    const Whole spread = Whole{n} * squared - Whole{sum} * sum;
    return Scaling::Moments{static_cast<double>(sum) / count, std::sqrt(static_cast<double>(spread)) / count};
  };
  return Scaling::fit(rows.width, mode, [&](int64_t column) {
    if (sums.empty()) add_up();
    const auto n = static_cast<int64_t>(rows.rows.size());
    if (column == Scaling::kAllColumns)
      return moments(n * rows.width, std::accumulate(sums.begin(), sums.end(), int64_t{0}),
                     std::accumulate(squares.begin(), squares.end(), int64_t{0}));
    return moments(n, sums[static_cast<size_t>(column)], squares[static_cast<size_t>(column)]);
  });
}

int64_t count_rows(const PointSource& source, Split split) {
  if (source.endless()) return 0;
  if (const auto* bytes = dynamic_cast<const ByteSource*>(&source))
    return static_cast<int64_t>(bytes->draw_bytes(split, 0, 0).rows.size());
  return source.draw(split, 0, 0).rows;
}

int64_t count_once(const PointSource& source, Split split) {
  const auto* bytes = dynamic_cast<const ByteSource*>(&source);
  if (bytes == nullptr) return count_rows(source, split);
  ByteRows rows = bytes->draw_bytes(split, 0, 0);
  rows.drop_repeats();
  return static_cast<int64_t>(rows.rows.size());
}

Points draw_once(const PointSource& source, Split split, uint64_t seed, int64_t count) {
  const auto* bytes = dynamic_cast<const ByteSource*>(&source);
  if (bytes == nullptr) return source.draw(split, seed, count);
  ByteRows rows = bytes->draw_bytes(split, seed, 0);
  rows.drop_repeats();
  const auto all = static_cast<int64_t>(rows.rows.size());
  return rows.points(0, count == 0 ? all : count);
}

void ByteRows::drop_repeats() {
  std::unordered_set<int64_t> seen;
  size_t kept = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!seen.insert(rows[i]).second) continue;
    rows[kept] = rows[i];
    if (!labels.empty()) labels[kept] = labels[i];
    if (!texts.empty() && kept != i) texts[kept] = std::move(texts[i]);
    ++kept;
  }
  rows.resize(kept);
  if (!labels.empty()) labels.resize(kept);
  if (!texts.empty()) texts.resize(kept);
}

Points ByteRows::points(int64_t first, int64_t count) const {
  const int64_t last = std::min(first + count, static_cast<int64_t>(rows.size()));
  Points out{last - first, width, {}, part(labels, first, last), firsts(texts, first, last)};
  out.values.reserve(static_cast<size_t>(out.rows * width));
  for (int64_t i = first; i < last; ++i) out.values.insert(out.values.end(), row(i), row(i) + width);
  return out;
}

TrainingSet::TrainingSet(Points points)
    : rows(points.rows), width(points.width), labels(std::move(points.labels)), values(std::move(points.values)) {
  for (const int64_t text : points.texts) texts.push_back({text});
}

TrainingSet::TrainingSet(ByteRows from, Scaling by)
    : rows(static_cast<int64_t>(from.rows.size())),
      width(from.width),
      labels(std::move(from.labels)),
      texts(std::move(from.texts)),
      bytes(std::move(from)),
      scaling(std::move(by)) {
  bytes.labels.clear();
  bytes.texts.clear();
}

TrainingSet::TrainingSet(Tensor from, Scaling by, std::vector<int64_t> of_labels,
                         std::vector<std::vector<int64_t>> of_texts)
    : rows(from.size(0)),
      width(from.size(2)),
      labels(std::move(of_labels)),
      texts(std::move(of_texts)),
      moments(std::move(from)),
      scaling(std::move(by)) {}

int64_t TrainingSet::bytes_in_memory() const {
  if (moments.defined()) return static_cast<int64_t>(moments.nbytes());
  return rows * width * static_cast<int64_t>(values.empty() ? sizeof(uint8_t) : sizeof(float)) +
         static_cast<int64_t>(bytes.larger.values.size());
}

Points TrainingSet::points(int64_t first, int64_t count) const {
  const int64_t last = std::min(first + count, rows);
  Points out{last - first, width, {}, {}};
  if (moments.defined()) {
    const Tensor mean = moments.narrow(0, first, last - first).select(1, 0).to(at::kDouble).contiguous();
    out.values.assign(mean.const_data_ptr<double>(), mean.const_data_ptr<double>() + mean.numel());
    out = scaling.apply(out);
  } else if (bytes.rows.empty()) {
    out.values.assign(values.begin() + first * width, values.begin() + last * width);
  } else {
    out = scaling.apply(bytes.points(first, count));
  }
  out.labels = part(labels, first, last);
  out.texts = firsts(texts, first, last);
  return out;
}

}  // namespace roulade
