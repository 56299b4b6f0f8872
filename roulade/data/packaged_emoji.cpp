// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/data/emoji_names.hpp"
#include "roulade/data/named_colour.hpp"
#include "roulade/data/packaged.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/image.hpp"
#include "roulade/io/resize.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include <hb-ft.h>
#include <nlohmann/json.hpp>

namespace roulade::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSide = 64;
constexpr const char *kFont = "fonts/truetype/noto/NotoColorEmoji.ttf", *kNames = "unicode/emoji/emoji-test.txt",
                     *kKeywords = "unicode/cldr/common/annotations/en.xml",
                     *kDerivedKeywords = "unicode/cldr/common/annotationsDerived/en.xml";
constexpr size_t kTest = 200;  // emoji that nobody trains on
constexpr uint64_t kMostBytes = uint64_t{1} << 28;

/// A font of coloured bitmaps, and HarfBuzz, which knows what sequences are one picture.
class ColourFont {
 public:
  explicit ColourFont(const fs::path& path) : path_(path), file_(read_file(path, kMostBytes)) {
    if (FT_Init_FreeType(&library_) != 0) fail(Code::internal, "data emoji", "FreeType cannot be started");
    if (FT_New_Memory_Face(library_, reinterpret_cast<const FT_Byte*>(file_.data()), static_cast<FT_Long>(file_.size()),
                           0, &face_) != 0 ||
        face_->num_fixed_sizes < 1 || FT_Select_Size(face_, 0) != 0) {
      close();
      fail(Code::input, path.string(), "content", "a font of coloured bitmaps");
    }
    font_ = hb_ft_font_create_referenced(face_);
    buffer_ = hb_buffer_create();
  }
  ColourFont(const ColourFont&) = delete;
  ColourFont& operator=(const ColourFont&) = delete;
  ~ColourFont() { close(); }

  /// The emoji with opacity, in the middle of a square; nothing where the font has no picture of its own for it.
  Image draw(const std::vector<uint32_t>& codes) const {
    hb_buffer_clear_contents(buffer_);
    hb_buffer_add_codepoints(buffer_, codes.data(), static_cast<int>(codes.size()), 0, static_cast<int>(codes.size()));
    hb_buffer_guess_segment_properties(buffer_);
    hb_shape(font_, buffer_, nullptr, 0);
    unsigned count = 0;
    const hb_glyph_info_t* glyphs = hb_buffer_get_glyph_infos(buffer_, &count);
    if (count != 1 || glyphs[0].codepoint == 0) return {};
    if (FT_Load_Glyph(face_, glyphs[0].codepoint, FT_LOAD_COLOR) != 0) return {};
    const FT_Bitmap& bitmap = face_->glyph->bitmap;
    if (bitmap.pixel_mode != FT_PIXEL_MODE_BGRA || bitmap.width == 0 || bitmap.rows == 0) return {};
    const auto width = static_cast<int64_t>(bitmap.width), height = static_cast<int64_t>(bitmap.rows);
    const int64_t side = std::max(width, height), left = (side - width) / 2, top = (side - height) / 2;
    Image out{side, side, 4, std::vector<uint8_t>(static_cast<size_t>(side * side * 4))};
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        const uint8_t* from = bitmap.buffer + y * bitmap.pitch + 4 * x;  // B, G, R times opacity, then opacity
        uint8_t* to = &out.values[static_cast<size_t>(((top + y) * side + left + x) * 4)];
        const int alpha = from[3];
        for (int c = 0; c < 3 && alpha > 0; ++c)
          to[c] = static_cast<uint8_t>(std::min(255, (from[2 - c] * 255 + alpha / 2) / alpha));
        to[3] = static_cast<uint8_t>(alpha);
      }
    return out;
  }

 private:
  void close() {
    if (buffer_) hb_buffer_destroy(buffer_);
    if (font_) hb_font_destroy(font_);
    if (face_) FT_Done_Face(face_);
    if (library_) FT_Done_FreeType(library_);
  }

  fs::path path_;
  std::string file_;
  FT_Library library_ = nullptr;
  FT_Face face_ = nullptr;
  hb_font_t* font_ = nullptr;
  hb_buffer_t* buffer_ = nullptr;
};

/// Flags are hardly told apart at this size, and skin tones are the same picture five times more.
bool is_wanted(const EmojiName& emoji) {
  return emoji.group != "Flags" && emoji.group != "Component" && emoji.name.find("skin tone") == std::string::npos;
}

