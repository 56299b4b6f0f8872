// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/data/named_colour.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roulade {

/// What building a set of pictures needs.
struct PackagedRequest {
  std::filesystem::path out;           ///< the folder to make; a new or an empty one
  std::filesystem::path root = "/";    ///< of the file system that the package is installed in, or was unpacked into
  std::vector<NamedColour> grounds{};  ///< to draw each picture on, and name in its texts; empty: as the set says
  ProgressFn progress{};               ///< stage "build"
  Cancel cancel{};                     ///< once requested, nothing is left of the folder
};

/// What was built.
struct PackagedResult {
  bool finished = false;  ///< false: cancelled
  int64_t training = 0;   ///< pictures to train
  int64_t test = 0;       ///< pictures of a test part; 0 = the reader splits
  int64_t classes = 0;
  int64_t side = 0;  ///< pixels of each side
};

/// A set of pictures made from the files of Debian packages: a folder that [data] kind = "images" reads.
struct PackagedSet {
  std::string name, summary;
  std::string package;  ///< what to install
  std::string place;    ///< the folder of its files, below the root
  /// Writes the files into `to`, which is empty, from `place` below the root. Throws Error(io), Error(input).
  PackagedResult (*build)(const std::filesystem::path& from, const std::filesystem::path& to,
                          const PackagedRequest& request);
  std::vector<std::pair<std::string, std::string>> files{};  ///< that must be there, below `place`, and their packages
  bool grounds = false;  ///< its pictures have opacity, and texts that can name what they stand on
};

const std::vector<PackagedSet>& packaged_sets();
/// Throws Error(usage) naming the nearest.
const PackagedSet& find_packaged_set(const std::string& name);

/// A number of a name, the same on every machine, for what a set draws by lot (FNV-1a, its halves mixed).
uint64_t name_hash(std::string_view name);

/// "a red apple", "an apple", "two hearts": with an article where the name seems to be of one thing.
std::string with_article(const std::string& name);

/// "music.png" on blue: "music-blue.png".
std::string with_ground(const std::string& file, const NamedColour& ground);

/// Builds the set into request.out, which is there in one step, whole, or not at all. The files depend on the package
/// and the grounds alone. Throws Error(usage) when the folder is not empty, for grounds of a set that has none;
/// Error(io) that names the package when its files are not there, or when something cannot be read or written;
/// Error(input) for damaged files.
PackagedResult build_packaged_set(const PackagedSet& set, const PackagedRequest& request);

namespace data::packaged {
#define ADD(name) PackagedSet name();
#include "roulade/data/packaged_list.hpp"
#undef ADD
}  // namespace data::packaged

}  // namespace roulade
