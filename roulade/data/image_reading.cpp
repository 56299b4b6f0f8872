// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/image_reading.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/parallel.hpp"
#include "roulade/core/process.hpp"
#include "roulade/core/progress.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kBlock = 32;        ///< pictures between two reports, and looks at the cancel, at least
constexpr int64_t kOfEachThread = 8;  ///< of them, at least

/// What get() gives, or why it does not; other faults than the file's own come through.
bool attempt(const std::function<void()>& get, std::string& reason) {
  try {
    get();
    return true;
  } catch (const Error& e) {
    if (e.code() != Code::input && e.code() != Code::io) throw;
    reason = e.what();
    return false;
  }
}

void check(const ImageOptions& o) {
  if (o.size < 0 || o.size > 65536) fail(Code::usage, "image options", "size", "0 to 65536", std::to_string(o.size));
  if (o.channels < 0 || o.channels > 4)
    fail(Code::usage, "image options", "channels", "0 to 4", std::to_string(o.channels));
  if (o.fit == Fit::buckets) bucket_sizes(o.size, o.bucket_step, o.bucket_limit);
  if (o.crop_margin < 0 || o.crop_margin > 4096)
    fail(Code::usage, "image options", "crop_margin", "0 to 4096", std::to_string(o.crop_margin));
  if (o.crop_margin == 0) return;
  if (o.size == 0) fail(Code::usage, "image options", "size with crop_margin", "the pixels of each side", "0");
  if (o.fit == Fit::buckets)
    fail(Code::usage, "image options", "fit with crop_margin", "crop, stretch or exact", "buckets");
}

/// Of a file as it is read: channels first, so what lies behind a picture is resized with it, as the eye would see it.
Image coloured(const Image& image, const ImageOptions& options) {
  return options.channels ? with_channels(image, options.channels, options.background) : image;
}

/// A square of this side, 0 = the picture as it is.   image: coloured.
Image of_side(const Image& image, int64_t side, const ImageOptions& options, const std::string& where) {
  if (side == 0 || (image.width == side && image.height == side)) return image;
  if (options.fit == Fit::exact)
    fail(Code::input, where, options.crop_margin > 0 ? "size and crop_margin" : "size",
         fmt::format("{} x {}", side, side), fmt::format("{} x {}", image.width, image.height));
  if (options.fit == Fit::stretch) return resize(image, side, side, options.filter);
  return cover(image, side, side, options.filter);
}

/// Pixels to their place in [N, C, H, W].
void put(const Image& image, uint8_t* to) {
  const int64_t area = image.width * image.height;
  for (int64_t c = 0; c < image.channels; ++c)
    for (int64_t i = 0; i < area; ++i) *to++ = image.values[static_cast<size_t>(i * image.channels + c)];
}

/// Sets the shape by the first picture that can be read.
void take_shape(const Image& first, const ImageSource& source, const ImageOptions& options, ImageSet& out) {
  out.channels = first.channels;
  out.height = first.height;
  out.width = first.width;
  const auto size = static_cast<uint64_t>(out.picture_size()), count = static_cast<uint64_t>(source.count);
  const bool buckets = options.fit == Fit::buckets;
  out.margin = options.keep_larger ? options.crop_margin : 0;
  const uint64_t further = buckets ? size : out.margin > 0 ? static_cast<uint64_t>(out.larger_size()) : 0;
  const uint64_t most = options.most_bytes / (further > 0 ? 2 : 1);  // of each of the two
  if (options.scratch.empty() && count * (options.flip ? 2 : 1) > options.most_bytes / (size + further))
    fail(Code::usage, source.where.string(), "memory for the pixels",
         fmt::format("at most {} MB", options.most_bytes >> 20),
         fmt::format("{} pictures of {} x {} x {} bytes{}; name a folder for them with data.scratch, or take a "
                     "smaller data.size",
                     count, out.width, out.height, out.channels,
                     buckets          ? ", and those in buckets"
                     : out.margin > 0 ? ", and the larger ones that they are cut from"
                                      : ""));
  out.values = Pixels({options.scratch, most});
  out.values.resize(size * count);
  if (out.margin > 0) {
    out.larger = Pixels({options.scratch, most});
    out.larger.resize(further * count);
  }
  if (!buckets) return;
  out.bucket_sizes = bucket_sizes(options.size, options.bucket_step, options.bucket_limit);
  out.buckets.resize(count);
  out.bucketed = Pixels({options.scratch, most});
  out.bucketed.resize(size * count);
}