/// What is in the picture: the plain wording, and three more or, without keywords, two.
std::vector<std::string> wordings_of(const EmojiName& emoji, std::vector<std::string> keywords,
                                     const NamedColour& ground) {
  constexpr size_t kMostKeywords = 3;
  std::erase(keywords, emoji.name);
  if (keywords.size() > kMostKeywords) keywords.resize(kMostKeywords);
  std::vector<std::string> out = {emoji.name, with_article(emoji.name), emoji.name};
  if (!keywords.empty()) out.push_back(fmt::format("{}", fmt::join(keywords, ", ")));
  return on_ground(out, ground);
}

using Keywords = std::map<std::string, std::vector<std::string>>;

Keywords read_keywords(const fs::path& folder) {
  Keywords out;
  for (const char* name : {kKeywords, kDerivedKeywords}) {
    const fs::path file = folder / name;
    out.merge(parse_annotations(read_file(file, kMostBytes), file.string()));
  }
  return out;
}

PackagedResult build(const fs::path& from, const fs::path& to, const PackagedRequest& request) {
  const fs::path names = from / kNames;
  const ColourFont font(from / kFont);
  const Keywords keywords = read_keywords(from);
  std::vector<EmojiName> wanted = parse_emoji_test(read_file(names, kMostBytes), names.string());
  std::erase_if(wanted, [](const EmojiName& emoji) { return !is_wanted(emoji); });

  // Those of the least hashes are for the test.
  std::set<std::pair<uint64_t, std::string>> order;
  for (const EmojiName& emoji : wanted) order.emplace(name_hash(emoji.name), emoji.name);
  std::set<std::string> test;
  for (const auto& [hash, name] : order)
    if (test.size() < std::min(kTest, wanted.size() / 2)) test.insert(name);

  PackagedResult out{.side = kSide};
  std::array<std::string, 2> metadata;
  for (const char* part : {"train", "test"}) fs::create_directories(to / part);
  int64_t done = 0;
  const Pace pace("build", static_cast<int64_t>(wanted.size()));
  for (const EmojiName& emoji : wanted) {
    if (request.cancel.requested()) return out;
    if (request.progress) request.progress(pace.at(++done));
    const Image picture = font.draw(emoji.codes);
    if (picture.values.empty()) continue;
    const bool is_test = test.contains(emoji.name);
    const auto known = keywords.find(annotation_key(emoji.codes));
    const std::vector<std::string> words = known == keywords.end() ? std::vector<std::string>{} : known->second;
    for (const NamedColour& ground : request.grounds.empty() ? named_grounds() : request.grounds) {
      const std::string file = fmt::format("{:x}-{}.png", fmt::join(emoji.codes, "-"), ground.name);
      const Image whole = with_channels(picture, 3, ground.colour);
      File(to / (is_test ? "test" : "train") / file, File::Open::create).write(to_png(resize(whole, kSide, kSide)));
      const std::vector<std::string> wordings = wordings_of(emoji, words, ground);
      metadata[is_test] +=
          nlohmann::ordered_json{{"file_name", file},     {"text", wordings[0]},
                                 {"texts", wordings},     {"name", emoji.name},
                                 {"ground", ground.name}, {"code", fmt::format("{:x}", fmt::join(emoji.codes, "-"))},
                                 {"group", emoji.group},  {"keywords", words}}
              .dump() +
          "\n";
      ++(is_test ? out.test : out.training);
    }
  }
  if (out.training == 0) fail(Code::input, from.string(), "the font has no picture of any emoji");
  for (const bool is_test : {false, true})
    File(to / (is_test ? "test" : "train") / "metadata.jsonl", File::Open::create).write(metadata[is_test]);
  return out;
}

}  // namespace

PackagedSet packaged::emoji() {
  return {"emoji",
          "Noto emoji without flags and skin tones, 64 x 64, each on eight grounds, with texts; 200 for the test",
          "fonts-noto-color-emoji unicode-data unicode-cldr-core",
          "usr/share",
          build,
          {{kFont, "fonts-noto-color-emoji"},
           {kNames, "unicode-data"},
           {kKeywords, "unicode-cldr-core"},
           {kDerivedKeywords, "unicode-cldr-core"}},
          true};
}

}  // namespace roulade::data
