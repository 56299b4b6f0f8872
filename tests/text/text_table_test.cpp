// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/text_table.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/pooled_text.hpp"
#include "roulade/text/small_text.hpp"
#include "roulade/text/text_network.hpp"
#include "roulade/text/word_tokenizer.hpp"
#include "tests/io/scratch.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

const std::vector<std::string> kTexts = {"a red heart", "heart", "A blue heart on white", "red heart"};

std::shared_ptr<const Tokenizer> words(int64_t limit = 0) {
  return make_word_tokenizer(word_vocabulary(kTexts, 1000), limit);
}

std::shared_ptr<const TextEncoder> encoder(int64_t vocabulary) {
  return make_small_text({.vocabulary = vocabulary, .positions = 16, .width = 12, .layers = 1, .heads = 2}, 3);
}

std::shared_ptr<TextTable> table() {
  const auto tokenizer = words();
  return std::make_shared<TextTable>(TextTable::Parts{.tokenizer = tokenizer, .encoder = encoder(tokenizer->size())});
}

Tensor numbers(const std::vector<int64_t>& values) { return at::tensor(values, at::kLong); }

TEST(WordTokenizer, WordsOfTheTextsAreOneTokenEachAndOthersAreSpelled) {
  const auto tokenizer = words();
  EXPECT_EQ(tokenizer->piece(0), "[PAD]");
  const auto pieces = [&](const std::string& text) {
    std::string out;
    for (const int64_t id : tokenizer->encode(text).ids) out += tokenizer->piece(id) + " ";
    return out;
  };
  EXPECT_EQ(pieces("A red HEART"), "[CLS] a red heart [SEP] ");
  EXPECT_EQ(pieces("whiter bed"), "[CLS] white ##r b ##e ##d [SEP] ");
  EXPECT_EQ(pieces("zoo"), "[CLS] [UNK] [SEP] ");
  // "heart" comes four times, so it is the first of the words; what does not fit is left out from the end.
  const std::vector<std::string> all = word_vocabulary(kTexts, 1000);
  const auto heart = std::find(all.begin(), all.end(), "heart"), red = std::find(all.begin(), all.end(), "red"),
             blue = std::find(all.begin(), all.end(), "blue");
  EXPECT_TRUE(heart < red && red < blue && blue < all.end());
  EXPECT_EQ(word_vocabulary(kTexts, 10), std::vector<std::string>(all.begin(), all.begin() + 10));
  EXPECT_THROW(word_vocabulary({"\xff"}, 10), Error);
}

// An export writes the vocabulary as BERT's.
TEST(WordTokenizer, SpecialTokensInATextAreThoseOfBertsTokenizer) {
  const Scratch folder;
  const std::vector<std::string> vocabulary = word_vocabulary(kTexts, 1000);
  std::string lines;
  for (const std::string& piece : vocabulary) lines += piece + "\n";
  spill(folder / "vocab.txt", lines);
  spill(folder / "tokenizer_config.json", R"({"do_lower_case": true, "tokenizer_class": "BertTokenizer"})");
  const auto own = make_word_tokenizer(vocabulary, 0), exported = open_tokenizer(folder.folder());
  for (const char* text : {"A red heart", "red [SEP]heart", "[PAD][UNK] [CLS]", "[sep] [SEP [MASK]", ""})
    EXPECT_EQ(own->encode(text).ids, exported->encode(text).ids) << text;
  EXPECT_EQ(own->encode("red [SEP]").ids, (std::vector<int64_t>{2, *own->find("red"), 3, 3}));
}

