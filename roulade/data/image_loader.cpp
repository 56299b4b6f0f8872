// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/image_loader.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/data/image_reading.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kMostShown = int64_t{1} << 28;

int64_t shown(int64_t count, const std::vector<int64_t>& repeats) {
  if (!repeats.empty() && static_cast<int64_t>(repeats.size()) != count)
    fail(Code::usage, "epoch", "repeats", std::to_string(count), std::to_string(repeats.size()));
  int64_t sum = repeats.empty() ? count : 0;
  for (const int64_t n : repeats) {
    if (n < 0) fail(Code::usage, "epoch", "repeats", "0 or more", std::to_string(n));
    sum = std::min(sum + std::min(n, kMostShown + 1), kMostShown + 1);  // does not overflow
  }
  if (sum > kMostShown) fail(Code::input, "epoch", "pictures that it shows", fmt::format("at most {}", kMostShown));
  return sum;
}

ImageOptions checked(ImageOptions images) {
  if (images.size < 1 || images.size > 65536)
    fail(Code::usage, "image options", "size", "1 to 65536", std::to_string(images.size));
  if (images.fit == Fit::buckets)
    fail(Code::usage, "image options", "fit of a loader", "crop, stretch or exact: its pictures have one size",
         "buckets");
  if (images.channels == 0) images.channels = 3;
  if (images.channels < 1 || images.channels > 4)
    fail(Code::usage, "image options", "channels", "0 to 4", std::to_string(images.channels));
  return images;
}

}  // namespace

std::vector<int64_t> epoch_order(int64_t count, const std::vector<int64_t>& repeats, uint64_t seed, int64_t epoch) {
  const int64_t size = shown(count, repeats);
  std::vector<int64_t> order = permutation({seed, Stream::order, static_cast<uint64_t>(epoch)}, size);
  if (repeats.empty()) return order;
  std::vector<int64_t> rows;
  rows.reserve(order.size());
  for (int64_t i = 0; i < count; ++i) rows.insert(rows.end(), static_cast<size_t>(repeats[static_cast<size_t>(i)]), i);
  for (int64_t& place : order) place = rows[static_cast<size_t>(place)];
  return order;
}

ImageLoader::ImageLoader(ImageFolder folder, ImageOptions images, LoaderOptions options)
    : folder_(std::move(folder)), images_(checked(std::move(images))), options_(options) {
  const auto at_least_one = [](int64_t n, const char* name) {
    if (n < 1) fail(Code::usage, "loader options", name, "at least 1", std::to_string(n));
  };
  at_least_one(options.batch, "batch");
  at_least_one(options.threads, "threads");
  at_least_one(options.ahead, "ahead");
  if (folder_.items.empty()) fail(Code::input, folder_.root.string(), "no pictures");
  for (const ImageItem& item : folder_.items) repeats_.push_back(item.repeats);
  epoch_size_ = shown(static_cast<int64_t>(folder_.items.size()), repeats_);
  if (epoch_size_ == 0) fail(Code::input, folder_.root.string(), "no picture is shown in an epoch");
  for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { work(); });
}

ImageLoader::~ImageLoader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ImageLoader::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || next_ < wanted_ + options_.ahead; });
    if (stop_) return;
    const int64_t index = next_++;
    const auto slot = std::make_shared<Slot>();  // outlives a jump, which empties slots_
    slots_[index] = slot;
    lock.unlock();
    try {
      slot->batch = make(index);
    } catch (...) {
      slot->fault = std::current_exception();
    }
    lock.lock();
    slot->done = true;
    changed_.notify_all();
  }
}

ImageBatch ImageLoader::at(int64_t index) {
  if (index < 0) fail(Code::usage, "image loader", "batch", "0 or more", std::to_string(index));
  std::unique_lock lock(mutex_);
  if (index != wanted_) {  // a jump
    slots_.clear();
    next_ = index;
  }
  wanted_ = index;
  changed_.notify_all();
  changed_.wait(lock, [&] { return slots_.count(index) && slots_[index]->done; });
  const std::shared_ptr<Slot> slot = slots_[index];
  slots_.erase(index);
  wanted_ = index + 1;
  lock.unlock();
  changed_.notify_all();
  if (slot->fault) std::rethrow_exception(slot->fault);
  return std::move(slot->batch);
}

ImageLoader::Order ImageLoader::order(int64_t epoch) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = orders_.find(epoch); at != orders_.end()) return at->second;
  }
  const auto made = std::make_shared<const std::vector<int64_t>>(
      epoch_order(static_cast<int64_t>(folder_.items.size()), repeats_, options_.seed, epoch));
  const std::lock_guard lock(mutex_);
  if (orders_.size() >= 2) orders_.clear();
  return orders_[epoch] = made;
}

/// Reads the picture at a place of the order, or the next one that can be read. Returns its item.
int64_t ImageLoader::load(const std::vector<int64_t>& order, size_t at, Image& image) {
  for (size_t tried = 0; tried < order.size(); ++tried, at = (at + 1) % order.size()) {
    const int64_t item = order[at];
    {
      const std::lock_guard lock(mutex_);
      if (damaged_.count(item)) continue;
    }
    const std::string& name = folder_.items[static_cast<size_t>(item)].name;
    const std::string where = folder_.files->where(name);
    try {
      image = fit_image(parse_image(folder_.files->read(name, kMostImageBytes), where), images_, where);
      return item;
    } catch (const Error& e) {
      if (images_.on_damaged == OnDamaged::fail || (e.code() != Code::input && e.code() != Code::io)) throw;
      const std::lock_guard lock(mutex_);
      damaged_.emplace(item, e.what());
    }
  }
  const std::lock_guard lock(mutex_);
  fail(Code::input, folder_.root.string(),
       fmt::format("none of {} pictures can be read; the first: {}", damaged_.size(), damaged_.begin()->second));
}

ImageBatch ImageLoader::make(int64_t index) {
  ImageBatch out;
  Image image;
  for (int64_t i = 0; i < options_.batch; ++i) {
    const int64_t position = index * options_.batch + i, epoch = position / epoch_size_, at = position % epoch_size_;
    const int64_t item = load(*order(epoch), static_cast<size_t>(at), image);
    double chance[1] = {1};
    if (options_.random_flip)  // a seed of its own, so that it shares no number with the order
      fill_uniform({derive_seed(options_.seed, 1), Stream::order, static_cast<uint64_t>(epoch)}, at, 1, chance);
    const bool flip = chance[0] < 0.5;
    for (int64_t c = 0; c < image.channels; ++c)
      for (int64_t y = 0; y < image.height; ++y)
        for (int64_t x = 0; x < image.width; ++x)
          out.values.push_back(image.pixel(flip ? image.width - 1 - x : x, y)[c]);
    const ImageItem& shown = folder_.items[static_cast<size_t>(item)];
    out.items.push_back(item);
    out.labels.push_back(shown.label);
    out.captions.push_back(shown.caption);
  }
  return out;
}

std::vector<DamagedImage> ImageLoader::damaged() const {
  const std::lock_guard lock(mutex_);
  std::vector<DamagedImage> out;
  for (const auto& [item, reason] : damaged_)
    out.push_back({folder_.files->where(folder_.items[static_cast<size_t>(item)].name), reason});
  return out;
}

}  // namespace roulade
