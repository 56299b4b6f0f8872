// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/image_folder.hpp"
#include "roulade/data/image_set.hpp"

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace roulade {

/// The rows 0 to count - 1 in the order in which an epoch shows them, row i repeats[i] times (empty: once each): a
/// function of (seed, epoch) alone.   Stream::order, step epoch.
/// Throws Error(input) when an epoch would show more than 2^28 pictures; Error(usage) when the sizes do not fit.
std::vector<int64_t> epoch_order(int64_t count, const std::vector<int64_t>& repeats, uint64_t seed, int64_t epoch);

struct LoaderOptions {
  int64_t batch = 32;        ///< pictures a batch
  uint64_t seed = 0;         ///< of the order and the flips
  int threads = 2;           ///< that decode
  int64_t ahead = 4;         ///< batches made before they are asked for
  bool random_flip = false;  ///< exchange left and right of every other picture, by chance
};

/// B pictures of one size.
struct ImageBatch {
  std::vector<uint8_t> values;        ///< [B, C, H, W], 0 to 255
  std::vector<int64_t> items;         ///< [B], in the folder
  std::vector<int64_t> labels;        ///< [B], -1 = none
  std::vector<std::string> captions;  ///< [B]
};

/// Reads the pictures of sets that are too large for memory, as they are asked for, on threads of its own. What a batch
/// holds depends on its number, the folder and the options alone, whatever the threads do.
class ImageLoader {
 public:
  /// images: size must not be 0; channels 0 means 3; flip, splits and progress are not looked at; of a crop_margin the
  /// middles are given. A damaged picture throws or, by on_damaged = skip, the next one in the epoch's order that can
  /// be read stands in its place. Throws Error(usage) when an option is out of range.
  ImageLoader(ImageFolder folder, ImageOptions images, LoaderOptions options);
  ImageLoader(const ImageLoader&) = delete;
  ImageLoader& operator=(const ImageLoader&) = delete;
  ~ImageLoader();

  /// Batch number `index` of the whole training, from 0: every picture once an epoch, batches run on into the next.
  /// Asked for in order, batches are made beforehand; any other order is right, and slow. One thread may call.
  /// Throws Error(io), Error(input) when a picture cannot be read, or none can.
  ImageBatch at(int64_t index);

  int64_t epoch_size() const { return epoch_size_; }  ///< pictures that an epoch shows
  const ImageFolder& folder() const { return folder_; }
  std::vector<DamagedImage> damaged() const;  ///< left out so far, in the order of the folder

 private:
  struct Slot {
    bool done = false;
    ImageBatch batch;
    std::exception_ptr fault;
  };
  using Order = std::shared_ptr<const std::vector<int64_t>>;

  void work();
  ImageBatch make(int64_t index);
  Order order(int64_t epoch);
  int64_t load(const std::vector<int64_t>& order, size_t at, Image& image);

  const ImageFolder folder_;
  const ImageOptions images_;
  const LoaderOptions options_;
  std::vector<int64_t> repeats_;
  int64_t epoch_size_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  int64_t next_ = 0;    ///< first batch that nobody makes yet
  int64_t wanted_ = 0;  ///< batch that will be asked for next
  std::map<int64_t, std::shared_ptr<Slot>> slots_;
  std::map<int64_t, Order> orders_;         ///< of the latest epochs
  std::map<int64_t, std::string> damaged_;  ///< reasons by item
  std::vector<std::thread> threads_;
};

}  // namespace roulade
