// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/data/image_parts.hpp"
#include "roulade/data/image_reading.hpp"
#include "roulade/data/image_set.hpp"
#include "roulade/io/cifar.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/idx.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <system_error>

#include <fmt/format.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> list(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) names.push_back(at->path().filename().string());
  if (error) fail_system(folder, "list", error.value());
  std::sort(names.begin(), names.end());
  return names;
}

/// A part for the test is judged by its squares alone.
ImageOptions to_judge(ImageOptions options) {
  if (options.fit == Fit::buckets) options.fit = Fit::crop;
  options.keep_larger = false;
  return options;
}

// --- pictures [N, C, H, W] of one file ---

struct Planes {
  std::vector<uint8_t> values;
  std::vector<int64_t> labels;
  int64_t count, channels, height, width;
};

ImageSet read_planes(const Planes& planes, const fs::path& where, const ImageOptions& options) {
  const int64_t area = planes.height * planes.width;
  ImageSource source{where, planes.count, nullptr, [&](int64_t i) { return where / std::to_string(i); }};
  source.get = [&](int64_t i) {
    Image image{planes.width, planes.height, planes.channels, {}};
    image.values.reserve(static_cast<size_t>(area * planes.channels));
    const uint8_t* from = planes.values.data() + i * area * planes.channels;
    for (int64_t at = 0; at < area; ++at)
      for (int64_t c = 0; c < planes.channels; ++c) image.values.push_back(from[c * area + at]);
    return image;
  };
  std::vector<int64_t> kept;
  ImageSet out = read_images(source, options, kept);
  out.labels = chosen(planes.labels, kept);
  return out;
}

/// Names of classes, one a line, of a file that may be missing.
std::vector<std::string> read_names(const fs::path& folder, const std::vector<std::string>& names, const char* file) {
  std::vector<std::string> out;
  if (!std::binary_search(names.begin(), names.end(), file)) return out;
  const std::string text = read_file(folder / file, 1 << 20);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of("\r\n", at), text.size());
    if (end > at) out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::vector<std::string> numbered(int64_t classes) {
  std::vector<std::string> out;
  for (int64_t k = 0; k < classes; ++k) out.push_back(std::to_string(k));
  return out;
}

void set_classes(const std::vector<std::string>& names, ImageData& out) {
  for (ImageSet* set : {&out.train, &out.test})
    if (!set->labels.empty()) set->class_names = names;
}

// --- IDX ---

constexpr const char* kClassNames = "classes.txt";  // beside the files: line k names class k

bool is_idx_pictures(const std::string& name) {
  const bool pictures = name.find("images") != std::string::npos && name.find("idx") != std::string::npos;
  return pictures && (name.ends_with("ubyte") || name.ends_with("ubyte.gz"));
}

bool is_test_name(const std::string& name) {
  return name.find("t10k") != std::string::npos || name.find("test") != std::string::npos;
}

/// The file of labels beside one of pictures, packed or not; "" where there is none.
std::string labels_name(const std::vector<std::string>& names, const std::string& pictures) {
  std::string stem = pictures.substr(0, pictures.size() - (pictures.ends_with(".gz") ? 3 : 0));
  stem.replace(stem.find("images"), 6, "labels");
  if (const size_t at = stem.rfind("idx"); at + 3 < stem.size()) stem[at + 3] = '1';
  for (const std::string& name : {stem + ".gz", stem})
    if (std::binary_search(names.begin(), names.end(), name)) return name;
  return "";
}

Planes read_idx_part(const fs::path& folder, const std::vector<std::string>& names, const std::string& pictures) {
  const std::string where = (folder / pictures).string();
  IdxArray array = read_idx(folder / pictures);
  std::vector<int64_t>& shape = array.shape;
  if (shape.size() == 3) shape.insert(shape.begin() + 1, 1);
  if (shape.size() != 4 || shape[1] > 4 || array.values.empty())
    fail(Code::input, where, "shape", "[N, H, W] or [N, C, H, W] with 1 to 4 channels, not empty",
         fmt::format("[{}]", fmt::join(shape, ", ")));
  Planes out{std::move(array.values), {}, shape[0], shape[1], shape[2], shape[3]};
  if (const std::string labels = labels_name(names, pictures); !labels.empty()) {
    const IdxArray numbers = read_idx(folder / labels);
    if (numbers.shape.size() != 1 || numbers.shape[0] != out.count)
      fail(Code::input, (folder / labels).string(), "shape", fmt::format("[{}], as the pictures", out.count),
           fmt::format("[{}]", fmt::join(numbers.shape, ", ")));
    out.labels.assign(numbers.values.begin(), numbers.values.end());
  }
  return out;
}

