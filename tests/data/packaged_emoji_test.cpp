// SPDX-License-Identifier: Apache-2.0
// Emoji with their names from small files of the same kind; the font is a part of the real one.
#include "roulade/data/emoji_names.hpp"
#include "roulade/data/image_set.hpp"
#include "roulade/data/packaged.hpp"
#include "tests/io/scratch.hpp"

#include <cstdlib>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

constexpr const char* kNames = R"(# emoji-test.txt
# group: Food & Drink

# subgroup: food-fruit
1F34E                                      ; fully-qualified     # A E0.6 red apple
# group: People & Body
1F9D1 200D 1F680                           ; fully-qualified     # B E12.1 astronaut
1F9D1 1F3FB 200D 1F680                     ; fully-qualified     # B E12.1 astronaut: light skin tone
1F9D1                                      ; fully-qualified     # C E5.0 person
263A FE0F                                  ; fully-qualified     # D E0.6 smiling face
263A                                       ; unqualified         # D E0.6 smiling face
# group: Flags
1F680                                      ; fully-qualified     # E E0.6 no flag
)";

TEST(EmojiNames, AreThoseThatAreFullyQualified) {
  const std::vector<EmojiName> all = parse_emoji_test(kNames, "emoji-test.txt");
  ASSERT_EQ(all.size(), size_t{6});
  EXPECT_EQ(all[0].name, "red apple");
  EXPECT_EQ(all[0].group, "Food & Drink");
  EXPECT_EQ(all[1].codes, (std::vector<uint32_t>{0x1F9D1, 0x200D, 0x1F680}));
  EXPECT_EQ(all[2].name, "astronaut: light skin tone");
  EXPECT_EQ(all[4].codes, (std::vector<uint32_t>{0x263A, 0xFE0F}));
  EXPECT_EQ(all[5].group, "Flags");
  EXPECT_EQ(annotation_key(all[4].codes), "\xE2\x98\xBA");
  EXPECT_EQ(annotation_key({0x24, 0xE9, 0x1F34E}), "$\xC3\xA9\xF0\x9F\x8D\x8E");
  const auto refused = [](const std::string& line, const std::vector<std::string>& parts) {
    expect_error(Code::input, parts, [&] { parse_emoji_test("\n" + line, "t"); });
  };
  refused("1F34E ; fully-qualified", {"t:2] line: expected code points; status # emoji version name"});
  refused("1F34G ; fully-qualified # A E1 x", {"t:2] code points: expected hexadecimal", "1F34G"});
  refused("110000 ; fully-qualified # A E1 x", {"t:2] code points"});
  refused(" ; fully-qualified # A E1 x", {"t:2] no code points"});
  refused("1F34E ; fully-qualified # A E1", {"t:2] no name"});
  refused("1F34E ; component # A E1 x", {"no fully-qualified emoji"});
}

TEST(EmojiNames, HaveKeywords) {
  const auto words = parse_annotations(R"x(<?xml version="1.0"?>
	<annotations>
		<annotation cp="&amp;">and | &lt;&apos;&gt; | ampersand</annotation>
		<annotation cp="&amp;" type="tts">ampersand</annotation>
		<annotation cp="A" draft="x">one</annotation> <!-- a comment -->
		<annotation cp="B"></annotation>
)x",
                                       "en.xml");
  EXPECT_EQ(words, (std::map<std::string, Names>{{"&", {"and", "<'>", "ampersand"}}, {"A", {"one"}}, {"B", {}}}));
  for (const std::string line : {"<annotation cp=\"A\">one", "<annotation cp=\"A", "<annotation cp=\"A\"</annotation>"})
    expect_error(Code::input, {"en.xml:1] line"}, [&] { parse_annotations(line, "en.xml"); });
  expect_error(Code::input, {"en.xml] no annotations"}, [&] { parse_annotations("<a/>\n", "en.xml"); });
}

fs::path spill_emoji(const fs::path& root) {
  const fs::path share = root / "usr/share";
  const auto put = [&](const std::string& name, const std::string& content) {
    fs::create_directories((share / name).parent_path());
    spill(share / name, content);
  };
  put("unicode/emoji/emoji-test.txt", kNames);
  put("unicode/cldr/common/annotations/en.xml",
      "<annotation cp=\"\xF0\x9F\x8D\x8E\">apple | fruit | red apple</annotation>\n");
  put("unicode/cldr/common/annotationsDerived/en.xml", "<annotation cp=\"x\">x</annotation>\n");
  fs::create_directories(share / "fonts/truetype/noto");
  fs::copy_file(golden("data/emoji.ttf"), share / "fonts/truetype/noto/NotoColorEmoji.ttf");
  return share;
}