TEST(TextTableTest, StatesAreThoseOfEachTextAlone) {
  const auto texts = table();
  const std::vector<int64_t> known = texts->add(kTexts);
  EXPECT_EQ(texts->add({"heart", "red heart", "new"}), (std::vector<int64_t>{known[1], known[3], 5}));
  EXPECT_EQ(texts->size(), 6);
  EXPECT_EQ(texts->text(known[2]), kTexts[2]);
  EXPECT_EQ(texts->text(-1), "");

  const TextStates got = texts->states(numbers({known[2], -1, known[1]}));
  EXPECT_EQ(got.states.sizes().vec(), (std::vector<int64_t>{3, 7, 12}));
  ASSERT_TRUE(got.mask.defined());
  const std::vector<std::pair<std::string, int64_t>> expected = {{kTexts[2], 7}, {"", 2}, {kTexts[1], 3}};
  const auto& parts = texts->parts();
  for (int64_t i = 0; i < 3; ++i) {
    const auto& [text, length] = expected[static_cast<size_t>(i)];
    const EncodedText alone = parts.encoder->encode({numbers(parts.tokenizer->encode(text).ids).unsqueeze(0)});
    EXPECT_EQ(got.mask[i].sum().item<int64_t>(), length);
    EXPECT_TRUE(at::allclose(got.states[i].narrow(0, 0, length), alone.states[0], 1e-5, 1e-6)) << text;
    EXPECT_TRUE(at::allclose(got.pooled[i], alone.pooled[0], 1e-5, 1e-6)) << text;
  }
  // What is refused changes nothing.
  EXPECT_THROW(texts->add({"blue", "\xff"}), Error);
  EXPECT_EQ(texts->size(), 6);
  EXPECT_EQ(texts->add({"blue"}).front(), 6);
  const EncodedText blue = parts.encoder->encode({numbers(parts.tokenizer->encode("blue").ids).unsqueeze(0)});
  EXPECT_TRUE(at::allclose(texts->states(numbers({6})).states, blue.states, 1e-5, 1e-6));
  // Texts of one length need no mask.
  EXPECT_FALSE(texts->states(numbers({known[1], known[1]})).mask.defined());
  EXPECT_THROW(texts->states(numbers({7})), Error);
  EXPECT_THROW(texts->states(numbers({-2})), Error);
}

TEST(TextTableTest, TheSameCallsGiveTheSameBits) {
  const auto one = table(), two = table();
  one->add(kTexts);
  two->add(kTexts);
  one->states(numbers({1, 2, 3, 4}));
  for (int64_t i = 4; i >= 0; --i)
    EXPECT_TRUE(at::equal(one->states(numbers({i})).states, two->states(numbers({i})).states));
}

TEST(TextTableTest, LimitsCutAndFillUp) {
  const auto tokenizer = words();
  TextTable cut({.tokenizer = tokenizer, .limit = 4, .same_length = true, .encoder = encoder(tokenizer->size())});
  cut.add({"heart", "a blue heart on white"});
  EXPECT_NE(cut.cut().find("1 of 2 texts"), std::string::npos) << cut.cut();
  EXPECT_TRUE(cut.cut().ends_with("3 tokens are left out, \"heart on white\"")) << cut.cut();
  TextTable many({.tokenizer = tokenizer, .limit = 4, .encoder = encoder(tokenizer->size())});
  many.add({"a blue heart on red", "a blue heart on white", "heart", "red heart on a blue",
            "white heart on a blue heart", "a red heart on a white heart"});
  EXPECT_TRUE(many.cut().starts_with("5 of 6 texts are longer than 4 tokens: ")) << many.cut();
  EXPECT_TRUE(
      many.cut().ends_with(" tokens are left out, \"heart on red\", \"heart on white\", \"on a blue\" and of 2 more"))
      << many.cut();
  std::string long_one = "a blue heart ";
  for (int i = 0; i < 31; ++i) long_one += "\u00e9";
  TextTable shortened({.tokenizer = tokenizer, .limit = 4, .encoder = encoder(tokenizer->size())});
  shortened.add({long_one});
  EXPECT_TRUE(shortened.cut().ends_with("\u00e9...\"")) << shortened.cut();
  const TextStates states = cut.states(numbers({1, 2, 0}));
  EXPECT_EQ(states.states.sizes().vec(), (std::vector<int64_t>{3, 4, 12}));
  EXPECT_FALSE(states.mask.defined());
  // No limit given: the tokenizer's, or the encoder's fewer positions.
  for (const int64_t limit : {0, 9, 40}) {
    TextTable filled({.tokenizer = words(limit), .same_length = true, .encoder = encoder(tokenizer->size())});
    EXPECT_EQ(filled.states(numbers({0})).states.size(1), limit == 9 ? 9 : 16) << limit;
  }
  EXPECT_THROW(TextTable({.tokenizer = tokenizer, .limit = 17, .encoder = encoder(tokenizer->size())}), Error);
  EXPECT_THROW(TextTable({.tokenizer = nullptr}), Error);
  expect_error(Code::usage, {"pieces of the tokenizer", "the encoder's vocabulary", "another encoder's"},
               [&] { TextTable({.tokenizer = tokenizer, .encoder = encoder(tokenizer->size() - 1)}); });
}

