// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/weighted_prompt.hpp"

#include "roulade/core/error.hpp"
#include "roulade/text/small_text.hpp"
#include "roulade/text/text_network.hpp"
#include "roulade/text/text_table.hpp"
#include "roulade/text/word_tokenizer.hpp"
#include "tests/tree.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using Ids = std::vector<int64_t>;
using Weights = std::vector<double>;

std::shared_ptr<const Tokenizer> words() {
  return make_word_tokenizer(word_vocabulary({"a red heart", "heart", "a blue heart on white"}, 1000), 0);
}
std::shared_ptr<const Tokenizer> golden(const std::string& name) {
  return open_tokenizer(test::tree() / "tests/golden/text" / name);
}
Tensor numbers(const Ids& values) { return at::tensor(values, at::kLong); }

/// The state of a token is a function of its id and place alone, all of one sign.
class Places final : public TextEncoder {
 public:
  EncodedText encode(const TextTokens& tokens) const override {
    Tensor h = tokens.ids.remainder(7).to(at::kFloat) + 1 + at::arange(tokens.ids.size(1)) * 0.25;
    h = at::stack({h, h * 2, h.sqrt()}, 2);
    return {h, h.mean(1)};
  }
  int64_t width() const override { return 3; }
  int64_t pooled_width() const override { return 3; }
  int64_t positions() const override { return 0; }
  int64_t vocabulary() const override { return 1 << 20; }
  NamedWeights parameters() const override { return {}; }
};

TEST(WeightedPrompt, OneTextKeepsItsTokens) {
  for (const char* name : {"words", "wordpiece", "unigram"}) {
    const auto tokenizer = name == std::string("words") ? words() : golden(name);
    const WeightedPrompt read = read_as_one("a red (heart:1.5) on [white]", *tokenizer, 0);
    const Encoded plain = tokenizer->encode("a red heart on white", 0);
    EXPECT_EQ(read.ids, plain.ids) << name;
    ASSERT_EQ(read.weights.size(), read.ids.size()) << name;
    // By the letters that a token stands for, whatever pieces the words are cut into.
    for (size_t i = 0; i < plain.ids.size(); ++i) {
      const int64_t letter =
          plain.at[i] +
          (plain.at[i] >= 0 && std::string("a red heart on white")[static_cast<size_t>(plain.at[i])] == ' ');
      const double expected = letter >= 6 && letter < 11 ? 1.5 : letter >= 15 ? 1 / 1.1 : 1;
      EXPECT_EQ(read.weights[i], expected) << name << " " << i;
    }
  }
  const WeightedPrompt one = read_as_one("red (heart:1.5)", *words(), 0);
  EXPECT_EQ(one.weights, (Weights{1, 1, 1.5, 1}));
  EXPECT_TRUE(read_as_one("(red heart:1.0)", *words(), 0).weights.empty());
  EXPECT_EQ(read_as_one("(red heart:1.0)", *words(), 0).ids, words()->encode("red heart", 0).ids);
  EXPECT_EQ(read_as_one("(blue:2) heart on white", *words(), 4).weights, (Weights{1, 2, 1, 1}));
  EXPECT_EQ(read_as_one("(blue:2) heart on white", *words(), 4).cut_tokens, 2);
  EXPECT_THROW(read_as_one("red BREAK heart", *words(), 0), Error);
  EXPECT_THROW(read_as_one("(red:1.2.3)", *words(), 0), Error);
}

TEST(WeightedPrompt, ChunksHaveTheTokenizersEnds) {
  const auto clip = golden("clip_bpe");
  const Ids plain = clip->encode("a red heart", 0).ids;
  const auto length = std::ssize(plain);
  const WeightedPrompt read = read_in_chunks("a (red:1.5) heart", *clip, length + 2);
  EXPECT_EQ(Ids(read.ids.begin(), read.ids.begin() + length), plain);
  EXPECT_EQ(read.ids.back(), *clip->padding());
  EXPECT_EQ(read.chunks, 1);
  ASSERT_EQ(read.weights.size(), read.ids.size());
  EXPECT_EQ(read.weights.front(), 1);
  EXPECT_NE(std::find(read.weights.begin(), read.weights.end(), 1.5), read.weights.end());
  EXPECT_EQ(read_in_chunks("a red BREAK heart", *clip, length + 2).chunks, 2);
  EXPECT_TRUE(read_in_chunks("a red heart", *clip, length + 2).weights.empty());
  EXPECT_THROW(read_in_chunks("a", *clip, 2), Error);
}

TEST(WeightedPrompt, TheMeansRatioIsThatOfWeighStatesWhereItCanBe) {
  const Tensor states = at::tensor({1.0, 2.0, 3.0, 4.0, 5.0, 7.0}).view({3, 2}), weights = at::tensor({1.0, 1.5, 0.5});
  EXPECT_LT((weigh_text(states, weights) - weigh_states(states.unsqueeze(0), weights.unsqueeze(0))[0])
                .abs()
                .max()
                .item<double>(),
            1e-12);
  EXPECT_TRUE(at::equal(weigh_text(states, at::ones({3}, at::kDouble)), states));
  // Means that cancel: a ratio of -0.1 would turn the text around, one of 0 blow it up.
  const Tensor around = at::tensor({1.0, 1.0, -1.0, -1.0, 0.1, 0.1}).view({3, 2}), heavy = at::tensor({1.0, 1.5, 1.0});
  EXPECT_TRUE(at::equal(weigh_text(around, heavy), around * heavy.unsqueeze(1)));
  EXPECT_TRUE(weigh_text(around, at::tensor({0.0, 0.0, 0.0})).isfinite().all().item<bool>());
  EXPECT_THROW(weigh_text(states, at::ones({2})), Error);
}

