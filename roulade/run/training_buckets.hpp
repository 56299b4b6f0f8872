// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/parts.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/train/trainer.hpp"

#include <cstdint>
#include <string>

namespace roulade {

/// Whether training pictures come in several shapes (data.fit = "buckets").
bool has_buckets(const Recipe& resolved);

/// Throws Error(usage) where such pictures meet what has one shape alone: another network than a U-Net, latents, an
/// objective that does not denoise, a scale that differs by place, levels that cannot halve data.bucket_step.
void check_buckets(const Recipe& resolved);

/// Throws Error(usage) where parts of pictures, drawn at each visit (data.crop_margin), meet latents or a scale that
/// differs by place.
void check_crops(const Recipe& resolved);

/// Sets parts.buckets and facts.buckets, from the training points with their classes and texts.
void add_buckets(TrainParts& parts);

/// Where buckets hold fewer pictures than a batch; empty: none does.
std::string warning_of_small_buckets(const TrainParts& parts);

/// The batches that a training takes, of which each of `ranks` processes takes its share.   parts must outlive them.
BatchFn make_batches(const TrainParts& parts, int64_t ranks = 1);

}  // namespace roulade
