// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/eval/metric.hpp"

#include <algorithm>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

namespace roulade::eval {
namespace {

constexpr auto kWhere = "metric recognition";
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kRowsAtOnce = 500;

struct Settings {
  int64_t neighbours = 5;
  void bind(Binder& b) {
    b.add("recognition_neighbours", neighbours, at_least(1),
          "recognition: nearest training points that vote on a class");
  }
};

/// The judge's memory of the training points.
struct Memory {
  Tensor points;   ///< [rows, width]
  Tensor squares;  ///< [rows]: their squared lengths
  Tensor votes;    ///< [rows, classes]: 1 for the point's class
};

Tensor tensor_of(const PointView& set) {
  return at::from_blob(const_cast<float*>(set.values), {set.rows, set.width}, at::kFloat);  // only read
}

Memory memorised(const PointView& training) {
  const Tensor labels = at::from_blob(const_cast<int64_t*>(training.labels), {training.rows}, at::kLong);
  const int64_t classes = labels.max().item<int64_t>() + 1;
  if (classes < 2) fail(Code::usage, kWhere, "classes of the training set", "two or more", fmt::format("{}", classes));
  Memory out{tensor_of(training), {}, at::zeros({training.rows, classes})};
  out.squares = out.points.square().sum(1);
  const Tensor known = labels.ge(0).to(at::kFloat).unsqueeze(1);
  out.votes.scatter_(1, labels.clamp(0).unsqueeze(1), known);
  return out;
}

/// The class with the most votes among the nearest training points, the lowest of several.   [rows]
Tensor recognised(const Tensor& x, const Memory& memory, int64_t neighbours) {
  const Tensor distances = memory.squares.unsqueeze(0) - at::matmul(x, memory.points.t()) * 2;  // less x's own square
  const int64_t most = std::min(neighbours, memory.points.size(0));
  const Tensor nearest = std::get<1>(at::topk(distances, most, 1, false));
  return memory.votes.index_select(0, nearest.flatten()).view({x.size(0), most, -1}).sum(1).argmax(1);
}

/// Share of judged points whose class (the one asked for, of generated ones) is that of most of their nearest training
/// points; points without a class are not counted, and a set without any has no share: NaN.
class Recognition final : public Metric {
 public:
  explicit Recognition(const Settings& settings) : settings_(settings) {}

  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext& context) const override {
    check_sets(kWhere, sets, reference, 1);
    check_training(kWhere, context.training, reference.width);
    if (context.training.labels == nullptr) fail(Code::usage, kWhere, "classes of the training set", "some", "none");
    const at::NoGradGuard no_grad;
    const Memory memory = memorised(context.training);
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      const Tensor x = tensor_of(set);
      int64_t right = 0, asked = 0;
      for (int64_t first = 0; first < set.rows && set.labels != nullptr; first += kRowsAtOnce) {
        const int64_t rows = std::min(kRowsAtOnce, set.rows - first);
        const Tensor found = recognised(x.slice(0, first, first + rows), memory, settings_.neighbours);
        for (int64_t i = 0; i < rows; ++i) {
          asked += set.labels[first + i] >= 0 ? 1 : 0;
          right += set.labels[first + i] == found.const_data_ptr<int64_t>()[i] ? 1 : 0;
        }
      }
      out.push_back({asked > 0 ? static_cast<double>(right) / static_cast<double>(asked) : kUnknown});
    }
    return out;
  }

 private:
  Settings settings_;
};

}  // namespace

Entry recognition() {
  Entry entry;
  entry.name = "recognition";
  entry.summary = "Whether the training points near to a sample have the class that was asked for";
  entry.source =
      "classification accuracy score after Ravuri and Vinyals 2019, with nearest neighbours as the classifier";
  entry.figures = {"recognised"};
  entry.needs_training = true;
  entry.needs_classes = true;
  entry.by_default = false;
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const Recognition>(s); });
}

}  // namespace roulade::eval
