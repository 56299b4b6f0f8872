// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/points.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace roulade {

struct TrainParts;
struct DataFacts;
class Trainer;

/// What the averaged weights make of noise while they are trained.
struct TrainPreview {
  int64_t step = 0;
  Points samples;                      ///< in the data's units; no rows when sampling failed; of an autoencoder rows of
                                       ///< pictures and below each of their reconstructions
  std::shared_ptr<const Points> data;  ///< as many rows of training data
  int64_t across = 0;                  ///< pictures in a row; 0 = as suits them
  std::string fault;                   ///< why there are no samples; empty = there are
};

/// The preview as a PNG file: a sheet of pictures, of points a plot of samples over grey data.
std::string preview_png(const TrainPreview& preview, const DataFacts& facts);

/// Called from the thread that trains; must not throw.
using PreviewFn = std::function<void(const TrainPreview&)>;

/// Samples while a training runs, at a bounded cost, and without an effect on it: weights of its own, random numbers
/// of its own.
class Previewer {
 public:
  /// share: of the time since now that previews may take, (0, 1].
  Previewer(const TrainParts& parts, double share);
  ~Previewer();
  Previewer(const Previewer&) = delete;
  Previewer& operator=(const Previewer&) = delete;

  /// True when there is time for one: those so far and another as long as the last one fit into the share; the last
  /// step always has one.
  bool due(bool last_step) const;
  /// Few hundred points, or 64 pictures (of up to ten classes eight each), in few network calls. Noise and classes are
  /// the same each time, so samples change only as the network learns.
  /// A fault of sampling is put into the result, not thrown.
  TrainPreview make(const Trainer& trainer);
  /// Adds time that showing took to the cost of previews.
  void add_cost(double seconds);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The preview as lines of braille characters: samples, beside them data where there is room.   columns, rows: the room
/// that there is, at least 16 and 5. One column is shown as a histogram, of more the first two. UTF-8, no colour.
std::vector<std::string> preview_lines(const TrainPreview& preview, int columns, int rows);

}  // namespace roulade
