// SPDX-License-Identifier: Apache-2.0
// Clip art with the texts of its SVG files, from small files of the same kind.
#include "roulade/data/image_set.hpp"
#include "roulade/data/packaged.hpp"
#include "roulade/data/svg_description.hpp"
#include "roulade/io/image.hpp"
#include "tests/io/scratch.hpp"

#include <map>

#include <gtest/gtest.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

std::string svg(const std::string& title, const Names& keywords) {
  std::string out =
      "<?xml version=\"1.0\"?>\n<svg><title>not this</title><metadata><rdf:RDF><cc:Work rdf:about=\"\">"
      "<dc:title>" +
      title + "</dc:title><dc:subject><rdf:Bag>";
  for (const std::string& word : keywords) out += "<rdf:li>" + word + "</rdf:li>";
  return out +
         "</rdf:Bag></dc:subject><dc:creator><cc:Agent><dc:title>Somebody</dc:title></cc:Agent></dc:creator>"
         "</cc:Work></rdf:RDF></metadata><text>red apple</text></svg>";
}

TEST(SvgDescription, IsTheTitleOfTheWorkAndItsKeywords) {
  const SvgDescription said =
      parse_svg_description(svg("Fish &amp;\n  Chips &#233;", {"Food", "", "food", "s&#x65;a"}));
  EXPECT_EQ(said.title, "Fish & Chips \xc3\xa9");
  EXPECT_EQ(said.keywords, (Names{"food", "sea"}));
  // The creator comes first, nothing has a prefix, one keyword is no list.
  const SvgDescription plain = parse_svg_description(
      "<metadata><Work><creator><Agent><title>Somebody</title></Agent></creator><date/><title>Boat</title>"
      "<title>second</title><subject>Sea</subject></Work></metadata>");
  EXPECT_EQ(plain.title, "Boat");
  EXPECT_EQ(plain.keywords, (Names{"sea"}));
  for (const std::string none : {"", "<svg><title>x</title></svg>", "<metadata><title/></metadata>", "<metadata", "<<<",
                                 "<metadata><dc:title>\xff</dc:title></metadata>"})
    EXPECT_TRUE(parse_svg_description(none).title.empty()) << none;
  const std::string whole = svg("Title", {"word"});
  for (size_t n = 0; n < whole.size(); ++n) {  // cut anywhere: what is there is read, or nothing
    const SvgDescription cut = parse_svg_description(std::string_view(whole).substr(0, n));
    EXPECT_TRUE(std::string("Title").starts_with(cut.title)) << n;
  }
}

Image plain(int64_t width, int64_t height, const std::vector<uint8_t>& rgba) {
  Image out{width, height, 4, {}};
  for (int64_t i = 0; i < width * height; ++i) out.values.insert(out.values.end(), rgba.begin(), rgba.end());
  return out;
}

