// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/replay.hpp"

#include "roulade/core/error.hpp"
#include "roulade/guidance/guidance.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/image.hpp"
#include "roulade/io/sha256.hpp"
#include "roulade/model/conv_choices.hpp"
#include "roulade/run/diffusers_folder.hpp"
#include "roulade/run/picture_files.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/sample_part.hpp"
#include "roulade/run/sample_size.hpp"
#include "roulade/run/weak.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

/// The folder of the network that weakly guided samples; empty: none did, or one of the run's own steps.
std::string guiding_network(const Table& guidance) {
  const auto kind = guidance.find("kind"), weak = guidance.find("weak"), scale = guidance.find("scale");
  if (kind == guidance.end() || weak == guidance.end()) return "";
  const auto* name = std::get_if<std::string>(&kind->second.value);
  const auto* path = std::get_if<std::string>(&weak->second.value);
  if (name == nullptr || path == nullptr || !guidance::registry().find(*name).needs_weak) return "";
  return scale != guidance.end() && scale->second.value == Value(1.0) ? "" : *path;
}

/// Of the weights that would guide by the network in a folder; empty where it holds none that could.
std::string sha256_of_weak(const Provenance& made, const fs::path& weak) {
  Recipe recipe;
  recipe.tables["guidance"] = made.guidance;
  recipe.tables["guidance"]["weak"] = Given(weak.string());
  try {
    return sha256_of(weak_weight_files(resolve(recipe), {}));
  } catch (const Error&) {
    return "";
  }
}

void compare(const Image& before, const Image& now, const std::string& where, Replay& to) {
  if (before.width != now.width || before.height != now.height || before.channels != now.channels)
    fail(Code::input, where, "pixels", fmt::format("{} x {} x {}, as it is made", now.width, now.height, now.channels),
         fmt::format("{} x {} x {}", before.width, before.height, before.channels));
  int64_t sum = 0;
  for (size_t i = 0; i < now.values.size(); ++i) {
    const int64_t difference = std::abs(int{before.values[i]} - int{now.values[i]});
    to.different += difference > 0 ? 1 : 0;
    to.largest = std::max(to.largest, difference);
    sum += difference;
  }
  to.mean = static_cast<double>(sum) / static_cast<double>(now.values.size());
}

/// The files that a picture was made from, where they lie now.
std::optional<GivenStart> found_start(const Provenance& made, const ReplayRequest& request) {
  std::optional<GivenStart> out = made.given;
  if (!out) return out;
  const auto place = [&](const std::string& given, const std::string& sha256, const fs::path& named) {
    return (named.empty() ? find_given(given, sha256, request.picture) : named).string();
  };
  out->file = place(out->file, out->sha256, request.given);
  out->sha256 = given_sha256(out->file);
  if (out->mask.empty()) return out;
  out->mask = place(out->mask, out->mask_sha256, request.mask);
  out->mask_sha256 = given_sha256(out->mask);
  return out;
}

Editing read_editing(const TrainedRun& run, const GivenStart& start, const Provenance& made, const std::string& where) {
  const int64_t count = names_pictures(run, start.file) ? made.count : 0;
  GivenPictures given = read_given_start(run, start, count, std::ssize(made.prompts));
  if (given.rows.points.rows != made.count)
    fail(Code::input, where, "rows of " + start.file, fmt::format("{}, as many as pictures", made.count),
         fmt::format("{}", given.rows.points.rows));
  return editing_of(start, std::move(given.rows));
}

}  // namespace