/// Brings picture i to its place as the set wants it, or throws Error.
void read_one(const ImageSource& source, const ImageOptions& options, int64_t i, ImageSet& set) {
  const Image read = coloured(source.get(i), options);
  const std::string where = source.path(i).string();
  const Image large = of_side(read, options.size + options.crop_margin, options, where);
  const Image image = options.crop_margin > 0 ? center_crop(large, options.size, options.size) : large;
  if (image.width != set.width || image.height != set.height || image.channels != set.channels)
    fail(Code::input, where, "picture without options.size",
         fmt::format("{} x {} x {}, as the first", set.width, set.height, set.channels),
         fmt::format("{} x {} x {}", image.width, image.height, image.channels));
  put(image, set.values.data() + i * set.picture_size());
  if (set.margin > 0) put(large, set.larger.data() + i * set.larger_size());
  if (set.bucket_sizes.empty()) return;
  const size_t bucket = nearest_bucket(set.bucket_sizes, read.height, read.width);
  set.buckets[static_cast<size_t>(i)] = bucket;
  const PictureSize to = set.bucket_sizes[bucket];
  put(cover(read, to.width, to.height, options.filter), set.bucketed.data() + i * set.picture_size());
}

/// Moves the pictures that could be read together, and lists the others.
void leave_out(const ImageSource& source, const std::vector<std::string>& reasons, ImageSet& out,
               std::vector<int64_t>& kept) {
  for (size_t i = 0; i < reasons.size(); ++i)
    if (reasons[i].empty())
      kept.push_back(static_cast<int64_t>(i));
    else
      out.damaged.push_back({source.path(static_cast<int64_t>(i)), reasons[i]});
  keep_rows(kept, out);
}

/// A line for each, as far as they are read by anybody.
std::string listed(const std::vector<DamagedImage>& damaged) {
  constexpr size_t kMost = 20;
  std::string out;
  for (size_t i = 0; i < std::min(kMost, damaged.size()); ++i) out += "\n  " + damaged[i].reason;
  if (damaged.size() > kMost) out += fmt::format("\n  and {} more", damaged.size() - kMost);
  return out;
}

}  // namespace

Image fit_image(const Image& image, const ImageOptions& options, const std::string& where) {
  const Image large = of_side(coloured(image, options), options.size + options.crop_margin, options, where);
  return options.crop_margin > 0 ? center_crop(large, options.size, options.size) : large;
}

ImageSet read_images(const ImageSource& source, const ImageOptions& options, std::vector<int64_t>& kept) {
  check(options);
  ImageSet out;
  kept.clear();
  std::vector<std::string> reasons(static_cast<size_t>(source.count));
  const Pace pace("read", source.count);
  int64_t first = 0;
  for (; first < source.count && out.values.empty() && !options.cancel.requested(); ++first) {
    std::optional<Image> image;
    attempt([&] { image = fit_image(source.get(first), options, source.path(first).string()); },
            reasons[static_cast<size_t>(first)]);
    if (image) take_shape(*image, source, options, out);
  }
  if (!out.values.empty()) --first;  // it is read again, into its place
  const int64_t block = std::max(kBlock, kOfEachThread * threads());
  for (int64_t begin = first; begin < source.count && !options.cancel.requested(); begin += block) {
    const int64_t end = std::min(source.count, begin + block);
    parallel_for(begin, end, 1, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i)
        attempt([&] { read_one(source, options, i, out); }, reasons[static_cast<size_t>(i)]);
    });
    if (options.progress) options.progress(pace.at(end));
  }
  if (options.cancel.requested()) return {};
  leave_out(source, reasons, out, kept);
  if (!out.damaged.empty() && (options.on_damaged == OnDamaged::fail || out.count == 0))
    fail(Code::input, source.where.string(),
         fmt::format("{} of {} pictures cannot be used{}:{}", out.damaged.size(), source.count,
                     out.count > 0 ? " (on_damaged = skip goes on without them)" : "", listed(out.damaged)));
  if (out.count == 0) fail(Code::input, source.where.string(), "no pictures");
  return out;
}

