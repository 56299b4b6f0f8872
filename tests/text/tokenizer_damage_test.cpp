// SPDX-License-Identifier: Apache-2.0
// Damaged files, and files that ask for what is not computed: Error(input) with file and reason.
#include "roulade/text/charsmap.hpp"
#include "roulade/text/tokenizer.hpp"
#include "tests/io/scratch.hpp"
#include "tests/mutate.hpp"

#include <functional>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::json;

/// A copy of a golden folder in which one file is another.
struct Copy {
  Scratch folder;
  Copy(const std::string& name, const std::string& file, const std::string& content) {
    for (const auto& entry : std::filesystem::directory_iterator(golden("text/" + name)))
      if (entry.path().filename() != "ids.json")
        std::filesystem::copy_file(entry.path(), folder / entry.path().filename().string());
    spill(folder / file, content);
  }
};

std::string original(const std::string& path) { return slurp(golden("text/" + path)); }

void refuses(const std::string& name, const std::string& file, const std::string& content,
             const std::vector<std::string>& parts) {
  const Copy copy(name, file, content);
  std::vector<std::string> all = parts;
  all.push_back(file);
  expect_error(Code::input, all, [&] { open_tokenizer(copy.folder.folder()); });
}

void refuses_json(const std::string& name, const std::function<void(Json&)>& change,
                  const std::vector<std::string>& parts) {
  Json json = Json::parse(original(name + "/tokenizer.json"));
  change(json);
  refuses(name, "tokenizer.json", json.dump(), parts);
}

TEST(TokenizerDamage, VocabularyFiles) {
  refuses("wordpiece", "vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\na\n", {"'a' has the ids 3 and 4"});
  refuses("wordpiece", "vocab.txt", "[CLS]\n[SEP]\na\n", {"no '[UNK]'"});
  refuses("wordpiece", "vocab.txt", "[UNK]\n[SEP]\na\n", {"no '[CLS]'"});
  refuses("wordpiece", "vocab.txt", "[UNK]\n\xFF\n", {"not UTF-8 (byte 6)"});
  refuses("clip_bpe", "merges.txt", "#version: 0.2\na b c\n", {"merges.txt:2", "two pieces"});
  refuses("clip_bpe", "merges.txt", "#version: 0.2\na qqq\n", {"merge 1", "no 'qqq'"});
  refuses("clip_bpe", "merges.txt", "\u2581 a\n", {"no '\u2581'"});
  refuses("clip_bpe", "vocab.json", "{\"a\": 0, \"b\": 0}", {"id 0 belongs to 'a' and to 'b'"});
  refuses("clip_bpe", "vocab.json", "{\"a\": -1}", {"id of 'a'", "got -1"});
  refuses("clip_bpe", "vocab.json", "{\"a\": 4000000000}", {"id of 'a'", "got 4000000000"});
  refuses("clip_bpe", "vocab.json", "{\"a\": 1.5}", {"a whole number"});
  refuses("clip_bpe", "vocab.json", "[]", {"an object"});
  refuses("clip_bpe", "vocab.json", "{\"a\"", {"not JSON"});
  refuses("clip_bpe", "tokenizer_config.json", "{\"tokenizer_class\": \"GPT2Tokenizer\"}",
          {"CLIPTokenizer", "GPT2Tokenizer"});
  refuses("clip_bpe", "tokenizer_config.json", "{\"padding_side\": \"left\"}", {"padding_side", "right"});
  refuses("clip_bpe", "tokenizer_config.json", "{\"truncation_side\": \"left\"}", {"truncation_side", "right"});
  refuses("clip_bpe", "tokenizer_config.json", "{\"model_max_length\": -3}", {"model_max_length", "1 or more"});
  refuses("clip_bpe", "added_tokens.json", "{\"<x>\": \"y\"}", {"['<x>']", "a whole number"});
  refuses("clip_bpe", "added_tokens.json", "[]", {"an object"});
  refuses("clip_bpe", "tokenizer_config.json", "{\"additional_special_tokens\": [\"</w>\", \"<x>\"]}",
          {"additional_special_tokens[0]", "added_tokens.json", "got </w>"});
  refuses("wordpiece", "tokenizer_config.json", "{\"do_basic_tokenize\": false}", {"do_basic_tokenize", "true"});
  refuses("wordpiece", "tokenizer_config.json", "{\"tokenizer_class\": \"BertJapaneseTokenizer\"}",
          {"tokenizer_class", "BertTokenizer", "BertJapaneseTokenizer"});
  refuses("wordpiece", "tokenizer_config.json", "{\"word_tokenizer_type\": \"mecab\"}",
          {"word_tokenizer_type", "basic", "mecab"});
  refuses("wordpiece", "tokenizer_config.json", "{\"subword_tokenizer_type\": \"character\"}",
          {"subword_tokenizer_type", "wordpiece", "character"});
  for (const char* same : {"BertTokenizerFast", "DistilBertTokenizer", "ElectraTokenizerFast"}) {
    const Copy copy("wordpiece", "tokenizer_config.json", "{\"tokenizer_class\": \"" + std::string(same) + "\"}");
    EXPECT_EQ(open_tokenizer(copy.folder.folder())->family(), "wordpiece") << same;
  }
  const Scratch empty;
  expect_error(Code::io, {"no tokenizer"}, [&] { open_tokenizer(empty.folder()); });
  std::filesystem::copy_file(golden("text/clip_bpe/vocab.json"), empty / "vocab.json");
  expect_error(Code::io, {"merges.txt"}, [&] { open_tokenizer(empty.folder()); });
}

