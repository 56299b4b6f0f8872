// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/tokenizer.hpp"

#include "roulade/text/clip_bpe.hpp"
#include "roulade/text/encoder_list.hpp"
#include "roulade/text/unigram.hpp"
#include "roulade/text/wordpiece.hpp"
#include "tests/io/scratch.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

std::unique_ptr<const Tokenizer> open(const std::string& name) { return open_tokenizer(golden("text/" + name)); }

/// A file of a golden tokenizer in another folder.
void put(const std::string& name, const std::string& file, const std::filesystem::path& to) {
  std::filesystem::create_directories(to);
  std::filesystem::copy_file(golden("text/" + name + "/" + file), to / file);
}

Vocabulary vocabulary(const std::vector<std::string>& pieces) {
  Vocabulary out;
  for (const std::string& piece : pieces) out.add(piece, out.size(), "test");
  return out;
}

Words one_word(const std::string& text) {
  Words out{unicode::decode(text), {}};
  out.words.emplace_back(0, static_cast<uint32_t>(out.text.size()));
  return out;
}

std::vector<int64_t> ids_of(const WordModel& model, const std::string& word) {
  std::vector<Token> tokens;
  model.encode(one_word(word), tokens);
  std::vector<int64_t> out;
  for (const Token& token : tokens) out.push_back(token.id);
  return out;
}

