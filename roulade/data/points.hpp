// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/registry.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// Rows of numbers with an optional class each, in the data's own units.
struct Points {
  int64_t rows = 0;
  int64_t width = 0;
  std::vector<double> values;    ///< [rows * width], row after row
  std::vector<int64_t> labels;   ///< [rows], -1 = not known; or empty: no classes
  std::vector<int64_t> texts{};  ///< [rows], number of the first text of each among the source's; or empty: none

  double* row(int64_t i) { return values.data() + i * width; }
  const double* row(int64_t i) const { return values.data() + i * width; }
};

/// The part of the data that a set of points is for. Parts never share a row (files) or a random number (generators).
enum class Split { train, validation, test };

/// A curve in the plane that 2-D data lie along, as polylines (one per connected piece), and the spread around it.
struct Curve {
  /// Vertices in order, dense enough that chords are the curve.
  std::vector<std::vector<std::array<double, 2>>> pieces;
  double noise = 0;  ///< standard deviation of each coordinate around the curve
};

/// A mixture of isotropic Gaussians, sum_k weights[k] N(means[k], deviations[k]^2 I).
struct Mixture {
  std::vector<double> weights;             ///< [K], their sum is 1
  std::vector<std::vector<double>> means;  ///< [K][width]
  std::vector<double> deviations;          ///< [K]
  bool by_class = false;                   ///< component k is a mode of its own, and class k where points have one
};

/// A set of points to learn: a generator that never ends, or a table split by seed.
class PointSource {
 public:
  virtual ~PointSource() = default;
  virtual const std::vector<std::string>& columns() const = 0;  ///< names; their number is the width
  /// Axes of one sample, their product the width: [width], or [channels, height, width] for pictures.
  virtual std::vector<int64_t> shape() const { return {static_cast<int64_t>(columns().size())}; }
  /// Of pictures: what is black and what is white; none: the least and the largest number that are there.
  virtual std::optional<std::array<double, 2>> range() const { return std::nullopt; }
  virtual int64_t classes() const { return 0; }                        ///< 0 = no labels
  virtual std::vector<std::string> class_names() const { return {}; }  ///< [classes] as a file names them, or empty
  /// What says in words what is there, each text once; points have their numbers. Empty: nothing does.
  virtual const std::vector<std::string>& texts() const;
  /// What a user should know of the files, a line each: what was left out or passed over, and why.
  virtual std::vector<std::string> remarks() const { return {}; }
  /// Tells the rows that train from others of the same number; 0 = not known (see names_code).
  virtual uint32_t rows_code() const { return 0; }
  virtual bool endless() const = 0;  ///< a generator: every draw is new data
  /// `count` points of a split, a function of (split, seed, count) alone. Generators: independent draws. Tables:
  /// without replacement in an order given by the seed; count 0 or more than the split holds = the whole split.
  virtual Points draw(Split split, uint64_t seed, int64_t count) const = 0;
  virtual std::optional<Curve> curve() const { return std::nullopt; }
  /// The law that the points are drawn from, where it is known exactly (to quadrature).
  virtual std::optional<Mixture> law() const { return std::nullopt; }
};

namespace data {

using Entry = Factory<PointSource>;
const Registry<Entry>& registry();

#define ADD(name) Entry name();
#include "roulade/data/list.hpp"
#undef ADD

}  // namespace data

/// x_scaled = (x - mean) / deviation, per column (all equal when one scale serves all columns).
struct Scaling {
  /// Mean and standard deviation (divided by n) of some values.
  struct Moments {
    double mean = 0, deviation = 0;
  };
  static constexpr int64_t kAllColumns = -1;

  std::vector<double> mean, deviation;

  /// mode "global": one mean and deviation over all columns (the plane keeps its shape); "centred": a mean each and one
  /// deviation (so too); "column": one of both each; "pixels": 0 to 255 become -1 to 1; "none". Throws Error(input)
  /// when a deviation is zero.
  static Scaling fit(const Points& points, const std::string& mode);
  /// The same of values that lie elsewhere.   of: those of a column, or of all columns together for kAllColumns.
  static Scaling fit(int64_t width, const std::string& mode, const std::function<Moments(int64_t column)>& of);
  Points apply(const Points& points) const;
  Points undo(const Points& points) const;
  Curve apply(const Curve& curve) const;  ///< needs equal deviations (noise is one number). Throws Error(usage).
};

}  // namespace roulade