TEST(TextTableTest, AWordIsNotTheBeginningOfALongerOne) {
  const auto texts = table();
  const std::vector<int64_t> known = texts->add({"a whiter heart on white", "whiter heart", "red, white"});
  const Tensor marks = texts->tokens_of("white", numbers({known[0]}));  // [CLS] a white ##r heart on white [SEP]
  EXPECT_EQ(marks.sum().item<int64_t>(), 1);
  EXPECT_TRUE(marks[0][6].item<bool>());
  EXPECT_THROW(texts->tokens_of("white", numbers({known[1]})), Error);
  EXPECT_EQ(texts->tokens_of("whiter", numbers({known[1]})).sum().item<int64_t>(), 2);
  EXPECT_EQ(texts->tokens_of("red", numbers({known[2]})).sum().item<int64_t>(), 1);
}

/// States of two texts mixed by hand, row by row; the shorter one's last row stands for those that it lacks.
std::vector<std::vector<double>> by_hand(const Tensor& from, const Tensor& to, double share) {
  std::vector<std::vector<double>> out;
  for (int64_t i = 0; i < std::max(from.size(0), to.size(0)); ++i) {
    out.emplace_back();
    for (int64_t k = 0; k < from.size(1); ++k) {
      const double a = from[std::min(i, from.size(0) - 1)][k].item<double>();
      const double b = to[std::min(i, to.size(0) - 1)][k].item<double>();
      out.back().push_back(a + share * (b - a));
    }
  }
  return out;
}

void expect_near(const Tensor& got, const std::vector<std::vector<double>>& expected) {
  ASSERT_EQ(got.size(0), std::ssize(expected));
  for (int64_t i = 0; i < got.size(0); ++i)
    for (int64_t k = 0; k < got.size(1); ++k)
      EXPECT_NEAR(got[i][k].item<double>(), expected[static_cast<size_t>(i)][static_cast<size_t>(k)], 2e-6);
}

TEST(MixedTexts, AreSharesOfTwoTextsStates) {
  const auto texts = table();
  texts->add(kTexts);
  const int64_t heart = 2, longer = 3;  // of 3 and 7 tokens
  const int64_t quarter = texts->add({.from = heart, .to = longer, .share = 0.25});
  EXPECT_EQ(quarter, 5);
  EXPECT_EQ(texts->add({.from = heart, .to = longer, .share = 0.25}), quarter);
  EXPECT_EQ(texts->text(quarter), "0.25 of the way from \"heart\" to \"A blue heart on white\"");
  EXPECT_EQ(texts->add({.from = heart, .to = longer, .share = 0}), heart);
  EXPECT_EQ(texts->add({.from = heart, .to = longer, .share = 1}), longer);
  EXPECT_EQ(texts->add({.from = -1, .to = 0, .share = 0.5}), 0);
  const int64_t back = texts->add({.from = longer, .to = -1, .share = 0.5});

  const auto alone = [&](int64_t number) { return texts->states(numbers({number})); };
  const Tensor a = alone(heart).states[0], b = alone(longer).states[0];
  const TextStates mixed = alone(quarter);
  EXPECT_FALSE(mixed.mask.defined());  // all tokens count
  expect_near(mixed.states[0], by_hand(a, b, 0.25));
  expect_near(mixed.pooled, by_hand(alone(heart).pooled, alone(longer).pooled, 0.25));
  EXPECT_GT((mixed.states[0].narrow(0, 0, 3) - a).abs().max().item<double>(), 0.01);

  // Beside others these stay as they are, to the bit.
  const TextStates four = texts->states(numbers({heart, quarter, back, longer}));
  EXPECT_EQ(four.states.sizes().vec(), (std::vector<int64_t>{4, 7, 12}));
  EXPECT_TRUE(at::equal(four.mask.sum(1), numbers({3, 7, 7, 7})));
  EXPECT_TRUE(at::equal(four.states[0].narrow(0, 0, 3), a));
  EXPECT_TRUE(at::equal(four.states[1], mixed.states[0]));
  EXPECT_TRUE(at::equal(four.states[3], b));
  EXPECT_TRUE(at::equal(four.pooled[0], alone(heart).pooled[0]));
  expect_near(four.states[2], by_hand(b, alone(0).states[0], 0.5));

  // Texts with weights are mixed as they are read.
  const int64_t heavy = texts->add({"(heart:1.5)"}, Reading::weighted).front();
  const int64_t half = texts->add({.from = heavy, .to = heart, .share = 0.5});
  expect_near(alone(half).states[0], by_hand(alone(heavy).states[0], a, 0.5));
  EXPECT_GT((alone(half).states[0] - a).abs().max().item<double>(), 0.01);
}

