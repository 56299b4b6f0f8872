// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/data/file_tree.hpp"
#include "roulade/data/packaged.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/idx.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <set>
#include <string_view>

#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H

namespace roulade::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCharacters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr int kSide = 28;
constexpr double kInk = 24;          // pixels that the tallest or the widest character of a face takes
constexpr uint64_t kTestShare = 10;  // one family in ten

struct Library {
  FT_Library library = nullptr;
  Library() {
    if (FT_Init_FreeType(&library) != 0) fail(Code::internal, "data glyphs", "FreeType cannot be started");
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() { FT_Done_FreeType(library); }
};

using Face = std::unique_ptr<FT_FaceRec, decltype(&FT_Done_Face)>;

Face open_face(const Library& library, const std::string& file, FT_Long index) {
  FT_Face face = nullptr;
  const int error = FT_New_Memory_Face(library.library, reinterpret_cast<const FT_Byte*>(file.data()),
                                       static_cast<FT_Long>(file.size()), index, &face);
  return {error == 0 ? face : nullptr, FT_Done_Face};
}

/// The outline of a character in the face's own units; null where it has none.
FT_Outline* outline_of(const Face& face, char c) {
  const FT_UInt glyph = FT_Get_Char_Index(face.get(), static_cast<unsigned char>(c));
  if (glyph == 0 || FT_Load_Glyph(face.get(), glyph, FT_LOAD_NO_SCALE | FT_LOAD_NO_BITMAP) != 0) return nullptr;
  FT_Outline& outline = face->glyph->outline;
  return face->glyph->format == FT_GLYPH_FORMAT_OUTLINE && outline.n_contours > 0 ? &outline : nullptr;
}

/// How a face's characters are laid on the ground: all by one scale, on one line, each in the middle between left and
/// right.
struct Layout {
  double scale;   ///< pixels a unit
  double bottom;  ///< units: where the ground ends below
};

/// Nothing where a character is missing.
bool lay_out(const Face& face, Layout& out) {
  FT_Pos low = 0, high = 0, width = 0;
  bool first = true;
  for (const char c : kCharacters) {
    FT_Outline* outline = outline_of(face, c);
    if (outline == nullptr) return false;
    FT_BBox box;
    FT_Outline_Get_CBox(outline, &box);
    low = first ? box.yMin : std::min(low, box.yMin);
    high = first ? box.yMax : std::max(high, box.yMax);
    width = std::max(width, box.xMax - box.xMin);
    first = false;
  }
  const auto most = static_cast<double>(std::max(high - low, width));
  if (most <= 0) return false;
  out.scale = kInk / most;
  out.bottom = static_cast<double>(low + high) / 2 - kSide / 2.0 / out.scale;
  return true;
}

std::vector<uint8_t> draw(const Library& library, const Face& face, const Layout& layout, char c) {
  FT_Outline* outline = outline_of(face, c);
  FT_BBox box;
  FT_Outline_Get_CBox(outline, &box);
  const double left = static_cast<double>(box.xMin + box.xMax) / 2 - kSide / 2.0 / layout.scale;
  const double units = layout.scale * 64;  // to 64ths of a pixel
  const FT_Matrix matrix{std::lround(units * 65536), 0, 0, std::lround(units * 65536)};
  FT_Outline_Transform(outline, &matrix);
  FT_Outline_Translate(outline, std::lround(-left * units), std::lround(-layout.bottom * units));
  std::vector<uint8_t> pixels(kSide * kSide);
  FT_Bitmap bitmap{};
  bitmap.rows = bitmap.width = kSide;
  bitmap.pitch = kSide;  // rows from the top
  bitmap.buffer = pixels.data();
  bitmap.num_grays = 256;
  bitmap.pixel_mode = FT_PIXEL_MODE_GRAY;
  if (FT_Outline_Get_Bitmap(library.library, outline, &bitmap) != 0) return {};
  return pixels;
}

/// Which part a family of faces goes to: the same whatever else is installed.
bool is_test_family(const FT_FaceRec& face) {
  return (name_hash(face.family_name ? face.family_name : "") >> 32) % kTestShare == 0;
}

struct Part {
  std::vector<uint8_t> pixels, labels;
};

void write(const fs::path& to, const std::string& name, Part part) {
  const auto count = static_cast<int64_t>(part.labels.size());
  if (count == 0) return;
  write_idx(to / (name + "-images-idx3-ubyte"), {{count, kSide, kSide}, std::move(part.pixels)});
  write_idx(to / (name + "-labels-idx1-ubyte"), {{count}, std::move(part.labels)});
}

bool is_font_name(const std::string& name) {
  return name.ends_with(".ttf") || name.ends_with(".otf") || name.ends_with(".ttc");
}

PackagedResult build(const fs::path& from, const fs::path& to, const PackagedRequest& request) {
  const std::shared_ptr<const FileTree> files = open_tree(from);
  const Library library;
  std::array<Part, 2> parts;  // train, test
  std::set<std::vector<uint8_t>> known;
  const auto all = static_cast<int64_t>(files->names().size());
  int64_t done = 0;
  const Pace pace("build", all);
  for (const std::string& name : files->names()) {
    if (request.cancel.requested()) return {};
    if (request.progress && ++done % 20 == 0) request.progress(pace.at(done));
    if (!is_font_name(name)) continue;
    const std::string file = files->read(name, uint64_t{1} << 28);
    FT_Long faces = 1;
    for (FT_Long index = 0; index < faces; ++index) {
      const Face face = open_face(library, file, index);
      if (!face) break;  // fonts of other kinds are none of ours
      faces = face->num_faces;
      Layout layout{};
      if (!FT_IS_SCALABLE(face.get()) || face->charmap == nullptr || face->charmap->encoding != FT_ENCODING_UNICODE ||
          !lay_out(face, layout))
        continue;
      Part& part = parts[is_test_family(*face) ? 1 : 0];
      for (size_t k = 0; k < kCharacters.size(); ++k) {
        const std::vector<uint8_t> pixels = draw(library, face, layout, kCharacters[k]);
        if (pixels.empty() || !known.insert(pixels).second) continue;
        part.pixels.insert(part.pixels.end(), pixels.begin(), pixels.end());
        part.labels.push_back(static_cast<uint8_t>(k));
      }
    }
  }
  if (parts[0].labels.empty())
    fail(Code::input, from.string(), "no scalable font with all digits and Latin letters; install fonts-aenigma");
  PackagedResult out{.training = static_cast<int64_t>(parts[0].labels.size()),
                     .test = static_cast<int64_t>(parts[1].labels.size()),
                     .classes = static_cast<int64_t>(kCharacters.size()),
                     .side = kSide};
  write(to, "train", std::move(parts[0]));
  write(to, "test", std::move(parts[1]));
  std::string names;
  for (const char c : kCharacters) names += std::string(1, c) + "\n";
  write_file_atomically(to / "classes.txt", names);
  return out;
}

}  // namespace

PackagedSet packaged::glyphs() {
  return {"glyphs",
          "digits and Latin letters of the installed fonts, 28 x 28, 62 classes; the test has families of its own",
          "fonts-aenigma", "usr/share/fonts", build};
}

}  // namespace roulade::data