TEST(WeightedTexts, AreEntriesOfTheirOwnInATable) {
  TextTable table({.tokenizer = words(), .encoder = std::make_shared<const Places>()});
  const std::string prompt = "red (heart:1.5)";
  const int64_t plain = table.add({prompt}).front(), word = table.add({"red heart"}).front();
  const Ids added = table.add({prompt, "red heart", "(red heart:1)", prompt}, Reading::weighted);
  EXPECT_NE(added[0], plain);
  EXPECT_NE(added[1], word);
  EXPECT_EQ(added[0], added[3]);
  EXPECT_EQ(table.text(added[0]), prompt);
  const Tensor states = table.states(numbers({word})).states;
  for (const int64_t same : {added[1], added[2]}) EXPECT_TRUE(at::equal(table.states(numbers({same})).states, states));
  const Tensor by_hand = weigh_states(states, at::tensor({1.0, 1.0, 1.5, 1.0}).unsqueeze(0));
  EXPECT_LT((table.states(numbers({added[0]})).states - by_hand).abs().max().item<double>(), 1e-6);
  EXPECT_FALSE(at::equal(by_hand, states));
  EXPECT_TRUE(at::equal(table.states(numbers({added[0]})).pooled, table.states(numbers({word})).pooled));
  const int64_t size = table.size();
  EXPECT_THROW(table.add({"new", "red BREAK heart"}, Reading::weighted), Error);
  EXPECT_EQ(table.size(), size);
}

TEST(WeightedTexts, OfClipAreReadInChunks) {
  const auto clip = golden("clip_bpe");
  const int64_t limit = std::ssize(clip->encode("a red heart", 0).ids) + 1;
  TextTable table(
      {.tokenizer = clip, .limit = limit, .same_length = true, .encoder = std::make_shared<const Places>()});
  const std::vector<std::string> texts = {"a red heart", "a (red:1.5) heart", "a red BREAK (heart:2)"};
  const Ids added = table.add(texts, Reading::weighted);
  const int64_t plain = table.add({texts[0]}).front();
  EXPECT_TRUE(at::equal(table.states(numbers({added[0]})).states, table.states(numbers({plain})).states));
  const ChunkRule rule{.start = clip->encode("").ids.front(),
                       .end = clip->encode("").ids.back(),
                       .pad = *clip->padding(),
                       .length = limit - 2};
  const auto part = [&](const std::string& text, double weight) {
    const Ids ids = clip->encode(text, 0).ids;
    return WeightedTokens{{ids.begin() + 1, ids.end() - 1}, weight};
  };
  const EncodedText two =
      encode_prompt(Places(), chunk_prompt({part("a red", 1), {{}, 1, true}, part("heart", 2)}, rule));
  ASSERT_EQ(two.states.size(1), 2 * limit);
  EXPECT_LT((table.states(numbers({added[2]})).states - two.states).abs().max().item<double>(), 1e-6);
  EXPECT_TRUE(at::equal(table.states(numbers({added[2]})).pooled, two.pooled));
  const EncodedText one =
      encode_prompt(Places(), chunk_prompt({part("a", 1), part("red", 1.5), part("heart", 1)}, rule));
  const TextStates both = table.states(numbers({added[1], added[2]}));
  EXPECT_LT((both.states[0].narrow(0, 0, limit) - one.states[0]).abs().max().item<double>(), 1e-6);
  EXPECT_EQ(both.mask.sum().item<int64_t>(), 3 * limit);
}

/// Keeps what it was told.
class Listener final : public Model {
 public:
  Tensor forward(const Tensor& x, const Tensor&, const Condition& condition) const override {
    told = condition;
    return x;
  }
  NamedWeights parameters() const override { return {}; }
  mutable Condition told;
};

TEST(WeightedTexts, ReachANetworkWhoseEncoderIsTrainedWithIt) {
  const at::NoGradGuard no_grad;
  const auto tokenizer = words();
  const auto texts = std::make_shared<TextTable>(TextTable::Parts{.tokenizer = tokenizer});
  const std::shared_ptr<const TextEncoder> encoder =
      make_small_text({.vocabulary = tokenizer->size(), .positions = 16, .width = 12, .layers = 1, .heads = 2}, 3);
  const auto listener = std::make_shared<Listener>();
  const auto network = make_text_network(listener, texts, encoder);
  const auto told = [&](const Ids& of) {
    Condition condition;
    condition.text = numbers(of);
    network->forward(at::ones({std::ssize(of), 1, 2, 2}), at::ones({std::ssize(of)}), condition);
    return *listener->told.tokens;
  };
  const int64_t plain = texts->add({"red heart"}).front(), longer = texts->add({"a blue heart on white"}).front();
  const Ids added = texts->add({"(red heart:1.0)", "red (heart:1.5)"}, Reading::weighted);
  EXPECT_TRUE(at::equal(told({added[0]}), told({plain})));
  const Tensor by_hand = weigh_text(told({plain})[0], at::tensor({1.0, 1.0, 1.5, 1.0}));
  EXPECT_LT((told({added[1]})[0] - by_hand).abs().max().item<double>(), 1e-6);
  EXPECT_GT((told({added[1]}) - told({plain})).abs().max().item<double>(), 1e-3);
  // Beside a longer one: what fills it up does not count, and the other one stays as it is.
  const Tensor both = told({longer, added[1]});
  EXPECT_LT((both[1].narrow(0, 0, 4) - by_hand).abs().max().item<double>(), 1e-5);
  EXPECT_LT((both[0] - told({longer})[0]).abs().max().item<double>(), 1e-5);
}

}  // namespace
}  // namespace roulade