TEST(Wordpiece, TakesTheLongestPieceFromTheLeft) {
  const auto model = make_wordpiece(vocabulary({"[UNK]", "un", "##aff", "##able", "##a", "u"}), {}, "test");
  EXPECT_EQ(ids_of(*model, "unaffable"), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(ids_of(*model, "una"), (std::vector<int64_t>{1, 4}));
  EXPECT_EQ(ids_of(*model, "unx"), (std::vector<int64_t>{0}));  // all of the word
  EXPECT_EQ(ids_of(*model, "aff"), (std::vector<int64_t>{0}));
}

TEST(BytePair, MergesByRankThenFromTheLeft) {
  BytePairSettings settings;
  settings.merges = {{"a", "b"}, {"b", "c"}, {"ab", "c"}, {"a", "a"}};
  const auto model = make_byte_pair(vocabulary({"a", "b", "c", "ab", "bc", "abc", "aa"}), settings, "test");
  EXPECT_EQ(ids_of(*model, "abc"), (std::vector<int64_t>{5}));
  EXPECT_EQ(ids_of(*model, "bcab"), (std::vector<int64_t>{4, 3}));
  EXPECT_EQ(ids_of(*model, "aaa"), (std::vector<int64_t>{6, 0}));
  EXPECT_EQ(ids_of(*model, "aaab"), (std::vector<int64_t>{6, 3}));  // a b comes before a a
}

TEST(Unigram, TakesTheMostProbableCut) {
  UnigramSettings settings;
  settings.scores = {0, -1, -2, -2.5, -6, -1};
  const auto model = make_unigram(vocabulary({"<unk>", "a", "b", "ab", "aba", "c"}), settings, "test");
  EXPECT_EQ(ids_of(*model, "ab"), (std::vector<int64_t>{3}));          // -2.5 against -3
  EXPECT_EQ(ids_of(*model, "aba"), (std::vector<int64_t>{3, 1}));      // -3.5 against -6 and -4
  EXPECT_EQ(ids_of(*model, "axyc"), (std::vector<int64_t>{1, 0, 5}));  // unknown ones become one
}

TEST(Unigram, SpellsUnknownsInBytes) {
  std::vector<std::string> pieces{"<unk>", "a"};
  for (int byte = 0; byte < 256; ++byte) pieces.push_back(fmt::format("<0x{:02X}>", byte));
  UnigramSettings settings;
  settings.scores.assign(pieces.size(), -1);
  settings.byte_fallback = true;
  const auto model = make_unigram(vocabulary(pieces), settings, "test");
  EXPECT_EQ(ids_of(*model, "aé"), (std::vector<int64_t>{1, 2 + 0xC3, 2 + 0xA9}));
}

/// Time for a word of n characters, the least of three.
double seconds(const WordModel& model, const std::string& word) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    ids_of(model, word);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

// Sixteen times the length: quadratic work takes 256 times as long, n log n about 20.
TEST(BytePair, IsNotQuadratic) {
  BytePairSettings settings;
  settings.merges = {{"a", "a"}, {"aa", "aa"}, {"aaaa", "aaaa"}, {"a", "b"}};
  const auto model = make_byte_pair(vocabulary({"a", "b", "aa", "aaaa", "aaaaaaaa", "ab"}), settings, "test");
  EXPECT_LT(seconds(*model, std::string(160000, 'a')), 100 * seconds(*model, std::string(10000, 'a')));
}

TEST(Tokenizer, SaysWhatTheLimitLeftOut) {
  for (const char* name : {"wordpiece", "clip_bpe", "unigram"}) {
    const auto tokenizer = open(name);
    const std::string text = "a photograph of an astronaut riding a horse on the moon";
    const Encoded all = tokenizer->encode(text, 0);
    EXPECT_EQ(all.cut_tokens, 0);
    EXPECT_EQ(all.cut_text, "");
    const auto count = static_cast<int64_t>(all.ids.size());
    const Encoded cut = tokenizer->encode(text, count - 4);
    EXPECT_EQ(static_cast<int64_t>(cut.ids.size()), count - 4) << name;
    EXPECT_EQ(cut.cut_tokens, 4) << name;
    EXPECT_EQ(cut.ids.back(), all.ids.back()) << name;
    EXPECT_TRUE(text.ends_with(cut.cut_text) && !cut.cut_text.empty()) << name << ": " << cut.cut_text;
    // What was cut has the tokens that were cut (and CLIP's and BERT's begin).
    const Encoded rest = tokenizer->encode(cut.cut_text, 0);
    if (cut.cut_text[0] != ' ' && text[text.size() - cut.cut_text.size() - 1] == ' ') {
      EXPECT_TRUE(std::equal(all.ids.end() - 5, all.ids.end(), rest.ids.end() - 5)) << name;
    }
  }
}

TEST(Tokenizer, CutsWhereTheSourceIs) {
  const auto tokenizer = open("wordpiece");
  // "é" as two code points, an ideograph, white space that goes: offsets are those of the bytes that came in.
  const std::string text = "  e\u0301t\u00e9\x01 \u732b!";
  const Encoded cut = tokenizer->encode(text, static_cast<int64_t>(tokenizer->encode(text, 0).ids.size()) - 1);
  EXPECT_EQ(cut.cut_text, "!");
  EXPECT_EQ(tokenizer->encode(text, static_cast<int64_t>(tokenizer->encode(text, 0).ids.size()) - 2).cut_text,
            "\u732b!");
}

TEST(Tokenizer, KnowsLimitPaddingAndPieces) {
  EXPECT_EQ(open("wordpiece")->limit(), 32);        // tokenizer_config.json
  EXPECT_EQ(open("wordpiece_cased")->limit(), 20);  // truncation of tokenizer.json
  EXPECT_EQ(open("clip_bpe")->limit(), 77);         // CLIP's own
  EXPECT_EQ(open("unigram")->limit(), 0);           // 10^30 says: none
  EXPECT_EQ(open("unigram")->family(), "unigram");
  const auto clip = open("clip_bpe");
  EXPECT_EQ(clip->piece(*clip->padding()), "!");
  EXPECT_EQ(clip->find("<|endoftext|>"), clip->size() - 1);
  expect_error(Code::usage, {"id", "got -1"}, [&] { clip->piece(-1); });
}

TEST(Tokenizer, KnowsWhereWordsGoOn) {
  const auto clip = open("clip_bpe");
  const std::vector<int64_t> alone = clip->encode("ample", 0).ids, longer = clip->encode("xample an", 0).ids;
  ASSERT_EQ(alone.size(), size_t{3});
  const auto tail = std::find(longer.begin(), longer.end(), alone[1]);
  ASSERT_NE(tail, longer.end());  // the same piece ends both
  EXPECT_TRUE(clip->goes_on(*(tail - 1)));
  EXPECT_FALSE(clip->goes_on(*tail));
  EXPECT_FALSE(clip->goes_on(longer.front()));
  EXPECT_FALSE(clip->goes_on(longer.back()));
  const auto wordpiece = open("wordpiece");  // its marks are of what continues
  for (int64_t id = 0; id < 100; ++id) EXPECT_FALSE(wordpiece->goes_on(id));
}

// As transformers before 4.34 saved what was added to a vocabulary.
TEST(Tokenizer, AddedTokensMayHaveAFileOfTheirOwn) {
  const Scratch folder;
  for (const char* file : {"vocab.json", "merges.txt", "tokenizer_config.json"}) put("clip_bpe", file, folder.folder());
  const int64_t size = open("clip_bpe")->size();
  spill(folder / "added_tokens.json", fmt::format(R"({{"<Cat-Toy>": {}, "<dog>": {}}})", size, size + 1));
  spill(folder / "special_tokens_map.json", R"({"additional_special_tokens": ["<dog>"]})");
  const auto tokenizer = open_tokenizer(folder.folder());
  const auto count = [&](const std::string& text, int64_t id) {
    const std::vector<int64_t> ids = tokenizer->encode(text, 0).ids;
    return std::count(ids.begin(), ids.end(), id);
  };
  EXPECT_EQ(tokenizer->size(), size + 2);
  EXPECT_EQ(count("a <Cat-Toy> and a <cat-toy>", size), 2) << "found in the text without capitals";
  EXPECT_EQ(count("a <dog> and a <DOG>", size + 1), 1) << "special: found in the text as it is";
  EXPECT_TRUE(is_tokenizer_file("added_tokens.json"));
  // Where the newer list is there, too, it alone counts.
  spill(folder / "tokenizer_config.json",
        fmt::format(R"({{"added_tokens_decoder": {{"{}": {{"content": "<dog>", "special": true}}}}}})", size));
  EXPECT_EQ(open_tokenizer(folder.folder())->find("<dog>"), size);
  EXPECT_EQ(open_tokenizer(folder.folder())->find("<Cat-Toy>"), std::nullopt);
}

TEST(Tokenizer, AdditionalSpecialTokensAreWhole) {
  const Scratch folder;
  spill(folder / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n<Cat>\na\n");
  spill(folder / "tokenizer_config.json", R"({"additional_special_tokens": ["<Cat>"]})");
  EXPECT_EQ(open_tokenizer(folder.folder())->encode("a<Cat>a").ids, (std::vector<int64_t>{2, 5, 4, 5, 3}));
}

// As BertTokenizerFast has it, whose arguments tokenizer_config.json holds.
TEST(Tokenizer, BertsConfigurationGoesBeforeTheNormaliser) {
  const Scratch folder;
  put("wordpiece_cased", "tokenizer.json", folder.folder());
  const auto ids = [&](const std::string& config, const std::string& text) {
    spill(folder / "tokenizer_config.json", config);
    return open_tokenizer(folder.folder())->encode(text, 0).ids;
  };
  const std::string as_it_is = "{}", lower = R"({"tokenizer_class": "BertTokenizer", "do_lower_case": true})";
  EXPECT_NE(ids(as_it_is, "SNOW"), ids(as_it_is, "snow"));
  EXPECT_EQ(ids(lower, "SNOW"), ids(lower, "snow"));
  EXPECT_EQ(ids(lower, "ni\u00f1o"), ids(lower, "nino")) << "accents go with the capitals";
  EXPECT_EQ(ids(R"({"do_lower_case": true, "strip_accents": false})", "SN\u00d6W"), ids(as_it_is, "sn\u00f6w"));
  EXPECT_EQ(ids(R"({"do_lower_case": false, "strip_accents": true})", "Ni\u00f1o"), ids(as_it_is, "Nino"));
  // Two unknown ideographs are one word, or two.
  EXPECT_EQ(ids(as_it_is, "\u9f98\u9f98").size(), 3U);
  EXPECT_EQ(ids(R"({"do_lower_case": false, "tokenize_chinese_chars": true})", "\u9f98\u9f98").size(), 4U);
  // Nothing disagrees; a class without these arguments.
  for (const char* same : {R"({"do_lower_case": false, "strip_accents": false, "tokenize_chinese_chars": false})",
                           R"({"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": true})"})
    for (const char* text : {"SNOW", "Ni\u00f1o \u9f98\u9f98"}) EXPECT_EQ(ids(same, text), ids(as_it_is, text)) << same;
}

// As diffusers saves a pipeline of several text encoders.
TEST(TokenizerFolder, IsThatOfTheEncodersNumber) {
  const Scratch pipeline;
  for (const char* name : {"text_encoder", "text_encoder_2", "text_encoder_3"})
    std::filesystem::create_directories(pipeline / name);
  put("wordpiece", "vocab.txt", pipeline / "tokenizer");
  put("unigram", "spiece.model", pipeline / "tokenizer_2");
  EXPECT_EQ(tokenizer_folder(pipeline / "text_encoder"), pipeline / "tokenizer");
  EXPECT_EQ(tokenizer_folder(pipeline / "text_encoder_2"), pipeline / "tokenizer_2");
  EXPECT_EQ(tokenizer_folder(pipeline / "text_encoder_2/"), pipeline / "tokenizer_2");
  const std::vector<TextEncoderFile> files = text_encoder_files(pipeline / "text_encoder_2");
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].path, pipeline / "tokenizer_2/spiece.model");
  const std::vector<std::string> parts{"text_encoder_3", "expected", "tokenizer_3", "another encoder's"};
  expect_error(Code::io, parts, [&] { tokenizer_folder(pipeline / "text_encoder_3"); });
  expect_error(Code::io, parts, [&] { text_encoder_files(pipeline / "text_encoder_3"); });
  put("wordpiece", "vocab.txt", pipeline / "text_encoder_3");
  EXPECT_EQ(tokenizer_folder(pipeline / "text_encoder_3"), pipeline / "text_encoder_3") << "its own";
}

