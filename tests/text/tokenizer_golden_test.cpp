// SPDX-License-Identifier: Apache-2.0
// The ids of Hugging Face's fast tokenizers on 2,668 texts, and their steps on every code point: tools/golden/text.py.
#include "roulade/core/utf8.hpp"
#include "roulade/text/steps.hpp"
#include "roulade/text/tokenizer.hpp"
#include "tests/io/scratch.hpp"

#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::json;

/// FNV-1a; the lower half of its 64 bits.
class Hash {
 public:
  void add(unsigned char byte) { state_ = (state_ ^ byte) * 0x100000001B3u; }
  void add(std::string_view bytes) {
    for (const char byte : bytes) add(static_cast<unsigned char>(byte));
  }
  std::string text() const { return fmt::format("{:08x}", state_ & 0xFFFFFFFF); }

 private:
  uint64_t state_ = 0xCBF29CE484222325u;
};

std::string hash_of(const std::vector<int64_t>& ids) {
  Hash hash;
  for (const int64_t id : ids)
    for (int shift = 0; shift < 32; shift += 8) hash.add(static_cast<unsigned char>(id >> shift & 0xFF));
  return hash.text();
}

const std::vector<std::string>& texts() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> out;
    for (const Json& one : Json::parse(slurp(golden("text/texts.json")))) {
      std::string text;
      if (one.is_array())
        for (int i = 0; i < one[1]; ++i) text += one[0];
      out.push_back(one.is_array() ? text : one.get<std::string>());
    }
    return out;
  }();
  return all;
}

void expect_same(const std::string& folder) {
  ASSERT_GT(texts().size(), 2000u);
  const auto tokenizer = open_tokenizer(golden("text/" + folder));
  const Json expected = Json::parse(slurp(golden("text/" + folder + "/ids.json")));
  const std::string hashes = expected["hash"];
  ASSERT_EQ(hashes.size(), 8 * texts().size());
  int wrong = 0;
  for (size_t i = 0; i < texts().size(); ++i) {
    const std::vector<int64_t> ids = tokenizer->encode(texts()[i], 0).ids;
    if (const std::string key = std::to_string(i); expected["ids"].contains(key)) {
      EXPECT_EQ(ids, expected["ids"][key].get<std::vector<int64_t>>()) << texts()[i];
    }
    if (hash_of(ids) == hashes.substr(8 * i, 8)) continue;
    if (++wrong < 10) ADD_FAILURE() << folder << ", text " << i << ": " << texts()[i].substr(0, 200);
  }
  EXPECT_EQ(wrong, 0);
}

TEST(TokenizerGolden, Wordpiece) { expect_same("wordpiece"); }
TEST(TokenizerGolden, WordpieceCased) { expect_same("wordpiece_cased"); }
TEST(TokenizerGolden, ClipBpe) { expect_same("clip_bpe"); }
TEST(TokenizerGolden, Gpt2Bpe) { expect_same("gpt2_bpe"); }
TEST(TokenizerGolden, Unigram) { expect_same("unigram"); }
TEST(TokenizerGolden, UnigramBytes) { expect_same("unigram_bytes"); }

TEST(TokenizerGolden, EveryCodePoint) {
  const Json expected = Json::parse(slurp(golden("text/code_points.json")));
  const auto form = [](unicode::Form f) { return [f](CodePoints& text) { unicode::normalise(text, f); }; };
  const std::map<std::string, Normaliser> steps{
      {"nfc", form(unicode::Form::nfc)},
      {"nfd", form(unicode::Form::nfd)},
      {"nfkc", form(unicode::Form::nfkc)},
      {"nfkd", form(unicode::Form::nfkd)},
      {"lower", unicode::lower},
      {"nmt", nmt()},
      {"clean", bert_normaliser({.clean = true, .ideographs = false, .strip_accents = false, .lower = false})},
      {"ideographs", bert_normaliser({.clean = false, .ideographs = true, .strip_accents = false, .lower = false})},
      {"accents", bert_normaliser({.clean = false, .ideographs = false, .strip_accents = true, .lower = false})}};
  ASSERT_EQ(expected.size(), steps.size());
  for (const auto& [name, step] : steps) {
    Hash hash;
    std::string bytes;
    CodePoints text;
    for (char32_t c = 0; c < 0x110000; ++c) {
      if (c >= 0xD800 && c < 0xE000) continue;
      text.assign(1, {c, 0});
      step(text);
      bytes.clear();
      for (const CodePoint& point : text) append_utf8(bytes, point.value);
      hash.add(bytes);
    }
    EXPECT_EQ(hash.text(), expected[name]) << name;
  }
}

}  // namespace
}  // namespace roulade