TEST(Packaged, ClipArtSaysItsTitleOrItsKeywords) {
  const Scratch s;
  const fs::path art = s / "root/usr/share/openclipart";
  const auto put = [&](const std::string& name, const std::string& png, const std::string& text) {
    for (const auto& [kind, content] : {std::pair("png", png), {"svg", text}}) {
      const fs::path file = art / kind / (name + "." + kind);
      fs::create_directories(file.parent_path());
      spill(file, content);
    }
  };
  const auto coloured = [](int64_t width, int64_t height, uint8_t red) {
    return to_png(plain(width, height, {red, 20, 30, 255}));
  };
  put("food/apple_01", coloured(40, 20, 200), svg("Red Apple_01", {"food", "fruit", "hash"}));
  put("food/pear", coloured(20, 40, 201), svg("Clipart by Nicu Buculei - pear 12", {}));
  for (int k = 0; k < 4; ++k)
    put("tools/card" + std::to_string(k), coloured(30, 30, static_cast<uint8_t>(100 + 20 * k)),
        svg("card", {"card", "tool " + std::to_string(k)}));
  put("food/same", coloured(40, 20, 200), svg("Same", {}));                  // as the apple
  put("food/clear", to_png(plain(40, 40, {9, 9, 9, 0})), svg("Clear", {}));  // nothing to see
  put("food/thin", coloured(100, 20, 10), svg("Thin", {}));                  // five times as wide as high
  put("food/tiny", coloured(15, 15, 10), svg("Tiny", {}));                   // too small
  put("food/damaged", "none", svg("Damaged", {}));
  put("food/untold", coloured(40, 40, 60), svg("", {"hash", "unsorted"}));
  for (int k = 0; k < 13; ++k)
    put("tools/many" + std::to_string(k), coloured(30, 30, static_cast<uint8_t>(3 * k)), svg("", {"tool"}));
  put("shapes/star", coloured(40, 40, 61), svg("Star", {}));
  put("computer/icons/open", coloured(40, 40, 62), svg("Open", {}));
  spill(art / "png/food/alone.png", coloured(40, 40, 63));  // no SVG file
  fs::create_symlink("apple_01.png", art / "png/food/linked.png");
  fs::create_symlink("apple_01.svg", art / "svg/food/linked.svg");

  const PackagedSet& set = find_packaged_set("openclipart");
  int64_t done = 0;
  PackagedRequest request{.out = s / "out", .root = s / "root", .progress = [&](const Progress& p) { done = p.done; }};
  const PackagedResult built = build_packaged_set(set, request);
  EXPECT_EQ(built.training + built.test, 6);
  EXPECT_GT(done, 6);
  const ImageData data = open_images(s / "out");
  std::map<std::string, Names> said;
  std::map<std::string, Image> pictures;
  for (const ImageSet* part : {&data.train, &data.test})
    for (int64_t i = 0; i < part->count; ++i) {
      said[part->names[static_cast<size_t>(i)]] = part->wordings[static_cast<size_t>(i)];
      pictures[part->names[static_cast<size_t>(i)]] = part->picture(i);
    }
  EXPECT_EQ(said.size(), size_t{6});
  EXPECT_EQ(said["food-apple_01.png"],
            (Names{"red apple", "clip art of red apple", "red apple, food, fruit", "food, fruit"}));
  EXPECT_EQ(said["food-pear.png"], (Names{"pear", "clip art of pear"}));
  EXPECT_EQ(said["tools-card2.png"], (Names{"card, tool 2", "clip art: card, tool 2"}))
      << "a title of four pictures says nothing of each";
  // 40 x 20 pixels are 64 x 32 in the middle of white.
  const Image& apple = pictures["food-apple_01.png"];
  for (const auto& [y, red] : {std::pair(0, 255), {15, 255}, {16, 200}, {47, 200}, {48, 255}})
    EXPECT_EQ(apple.pixel(30, y)[0], red) << y;

  // On grounds: what is opaque has its own, and what has a ground's colour is not seen on it.
  const auto on_clear = [](std::vector<uint8_t> rgba) {
    Image out = plain(40, 40, {7, 7, 7, 0});
    for (int64_t y = 10; y < 30; ++y)
      for (int64_t x = 10; x < 30; ++x) std::copy(rgba.begin(), rgba.end(), out.values.begin() + 4 * (40 * y + x));
    return to_png(out);
  };
  put("food/plum", on_clear({90, 20, 120, 255}), svg("Plum", {}));
  put("food/egg", on_clear({250, 230, 200, 255}), svg("Egg", {}));  // for the test, by its name
  put("food/cat", on_clear({0, 0, 0, 255}), svg("Cat", {}));
  put("food/cloud", on_clear({255, 255, 255, 255}), svg("Cloud", {}));
  request.out = s / "grounded";
  request.grounds = parse_grounds("white,black,blue");
  build_packaged_set(set, request);
  const ImageData grounded = open_images(s / "grounded");
  std::map<std::string, Names> on;
  for (const ImageSet* part : {&grounded.train, &grounded.test})
    for (int64_t i = 0; i < part->count; ++i) {
      const auto at = static_cast<size_t>(i);
      on[part->names[at]] = part->wordings[at];
      if (part->names[at] != "food-plum-blue.png") continue;
      const Image plum = part->picture(i);
      EXPECT_EQ(std::vector<uint8_t>(plum.pixel(2, 2), plum.pixel(2, 2) + 3), (std::vector<uint8_t>{40, 90, 214}));
      EXPECT_EQ(plum.pixel(32, 32)[2], 120);
    }
  Names names;
  for (const auto& [name, texts] : on) names.push_back(name);
  EXPECT_EQ(names, (Names{"food-cat-blue.png", "food-cat-white.png", "food-cloud-black.png", "food-cloud-blue.png",
                          "food-egg-black.png", "food-egg-blue.png", "food-egg-white.png", "food-plum-black.png",
                          "food-plum-blue.png", "food-plum-white.png"}));
  EXPECT_EQ(on["food-plum-blue.png"], (Names{"plum on blue", "clip art of plum, blue background"}));
  request.grounds.clear();

  fs::remove_all(art / "svg");
  request.out = s / "two";
  expect_error(Code::io, {"svg] not there", "apt-get install openclipart-svg"},
               [&] { build_packaged_set(set, request); });
  fs::create_directory(art / "svg");
  expect_error(Code::input, {"no picture with a title or keywords"}, [&] { build_packaged_set(set, request); });
  EXPECT_FALSE(fs::exists(s / "two"));
}

}  // namespace
}  // namespace roulade
