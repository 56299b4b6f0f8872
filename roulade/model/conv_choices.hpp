// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace roulade {

/// By which method 3x3 convolutions of stride 1 are made where two can: Winograd's (kernel/winograd.hpp) or the direct
/// one of LibTorch. At first a rule of sizes decides, the same on each machine; where set_measured_convolutions() asks
/// for it, sizes that are met for the first time are made by both, and the faster one has them from then on in this
/// process. A choice changes sums by rounding alone, to 1e-4 of the largest value.

/// The sizes that a choice is made for. Batches of any size share it.
struct ConvKey {
  int64_t in = 0, out = 0, height = 0, width = 0;  ///< of the answer
  bool training = false;                           ///< of weights that change, with their gradients

  auto operator<=>(const ConvKey&) const = default;
  /// "48 to 96, 28 x 28, training".
  std::string text() const;
};

/// Seconds by each method, and which has the shape since.
struct ConvChoice {
  bool winograd = true;
  double winograd_seconds = 0, direct_seconds = 0;  ///< 0: not measured here
};

using ConvChoices = std::map<ConvKey, ConvChoice>;

/// What this process has measured, or was given, so far. Thread-safe, like all below.
ConvChoices convolution_choices();

/// For as long as it lives these alone, the rule for other sizes, and nothing is measured: a run goes on, or a picture
/// is made again, as it began. One inside another, in the order of their making; not of several threads at once.
class GivenConvolutions {
 public:
  explicit GivenConvolutions(ConvChoices choices);
  GivenConvolutions(const GivenConvolutions&) = delete;
  GivenConvolutions& operator=(const GivenConvolutions&) = delete;
  ~GivenConvolutions();

 private:
  ConvChoices before_;
  bool given_before_;
};

/// Does what `work` does while sizes are measured, whatever was chosen or given before, and returns what was chosen in
/// it; then all is as before. Where set_measured_convolutions() does not ask for it, nothing is chosen.
ConvChoices measured_in(const std::function<void()>& work);

/// "winograd 48 to 96, 28 x 28, training", a line for each shape, and back: what a run and a picture keep. Throws
/// Error(input) naming `where` for a line that is none.
std::vector<std::string> to_lines(const ConvChoices& choices);
ConvChoices parse_convolutions(const std::vector<std::string>& lines, const std::string& where);

/// Whether anything but the rule decides: sizes are measured, or some choices were given. What every convolution asks.
bool chooses_convolutions();

/// Whether Winograd's method takes a convolution: as chosen; measured now where sizes are measured; else `by_rule`.
/// measure: makes the convolution by both ways and answers with the seconds of each.
bool chosen_winograd(const ConvKey& key, bool by_rule, const std::function<ConvChoice()>& measure);

}  // namespace roulade
