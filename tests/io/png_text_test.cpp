// SPDX-License-Identifier: Apache-2.0
// Texts in PNG files: Pillow's come back (tools/golden/png_text.py), ours come back, damaged ones do not. SHA-256 gives
// the values of FIPS 180-4's examples.
#include "roulade/io/png_text.hpp"

#include "roulade/io/image.hpp"
#include "roulade/io/sha256.hpp"
#include "tests/io/scratch.hpp"
#include "tests/mutate.hpp"

#include <random>

#include <gtest/gtest.h>
#include <zlib.h>

namespace roulade {
namespace {

using Texts = std::vector<PngText>;

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string number(uint32_t n) {
  return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8), static_cast<char>(n)};
}

std::string chunk(const std::string& name, const std::string& data) {
  const std::string body = name + data;
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return number(static_cast<uint32_t>(data.size())) + body + number(static_cast<uint32_t>(crc));
}

std::string packed(const std::string& text) {
  std::string out(compressBound(text.size()), '\0');
  uLongf size = out.size();
  compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(text.data()), text.size());
  out.resize(size);
  return out;
}

std::string blank() { return to_png({2, 1, 1, {0, 255}}); }

/// A picture with one more chunk behind its header.
std::string with_chunk(const std::string& name, const std::string& data) {
  return blank().insert(33, chunk(name, data));
}

const std::string zero(1, '\0');

TEST(PngText, AnotherWritersTextsOfEveryKind) {
  EXPECT_EQ(read_png_texts(golden("io/texts.png")), (Texts{{"Title", "plain"},
                                                           {"Latin", "né à Köln\nÿ"},
                                                           {"packed", repeated("again and ", 100)},
                                                           {"parameters", "一只猫, a cat\nSteps: 20"},
                                                           {"packed too", repeated("сон ", 100)},
                                                           {"Title", "a second one"}}));
  EXPECT_TRUE(read_png_texts(golden("io/rgb8.png")).empty());
}

TEST(PngText, WhatIsWrittenIsRead) {
  const Texts texts{{"a", ""},
                    {"parameters", "tab\t \"quote\" \\ é\n trailing \n"},
                    {"café", "猫 🐈 \n"},
                    {"roulade", repeated("x", 70000)},
                    {repeated("k", 79), "ÿ\xc2\x80"}};
  const std::string file = with_png_texts(blank(), texts);
  EXPECT_EQ(parse_png_texts(file, "f"), texts);
  EXPECT_EQ(parse_png(file, "f").values, (std::vector<uint8_t>{0, 255}));
  EXPECT_NE(file.find("tEXtparameters"), std::string::npos);
  EXPECT_NE(file.find("iTXtcaf\xe9"), std::string::npos);  // keywords are Latin-1
}

TEST(PngText, WhatPngDoesNotAllowIsRefused) {
  const auto refused = [](const PngText& text, const std::string& part) {
    expect_error(Code::usage, {"[PNG text] ", part}, [&] { with_png_texts(blank(), {text}); });
  };
  refused({"", "x"}, "keyword: expected 1 to 79 characters of Latin-1, got 0 characters");
  refused({repeated("k", 80), "x"}, "got 80 characters");
  refused({" k", "x"}, "spaces at an end");
  refused({"k  k", "x"}, "two together");
  refused({"a\nb", "x"}, "the character 10");
  refused({"猫", "x"}, "characters that Latin-1 lacks");
  refused({"k", "a\xff"}, "text: expected UTF-8");
  refused({"k", "a" + zero}, "text of k: expected at most 16777216 bytes, none zero, got a zero byte");
  expect_error(Code::usage, {"expected a PNG file, got 3 bytes"}, [] { with_png_texts("GIF", {}); });
}

