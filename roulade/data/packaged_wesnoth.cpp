// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/data/file_tree.hpp"
#include "roulade/data/packaged.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/image.hpp"
#include "roulade/io/resize.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kGround = 72;  // pixels of a field of the game's map; larger sprites reach over it
constexpr int64_t kSide = 64;

/// The sprite in the middle of a field, shrunk; what is not opaque stays so. Nothing where it is larger, or has no
/// pixel that can be seen.
Image on_ground(const Image& sprite) {
  const Image from = with_channels(sprite, 4);
  if (from.width > kGround || from.height > kGround) return {};
  Image ground{kGround, kGround, 4, std::vector<uint8_t>(static_cast<size_t>(kGround * kGround * 4))};
  const int64_t left = (kGround - from.width) / 2, top = (kGround - from.height) / 2;
  for (int64_t y = 0; y < from.height; ++y)
    std::copy_n(from.pixel(0, y), from.width * 4, ground.values.begin() + ((top + y) * kGround + left) * 4);
  Image out = resize(ground, kSide, kSide);
  bool seen = false;
  for (size_t i = 0; i < out.values.size(); i += 4) {
    seen = seen || out.values[i + 3] > 0;
    if (out.values[i + 3] == 0) std::fill_n(out.values.begin() + static_cast<std::ptrdiff_t>(i), 3, uint8_t{0});
  }
  return seen ? out : Image{};
}

/// The words of a name without its numbers, said once where they follow each other; points of the compass in full.
std::string words(const std::string& name) {
  static const std::map<std::string, std::string> compass = {
      {"n", "facing north"}, {"ne", "facing north east"}, {"e", "facing east"}, {"se", "facing south east"},
      {"s", "facing south"}, {"sw", "facing south west"}, {"w", "facing west"}, {"nw", "facing north west"}};
  std::string out, word, last;
  for (const char c : name + "-") {
    if (c >= 'a' && c <= 'z') {
      word += c;
    } else if (!word.empty()) {
      const auto at = compass.find(word);
      const std::string& said = at == compass.end() ? word : at->second;
      if (word != last) out += (out.empty() ? "" : " ") + said;
      last = std::exchange(word, "");
    }
  }
  return out;
}

PackagedResult build(const fs::path& from, const fs::path& to, const PackagedRequest& request) {
  const std::shared_ptr<const FileTree> files = open_tree(from);
  const auto all = static_cast<int64_t>(files->names().size());
  PackagedResult out{.side = kSide};
  std::set<std::vector<uint8_t>> known;
  std::set<std::string> factions;
  std::string metadata;
  int64_t done = 0;
  const Pace pace("build", all);
  for (const std::string& name : files->names()) {
    if (request.cancel.requested()) return out;
    if (request.progress && ++done % 50 == 0) request.progress(pace.at(done));
    const size_t slash = name.find('/');
    if (slash == std::string::npos || !name.ends_with(".png")) continue;  // dice and question marks lie above
    const Image picture = on_ground(parse_png(files->read(name, kMostImageBytes), files->where(name)));
    if (picture.values.empty() || !known.insert(picture.values).second) continue;
    const std::string faction = name.substr(0, slash), below = name.substr(slash + 1, name.size() - slash - 5);
    fs::create_directories((to / name).parent_path());
    File(to / name, File::Open::create).write(to_png(picture));
    metadata +=
        nlohmann::ordered_json{
            {"file_name", name}, {"text", fmt::format("{}, {}", words(below), words(faction))}, {"label", faction}}
            .dump() +
        "\n";
    factions.insert(faction);
    ++out.training;
  }
  if (out.training == 0)
    fail(Code::input, from.string(), "no sprite of a unit", fmt::format("PNG files of at most {0} x {0}", kGround));
  File(to / "metadata.jsonl", File::Open::create).write(metadata);
  out.classes = static_cast<int64_t>(factions.size());
  return out;
}

}  // namespace

PackagedSet packaged::wesnoth() {
  return {"wesnoth", "Battle for Wesnoth: 4,400 sprites of units, 64 x 64, with texts; a class a faction",
          "wesnoth-1.16-data", "usr/share/games/wesnoth/1.16/data/core/images/units", build};
}

}  // namespace roulade::data
