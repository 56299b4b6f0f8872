// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/given_pictures.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/file_tree.hpp"
#include "roulade/data/image_words.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/image.hpp"
#include "roulade/io/resize.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr uint8_t kWhite = 128;  // of a mask, and above

bool is_folder(const fs::path& path) {
  std::error_code none;
  return fs::is_directory(path, none);
}

/// What [data] says of pictures; other kinds of data say nothing.
std::string data_word(const TrainedRun& run, const std::string& key) {
  const auto table = run.recipe.tables.find("data");
  if (table == run.recipe.tables.end()) return "";
  const auto given = table->second.find(key);
  const auto* text = given == table->second.end() ? nullptr : std::get_if<std::string>(&given->second.value);
  return text ? *text : "";
}

/// Brings pictures to the size of a run's.
class PictureFrame {
 public:
  explicit PictureFrame(const TrainedRun& run)
      : height_(run.facts.shape[1]), width_(run.facts.shape[2]), stretch_(data_word(run, "fit") == "stretch") {}

  bool has(const Image& image) const { return image.width == width_ && image.height == height_; }

  Image fit(const Image& image, Filter filter) const {
    if (has(image)) return image;
    if (stretch_) return resize(image, width_, height_, filter);
    return cover(image, width_, height_, filter);
  }

  std::string remark(const Image& image, const std::string& where) const {
    return fmt::format("{} is {} x {} pixels: {} resized to {} x {}, the run's", where, image.width, image.height,
                       stretch_ ? "all of it is" : "its middle is", width_, height_);
  }

 private:
  int64_t height_, width_;
  bool stretch_;
};

struct GivenFile {
  std::string where;
  Image image;
};

std::vector<GivenFile> read_files(const fs::path& path) {
  if (!is_folder(path)) return {{path.string(), read_image(path)}};
  std::vector<GivenFile> out;
  const auto files = open_tree(path);
  for (const std::string& name : files->names())
    if (is_picture_name(name))
      out.push_back({files->where(name), parse_image(files->read(name, kMostImageBytes), files->where(name))});
  if (out.empty()) fail(Code::input, path.string(), "pictures", "a PNG, JPEG or WebP file", "none in this folder");
  return out;
}

/// The mask in black and white.
Image read_mask(const fs::path& path) {
  Image mask = with_channels(read_image(path), 1, {0, 0, 0});
  for (uint8_t& v : mask.values) v = v >= kWhite ? 255 : 0;
  return mask;
}

/// Which values of a picture stay.
std::vector<bool> known(const Image& mask, int64_t channels, const std::string& where) {
  if (std::none_of(mask.values.begin(), mask.values.end(), [](uint8_t v) { return v >= kWhite; }))
    fail(Code::input, where, "the mask leaves nothing to draw", "white where the picture is to be drawn anew",
         "no pixel of 128 or more");
  std::vector<bool> out;
  for (int64_t c = 0; c < channels; ++c)
    for (const uint8_t v : mask.values) out.push_back(v < kWhite);
  return out;
}

void append(const Image& image, const DataFacts& facts, std::vector<double>& to) {
  for (int64_t c = 0; c < image.channels; ++c)
    for (size_t i = static_cast<size_t>(c); i < image.values.size(); i += static_cast<size_t>(image.channels))
      to.push_back(facts.low + image.values[i] * (facts.high - facts.low) / 255);
}

}  // namespace

bool names_pictures(const TrainedRun& run, const fs::path& path) {
  const std::string ending = path.extension().string();
  const bool folder = is_folder(path) || (!path.empty() && !path.has_filename());
  if (!run.facts.pictures()) {
    if (folder || is_picture_name(path.filename().string()))
      fail(Code::usage, path.string(), "what samples are made from", "a table (.csv, .npy), as they are no pictures",
           folder ? "a folder" : "a picture");
    return false;
  }
  constexpr const char* kTables[] = {"", ".csv", ".npy", ".tsv", ".txt"};
  return folder || std::find(std::begin(kTables), std::end(kTables), ending) == std::end(kTables);
}

GivenPictures read_given_pictures(const TrainedRun& run, const fs::path& path, const fs::path& mask_path) {
  const DataFacts& facts = run.facts;
  if (!facts.pictures() || facts.shape[0] > 4)
    fail(Code::usage, path.string(), "what samples are made from",
         "a table, as they are no pictures of 1 to 4 channels", "a picture");
  const std::string background = data_word(run, "background");
  const Rgb behind = background_of(background.empty() ? "white" : background);
  const PictureFrame frame(run);
  std::optional<Image> mask;
  if (!mask_path.empty()) mask = read_mask(mask_path);

  GivenPictures out;
  out.rows.points.width = facts.width();
  for (const auto& [where, image] : read_files(path)) {
    if (mask && (mask->width != image.width || mask->height != image.height))
      fail(Code::input, mask_path.string(), "size of the mask",
           fmt::format("{} x {} pixels, as {}", image.width, image.height, where),
           fmt::format("{} x {}", mask->width, mask->height));
    if (!frame.has(image)) out.remarks.push_back(frame.remark(image, where));
    // Channels first: what lies behind a picture is then resized with it, as the eye would see it.
    append(frame.fit(with_channels(image, facts.shape[0], behind), filter_of(data_word(run, "filter"))), facts,
           out.rows.points.values);
    if (mask) {
      const std::vector<bool> stays = known(frame.fit(*mask, Filter::box), facts.shape[0], mask_path.string());
      out.rows.known.insert(out.rows.known.end(), stays.begin(), stays.end());
    }
    ++out.rows.points.rows;
  }
  return out;
}

GivenRows in_turn(const GivenRows& rows, int64_t count) {
  const Points& from = rows.points;
  if (count < 1 || from.rows < 1)
    fail(Code::usage, "given rows", "rows", "at least 1", fmt::format("{} of {}", count, from.rows));
  GivenRows out;
  out.points.rows = count;
  out.points.width = from.width;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = i % from.rows;
    out.points.values.insert(out.points.values.end(), from.row(row), from.row(row + 1));
    if (!from.labels.empty()) out.points.labels.push_back(from.labels[static_cast<size_t>(row)]);
    if (rows.known.empty()) continue;
    const auto first = rows.known.begin() + row * from.width;
    out.known.insert(out.known.end(), first, first + from.width);
  }
  return out;
}

}  // namespace roulade