TEST(Tokenizer, FillsBatches) {
  const auto tokenizer = open("wordpiece");
  const std::vector<std::string> texts{"a horse", "", "a photograph of an astronaut"};
  const EncodedBatch batch = tokenizer->encode_batch(texts);
  const int64_t longest = static_cast<int64_t>(batch.rows[2].ids.size());
  ASSERT_EQ(batch.ids.sizes(), (std::vector<int64_t>{3, longest}));
  ASSERT_EQ(batch.mask.sizes(), batch.ids.sizes());
  for (size_t row = 0; row < 3; ++row) {
    const std::vector<int64_t> alone = tokenizer->encode(texts[row]).ids;
    EXPECT_EQ(batch.rows[row].ids, alone);
    for (int64_t i = 0; i < longest; ++i) {
      const int64_t at = static_cast<int64_t>(row) * longest + i;
      const bool inside = i < static_cast<int64_t>(alone.size());
      EXPECT_EQ(batch.ids.const_data_ptr<int64_t>()[at],
                inside ? alone[static_cast<size_t>(i)] : *tokenizer->padding());
      EXPECT_EQ(batch.mask.const_data_ptr<bool>()[at], inside);
    }
  }
  EXPECT_EQ(tokenizer->encode_batch(texts, 0).ids.size(1), 32);
  const EncodedBatch four = tokenizer->encode_batch(texts, 4);
  EXPECT_EQ(four.ids.size(1), 4);
  EXPECT_GT(four.rows[2].cut_tokens, 0);
  expect_error(Code::usage, {"no limit"}, [&] { open("unigram")->encode_batch(texts, 0); });
  expect_error(Code::usage, {"limit of tokens", "at least 2"}, [&] { tokenizer->encode("a", 1); });
}

TEST(Tokenizer, RefusesWhatIsNotUtf8) {
  for (const char* text : {"a\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "caf\xC3"})
    expect_error(Code::input, {"not UTF-8"}, [&] { open("clip_bpe")->encode(text); });
}

TEST(Tokenizer, ServesManyThreads) {
  const auto tokenizer = open("unigram");
  const std::string text = "Le garçon naïf a mangé des crêpes ｆｕｌｌ";
  const std::vector<int64_t> expected = tokenizer->encode(text).ids;
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) wrong += tokenizer->encode(text).ids != expected;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace roulade