TEST(TokenizerDamage, WhatIsNotComputedIsNamed) {
  const std::string bert = "wordpiece_cased", bytes = "unigram_bytes", gpt2 = "gpt2_bpe";
  refuses_json(bert, [](Json& j) { j["normalizer"]["type"] = "StripAccents"; }, {"normalizer type", "StripAccents"});
  refuses_json(bert, [](Json& j) { j["pre_tokenizer"]["type"] = "Digits"; }, {"pre_tokenizer type", "Digits"});
  refuses_json(bert, [](Json& j) { j["post_processor"]["type"] = "Sequence"; }, {"post_processor type", "Sequence"});
  refuses_json(bert, [](Json& j) { j["model"]["type"] = "WordLevel"; }, {"model type", "WordLevel"});
  refuses_json(bert, [](Json& j) { j["added_tokens"][0]["single_word"] = true; }, {"added_tokens[0] single_word"});
  refuses_json(bert, [](Json& j) { j["added_tokens"][0]["id"] = 3; }, {"'[PAD]' has the ids 0 and 3"});
  refuses_json(bert, [](Json& j) { j["post_processor"]["cls"][1] = 99999; }, {"token at the beginning", "got 99999"});
  refuses_json(bert, [](Json& j) { j["truncation"]["direction"] = "Left"; }, {"truncation direction", "Left"});
  refuses_json(bert, [](Json& j) { j["truncation"]["max_length"] = 2; }, {"limit of tokens", "above 2"});
  refuses_json(bert, [](Json& j) { j["padding"]["pad_id"] = -7; }, {"padding token", "got -7"});
  refuses_json(bert, [](Json& j) { j["model"].erase("vocab"); }, {"vocab is missing"});
  refuses_json(gpt2, [](Json& j) { j["model"]["ignore_merges"] = true; }, {"model ignore_merges"});
  refuses_json(gpt2, [](Json& j) { j["model"]["dropout"] = 0.1; }, {"model dropout"});
  refuses_json(gpt2, [](Json& j) { j["pre_tokenizer"]["add_prefix_space"] = true; }, {"add_prefix_space", "false"});
  refuses_json(gpt2, [](Json& j) { j["pre_tokenizer"] = nullptr; }, {"ByteLevel"});
  refuses_json(gpt2, [](Json& j) { j["model"]["merges"].push_back(j["model"]["merges"][0]); }, {"is there twice"});
  refuses_json(gpt2,
               [](Json& j) {
                 j["pre_tokenizer"] = {
                     {"type", "Split"}, {"pattern", {{"Regex", "\\d+"}}}, {"behavior", "Removed"}, {"invert", true}};
               },
               {"Regex", "CLIP's", "\\d+"});
  refuses_json(bytes, [](Json& j) { j["model"]["unk_id"] = nullptr; }, {"unk_id is missing"});
  refuses_json(bytes, [](Json& j) { j["model"]["unk_id"] = 100000; }, {"unk_id", "got 100000"});
  refuses_json(bytes, [](Json& j) { j["model"]["vocab"][5][1] = "x"; }, {"vocab[5][1]", "a number"});
  refuses_json(bytes, [](Json& j) { j["normalizer"]["normalizers"][3]["pattern"]["Regex"] = "a+"; }, {"Regex", "a+"});
  refuses_json(bytes, [](Json& j) { j["pre_tokenizer"]["replacement"] = "ab"; }, {"replacement", "one character"});
}