fs::path find_given(const std::string& given, const std::string& sha256, const fs::path& picture) {
  const fs::path folder = fs::absolute(picture).lexically_normal().parent_path();
  std::vector<fs::path> places{given};
  if (places.front().is_relative()) places.push_back(folder / given);
  const size_t by_path = places.size();
  if (places.front().has_filename()) places.push_back(folder / places.front().filename());
  std::vector<std::string> looked;
  std::optional<fs::path> other;
  std::error_code none;
  for (const fs::path& place : places) {
    if (fs::exists(place, none)) {
      if (given_sha256(place) == sha256) return place;
      // Its name alone says little: a set of pictures has as many as it has files.
      if (!other && looked.size() < by_path) other = place;
    }
    looked.push_back(place.string());
  }
  if (other) return *other;
  fail(Code::io, picture.string(), fmt::format("the file {} that it was made from is not there", given),
       "one of that name, or --given and --mask", fmt::format("nothing at {}", fmt::join(looked, ", ")));
}

PictureTexts read_picture_texts(const fs::path& picture) {
  PictureTexts out;
  for (const auto& [keyword, text] : read_png_texts(picture)) {
    if (keyword == kProvenanceKeyword && !out.made)
      out.made = parse_provenance(text, fmt::format("{} {}", picture.string(), keyword));
    if (keyword == kInfotextKeyword && !out.infotext) out.infotext = parse_infotext(text);
  }
  if (!out.made && !out.infotext)
    fail(Code::input, picture.string(), "texts of how it was made",
         fmt::format("{} or {}", kProvenanceKeyword, kInfotextKeyword), "neither");
  return out;
}

std::vector<std::string> overrides_of(const Provenance& made) {
  std::vector<std::string> out{fmt::format("run.seed={}", made.run_seed)};
  for (const auto& [key, given] : made.sample) out.push_back(fmt::format("sample.{}={}", key, to_text(given.value)));
  for (const auto& [key, given] : made.guidance)
    out.push_back(fmt::format("guidance.{}={}", key, to_text(given.value)));
  return out;
}

fs::path find_replayed_run(const Provenance& made, const fs::path& picture) {
  const fs::path folder = fs::absolute(picture).lexically_normal().parent_path();
  std::vector<fs::path> places{made.run};
  if (fs::path(made.run).is_relative()) places.push_back(folder / made.run);
  places.push_back(folder);  // sheets of obedience lie in it
  places.push_back(folder.parent_path());
  places.push_back(folder / RunFolder{made.run}.name());
  std::vector<std::string> looked;
  std::error_code none;
  for (const fs::path& place : places) {
    if (!made.run.empty() && (fs::exists(RunFolder{place}.recipe(), none) || is_diffusers_folder(place))) return place;
    looked.push_back(place.string());
  }
  fail(Code::io, picture.string(), fmt::format("its run {} is not there", made.run), "one of the right name, or --run",
       fmt::format("nothing in {}", fmt::join(looked, ", ")));
}

fs::path find_weak(const Provenance& made, const fs::path& picture, const fs::path& run) {
  const std::string given = guiding_network(made.guidance);
  if (given.empty()) return {};
  const fs::path folder = fs::absolute(picture).lexically_normal().parent_path();
  std::vector<fs::path> places{given};
  if (places.front().is_relative()) places.push_back(folder / given);
  // It may have moved as the run has: what led from one to the other still does. Where one was named by an absolute
  // path and the other not, nothing says what did; it is looked for beside the run, and among its checkpoints.
  const fs::path was = without_slash(given).lexically_normal();
  const fs::path way = was.lexically_relative(without_slash(made.run).lexically_normal());
  if (!way.empty()) places.push_back((fs::absolute(run) / way).lexically_normal());
  const bool checkpoint = was.parent_path().filename() == RunFolder{run}.checkpoints().filename();
  const fs::path name =
      checkpoint ? was.lexically_relative(was.parent_path().parent_path().parent_path()) : was.filename();
  places.push_back(without_slash(fs::absolute(run)).parent_path() / name);
  if (checkpoint) places.push_back(RunFolder{fs::absolute(run)}.checkpoints() / was.filename());
  std::vector<std::string> looked;
  std::optional<fs::path> other;
  std::error_code none;
  for (const fs::path& place : places) {
    if (fs::is_directory(place, none)) {
      if (made.weak_sha256.empty() || sha256_of_weak(made, place) == made.weak_sha256) return place;
      if (!other) other = place;
    }
    looked.push_back(place.string());
  }
  if (other) return *other;
  fail(Code::io, picture.string(), fmt::format("the weak network {} that guided it is not there", given),
       "one of that name, or --weak", fmt::format("nothing at {}", fmt::join(looked, ", ")));
}