TEST(MixedTexts, WhatCannotBeIsRefused) {
  const auto texts = table();
  texts->add({"heart", "red heart"});
  const int64_t half = texts->add({.from = 1, .to = 2, .share = 0.5});
  for (const double share : {-0.1, 1.1, std::nan("")})
    EXPECT_THROW(texts->add({.from = 1, .to = 2, .share = share}), Error) << share;
  EXPECT_THROW(texts->add({.from = half, .to = 2, .share = 0.5}), Error);
  EXPECT_THROW(texts->add({.from = 1, .to = 9, .share = 0.5}), Error);
  EXPECT_THROW(texts->tokens(numbers({1, half})), Error);
  EXPECT_THROW(texts->tokens_of("heart", numbers({half})), Error);
  EXPECT_FALSE(texts->mixed(numbers({1, 2, -1})));
  EXPECT_EQ(texts->size(), 4);
}

/// Answers x times the mean of its pooled vector, and keeps what it was told.
class Listener final : public Model {
 public:
  Tensor forward(const Tensor& x, const Tensor&, const Condition& condition) const override {
    told = condition;
    return x * condition.pooled->mean(1).view({-1, 1, 1, 1});
  }
  NamedWeights parameters() const override { return {{"own", Weight(at::ones({1}))}}; }
  mutable Condition told;
};

TEST(TextNetwork, TellsItsNetworkTheTextsAndTrainsTheirEncoder) {
  const auto tokenizer = words();
  const auto texts = std::make_shared<TextTable>(TextTable::Parts{.tokenizer = tokenizer});
  texts->add(kTexts);
  const auto inner = std::make_shared<Listener>();
  EXPECT_THROW(make_text_network(inner, texts), Error);  // nobody makes states
  const auto trained = encoder(tokenizer->size());
  const auto network = make_text_network(inner, texts, trained);
  EXPECT_EQ(network->parameters().size(), 1 + trained->parameters().size());
  EXPECT_EQ(network->parameters()[1].first.rfind("text_encoder.", 0), 0u);

  const Tensor x = at::ones({2, 1, 2, 2}), time = at::ones({2});
  Condition condition;
  condition.text = numbers({3, 1});
  const Tensor y = network->forward(x, time, condition);
  EXPECT_FALSE(inner->told.text.has_value());
  EXPECT_EQ(inner->told.tokens->sizes().vec(), (std::vector<int64_t>{2, 7, 12}));
  EXPECT_EQ(inner->told.token_mask->sum().item<int64_t>(), 7 + 5);
  (y * y).sum().backward();
  double largest = 0;
  for (const auto& [name, weight] : trained->parameters())
    if (weight.stored().grad().defined())
      largest = std::max(largest, weight.stored().grad().abs().max().item<double>());
  EXPECT_GT(largest, 0);
  // No text is the empty one.
  condition.text = numbers({-1, -1});
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(at::equal(network->forward(x, time, condition), network->forward(x, time, {})));
  condition.text = numbers({1});
  EXPECT_THROW(network->forward(x, time, condition), Error);
}

/// Counts how often it is asked.
class Counted final : public TextEncoder {
 public:
  explicit Counted(std::shared_ptr<const TextEncoder> of) : of_(std::move(of)) {}
  EncodedText encode(const TextTokens& tokens) const override {
    ++asked;
    return of_->encode(tokens);
  }
  int64_t width() const override { return of_->width(); }
  int64_t pooled_width() const override { return of_->pooled_width(); }
  int64_t positions() const override { return of_->positions(); }
  int64_t vocabulary() const override { return of_->vocabulary(); }
  NamedWeights parameters() const override { return of_->parameters(); }
  mutable int asked = 0;

 private:
  std::shared_ptr<const TextEncoder> of_;
};

TEST(TextNetwork, EncodesTheTextsOfASamplingOnce) {
  const auto tokenizer = words();
  const auto trained = std::make_shared<Counted>(encoder(tokenizer->size()));
  const auto inner = std::make_shared<Listener>();
  const auto plain = std::make_shared<TextTable>(TextTable::Parts{.tokenizer = tokenizer});
  plain->add(kTexts);
  const auto network = make_text_network(inner, plain, trained);
  const Tensor x = at::ones({2, 1, 2, 2}), time = at::ones({2});
  Condition one, other;
  one.text = numbers({3, 1});
  other.text = numbers({-1, 1});
  network->forward(x, time, one);  // trains: each step anew
  network->forward(x, time, one);
  EXPECT_EQ(trained->asked, 2);
  for (const auto& [name, weight] : trained->parameters()) weight.stored().requires_grad_(false);
  {
    const at::NoGradGuard no_grad;
    const Tensor first = network->forward(x, time, one);
    EXPECT_TRUE(at::equal(network->forward(x, time, one), first));
    network->forward(x, time, other);
    network->forward(x, time, one);
    EXPECT_EQ(trained->asked, 4) << "one and other, once each";
    trained->parameters().front().second.stored().mul_(2);  // in place, as a training changes them
    EXPECT_FALSE(at::equal(network->forward(x, time, one), first));
    EXPECT_EQ(trained->asked, 5);
  }
  // A frozen one is asked once for each text, whatever stands beside it.
  const auto frozen = std::make_shared<Counted>(encoder(tokenizer->size()));
  TextTable table(TextTable::Parts{.tokenizer = tokenizer, .encoder = frozen});
  table.add(kTexts);
  table.states(numbers({3, 1}));
  const int asked = frozen->asked;
  table.states(numbers({3, 1}));
  table.states(numbers({1, 1, 3}));
  EXPECT_EQ(frozen->asked, asked);
}