ImageData open_idx(const fs::path& folder, const std::vector<std::string>& names, const ImageOptions& options) {
  std::array<std::string, 2> files;  // train, test
  for (const std::string& name : names) {
    if (!is_idx_pictures(name)) continue;
    std::string& file = files[is_test_name(name) ? 1 : 0];
    if (file + ".gz" == name) continue;  // the same, packed
    if (!file.empty())
      fail(Code::input, folder.string(), "IDX files of pictures", "one to train and one to test",
           fmt::format("{} and {}", file, name));
    file = name;
  }
  if (files[0].empty()) std::swap(files[0], files[1]);
  ImageData out;
  int64_t last = -1;
  for (size_t part = 0; part < 2; ++part) {
    if (files[part].empty()) continue;
    ImageSet& set = part == 0 ? out.train : out.test;
    set = read_planes(read_idx_part(folder, names, files[part]), folder / files[part],
                      part == 0 ? options : to_judge(options));
    for (const int64_t label : set.labels) last = std::max(last, label);
  }
  const std::vector<std::string> classes = read_names(folder, names, kClassNames);
  if (!classes.empty() && static_cast<int64_t>(classes.size()) <= last)
    fail(Code::input, (folder / kClassNames).string(), "lines", fmt::format("a name for each class up to {}", last),
         std::to_string(classes.size()));
  set_classes(classes.empty() ? numbered(last + 1) : classes, out);
  return out;
}

// --- CIFAR-10 ---

bool is_cifar_name(const std::string& name) {
  return name == "test_batch.bin" || (name.starts_with("data_batch_") && name.ends_with(".bin"));
}

ImageData open_cifar(const fs::path& folder, const std::vector<std::string>& names, const ImageOptions& options) {
  ImageData out;
  for (const bool test : {false, true}) {
    Planes planes{{}, {}, 0, 3, 32, 32};
    for (const std::string& name : names) {
      if (!is_cifar_name(name) || (name == "test_batch.bin") != test) continue;
      const CifarBatch batch = read_cifar10(folder / name);
      planes.values.insert(planes.values.end(), batch.values.begin(), batch.values.end());
      planes.labels.insert(planes.labels.end(), batch.labels.begin(), batch.labels.end());
    }
    planes.count = static_cast<int64_t>(planes.labels.size());
    if (planes.count == 0) continue;
    const bool judged = test && out.train.count > 0;  // the only part trains
    (judged ? out.test : out.train) = read_planes(planes, folder, judged ? to_judge(options) : options);
  }
  const std::vector<std::string> classes = read_names(folder, names, "batches.meta.txt");
  set_classes(classes.size() == 10 ? classes : numbered(10), out);
  return out;
}

// --- folders of pictures ---

ImageSet read_folder(const ImageFolder& folder, ImageOptions options) {
  if (options.channels == 0) options.channels = 3;
  const auto item = [&](int64_t i) -> const ImageItem& { return folder.items[static_cast<size_t>(i)]; };
  ImageSource source{folder.root, static_cast<int64_t>(folder.items.size()), nullptr, nullptr};
  source.path = [&](int64_t i) { return folder.files->where(item(i).name); };
  source.get = [&](int64_t i) {
    return parse_image(folder.files->read(item(i).name, kMostImageBytes), folder.files->where(item(i).name));
  };
  std::vector<int64_t> kept;
  ImageSet out = read_images(source, options, kept);
  bool captions = false, wordings = false, repeats = false;
  for (const int64_t i : kept) {
    captions = captions || !item(i).caption.empty();
    wordings = wordings || item(i).wordings.size() > 1;
    repeats = repeats || item(i).repeats != 1;
    out.names.push_back(item(i).name);
    out.captions.push_back(item(i).caption);
    out.wordings.push_back(item(i).wordings);
    if (item(i).wordings.empty() && !item(i).caption.empty()) out.wordings.back().push_back(item(i).caption);
    out.repeats.push_back(item(i).repeats);
    if (!folder.class_names.empty()) out.labels.push_back(item(i).label);
  }
  if (!captions) out.captions.clear();
  if (!wordings) out.wordings.clear();
  if (!repeats) out.repeats.clear();
  out.class_names = folder.class_names;
  return out;
}