TEST(Packaged, EmojiStandOnEightGroundsAndSayIt) {
  const Scratch s;
  const fs::path share = spill_emoji(s / "root");
  const PackagedSet& set = find_packaged_set("emoji");
  const PackagedResult built = build_packaged_set(set, {.out = s / "out", .root = s / "root"});
  // Without flags and skin tones four are wanted; the font has three of them. Up to half are for the test.
  EXPECT_EQ(built.training + built.test, 3 * 8);
  EXPECT_GT(built.training, 0);
  const ImageData data = open_images(s / "out");
  EXPECT_EQ(data.train.count, built.training);
  EXPECT_EQ(data.test.count, built.test);
  EXPECT_EQ(data.train.width, 64);
  std::set<std::string> apples;
  int64_t colours = 0;
  for (const ImageSet* part : {&data.train, &data.test})
    for (int64_t i = 0; i < part->count; ++i) {
      const std::string& name = part->names[static_cast<size_t>(i)];
      const std::string& caption = part->captions[static_cast<size_t>(i)];
      const std::string ground = name.substr(name.rfind('-') + 1, name.size() - name.rfind('-') - 5);
      EXPECT_NE(caption.find(" " + ground), std::string::npos) << caption;
      const Image image = part->picture(i);
      const std::vector<uint8_t> corner(image.values.begin(), image.values.begin() + 3);
      const std::map<std::string, std::vector<uint8_t>> known = {{"white", {255, 255, 255}}, {"blue", {40, 90, 214}}};
      if (const auto wanted = known.find(ground); wanted != known.end()) {
        EXPECT_EQ(corner, wanted->second);
      }
      if (!name.starts_with("1f34e-")) continue;
      apples.insert(caption.substr(0, caption.rfind(ground)));
      EXPECT_NE(caption.find("red apple"), std::string::npos);
      const uint8_t* middle = image.pixel(32, 36);
      colours += middle[0] > 150 && middle[1] < 90 && middle[2] < 90;
    }
  EXPECT_EQ(colours, 8) << "a red apple is red on every ground";
  EXPECT_EQ(apples, (std::set<std::string>{"red apple on "})) << "the caption is the plain wording";
  std::set<Names> of_apples;
  for (const ImageSet* part : {&data.train, &data.test})
    for (int64_t i = 0; i < part->count; ++i) {
      ASSERT_EQ(part->wordings.size(), static_cast<size_t>(part->count));
      const Names& wordings = part->wordings[static_cast<size_t>(i)];
      EXPECT_EQ(wordings.at(0), part->captions[static_cast<size_t>(i)]);
      EXPECT_EQ(wordings.size(), wordings[0].starts_with("red apple") ? size_t{4} : size_t{3});
      if (part->names[static_cast<size_t>(i)] == "1f34e-blue.png") of_apples.insert(wordings);
    }
  EXPECT_EQ(of_apples, (std::set<Names>{{"red apple on blue", "a red apple, blue background",
                                         "red apple on a blue background", "apple, fruit on blue"}}));
  for (const char* key : {"name", "ground", "code"}) {
    ImageOptions by;
    by.folder.attribute = key;
    const ImageSet named = open_images(s / "out", by).train;
    EXPECT_EQ(named.class_names.size() == 8, key == std::string("ground")) << key;
  }

  const PackagedResult few =
      build_packaged_set(set, {.out = s / "few", .root = s / "root", .grounds = parse_grounds("blue, white")});
  EXPECT_EQ(few.training + few.test, 3 * 2);

  fs::remove(share / "unicode/emoji/emoji-test.txt");
  expect_error(Code::io, {"emoji-test.txt] not there", "apt-get install unicode-data"},
               [&] { build_packaged_set(set, {.out = s / "two", .root = s / "root"}); });
  spill_emoji(s / "other");
  spill(s / "other/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf", "no font");
  expect_error(Code::input, {"NotoColorEmoji.ttf] content: expected a font of coloured bitmaps"},
               [&] { build_packaged_set(set, {.out = s / "two", .root = s / "other"}); });
  EXPECT_FALSE(fs::exists(s / "two"));
}

