// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/registry.hpp"
#include "roulade/data/points.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// Points to judge: [rows, width] floats row after row, already scaled (see Scaling). Owned by the caller.
struct PointView {
  const float* values = nullptr;
  int64_t rows = 0;
  int64_t width = 0;
  const int64_t* labels = nullptr;  ///< [rows]: the class that each has or was asked for, -1 = none; null = no classes
};

/// What a metric may need beside the sets.
struct MetricContext {
  uint64_t seed = 0;                 ///< of random directions: the same for generated and floor
  const Curve* curve = nullptr;      ///< scaled like the points; null = the data have none
  PointView training = {};           ///< what the generator was trained on, scaled; no rows = not known
  const Mixture* mixture = nullptr;  ///< the data's law, scaled like the points; null = it is none
};

/// One figure of a metric entry ("precision_recall" has two).
struct Figure {
  std::string name;
  double value = 0;
};

/// A distance or score between sets of points and a reference set. Const calls are thread-safe, and results do not
/// depend on the number of threads.
class Metric {
 public:
  virtual ~Metric() = default;
  /// Judges each set against the reference; work on the reference is done once.   sets, reference: [rows, width] each;
  /// values finite, at most 1e15 in magnitude. Result: for each set its figures, in the order of MetricEntry::figures.
  /// Throws Error(usage) for a wrong width, too few rows, a missing curve, mixture or training set, Error(numeric) for
  /// NaN or infinity.
  virtual std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                                   const MetricContext& context) const = 0;
  /// The standard errors of those figures as the rows of one judged and one reference set tell them, NaN where they do
  /// not: what stands beside the figures of a single pair. Empty = of none.
  virtual std::vector<std::vector<double>> errors(std::span<const PointView> sets, const PointView& reference,
                                                  const MetricContext& context) const;
};

/// A metric with its options. compute() judges one set with the default options.
struct MetricEntry : Factory<Metric> {
  std::vector<std::string> figures;  ///< names of what compare returns, in order
  bool needs_curve = false;
  bool needs_training = false;
  bool by_default = true;  ///< taken when nobody names metrics
  bool needs_mixture = false;
  bool needs_classes = false;     ///< of the training set
  bool needs_features = false;    ///< judges features of pictures; compare() takes any vectors
  bool also_on_features = false;  ///< judges points, and their features as well where there are some
  bool needs_judge = false;       ///< judges what the judge of pictures answers: [rows, classes]

  std::vector<Figure> compute(const PointView& generated, const PointView& reference, const MetricContext&) const;
};

namespace eval {

using Entry = MetricEntry;
const Registry<Entry>& registry();

#define ADD(name) Entry name();
#include "roulade/eval/list.hpp"
#undef ADD

/// Throws the errors of Metric::compare unless every set has the reference's width and at least `least` rows, and every
/// value is finite and at most 1e15 in magnitude (so that squared distances are finite in float). `where` names the
/// metric. check_set: one set, called `role` in the sentence, of the given width.
void check_set(std::string_view where, const std::string& role, const PointView& set, int64_t width, int64_t least);
void check_sets(std::string_view where, std::span<const PointView> sets, const PointView& reference, int64_t least);

/// How many rows errors_by_parts takes.
struct PartRows {
  int64_t most = 0;   ///< taken of each set, the first ones
  int64_t least = 1;  ///< of a part
};

/// Standard errors of figures that no sum over rows gives: ten parts of all sets are judged, each part's rows as one
/// independent draw, and the deviation of these figures is divided by sqrt(10); where they depend on the number of
/// rows, true to a factor of two. Nothing where a part would have too few rows.
std::vector<std::vector<double>> errors_by_parts(const Metric& metric, std::span<const PointView> sets,
                                                 const PointView& reference, const MetricContext& context,
                                                 const PartRows& rows);

/// Throws unless there is a training set, of the given width and with values as above.
void check_training(std::string_view where, const PointView& training, int64_t width);

}  // namespace eval
}  // namespace roulade
