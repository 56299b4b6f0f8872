// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/data/file_tree.hpp"
#include "roulade/data/packaged.hpp"
#include "roulade/data/svg_description.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/image.hpp"
#include "roulade/io/resize.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace roulade::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSide = 64;
constexpr uint64_t kMostTextBytes = uint64_t{1} << 28;
constexpr int64_t kLeastSide = 16, kLongest = 3;  // pixels of the shorter side; of the sides' ratio
constexpr int64_t kMostOfKeywords = 12;  // pictures; keywords that more have for their text say nothing of each, too
constexpr int64_t kMostOfATitle = 3;     // pictures; a title of more is that of a collection and says nothing of each
constexpr uint64_t kHeldOut = 10;        // of as many titles one is for the test
constexpr size_t kMostKeywords = 3;
const std::string kPictures = "png", kTexts = "svg";

/// Rosettes and arrows by the hundred, icons of desktop themes that are named for their theme, patterns without a
/// motif.
bool is_wanted(const std::string& name) {
  for (const char* folder : {"shapes/", "special/", "buttons/", "logos/", "computer/icons/", "computer/buttons/"})
    if (name.starts_with(folder)) return false;
  return name.ends_with(".png");
}

/// "Clipart by Nicu Buculei - head_12" is "head".
std::string motif(std::string title) {
  if (const size_t dash = title.rfind(" - "); dash != std::string::npos && title.starts_with("Clipart by"))
    title = title.substr(dash + 3);
  std::replace(title.begin(), title.end(), '_', ' ');
  title.erase(
      std::find_if(title.rbegin(), title.rend(), [](char c) { return (c < '0' || c > '9') && c != ' '; }).base(),
      title.end());
  for (char& c : title)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return title;
}

struct ClipArt {
  std::string name;  ///< below png/
  std::string title;
  std::vector<std::string> keywords;
};

/// All wordings; none where neither a title nor keywords say what is drawn.
std::vector<std::string> wordings_of(const ClipArt& art) {
  static const std::set<std::string> kEmpty = {"hash",          "clip art", "clipart", "openclipart",
                                               "public domain", "unsorted", "svg",     "signs_and_symbols"};
  std::vector<std::string> words;
  for (const std::string& word : art.keywords)
    if (words.size() < kMostKeywords && word != art.title && !kEmpty.contains(word)) words.push_back(word);
  const std::string all = fmt::format("{}", fmt::join(words, ", "));
  if (art.title.empty()) return words.empty() ? words : std::vector{all, "clip art: " + all};
  std::vector<std::string> out = {art.title, "clip art of " + art.title};
  if (!words.empty()) out.insert(out.end(), {art.title + ", " + all, all});
  return out;
}

/// In the middle of a square of a colour; nothing where it is small, much longer than wide, or nothing but that colour.
Image drawn(const Image& from, const Rgb& colour) {
  const int64_t longer = std::max(from.width, from.height), shorter = std::min(from.width, from.height);
  if (shorter < kLeastSide || longer > kLongest * shorter) return {};
  const Image opaque = with_channels(from, 3, colour);
  const auto side = [&](int64_t n) { return std::max<int64_t>(1, (n * kSide + longer / 2) / longer); };
  const Image small = resize(opaque, side(from.width), side(from.height));
  Image out{kSide, kSide, 3, {}};
  for (int64_t i = 0; i < kSide * kSide; ++i) out.values.insert(out.values.end(), colour.begin(), colour.end());
  const int64_t left = (kSide - small.width) / 2, top = (kSide - small.height) / 2;
  for (int64_t y = 0; y < small.height; ++y)
    std::copy_n(small.pixel(0, y), small.width * 3, out.values.begin() + ((top + y) * kSide + left) * 3);
  constexpr int kSeen = 5;  // of 255, from the ground
  bool blank = true;
  for (size_t i = 0; i < out.values.size(); ++i)
    blank = blank && std::abs(int{out.values[i]} - int{colour[i % 3]}) < kSeen;
  return blank ? Image{} : out;
}

/// Whether a ground would be seen: one pixel in twenty is clear.
bool shows_its_ground(const Image& image) {
  if (image.channels % 2 != 0) return false;
  int64_t clear = 0;
  const int64_t pixels = image.width * image.height;
  for (int64_t i = 0; i < pixels; ++i)
    clear += image.values[static_cast<size_t>((i + 1) * image.channels - 1)] < 16 ? 1 : 0;
  return 20 * clear >= pixels;
}

