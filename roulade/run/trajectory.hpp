// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/recipe.hpp"
#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace roulade {

/// The keys that decide what is trained: not where files of its own and its pictures lie, nor how these are held.
Recipe trajectory_of(const Recipe& resolved);

/// Keys whose change makes another training; the others may change on resume. Returns "table.key" of each difference.
std::vector<std::string> trajectory_differences(const Recipe& a, const Recipe& b);

/// Throws Error(usage) where a run's keys that its steps depend on are others now.   resolved: to go on by.
void check_unchanged(const std::filesystem::path& run, const Recipe& resolved);

/// A recipe's data.path; "data" where its data have none.
std::string place_of_data(const Recipe& recipe);

/// Throws Error(input) where a source is plainly not what a run was trained on: another shape, other columns, classes
/// or number of training rows, by which splits are drawn, so that rows trained on would be judged as fresh ones.
void check_source(const TrainedRun& run, const PointSource& source);

/// A run's data, to judge it by; checked where the run notes its training rows.
std::shared_ptr<const PointSource> open_data(const TrainedRun& run);

/// Whether two scalings are those of the same data, to rounding: another build may add up in another order.
bool same_scaling(const Scaling& a, const Scaling& b);

/// Throws Error(input) unless data are those of a training as far as its data.json says: columns, axes, classes and
/// their shares, rows, buckets, captions, range, and to rounding the scaling.   where: names the data.
void check_same_data(const DataFacts& trained, const DataFacts& now, const std::string& where);

/// Throws Error(usage) naming the keys of [model] and [autoencoder] by which a run's weights, although they fit, are
/// another network's than the recipe's; dropout may differ. A folder that is no run passes.
void check_same_network(const std::filesystem::path& run, const Recipe& resolved);

}  // namespace roulade