TEST(PngText, DamageIsRefused) {
  const auto refused = [](const std::string& file, const std::string& part) {
    expect_error(Code::input, {"[the picture] ", part}, [&] { parse_png_texts(file, "the picture"); });
  };
  const std::string whole = slurp(golden("io/texts.png"));
  for (size_t length = 8; length < whole.size(); ++length) refused(whole.substr(0, length), "cut short, or damaged");
  refused("", "not a PNG file");
  std::string file = whole;
  file[file.find("plain")] = 'P';
  refused(file, "the checksum of a chunk tEXt at byte 33 is wrong");

  refused(with_chunk("tEXt", "no end"), "its keyword has no end");
  refused(with_chunk("tEXt", zero + "text"), "a keyword of 0 characters");
  refused(with_chunk("tEXt", "k" + zero + "a" + zero), "a zero byte in it");
  refused(with_chunk("zTXt", "k" + zero), "it is cut short");
  refused(with_chunk("zTXt", "k" + zero + "\1" + packed("x")), "packing of kind 1");
  refused(with_chunk("zTXt", "k" + zero + zero + "x"), "zlib data");
  refused(with_chunk("zTXt", "k" + zero + zero + packed("x") + "y"), "something follows the zlib data");
  refused(with_chunk("iTXt", "k" + zero + "\2" + zero + zero + zero + "x"), "a flag of 2");
  refused(with_chunk("iTXt", "k" + zero + zero + zero + "en"), "its language has no end");
  refused(with_chunk("iTXt", "k" + zero + zero + zero + zero + zero + "a\xff"), "it is not UTF-8");
}

// A few kilobytes that unpack to more than all texts may have, at once or together.
TEST(PngText, BombsAreRefused) {
  const auto refused = [](const std::string& file, const std::string& part) {
    expect_error(Code::input, {part}, [&] { parse_png_texts(file, "f"); });
  };
  const std::string bomb = "k" + zero + zero + packed(repeated(repeated("x", 1024), 10 * 1024));
  EXPECT_LT(bomb.size(), size_t{20000});
  EXPECT_EQ(parse_png_texts(with_chunk("zTXt", bomb), "f").front().text.size(), size_t{10} << 20);
  refused(with_chunk("zTXt", bomb).insert(33, chunk("zTXt", bomb)), "unpacked content is too large");
  const std::string latin = "k" + zero + zero + packed(repeated(repeated("\xe9", 1024), 10 * 1024));
  refused(with_chunk("zTXt", latin), "the texts are too large: expected at most 16777216 bytes");
}

TEST(PngText, MutantsAreReadOrRefused) {
  const std::string original = slurp(golden("io/texts.png"));
  std::mt19937 random(1);
  int refused = 0, read = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string mutant = test::mutate(original, random);
    for (size_t at = 8; at + 12 <= mutant.size();) {  // checksums made right, so that damage reaches the texts
      size_t length = 0;
      for (size_t k = at; k < at + 4; ++k) length = length << 8 | static_cast<unsigned char>(mutant[k]);
      if (length > mutant.size() - at - 12) break;
      mutant.replace(at, 12 + length, chunk(mutant.substr(at + 4, 4), mutant.substr(at + 8, length)));
      at += 12 + length;
    }
    try {
      for (const PngText& text : parse_png_texts(mutant, "f")) {
        EXPECT_GE(text.keyword.size(), size_t{1});
        EXPECT_EQ(parse_png_texts(with_png_texts(blank(), {text}), "f").front(), text);
      }
      ++read;
    } catch (const Error& e) {
      EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(Code::input)) << e.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 500);
  EXPECT_GT(read, 100);
}

TEST(Sha256, PublishedValues) {
  const auto of = [](const std::vector<std::string>& pieces) {
    Sha256 sum;
    for (const std::string& piece : pieces) sum.update(piece);
    return sum.hex();
  };
  EXPECT_EQ(of({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(of({"abc"}), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(of({"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmno", "mnopnopq"}),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(of(std::vector<std::string>(1000, repeated("a", 1000))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  const Scratch s;
  spill(s / "a", "a");
  spill(s / "bc", "bc");
  EXPECT_EQ(sha256_of({s / "a", s / "bc"}), of({"abc"}));
  expect_error(Code::io, {"nowhere"}, [&] { sha256_of({s / "nowhere"}); });
}

}  // namespace
}  // namespace roulade
