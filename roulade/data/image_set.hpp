// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/data/aspect_buckets.hpp"
#include "roulade/data/image_folder.hpp"
#include "roulade/io/resize.hpp"
#include "roulade/io/scratch.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace roulade {

/// What to do with pictures that have not the wanted size. crop: their largest middle part of the wanted shape,
/// resized; stretch: all of them, resized; exact: nothing, they are damaged; buckets: as crop, and each once more in
/// the nearest of several shapes (ImageSet::bucketed).
enum class Fit { crop, stretch, exact, buckets };

/// What to do when a picture cannot be read. fail: throw, naming how many and the first; skip: go on without it.
enum class OnDamaged { fail, skip };

struct ImageOptions {
  int64_t size = 0;      ///< pixels of each side; 0 = as the files have it, all alike
  int64_t channels = 0;  ///< 1 to 4 as in Image; 0 = 3, of IDX files as they have it
  Fit fit = Fit::crop;
  int64_t bucket_step = 8;  ///< of Fit::buckets: sides are multiples of it, and so is `size`
  double bucket_limit = 2;  ///< of Fit::buckets: longest side by shortest, at most
  int64_t crop_margin = 0;  ///< `size` is the middle of a picture this much larger, ImageSet::larger; not of buckets
  bool keep_larger = true;  ///< of crop_margin: the larger pictures, too, not the middles alone
  Filter filter = Filter::lanczos;
  Rgb background = {255, 255, 255};  ///< behind what is not opaque, where channels is 1 or 3
  bool flip = false;                 ///< each picture of the training part a second time, left and right exchanged
  OnDamaged on_damaged = OnDamaged::fail;
  FolderOptions folder;
  double test_share = 0;  ///< of the pictures, drawn by split_seed, where the files have no test part of their own
  uint64_t split_seed = 0;
  uint64_t most_bytes = uint64_t{1} << 33;  ///< of memory for the pixels of a part
  std::filesystem::path scratch;            ///< folder for the pixels of parts that take more; empty: they are refused
  ProgressFn progress;                      ///< stage "read", a unit a picture
  Cancel cancel;                            ///< once requested, the call returns with counts of 0
};

/// A file that was left out, and why.
struct DamagedImage {
  std::filesystem::path path;
  std::string reason;
};

/// Pixels in memory, or in a file that the system reads as it is needed.
using Pixels = std::vector<uint8_t, ScratchAllocator<uint8_t>>;

/// N pictures of one size in memory.
struct ImageSet {
  int64_t count = 0;                               ///< N
  int64_t channels = 0;                            ///< C
  int64_t height = 0;                              ///< H
  int64_t width = 0;                               ///< W
  Pixels values;                                   ///< [N, C, H, W], 0 to 255
  std::vector<int64_t> labels;                     ///< [N], -1 = none; or empty: no classes
  std::vector<std::string> class_names;            ///< [classes], or empty
  std::vector<std::string> captions;               ///< [N], the first wording of each, or empty: none has one
  std::vector<std::vector<std::string>> wordings;  ///< [N] lists, captions first, or empty: no picture has several
  std::vector<int64_t> repeats;                    ///< [N] times in an epoch, or empty: once each
  std::vector<std::string> names;                  ///< [N] files below the folder, or empty: many are in one file
  std::vector<DamagedImage> damaged;               ///< left out, in the order of their names

  // Of Fit::buckets, the part to train; else empty.
  std::vector<PictureSize> bucket_sizes;  ///< see bucket_sizes(); of some there may be no picture
  std::vector<size_t> buckets;            ///< [N], number of each picture's shape in bucket_sizes
  Pixels bucketed;                        ///< [N, C * H * W], of which a picture takes the first C * height * width

  int64_t margin = 0;  ///< ImageOptions::crop_margin, of the part to train; else 0
  Pixels larger;       ///< [N, C, H + margin, W + margin], or empty: no margin

  int64_t picture_size() const { return channels * height * width; }
  int64_t larger_size() const { return channels * (height + margin) * (width + margin); }
  Image picture(int64_t i) const;

  /// out[b] = values[rows[b]] / 127.5 - 1, in -1 to 1: what networks are fed.   out: [B, C, H, W].
  /// Throws Error(usage) when a row is not 0 to N - 1, or the sizes do not fit.
  void batch(std::span<const int64_t> rows, std::span<float> out) const;
};

/// A set in its parts. Where there is no test part, its count is 0.
struct ImageData {
  ImageSet train, test;
  std::vector<std::string> remarks{};  ///< files and folders that were passed over, a line each
};

/// Reads a data set of pictures into memory. `path` is one of three.
/// IDX files in a folder: NAME-images-idx3-ubyte[.gz] and, if there are classes, NAME-labels-idx1-ubyte[.gz] (MNIST,
/// Fashion-MNIST; 4 axes are [N, C, H, W]). "t10k" or "test" in the name is the test part, anything else trains. Line k
/// of classes.txt, where that is there, names class k.
/// CIFAR-10's binary version: a folder with data_batch_*.bin and test_batch.bin, or one above it.
/// Pictures: a folder or archive (scan_images), or one of two such folders, train and one of test, val, valid,
/// validation, whose classes are then numbered together (find_parts).
/// The result depends on the files and the options alone; pictures are decoded on several threads.
/// Throws Error(io) when a file cannot be read, or `scratch` has no room; Error(input) when one is damaged, or does not
/// fit the others; Error(usage) for options out of range, or pictures that need more than most_bytes without `scratch`.
ImageData open_images(const std::filesystem::path& path, const ImageOptions& options = {});

/// The pictures of a training part in an order by split_seed, of which the first llround(share * count) are for
/// validation and the others train.   count: without mirror images.
std::vector<int64_t> validation_first(int64_t count, uint64_t split_seed);
int64_t validation_count(int64_t count, double share);

/// A number that tells one list of pictures from another, whose parts and order are others, too: of their names or,
/// where many are in one file, of their labels. 0 = of neither.   originals: how many come before mirror images.
uint32_t names_code(const ImageSet& set, int64_t originals);

/// What the numbers of such a picture are called: CHANNEL_ROW_COLUMN, in their order.   shape: [C, H, W].
std::vector<std::string> picture_columns(const std::vector<int64_t>& shape);

/// What some pictures of a set tell of it.
struct ImageGlance {
  int64_t count = 0;     ///< pictures to train
  int64_t classes = 0;   ///< 0 = none
  int64_t channels = 0;  ///< 1 where all that were looked at are grey, else 3
  int64_t side = 0;      ///< pixels of the shortest side of all that were looked at
  bool alike = false;    ///< each of them is a square of that side
};

/// Looks at the pictures that open_images would read, at 64 of a folder, without those that cannot be read. Throws as
/// it does, and Error(input) when none of them can.
ImageGlance glance_at_images(const std::filesystem::path& path);

/// An Image from [C, H, W] numbers of -1 to 1: round((x + 1) * 127.5), cut to 0 to 255. Throws Error(usage) when their
/// number does not fit, Error(numeric) for NaN.
Image to_image(std::span<const float> values, int64_t channels, int64_t height, int64_t width);

}  // namespace roulade