TEST(TokenizerDamage, SentencepieceFiles) {
  const std::string whole = original("unigram/spiece.model");
  refuses("unigram", "spiece.model", whole.substr(0, whole.size() / 2), {"bytes announced"});
  refuses("unigram", "spiece.model", "", {"no pieces"});
  refuses("unigram", "spiece.model", "not a model", {"not a SentencePiece model"});
  refuses("unigram", "spiece.model", std::string("\x0a\x05\x0a\x03\xFF\xFF\xFF", 7), {"piece 0 is not UTF-8"});
  refuses("unigram", "spiece.model",
          std::string("\x0a\x03\x0a\x01"
                      "a\x0a\x03\x0a\x01"
                      "a",
                      10),
          {"'a' has the ids 0 and 1"});
  refuses("unigram", "spiece.model",
          std::string("\x0a\x05\x0a\x01"
                      "a\x18\x04",
                      7),
          {"of type 4"});
  refuses("unigram", "spiece.model",
          std::string("\x0a\x03\x0a\x01"
                      "a\x12\x02\x18\x02",
                      9),
          {"model_type", "got 2"});
  refuses("unigram", "spiece.model",
          std::string("\x0a\x03\x0a\x01"
                      "a\x1a\x02\x18\x00",
                      9),
          {"add_dummy_prefix", "got false"});
  refuses("unigram", "spiece.model",
          std::string("\x0a\x08\x0a\x01"
                      "a\x15\x00\x00\x80\x7f",
                      10),
          {"score of piece 0", "inf"});
  refuses("unigram", "spiece.model", std::string(12, '\xFF'), {"ten bytes"});
}

/// A charsmap of 256 units, all empty but the root, which looks for its children in its own block.
std::string charsmap(const std::vector<std::pair<size_t, uint32_t>>& units, const std::string& results) {
  std::vector<uint32_t> array(256);
  for (const auto& [at, unit] : units) array[at] = unit;
  std::string out;
  const auto put = [&](uint32_t n) {
    for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(n >> shift & 0xFF);
  };
  put(1024);
  for (const uint32_t unit : array) put(unit);
  return out + results;
}

TEST(TokenizerDamage, Charsmaps) {
  // Root: children at 4 ^ byte. 'a' (4 ^ 97 = 101) leads to 101 ^ 101 ^ 8 = 8 and has a leaf there: result 0.
  const uint32_t to_8 = (101 ^ 8) << 10 | 1 << 8 | 'a';
  const Charsmap good(charsmap({{0, 4 << 10}, {101, to_8}, {8, 1u << 31}}, std::string("xyz\0", 4)), "c");
  EXPECT_EQ(good.find("abc"), "xyz");
  EXPECT_EQ(good.find("b"), std::nullopt);
  const auto bad = [](const std::string& file, const std::string& part) {
    expect_error(Code::input, {"[c]", part}, [&] { Charsmap(file, "c"); });
  };
  bad("", "charsmap");
  bad("\xFF\xFF\xFF\x7F", "charsmap");
  bad(charsmap({{0, 4 << 10}, {101, to_8}, {8, 1u << 31 | 9}}, std::string("xyz\0", 4)), "points at no result");
  bad(charsmap({{0, 4 << 10}, {101, (101 ^ 4) << 10 | 'a'}}, "x"), "leads in a circle");
  bad(charsmap({{0, 4 << 10}, {101, 1 << 20 | 'a'}}, "x"), "leads out of the array");
  bad(charsmap({{0, 1 << 20}}, "x"), "leads out of the array");
  bad(charsmap({{0, 4 << 10}}, "\xFF"), "not UTF-8");
}

/// Whatever was changed: it opens and answers, or says why not.
void survives_changes(const std::string& name, const std::string& file, int count) {
  std::mt19937 random(11);
  const std::string whole = original(name + "/" + file);
  int opened = 0;
  for (int i = 0; i < count; ++i) {
    const Copy copy(name, file, test::mutate(whole, random));
    try {
      const auto tokenizer = open_tokenizer(copy.folder.folder());
      ++opened;
      for (const char* text :
           {"a photograph of 3 cats", "e\u0301t\u00e9 \u732b \uFB01\u0301 \r\n \U0001F469\u200D\U0001F680", ""}) {
        const Encoded encoded = tokenizer->encode(text, 0);
        for (const int64_t id : encoded.ids) ASSERT_TRUE(id >= 0 && id < tokenizer->size());
      }
    } catch (const Error& e) {
      EXPECT_TRUE(e.code() == Code::input || e.code() == Code::io) << e.what();
    }
  }
  EXPECT_LT(opened, count) << "nothing was refused";
}

TEST(TokenizerDamage, ChangedAtRandom) {
  survives_changes("wordpiece", "vocab.txt", 150);
  survives_changes("wordpiece_cased", "tokenizer.json", 150);
  survives_changes("clip_bpe", "vocab.json", 80);
  survives_changes("clip_bpe", "merges.txt", 150);
  survives_changes("clip_bpe", "tokenizer_config.json", 300);
  survives_changes("unigram_bytes", "tokenizer.json", 100);
  survives_changes("unigram", "spiece.model", 200);
}

}  // namespace
}  // namespace roulade