ImageSet select(const ImageSet& set, const std::vector<int64_t>& rows) {
  ImageSet out;
  out.count = static_cast<int64_t>(rows.size());
  out.channels = set.channels;
  out.height = set.height;
  out.width = set.width;
  out.margin = set.margin;
  const auto gather = [&](const Pixels& all, int64_t size, Pixels& to) {
    to = Pixels(all.get_allocator());
    if (all.empty()) return;
    to.reserve(rows.size() * static_cast<size_t>(size));
    for (const int64_t row : rows) {
      const auto from = all.begin() + row * size;
      to.insert(to.end(), from, from + size);
    }
  };
  gather(set.values, set.picture_size(), out.values);
  gather(set.bucketed, set.picture_size(), out.bucketed);
  gather(set.larger, set.larger_size(), out.larger);
  out.bucket_sizes = set.bucket_sizes;
  out.buckets = chosen(set.buckets, rows);
  out.labels = chosen(set.labels, rows);
  out.class_names = set.class_names;
  out.captions = chosen(set.captions, rows);
  out.wordings = chosen(set.wordings, rows);
  out.repeats = chosen(set.repeats, rows);
  out.names = chosen(set.names, rows);
  return out;
}

void keep_rows(const std::vector<int64_t>& rows, ImageSet& set) {
  for (const auto& [of, numbers] : {std::pair(&set.values, set.picture_size()),
                                    {&set.bucketed, set.picture_size()},
                                    {&set.larger, set.larger_size()}}) {
    const auto size = static_cast<size_t>(numbers);
    if (of->empty()) continue;
    for (size_t to = 0; to < rows.size(); ++to)
      if (const auto from = static_cast<size_t>(rows[to]); from != to)
        std::copy_n(of->data() + from * size, size, of->data() + to * size);
    of->resize(rows.size() * size);
  }
  set.count = static_cast<int64_t>(rows.size());
  set.buckets = chosen(set.buckets, rows);
  set.labels = chosen(set.labels, rows);
  set.captions = chosen(set.captions, rows);
  set.wordings = chosen(set.wordings, rows);
  set.repeats = chosen(set.repeats, rows);
  set.names = chosen(set.names, rows);
}

ImageSet with_mirrored(const ImageSet& set) {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < 2 * set.count; ++i) rows.push_back(i % set.count);
  ImageSet out = select(set, rows);
  out.damaged = set.damaged;
  for (auto row = out.values.begin() + set.count * set.picture_size(); row != out.values.end(); row += set.width)
    std::reverse(row, row + set.width);
  const int64_t wide = set.width + set.margin;
  for (auto row = out.larger.begin() + std::ssize(set.larger); row != out.larger.end(); row += wide)
    std::reverse(row, row + wide);
  for (int64_t i = set.count; i < out.count && !out.bucketed.empty(); ++i) {
    const PictureSize size = out.bucket_sizes[out.buckets[static_cast<size_t>(i)]];
    uint8_t* row = out.bucketed.data() + i * set.picture_size();
    for (int64_t y = 0; y < set.channels * size.height; ++y, row += size.width) std::reverse(row, row + size.width);
  }
  return out;
}

}  // namespace roulade
