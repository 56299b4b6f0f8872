// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/data/packaged.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/image.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace roulade::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSide = 64;
constexpr int64_t kHeldOut = 5;  // of as many combinations of colour and symbol one is for the test

/// A file folder-COLOUR-SYMBOL.svg or user-COLOUR-SYMBOL.svg.
struct Icon {
  std::string colour, symbol;
  fs::path file;
  bool operator<(const Icon& other) const { return std::tie(colour, symbol) < std::tie(other.colour, other.symbol); }
};

/// Draws an SVG file by librsvg's program.
void render(const fs::path& svg, const fs::path& png) {
  std::array<std::string, 8> words = {"rsvg-convert",        "-w", std::to_string(kSide), "-h",
                                      std::to_string(kSide), "-o", png.string(),          svg.string()};
  std::array<char*, 9> arguments{};
  for (size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  pid_t child = 0;
  const int error = posix_spawnp(&child, words[0].c_str(), nullptr, nullptr, arguments.data(), environ);
  int status = 0;
  if (error == 0)
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (error == ENOENT || (error == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127))
    fail(Code::io, "rsvg-convert", "not there; it is in Debian's package librsvg2-bin: apt-get install librsvg2-bin");
  if (error != 0) fail_system("rsvg-convert", "start", error);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    fail(Code::input, svg.string(), "rsvg-convert could not draw this");
}

/// The word of a colour scheme, its parts apart: pale brown.
std::string spoken(const std::string& colour) {
  for (const std::string first : {"dark", "deep", "pale", "blue"})
    if (colour.size() > first.size() && colour.starts_with(first)) return first + " " + colour.substr(first.size());
  return colour;
}

std::vector<Icon> find_icons(const fs::path& folder) {
  std::vector<Icon> out;
  std::set<std::string> colours;
  for (const bool colours_known : {false, true})
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      const size_t first = name.find('-'), second = name.find('-', first + 1);
      if (entry.is_symlink() || !name.ends_with(".svg") || second == std::string::npos) continue;
      const std::string kind = name.substr(0, first), colour = name.substr(first + 1, second - first - 1),
                        symbol = name.substr(second + 1, name.size() - second - 5);
      if (kind != "folder" && kind != "user") continue;
      if (!colours_known && symbol == "documents") colours.insert(colour);  // each scheme has this one
      if (colours_known && colours.contains(colour)) out.push_back({colour, symbol, entry.path()});
    }
  std::sort(out.begin(), out.end());
  return out;
}

/// The plain wording and three more.
std::vector<std::string> wordings_of(const Icon& icon) {
  const std::string colour = spoken(icon.colour);
  std::string symbol = icon.symbol;
  std::replace(symbol.begin(), symbol.end(), '-', ' ');
  const std::string folder = with_article(colour + " folder");
  return {fmt::format("{} with {}", folder, with_article(symbol + " symbol")),
          fmt::format("{} folder with {}", colour, symbol), fmt::format("{} on {}", symbol, folder),
          fmt::format("{} {} folder", colour, symbol)};
}

PackagedResult build(const fs::path& from, const fs::path& to, const PackagedRequest& request) {
  const std::vector<Icon> icons = find_icons(from);
  if (icons.empty()) fail(Code::input, from.string(), "no icon", "files folder-COLOUR-SYMBOL.svg");
  // Along a row or a column of colours and symbols every fifth is held out, so each colour and symbol is seen.
  std::map<std::string, int64_t> colours, symbols;
  for (const Icon& icon : icons) colours.emplace(icon.colour, 0), symbols.emplace(icon.symbol, 0);
  for (auto* numbers : {&colours, &symbols}) {
    int64_t next = 0;
    for (auto& [name, number] : *numbers) number = next++;
  }
  PackagedResult out{.side = kSide};
  std::array<std::string, 2> metadata;
  for (const char* part : {"train", "test"}) fs::create_directories(to / part);
  int64_t done = 0;
  const Pace pace("build", static_cast<int64_t>(icons.size()));
  for (const Icon& icon : icons) {
    if (request.cancel.requested()) return out;
    const bool is_test = (colours.at(icon.colour) + symbols.at(icon.symbol)) % kHeldOut == kHeldOut - 1;
    const std::string file = fmt::format("{}-{}.png", icon.colour, icon.symbol);
    const fs::path part = to / (is_test ? "test" : "train");
    render(icon.file, part / file);
    const auto note = [&](const std::string& name, const std::vector<std::string>& texts, const std::string& ground) {
      nlohmann::ordered_json said{{"file_name", name},
                                  {"text", texts[0]},
                                  {"texts", texts},
                                  {"colour", spoken(icon.colour)},
                                  {"symbol", icon.symbol}};
      if (!ground.empty()) said["ground"] = ground;
      metadata[is_test] += said.dump() + "\n";
      ++(is_test ? out.test : out.training);
    };
    const std::vector<std::string> wordings = wordings_of(icon);
    if (request.grounds.empty()) {
      note(file, wordings, "");
    } else {
      const Image whole = read_png(part / file);
      fs::remove(part / file);
      for (const NamedColour& ground : request.grounds) {
        const std::string name = with_ground(file, ground);
        File(part / name, File::Open::create).write(to_png(with_channels(whole, 3, ground.colour)));
        note(name, on_ground(wordings, ground), ground.name);
      }
    }
    if (request.progress) request.progress(pace.at(++done));
  }
  for (const bool is_test : {false, true})
    File(to / (is_test ? "test" : "train") / "metadata.jsonl", File::Open::create).write(metadata[is_test]);
  return out;
}

}  // namespace

PackagedSet packaged::papirus() {
  return {"papirus",
          "Papirus icons of folders, 26 colour schemes x 73 symbols, 64 x 64, with texts; a fifth for the test",
          "papirus-icon-theme librsvg2-bin",
          "usr/share/icons/Papirus/64x64/places",
          build,
          {},
          true};
}

}  // namespace roulade::data
