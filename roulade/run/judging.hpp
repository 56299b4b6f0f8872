// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/eval/feature_store.hpp"
#include "roulade/run/sampling.hpp"

#include <memory>

namespace roulade {

/// What a run's pictures are judged by beside their pixels: features and a judge, as [eval] names them.
class PictureJudging {
 public:
  /// Reads the kept features of real pictures, if there are some. Throws Error(usage) where features or a judge are
  /// named for points, or the judge is of other pictures or classes; what reading them throws.
  PictureJudging(const TrainedRun& run, const Protocol& protocol);

  FeatureStore* features() const { return features_.get(); }  ///< null = none are named
  FeatureStore* answers() const { return answers_.get(); }    ///< null = there is no judge
  /// Writes the features of real pictures for the next time. Throws Error(io).
  void keep() const;

 private:
  std::unique_ptr<FeatureStore> features_, answers_;
  std::filesystem::path cache_;
};

/// The file of a run that keeps features of real pictures: RUN/features/NAME.safetensors.
std::filesystem::path features_file(const std::filesystem::path& run, const std::string& name);

}  // namespace roulade
