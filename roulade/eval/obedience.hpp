// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/eval/ground_colour.hpp"
#include "roulade/eval/judge.hpp"
#include "roulade/eval/retrieval.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace roulade {

/// How often pictures show what their texts asked for.
struct ObedienceFigure {
  std::string name;
  double value = 0;
  /// Standard error (of pairs see judge_emoji): pictures that were asked for the same (object, or values of all
  /// attributes) go together, so it is sqrt(sum over these of (sum of their deviations)^2) / count.
  double error = 0;
  double chance = 0;  ///< what pictures reach that do not look at their texts
  int64_t count = 0;  ///< pictures
};

/// What an emoji's text asked for.
struct AskedEmoji {
  int64_t object = 0;  ///< row of the candidates
  std::string ground;  ///< its name
};

/// Of pictures of emoji: "retrieval_top_K" and "retrieval_median" (see Retrieval), "ground" (the named ground is seen,
/// see GroundJudge), "ground_and_object" (it is seen and the own name is among the first K; chance: K / candidates /
/// grounds), "kept_on_other_grounds" (of an object's pictures on other grounds than one that is right in both, the
/// share that are, too: over all pairs in both orders, sum r_i r_j / sum r_i, with r = 1 for right in both; NaN where
/// that is 0 / 0; its error is that of a ratio of sums over objects). Seen and unseen emoji are judged by a call each,
/// among candidates of their own. pictures: uint8 [n, 3, H, W]; mapped: [n, D], their features by a RidgeMap;
/// candidates: [K, D], vectors of names; asked: [n]. Subtract the map's text_mean from mapped and candidates.
/// grounds_of_data: that the texts name, among which chance draws; 0 = all of the judge's. Throws Error(usage) where
/// these do not fit each other, and what retrieve and GroundJudge throw.
std::vector<ObedienceFigure> judge_emoji(const Tensor& pictures, const Tensor& mapped, const Tensor& candidates,
                                         const std::vector<AskedEmoji>& asked,
                                         const GroundJudge& grounds = GroundJudge(), int64_t top = 10,
                                         int64_t grounds_of_data = 0);

/// The names of these figures with top = 10, in their order.
const std::vector<std::string>& emoji_figures();

/// A value that texts ask for, told by a judge that was trained on it (`roulade judge --attribute`).
struct AskedAttribute {
  std::string name;                 ///< "colour"
  const Judge* judge;               ///< its class_names are the values
  std::vector<std::string> wanted;  ///< [n]
};

/// For each attribute the share of pictures in which its judge sees the value asked for, by its name (chance: 1 /
/// number of values), and of several "all": all of them in one picture. The judges' accuracy on real pictures is what
/// perfect ones reach. pictures: uint8 [n, C, H, W], n >= 1, as the judges' are. Throws Error(usage) for other shapes,
/// and values that a judge does not know.
std::vector<ObedienceFigure> judge_attributes(const Tensor& pictures, const std::vector<AskedAttribute>& attributes);

}  // namespace roulade
