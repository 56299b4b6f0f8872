// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/picture_files.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/resize.hpp"
#include "roulade/run/attention_sheet.hpp"
#include "roulade/run/chunks.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/sample_files.hpp"
#include "roulade/run/settings.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr auto kAnimation = ".webp";
constexpr int64_t kMostFrames = 1000;

bool is_folder(const fs::path& path) {
  std::error_code none;
  return !path.empty() && (!path.has_filename() || fs::is_directory(path, none));
}

/// The one class of all samples, or nothing.
std::string common(const std::vector<std::string>& classes) {
  const bool one = !classes.empty() &&
                   std::all_of(classes.begin(), classes.end(), [&](const auto& name) { return name == classes[0]; });
  return one ? classes[0] : "";
}

/// What stands below each picture on the way from one text to another.
std::vector<std::string> shares_of(const std::vector<std::string>& texts) {
  const int64_t count = std::ssize(texts);
  std::vector<std::string> out;
  for (int64_t i = 0; i < count; ++i) out.push_back(fmt::format("{:.4g}", way_share(i, count)));
  out.front() += ": " + texts.front();
  out.back() += ": " + texts.back();
  return out;
}

/// points, facts: what is drawn. classes, shown: the class and the text of each sample, or empty.
std::string bytes_of(const Points& points, const DataFacts& facts, const std::vector<std::string>& classes,
                     const std::vector<std::string>& shown, Provenance made) {
  if (made.index) {
    const auto i = static_cast<size_t>(*made.index);
    if (!shown.empty()) made.prompt = made.to_prompt ? shown.front() : shown[i];
    if (!classes.empty()) made.class_name = classes[i];
    return with_png_texts(to_png(picture_of(points, *made.index, facts)), png_texts(made));
  }
  const std::vector<std::string> captions = shown.empty() ? classes : made.to_prompt ? shares_of(shown) : shown;
  std::vector<std::string> texts = shown;
  // On the way to another prompt all name the one that they come from.
  if (made.to_prompt) std::fill(texts.begin(), texts.end(), std::string(texts.front()));
  made.class_name = common(classes);
  made.prompt = common(texts);
  if (!made.captions) return with_png_texts(picture_sheet(points, facts, made.across), png_texts(made, texts));
  return with_png_texts(captioned_sheet(points, facts, captions), png_texts(made, texts));
}

}  // namespace

std::vector<std::string> texts_of(const TrainedRun& run, const Points& points) {
  std::vector<std::string> out;
  for (const int64_t number : points.texts) out.push_back(run.texts->text(number));
  return out;
}

std::vector<AnimationFrame> animation_frames(const Points& points, const DataFacts& facts, bool way) {
  constexpr int64_t kLeastSide = 128, kStands = 500, kMoves = 100, kRests = 1000;  // pixels, milliseconds
  const int64_t last = points.rows - 1, longest = std::max(facts.shape[1], facts.shape[2]);
  const int64_t times = std::max<int64_t>(1, std::min(times_to(facts, kLeastSide), kMostFrameSide / longest));
  std::vector<AnimationFrame> frames;
  for (int64_t i = 0; i <= last; ++i) {
    const int64_t moves = i == 0 || i == last ? kRests : kMoves;
    frames.push_back({enlarged(picture_of(points, i, facts), times), way ? moves : kStands});
  }
  for (int64_t i = last - 1; way && i > 0; --i) frames.push_back(frames[static_cast<size_t>(i)]);
  return frames;
}

bool is_picture_place(const fs::path& path) {
  return path.extension() == ".png" || path.extension() == kAnimation || is_folder(path);
}

void check_picture_place(const fs::path& path, const DataFacts& facts, int64_t count) {
  const bool folder = is_folder(path);
  if (!facts.pictures())
    fail(Code::usage, path.string(), "kind of file", ".csv or .npy, as samples are no pictures",
         folder ? "a folder" : path.extension().string());
  if (!folder && path.extension() == kAnimation && count > kMostFrames)
    fail(Code::usage, path.string(), "frames of an animation", fmt::format("at most {}", kMostFrames),
         fmt::format("{} samples; -n asks for fewer", count));
  std::error_code none;
  if (folder) folder_to_replace(path);
  if (folder && fs::exists(path, none) && !fs::is_empty(path, none))
    fail(Code::usage, path.string(), "this exists already", "a new or empty folder");
}

std::string picture_file(const TrainedRun& run, const PointSamples& samples, const Provenance& made) {
  Points first;
  if (made.shown > 0) first = part_of(samples.points, 0, made.shown);
  const Points& points = made.shown > 0 ? first : samples.points;
  const std::vector<std::string> classes = label_texts(points, run.facts.class_names), texts = texts_of(run, points);
  if (made.attention.empty()) return bytes_of(points, run.facts, classes, texts, made);
  const AttentionPictures maps = attention_pictures(samples, run.facts);
  return bytes_of(maps.points, maps.facts, classes, texts, made);
}

void write_pictures(const fs::path& path, const TrainedRun& run, const PointSamples& samples, const Provenance& made) {
  check_picture_place(path, run.facts, samples.points.rows);
  Provenance one = made;
  one.count = samples.points.rows;
  const fs::path target = is_folder(path) ? folder_to_replace(path) : path;
  std::error_code error;
  if (target.has_parent_path()) fs::create_directories(target.parent_path(), error);
  if (error) fail(Code::io, target.parent_path().string(), fmt::format("cannot make this folder: {}", error.message()));
  const std::vector<std::string> classes = label_texts(samples.points, run.facts.class_names),
                                 texts = texts_of(run, samples.points);
  if (!is_folder(path) && path.extension() == kAnimation)
    return write_file_atomically(
        path, to_webp_animation(animation_frames(samples.points, run.facts, made.to_prompt || made.to_seed)));
  if (!is_folder(path)) return write_file_atomically(path, picture_file(run, samples, one));
  FolderReplacement replacement(target);
  const std::vector<std::string> prompts = std::exchange(one.prompts, {});
  const int64_t chunk = settings_of<SampleSettings>(run.recipe, "sample").chunk, of_all = std::ssize(prompts);
  for (int64_t i = 0; i < one.count; ++i) {
    one.index = i;
    const auto [first, count] = chunk_of(one.count, chunk, i);
    if (count >= of_all) {
      one.prompts = prompts;
    } else {  // so that texts of a folder do not grow with the square of its pictures
      one.prompts_first = first;
      one.prompts.clear();
      for (int64_t k = first; k < first + count; ++k) one.prompts.push_back(prompts[static_cast<size_t>(k % of_all)]);
    }
    File file(replacement.folder() / fmt::format("{:05}.png", i), File::Open::create);
    file.write(bytes_of(samples.points, run.facts, classes, texts, one));
    file.close();
  }
  replacement.commit();
}

}  // namespace roulade
