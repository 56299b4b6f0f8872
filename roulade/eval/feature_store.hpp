// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/eval/features.hpp"
#include "roulade/eval/picture_format.hpp"
#include "roulade/eval/protocol.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace roulade {

/// Features of sets of pictures. Vectors of real pictures, which come again from pair to pair and from evaluation to
/// evaluation, are kept by what the pictures are (128 bits of a hash of their bytes), so whatever the split, the count
/// and the order. One thread at a time.
class FeatureStore {
 public:
  /// most_bytes: of kept vectors; those beyond are computed each time.
  FeatureStore(std::shared_ptr<const Features> features, PictureFormat format, uint64_t most_bytes = uint64_t{1} << 30);

  const std::string& name() const { return features_->name(); }
  /// The vectors of a set's rows with the set's labels: [rows, features' width].   keep: the pictures are real. After a
  /// cancel the rest of the rows are 0. Throws Error(numeric) for numbers that are not finite, and what the features
  /// throw.
  PointSet of(const PointView& scaled, bool keep, const ProgressFn& progress = {}, const Cancel& cancel = {});

  /// Takes the vectors of a file that write() made with the same features, known by what they make of two fixed
  /// pictures; another or damaged file, or none, is passed over. Returns the number of vectors kept now.
  int64_t read(const std::filesystem::path& file);
  /// Writes the kept vectors where there are new ones since read(): safetensors, "pictures" [n, 2] and "features" [n,
  /// width]. Throws Error(io).
  void write(const std::filesystem::path& file);

 private:
  using Key = std::array<uint64_t, 2>;
  struct KeyHash {
    size_t operator()(const Key& key) const { return static_cast<size_t>(key[0]); }
  };
  void keep(const Key& key, const float* row);
  std::string fingerprint() const;

  std::shared_ptr<const Features> features_;
  PictureFormat format_;
  size_t most_;                                   ///< rows
  std::unordered_map<Key, size_t, KeyHash> row_;  ///< of each kept picture
  std::vector<Key> keys_;                         ///< in the order of rows
  std::vector<float> values_;                     ///< [kept, width]
  bool fresh_ = false;                            ///< some were added since read()
};

}  // namespace roulade
