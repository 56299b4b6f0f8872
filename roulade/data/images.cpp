// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/core/reading.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/data/byte_rows.hpp"
#include "roulade/data/image_set.hpp"
#include "roulade/data/image_words.hpp"
#include "roulade/data/packaged.hpp"
#include "roulade/data/points.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace roulade::data {
namespace {

struct Settings {
  std::string path, scratch;
  int64_t memory = 0;
  int64_t size = 0;
  int64_t channels = 0;
  std::string fit = "crop";
  int64_t bucket_step = ImageOptions().bucket_step;
  double bucket_limit = ImageOptions().bucket_limit;
  int64_t crop_margin = 0;
  std::string filter = "lanczos";
  std::string background = "white";
  bool flip = false;
  std::string on_damaged = "fail";
  std::string attribute;
  double validation = 0.05;
  double test = 0.1;
  int64_t split_seed = 0;

  void bind(Binder& b) {
    b.add("path", path, {}, "folder of pictures (subfolders are classes), of IDX files, or of CIFAR-10's binary files");
    b.add("memory", memory, between(0, 1 << 30),
          "most MB that the pixels of a part may take; 0 = 8192, or half of what the machine has");
    b.add("scratch", scratch, {},
          "folder on a disk for pictures that take more: read in again at each start, gone at the end; without it they "
          "are refused");
    b.add("size", size, between(0, 4096), "pixels of each side; 0 = as the files have it");
    b.add("channels", channels, between(0, 4), "1 grey, 3 RGB, 4 with opacity; 0 = 3, of IDX files their own");
    b.add("fit", fit, {"crop", "stretch", "exact", "buckets"},
          "of pictures of another shape: their middle, all of them, refused, or trained on in a shape near their own");
    b.add("bucket_step", bucket_step, between(1, 4096), "of fit = buckets: sides are multiples of it, as size must be");
    b.add("bucket_limit", bucket_limit, between(1, 64), "of fit = buckets: longest side by shortest, at most");
    b.add(
        "crop_margin", crop_margin, between(0, 4096),
        "pixels by which a picture is kept larger than size; each visit trains on a part at random, all else sees the "
        "middle");
    b.add("filter", filter, {"lanczos", "bicubic"}, "by which pictures are resized, antialiased as Pillow's");
    b.add("background", background, {}, "behind what is not opaque: white, black, grey or #rrggbb");
    b.add("flip", flip, "each training picture a second time, left and right exchanged");
    b.add("on_damaged", on_damaged, {"fail", "skip"}, "when a picture cannot be read");
    b.add("attribute", attribute, {}, "key of metadata.jsonl or .csv whose values are the classes, in place of others");
    b.add("validation", validation, between(0, 1), "share of the training pictures for validation");
    b.add("test", test, between(0, 1), "share of the pictures for the test, where the files have no such part");
    b.add("split_seed", split_seed, at_least(0), "decides which pictures go where");
  }

  ImageOptions options() const {
    ImageOptions out;
    out.size = size;
    out.channels = channels;
    out.fit = fit == "crop" ? Fit::crop : fit == "stretch" ? Fit::stretch : fit == "exact" ? Fit::exact : Fit::buckets;
    out.bucket_step = bucket_step;
    out.bucket_limit = bucket_limit;
    out.crop_margin = crop_margin;
    out.filter = filter_of(filter);
    out.background = background_of(background);
    out.flip = flip;
    out.on_damaged = on_damaged == "skip" ? OnDamaged::skip : OnDamaged::fail;
    out.folder.attribute = attribute;
    out.test_share = test;
    out.split_seed = static_cast<uint64_t>(split_seed);
    out.most_bytes = memory > 0 ? static_cast<uint64_t>(memory) << 20
                                : std::min(out.most_bytes, static_cast<uint64_t>(machine_memory()) / 2);
    out.scratch = scratch;
    if (const WatchedReading* watched = WatchedReading::current()) {
      out.progress = watched->progress();
      out.cancel = watched->cancel();
    }
    return out;
  }
};

/// A set that has to be built first: says how.
void check_built(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) return;
  for (const PackagedSet& set : packaged_sets())
    if (path.filename() == set.name)
      fail(Code::io, path.string(), fmt::format("no such folder; build it: roulade data {} --out DIR", set.name));
}

/// Pictures as points: numbers 0 to 255 by channel, row and column. An epoch of training shows each as often as its
/// folder says.
class Images final : public PointSource, public ByteSource {
 public:
  explicit Images(const Settings& s) {
    if (s.path.empty()) fail(Code::usage, "data images.path", "no folder is named");
    check_built(s.path);
    const ImageOptions options = s.options();
    data_ = open_images(s.path, options);
    if (options.cancel.requested()) fail(Code::stopped, s.path, "stopped while its pictures were read");
    const ImageSet& all = data_.train;
    // A picture and its mirror image stay on one side, and so do the times that an epoch shows it.
    const int64_t copies = s.flip ? 2 : 1, originals = all.count / copies;
    const int64_t held = validation_count(originals, s.validation);
    if (originals <= held)
      fail(Code::input, s.path, "pictures", fmt::format("enough for a share of {} to train", 1 - s.validation),
           fmt::format("{}", originals));
    const std::vector<int64_t> order = validation_first(originals, static_cast<uint64_t>(s.split_seed));
    for (int64_t i = 0; i < originals; ++i)
      for (int64_t copy = 0; copy < copies; ++copy) {
        const int64_t row = order[static_cast<size_t>(i)] + copy * originals;
        const int64_t times = i < held || all.repeats.empty() ? 1 : all.repeats[static_cast<size_t>(row)];
        rows_[i < held ? 1 : 0].insert(rows_[i < held ? 1 : 0].end(), static_cast<size_t>(times), row);
      }
    rows_[2].resize(static_cast<size_t>(data_.test.count));
    std::iota(rows_[2].begin(), rows_[2].end(), 0);
    rows_code_ = names_code(all, originals);
    number_texts();
    columns_ = picture_columns({all.channels, all.height, all.width});
  }

