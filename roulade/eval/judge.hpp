// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/eval/features.hpp"
#include "roulade/model/picture_classifier.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace roulade {

/// A classifier of pictures, trained on a data set's labels, that judges generated ones. Copies share the network.
class Judge {
 public:
  /// class_names: [classes], or empty. accuracy: share of the test pictures that it names rightly.
  Judge(std::shared_ptr<const PictureClassifier> network, std::vector<std::string> class_names, double accuracy);
  /// Reads FOLDER/config.json and FOLDER/judge.safetensors. Throws Error(io) where there is none, Error(input) where
  /// they are damaged.
  static Judge read(const std::filesystem::path& folder);
  /// Writes both in the place of an older judge, in one step. Throws Error(io); Error(usage) where FOLDER holds
  /// anything else.
  void write(const std::filesystem::path& folder) const;
  /// Throws what write() would throw of the folder alone: told before the training, not after.
  static void check_folder(const std::filesystem::path& folder);

  const PictureClassifier& network() const { return *network_; }
  double accuracy() const { return accuracy_; }
  const std::vector<std::string>& class_names() const { return class_names_; }
  /// Throws Error(usage) unless it knows pictures of this shape and these classes, and for pictures with opacity where
  /// an earlier version wrote it, which left opacity out. Names count where both have some.
  void check(const std::vector<int64_t>& shape, int64_t classes, const std::vector<std::string>& class_names) const;

  /// "judge": the hidden layer. As everywhere in features, bytes become x / 127.5 - 1.
  std::shared_ptr<const Features> features() const;
  /// "judge_answers": a number a class, the largest of the class that it takes a picture for.
  std::shared_ptr<const Features> answers() const;

 private:
  static constexpr int64_t kFormat = 2;  ///< 2: pictures with opacity were seen on white
  std::shared_ptr<const PictureClassifier> network_;
  std::vector<std::string> class_names_;
  double accuracy_;
  int64_t format_ = kFormat;  ///< of the file
};

}  // namespace roulade