// A program of this name that copies a picture stands for librsvg's.
TEST(Packaged, PapirusHoldsOutEveryFifthOfColourAndSymbol) {
  const Scratch s;
  const fs::path icons = s / "root/usr/share/icons/Papirus/64x64/places";
  fs::create_directories(icons);
  const Names colours = {"black", "blue", "bluegrey", "palebrown", "red"};
  const Names symbols = {"documents", "git", "mail-cloud", "music", "video"};
  for (const std::string& colour : colours)
    for (const std::string& symbol : symbols)
      spill(icons / ((symbol == "video" ? "user-" : "folder-") + colour + "-" + symbol + ".svg"), "<svg/>");
  spill(icons / "folder-git.svg", "<svg/>");
  spill(icons / "folder-cloud-open.svg", "<svg/>");  // no colour: it has no documents
  fs::create_symlink("folder-red-git.svg", icons / "folder-red-same.svg");
  fs::create_directory(s / "bin");
  fs::copy_file(golden("io/orientation6.png"), s / "bin/picture.png");
  spill(s / "bin/rsvg-convert",
        "#!/bin/sh\n[ \"$1 $2 $3 $4 $5\" = '-w 64 -h 64 -o' ] && cp \"$(dirname \"$0\")/picture.png\" \"$6\"\n");
  fs::permissions(s / "bin/rsvg-convert", fs::perms::owner_all);
  const std::string before = std::getenv("PATH");
  const PackagedSet& set = find_packaged_set("papirus");
  setenv("PATH", (s / "nowhere").c_str(), 1);
  expect_error(Code::io, {"rsvg-convert] not there", "apt-get install librsvg2-bin"},
               [&] { build_packaged_set(set, {.out = s / "out", .root = s / "root"}); });
  EXPECT_FALSE(fs::exists(s / "out"));
  setenv("PATH", ((s / "bin").string() + ":" + before).c_str(), 1);
  const PackagedResult built = build_packaged_set(set, {.out = s / "out", .root = s / "root"});
  Image red{2, 1, 4, {255, 0, 0, 255, 9, 9, 9, 0}};  // its right half is clear
  spill(s / "bin/picture.png", to_png(red));
  const PackagedResult grounded =
      build_packaged_set(set, {.out = s / "grounded", .root = s / "root", .grounds = parse_grounds("pink,blue")});
  fs::remove(s / "bin/picture.png");
  expect_error(Code::input, {".svg] rsvg-convert could not draw this"},
               [&] { build_packaged_set(set, {.out = s / "two", .root = s / "root"}); });
  setenv("PATH", before.c_str(), 1);
  EXPECT_EQ(built.training, 20);
  EXPECT_EQ(built.test, 5);
  const ImageData data = open_images(s / "out");
  std::map<std::string, int> seen;
  for (const std::string& name : data.train.names) {
    ++seen[name.substr(0, name.find('-'))];
    ++seen[name.substr(name.find('-') + 1)];
  }
  EXPECT_EQ(seen.size(), size_t{10});
  for (const auto& [word, count] : seen) EXPECT_EQ(count, 4) << word;
  bool spoken = false;
  for (const std::string& caption : data.train.captions) {
    EXPECT_NE(caption.find("folder"), std::string::npos);
    spoken = spoken || caption == "a pale brown folder with a mail cloud symbol";
  }
  EXPECT_TRUE(spoken);
  EXPECT_EQ(data.train.wordings.at(0).size(), size_t{4});
  ImageOptions by;
  by.folder.attribute = "colour";
  EXPECT_EQ(open_images(s / "out", by).test.class_names, (Names{"black", "blue", "blue grey", "pale brown", "red"}));
  by.folder.attribute = "symbol";
  EXPECT_EQ(open_images(s / "out", by).train.class_names, symbols);

  // Each of them on two grounds, on one side of the split, and the texts say so.
  EXPECT_EQ(grounded.training, 2 * built.training);
  EXPECT_EQ(grounded.test, 2 * built.test);
  by.folder.attribute = "ground";
  const ImageSet on = open_images(s / "grounded", by).train;
  EXPECT_EQ(on.class_names, (Names{"blue", "pink"}));
  const auto at =
      static_cast<size_t>(std::find(on.names.begin(), on.names.end(), "red-music-blue.png") - on.names.begin());
  ASSERT_LT(at, on.names.size());
  EXPECT_EQ(on.wordings.at(at),
            (Names{"a red folder with a music symbol on blue", "red folder with music, blue background",
                   "music on a red folder on a blue background", "red music folder on blue"}));
  EXPECT_EQ(on.picture(static_cast<int64_t>(at)).values, (std::vector<uint8_t>{255, 0, 0, 40, 90, 214}));
}

TEST(Packaged, GroundsHaveNames) {
  EXPECT_EQ(parse_grounds("all").size(), size_t{8});
  const std::vector<NamedColour> two = parse_grounds("white, black");
  ASSERT_EQ(two.size(), size_t{2});
  EXPECT_EQ(two[1].name, "black");
  EXPECT_EQ(two[1].colour, (Rgb{0, 0, 0}));
  expect_error(Code::usage, {"gren", "unknown ground 'gren': did you mean 'grey'?"},
               [] { parse_grounds("white,gren"); });
  expect_error(Code::usage, {"[data] grounds: expected each once, got blue twice"}, [] { parse_grounds("blue,blue"); });
  EXPECT_EQ(parse_grounds(" all ").size(), size_t{8});
  expect_error(Code::usage, {"[data] grounds: expected all, or names of some, got all,white"},
               [] { parse_grounds("all,white"); });
  expect_error(Code::usage, {"ground"}, [] { parse_grounds(""); });
  expect_error(Code::usage, {"ground"}, [] { parse_grounds("white,,blue"); });
  const Scratch s;
  expect_error(
      Code::usage, {"[data glyphs] grounds of a set whose texts name them: expected one of ", "openclipart"},
      [&] { build_packaged_set(find_packaged_set("glyphs"), {.out = s / "out", .grounds = parse_grounds("red")}); });
}

}  // namespace
}  // namespace roulade