  const std::vector<std::string>& columns() const override { return columns_; }
  std::vector<int64_t> shape() const override { return {data_.train.channels, data_.train.height, data_.train.width}; }
  int64_t classes() const override { return static_cast<int64_t>(data_.train.class_names.size()); }
  std::vector<std::string> class_names() const override { return data_.train.class_names; }
  const std::vector<std::string>& texts() const override { return texts_; }
  uint32_t rows_code() const override { return rows_code_; }
  bool endless() const override { return false; }
  std::optional<std::array<double, 2>> range() const override { return std::array{0.0, 255.0}; }
  std::vector<std::string> remarks() const override {
    std::vector<std::string> out = data_.remarks;
    for (const ImageSet* set : {&data_.train, &data_.test})
      for (const DamagedImage& one : set->damaged) out.push_back(fmt::format("left out: {}", one.reason));
    constexpr size_t kTogether = 6;  // buckets on a line
    const std::vector<ByteBucket> buckets = draw_buckets(0);
    for (size_t i = 0; i < buckets.size(); ++i) {
      if (i % kTogether == 0) out.emplace_back(i == 0 ? "pictures by height x width: " : "  and ");
      const std::vector<int64_t>& shape = buckets[i].shape;
      out.back() +=
          fmt::format("{}{} of {} x {}", i % kTogether == 0 ? "" : ", ", buckets[i].points.size(), shape[1], shape[2]);
    }
    return out;
  }

  Points draw(Split split, uint64_t seed, int64_t count) const override {
    const ByteRows bytes = draw_bytes(split, seed, count);
    return bytes.points(0, static_cast<int64_t>(bytes.rows.size()));
  }

  ByteRows draw_bytes(Split split, uint64_t seed, int64_t count) const override {
    const std::vector<int64_t>& rows = rows_[static_cast<size_t>(split)];
    const ImageSet& from = split == Split::test ? data_.test : data_.train;
    const auto all = static_cast<int64_t>(rows.size());
    if (count < 0) fail(Code::usage, "data images", "number of points", ">= 0", fmt::format("{}", count));
    const std::vector<std::vector<int64_t>>& of = split == Split::test ? test_texts_ : train_texts_;
    ByteRows out{from.picture_size(), from.values, {}, {}, {}};
    if (split == Split::train && from.margin > 0)
      out.larger = {from.larger, from.channels, from.height, from.width, from.margin};
    const std::vector<int64_t> order =
        permutation({derive_seed(seed, static_cast<uint64_t>(split)), Stream::data, 0}, all);
    for (int64_t i = 0; i < (count == 0 ? all : std::min(count, all)); ++i) {
      const int64_t row = rows[static_cast<size_t>(order[static_cast<size_t>(i)])];
      out.rows.push_back(row);
      if (!from.class_names.empty()) out.labels.push_back(from.labels[static_cast<size_t>(row)]);
      if (!of.empty()) out.texts.push_back(of[static_cast<size_t>(row)]);
    }
    return out;
  }

  std::vector<ByteBucket> draw_buckets(uint64_t seed) const override {
    const ImageSet& set = data_.train;
    std::vector<ByteBucket> out;
    if (set.bucket_sizes.empty()) return out;
    for (const PictureSize& size : set.bucket_sizes) {
      ByteRows none{set.channels * size.height * size.width, set.bucketed, {}, {}};
      none.stride = set.picture_size();
      out.push_back({{set.channels, size.height, size.width}, std::move(none), {}});
    }
    const std::vector<int64_t> rows = draw_bytes(Split::train, seed, 0).rows;
    for (size_t i = 0; i < rows.size(); ++i) {
      ByteBucket& bucket = out[set.buckets[static_cast<size_t>(rows[i])]];
      bucket.pictures.rows.push_back(rows[i]);
      bucket.points.push_back(static_cast<int64_t>(i));
    }
    std::erase_if(out, [](const ByteBucket& bucket) { return bucket.points.empty(); });
    return out;
  }

 private:
  /// Each wording once.
  void number_texts() {
    std::unordered_map<std::string, int64_t> numbers;
    const auto number = [&](const std::string& text) {
      const auto [at, fresh] = numbers.emplace(text, static_cast<int64_t>(texts_.size()));
      if (fresh) texts_.push_back(text);
      return at->second;
    };
    for (const auto& [set, to] : {std::pair(&data_.train, &train_texts_), {&data_.test, &test_texts_}})
      for (size_t i = 0; i < set->captions.size(); ++i) {
        to->emplace_back();
        if (!set->wordings.empty())
          for (const std::string& text : set->wordings[i]) to->back().push_back(number(text));
        if (to->back().empty()) to->back().push_back(number(set->captions[i]));
      }
  }

  ImageData data_;
  uint32_t rows_code_ = 0;
  std::vector<std::string> columns_;
  std::array<std::vector<int64_t>, 3> rows_;  ///< of train, validation and test
  std::vector<std::string> texts_;
  std::vector<std::vector<int64_t>> train_texts_, test_texts_;  ///< of each picture, or empty
};

}  // namespace

Entry images() {
  Entry entry;
  entry.name = "images";
  entry.summary = "Pictures of a folder, of IDX files or of CIFAR-10's binary files, all of one size or in buckets";
  entry.source = "the files";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Images>(s); });
}

}  // namespace roulade::data