/// Links would be the same picture once more, so the tree is walked here.
std::vector<std::string> find_pictures(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().lexically_relative(folder).generic_string();
    if (!at->is_symlink() && at->is_regular_file() && is_wanted(name)) out.push_back(name);
  }
  if (error) fail_system(folder, "list", error.value());
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<ClipArt> describe(const fs::path& from, const std::vector<std::string>& names) {
  std::vector<ClipArt> out;
  std::map<std::string, int64_t> titles;
  for (const std::string& name : names) {
    const fs::path text = from / kTexts / (name.substr(0, name.size() - 4) + ".svg");
    std::error_code ignored;
    if (!fs::is_regular_file(text, ignored)) continue;
    SvgDescription said = parse_svg_description(read_file(text, kMostTextBytes));
    out.push_back({name, motif(said.title), std::move(said.keywords)});
    ++titles[out.back().title];
  }
  for (ClipArt& art : out)
    if (titles.at(art.title) > kMostOfATitle) art.title.clear();
  std::map<std::string, int64_t> texts;
  std::erase_if(out, [](const ClipArt& art) { return wordings_of(art).empty(); });
  for (const ClipArt& art : out) ++texts[wordings_of(art)[0]];
  std::erase_if(out, [&](const ClipArt& art) { return texts.at(wordings_of(art)[0]) > kMostOfKeywords; });
  return out;
}

PackagedResult build(const fs::path& from, const fs::path& to, const PackagedRequest& request) {
  const std::vector<ClipArt> all = describe(from, find_pictures(from / kPictures));
  PackagedResult out{.side = kSide};
  std::array<std::string, 2> metadata;
  for (const char* part : {"train", "test"}) fs::create_directories(to / part);
  std::set<std::vector<uint8_t>> known;
  int64_t done = 0;
  const Pace pace("build", static_cast<int64_t>(all.size()));
  for (const ClipArt& art : all) {
    if (request.cancel.requested()) return out;
    if (request.progress) request.progress(pace.at(++done));
    Image whole;
    try {
      whole = read_png(from / kPictures / art.name);
    } catch (const Error& error) {  // three files of the package are damaged, two have more pixels than are read
      if (error.code() != Code::input) throw;
    }
    if (whole.values.empty() || (!request.grounds.empty() && !shows_its_ground(whole))) continue;
    const std::vector<std::string> wordings = wordings_of(art);
    // By the text, so that a picture's variants are on its side.
    const bool is_test = name_hash(art.title.empty() ? wordings[0] : art.title) % kHeldOut == 0;
    std::string file = art.name;
    std::replace(file.begin(), file.end(), '/', '-');
    const std::string group = art.name.substr(0, art.name.find('/'));
    const auto write = [&](const Image& image, const std::string& name, const std::vector<std::string>& texts,
                           const std::string& ground) {
      File(to / (is_test ? "test" : "train") / name, File::Open::create).write(to_png(image));
      nlohmann::ordered_json said{{"file_name", name}, {"text", texts[0]},   {"texts", texts},
                                  {"group", group},    {"title", art.title}, {"keywords", art.keywords}};
      if (!ground.empty()) said["ground"] = ground;
      metadata[is_test] += said.dump() + "\n";
      ++(is_test ? out.test : out.training);
    };
    const auto is_new = [&](const Image& image) { return !image.values.empty() && known.insert(image.values).second; };
    if (request.grounds.empty())
      if (const Image on_white = drawn(whole, {255, 255, 255}); is_new(on_white)) write(on_white, file, wordings, "");
    for (const NamedColour& ground : request.grounds)
      if (const Image on_it = drawn(whole, ground.colour); is_new(on_it))
        write(on_it, with_ground(file, ground), on_ground(wordings, ground), ground.name);
  }
  if (out.training == 0) fail(Code::input, from.string(), "no picture with a title or keywords");
  for (const bool is_test : {false, true})
    File(to / (is_test ? "test" : "train") / "metadata.jsonl", File::Open::create).write(metadata[is_test]);
  return out;
}

}  // namespace

PackagedSet packaged::openclipart() {
  return {
      "openclipart",
      "Open Clip Art without shapes and icons, 64 x 64 on white, with texts of titles and keywords; a tenth for the "
      "test",
      "openclipart-png openclipart-svg",
      "usr/share/openclipart",
      build,
      {{kPictures, "openclipart-png"}, {kTexts, "openclipart-svg"}},
      true};
}

}  // namespace roulade::data