TEST(TextNetwork, TellsItsNetworkMixedTexts) {
  const at::NoGradGuard no_grad;
  const auto tokenizer = words();
  const auto inner = std::make_shared<Listener>();
  const auto trained = encoder(tokenizer->size());
  // Whoever makes the states, the table or the encoder trained with the network: the same ones.
  for (const bool frozen : {false, true}) {
    const auto texts = std::make_shared<TextTable>(frozen ? TextTable::Parts{.tokenizer = tokenizer, .encoder = trained}
                                                          : TextTable::Parts{.tokenizer = tokenizer});
    texts->add(kTexts);
    const auto network = make_text_network(inner, texts, frozen ? nullptr : trained);
    const int64_t mixed = texts->add({.from = 3, .to = 1, .share = 0.3});  // of 7 and 5 tokens
    Condition condition;
    condition.text = numbers({2, mixed, -1});
    network->forward(at::ones({3, 1, 2, 2}), at::ones({3}), condition);
    const auto alone = [&](const std::string& text) {
      return trained->encode({numbers(tokenizer->encode(text).ids).unsqueeze(0)});
    };
    const EncodedText a = alone(kTexts[2]), b = alone(kTexts[0]);
    EXPECT_FALSE(inner->told.text.has_value());
    EXPECT_TRUE(at::equal(inner->told.token_mask->sum(1), numbers({3, 7, 2})));
    expect_near((*inner->told.tokens)[1], by_hand(a.states[0], b.states[0], 0.3));
    expect_near(inner->told.pooled->narrow(0, 1, 1), by_hand(a.pooled, b.pooled, 0.3));
    expect_near((*inner->told.tokens)[0].narrow(0, 0, 3),
                by_hand(alone("heart").states[0], alone("heart").states[0], 0));
  }
}

/// Answers what it was given, channels and pooled vector.
class Mirror final : public Model {
 public:
  Tensor forward(const Tensor& x, const Tensor&, const Condition& condition) const override {
    return condition.pooled ? *condition.pooled : x;
  }
  NamedWeights parameters() const override { return {}; }
};

TEST(PooledText, IsConcatenatedOrModulatesWhateverItsLength) {
  const at::NoGradGuard no_grad;
  const Tensor x = at::ones({2, 3, 4, 4});
  Condition one, two;
  one.pooled = at::ones({2, 5}) * 0.01;
  two.pooled = at::ones({2, 5}) * 7;
  const auto beside = make_concatenated(std::make_unique<Mirror>(), 5, 4, 1);
  const Tensor planes = beside->forward(x, at::ones({2}), one);
  EXPECT_EQ(planes.sizes().vec(), (std::vector<int64_t>{2, 7, 4, 4}));
  EXPECT_TRUE(at::equal(planes.narrow(1, 0, 3), x));
  EXPECT_TRUE(
      at::equal(planes.narrow(1, 3, 4), planes.narrow(1, 3, 4).narrow(2, 0, 1).narrow(3, 0, 1).expand({2, 4, 4, 4})));
  EXPECT_TRUE(at::allclose(planes, beside->forward(x, at::ones({2}), two)));
  const auto modulated = make_modulated(std::make_unique<Mirror>(), 5, 6, 1);
  EXPECT_EQ(modulated->forward(x, at::ones({2}), one).sizes().vec(), (std::vector<int64_t>{2, 6}));
  EXPECT_TRUE(at::allclose(modulated->forward(x, at::ones({2}), one), modulated->forward(x, at::ones({2}), two)));
  one.pooled = at::zeros({2, 5});  // of no length
  EXPECT_TRUE(modulated->forward(x, at::ones({2}), one).isfinite().all().item<bool>());
  EXPECT_THROW(modulated->forward(x, at::ones({2}), {}), Error);
  EXPECT_EQ(beside->parameters().front().first, "text_proj.weight");
}

}  // namespace
}  // namespace roulade