Replay replay(const Provenance& made, const ReplayRequest& request) {
  const std::string where = request.picture.string();
  if (made.given && made.given->sha256.empty())
    fail(Code::usage, where, "what the samples began with", "noise, or files and how far it went from them",
         fmt::format("{} alone, by an earlier version", made.given->file));
  if (!request.given.empty() && !made.given)
    fail(Code::usage, "--given", "what the picture was made from", "a file", "noise");
  if (!request.weak.empty() && guiding_network(made.guidance).empty())
    fail(Code::usage, "--weak", "what guided the picture", "a weak network in a folder of its own", "none");
  if (!request.mask.empty() && (!made.given || made.given->mask.empty()))
    fail(Code::usage, "--mask", "the mask that the picture was made with", "a file", "none");
  Replay out;
  out.run = request.run.empty() ? find_replayed_run(made, request.picture) : request.run;
  const bool folder = is_diffusers_folder(out.run);
  const GivenConvolutions as_then(parse_convolutions(made.convolutions, where));
  std::vector<std::string> set = overrides_of(made);
  if (!request.text_path.empty()) set.push_back("text.path=" + to_text(Value(request.text_path.string())));
  const fs::path weak = request.weak.empty() ? find_weak(made, request.picture, out.run) : request.weak;
  if (!weak.empty()) set.push_back("guidance.weak=" + to_text(Value(weak.string())));
  TrainedRun run = open_run_or_folder({out.run, set, folder ? std::nullopt : std::optional(made.step)});
  const std::vector<int64_t>& shape = run.facts.shape;
  if (!run.facts.buckets.empty() && (shape[1] != made.height || shape[2] != made.width))
    set_sample_size(run, {made.height, made.width});
  SampleRequest samples;
  samples.count = made.count;
  samples.seed = made.seed;
  samples.prompts = prompts_from_first(made);
  samples.to_prompt = made.to_prompt;
  const std::optional<GivenStart> start = found_start(made, request);
  if (start) samples.editing = read_editing(run, *start, made, where);
  samples.editing.to_seed = made.to_seed;
  samples.progress = request.progress;
  samples.cancel = request.cancel;
  samples.attention = made.attention;
  samples.captions = made.prompts_as_text;
  WantedRows wanted;
  if (made.shown > 0) wanted.last = made.shown;
  if (made.index) wanted = {*made.index, *made.index + 1};
  const PointSamples points = sample_part(run, samples, wanted);
  if (samples.cancel.requested()) return out;
  Provenance now = provenance_of(run, made.run);
  now.prompts = made.prompts;
  now.prompts_first = made.prompts_first;
  now.to_prompt = made.to_prompt;
  now.seed = made.seed;
  now.to_seed = made.to_seed;
  now.count = made.count;
  now.index = made.index;
  now.captions = made.captions;
  now.shown = made.shown;
  now.across = made.across;
  now.attention = made.attention;
  now.prompts_as_text = made.prompts_as_text;
  now.given = made.given;  // by the names that were given, so that the new file is the old one
  if (made.guidance.contains("weak")) now.guidance["weak"] = made.guidance.at("weak");
  if (start) {
    now.given->sha256 = start->sha256;
    now.given->mask_sha256 = start->mask_sha256;
  }
  out.png = picture_file(run, points, now);
  out.pictures = made.index ? 1 : made.shown > 0 ? made.shown : made.count;
  out.changes = changes(made, now);
  compare(read_png(request.picture), parse_png(out.png, "the new picture"), where, out);
  if (request.out.empty()) return out;
  if (request.out.has_parent_path()) fs::create_directories(request.out.parent_path());
  write_file_atomically(request.out, out.png);
  return out;
}

}  // namespace roulade