/// IDX or CIFAR-10's files, if these are here.
std::optional<ImageData> open_arrays(const fs::path& path, const std::vector<std::string>& names,
                                     const ImageOptions& options) {
  if (std::any_of(names.begin(), names.end(), is_idx_pictures)) return open_idx(path, names, options);
  if (std::any_of(names.begin(), names.end(), is_cifar_name)) return open_cifar(path, names, options);
  constexpr const char* kCifar = "cifar-10-batches-bin";  // as the archive unpacks
  if (std::binary_search(names.begin(), names.end(), kCifar))
    return open_arrays(path / kCifar, list(path / kCifar), options);
  return std::nullopt;
}

ImageData open_files(const fs::path& path, const ImageOptions& options) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored))
    if (std::optional<ImageData> arrays = open_arrays(path, list(path), options)) return *std::move(arrays);
  ImageParts parts = find_parts(path, options.folder);
  ImageData out{read_folder(parts.train, options), {}, std::move(parts.remarks)};
  if (parts.test) out.test = read_folder(*parts.test, to_judge(options));
  return out;
}

ImageGlance glance_at(const ImageFolder& folder) {
  constexpr int64_t kMost = 64;
  ImageGlance out{static_cast<int64_t>(folder.items.size()), static_cast<int64_t>(folder.class_names.size()), 1, 0,
                  true};
  const int64_t looks = std::min(kMost, out.count);
  int64_t longest = 0;
  std::string damage;                    // of the first that cannot be read
  for (int64_t i = 0; i < looks; ++i) {  // spread over the folder: neighbours are alike
    const std::string& name = folder.items[static_cast<size_t>(i * out.count / looks)].name;
    try {
      const Image image = parse_image(folder.files->read(name, kMostImageBytes), folder.files->where(name));
      const int64_t shorter = std::min(image.width, image.height);
      out.side = out.side == 0 ? shorter : std::min(out.side, shorter);
      longest = std::max({longest, image.width, image.height});
      if (image.channels > 2) out.channels = 3;
    } catch (const Error& e) {  // whether the others do without it is for data.on_damaged to say
      if (e.code() != Code::input && e.code() != Code::io) throw;
      if (damage.empty()) damage = e.what();
    }
  }
  if (out.side == 0)
    fail(Code::input, folder.root.string(),
         fmt::format("none of {} pictures that were looked at can be read; the first: {}", looks, damage));
  out.alike = longest == out.side;
  return out;
}

/// Takes the test part out of the training one; both keep the order of the files.
void split(const fs::path& path, const ImageOptions& options, ImageData& data) {
  const int64_t all = data.train.count, count = std::llround(options.test_share * static_cast<double>(all));
  if (count == 0) return;
  if (count == all)
    fail(Code::input, path.string(), "pictures", fmt::format("enough for a share of {} to test", options.test_share),
         std::to_string(all));
  std::vector<int64_t> order = permutation({options.split_seed, Stream::split, 0}, all);
  std::sort(order.begin(), order.begin() + count);
  std::sort(order.begin() + count, order.end());
  data.test = select(data.train, {order.begin(), order.begin() + count});
  keep_rows({order.begin() + count, order.end()}, data.train);
}

}  // namespace

ImageData open_images(const fs::path& path, const ImageOptions& options) {
  if (!(options.test_share >= 0 && options.test_share < 1))
    fail(Code::usage, "image options", "test_share", "0 to below 1", fmt::format("{}", options.test_share));
  ImageData out = open_files(path, options);
  if (options.cancel.requested()) return {};
  if (out.test.count == 0) split(path, options, out);
  if (options.flip) out.train = with_mirrored(out.train);
  out.test.bucket_sizes.clear();  // of a test part that was split off
  out.test.buckets.clear();
  out.test.bucketed = Pixels();
  out.test.margin = 0;
  out.test.larger = Pixels();
  const ImageSet &a = out.train, &b = out.test;
  if (b.count && (a.channels != b.channels || a.height != b.height || a.width != b.width))
    fail(Code::input, path.string(), "pictures to test without options.size",
         fmt::format("{} x {} x {}, as those to train", a.width, a.height, a.channels),
         fmt::format("{} x {} x {}", b.width, b.height, b.channels));
  return out;
}

ImageGlance glance_at_images(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored))
    if (const std::optional<ImageData> arrays = open_arrays(path, list(path), {})) {
      const ImageSet& set = arrays->train;
      return {set.count, std::ssize(set.class_names), set.channels < 3 ? 1 : 3, std::min(set.width, set.height),
              set.width == set.height};
    }
  return glance_at(find_parts(path).train);
}

}  // namespace roulade
