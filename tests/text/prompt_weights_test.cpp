// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/prompt_weights.hpp"

#include "encoder_golden.hpp"
#include "roulade/core/error.hpp"
#include "tests/io/scratch.hpp"

#include <numeric>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

/// "text*weight|...", "/" for a break.
std::string shown(const std::string& prompt) {
  std::string out;
  for (const PromptPart& part : parse_prompt(prompt))
    out += (out.empty() ? "" : "|") + (part.breaks ? "/" : fmt::format("{}*{}", part.text, part.weight));
  return out;
}

// What the web UI's documentation gives as examples.
TEST(PromptWeights, AreThoseOfTheWebUi) {
  EXPECT_EQ(shown("normal text"), "normal text*1");
  EXPECT_EQ(shown("an (important) word"), "an *1|important*1.1| word*1");
  EXPECT_EQ(shown("(unbalanced"), "unbalanced*1.1");
  EXPECT_EQ(shown(R"(\(literal\])"), "(literal]*1");
  EXPECT_EQ(shown("(unnecessary)(parens)"), "unnecessaryparens*1.1");
  EXPECT_EQ(shown("a (((house:1.3)) [on] a (hill:0.5), sun, (((sky)))."),
            "a *1|house*1.5730000000000004| *1.1|on*1| a *1.1|hill*0.55|, sun, *1.1|sky*1.4641000000000006|.*1.1");
}

TEST(PromptWeights, BracketsNestAndMayStayOpen) {
  EXPECT_EQ(shown(""), "*1");
  EXPECT_EQ(shown("()"), "*1");
  EXPECT_EQ(shown("[less]"), fmt::format("less*{}", 1 / 1.1));
  EXPECT_EQ(shown("[a (b"), fmt::format("a *{}|b*{}", 1 / 1.1, 1.1 * (1 / 1.1)));
  EXPECT_EQ(shown("((a:2) b:3)"), "a*6| b*3");
  EXPECT_EQ(shown("(a [b:c] d)"), fmt::format("a *1.1|b:c*{}| d*1.1", 1 / 1.1 * 1.1));
  EXPECT_EQ(shown("(a [b:0.5) c]"), fmt::format("a *0.5|b*{}| c*{}", 0.5 * (1 / 1.1), 1 / 1.1)) << "crossed";
}

TEST(PromptWeights, NumbersAndColons) {
  EXPECT_EQ(shown("(a:+.5)"), "a*0.5");
  EXPECT_EQ(shown("(a:-2.)"), "a*-2");
  EXPECT_EQ(shown("(a: 1.3 )"), "a*1.3");
  EXPECT_EQ(shown("(a:b:0.5)"), "a:b*0.5");
  EXPECT_EQ(shown("(a:b)"), "a:b*1.1");
  EXPECT_EQ(shown("a:1.3)"), "a:1.3)*1") << "no bracket is open";
  EXPECT_EQ(shown("a) b] c:"), "a) b] c:*1");
  EXPECT_EQ(shown("(a:1.3"), "a:1.3*1.1");
  EXPECT_EQ(shown("(a:)"), "a:*1.1");
  for (const char* bad : {"(a:1.2.3)", "(a:.)", "(a:-.)"}) EXPECT_THROW(parse_prompt(bad), Error) << bad;
}

TEST(PromptWeights, Escapes) {
  EXPECT_EQ(shown(R"(\(a\) \[b\] \\ \x \)"), R"((a) [b] \ x *1)");
  EXPECT_EQ(shown(R"((a\):2) b)"), R"(a)*2| b*1)");
  EXPECT_EQ(shown(R"(\:1)"), ":1*1");
}

TEST(PromptWeights, BreaksPartThePrompt) {
  EXPECT_EQ(shown("a  BREAK\nb"), "a*1|/|b*1");
  EXPECT_EQ(shown("BREAK"), "*1|/|*1");
  EXPECT_EQ(shown("a BREAK BREAK b"), "a*1|/|*1|/|b*1");
  EXPECT_EQ(shown("a,BREAK,b"), "a,*1|/|,b*1");
  EXPECT_EQ(shown("a BREAKS b_BREAK Break \xC3\xA9"
                  "BREAK"),
            "a BREAKS b_BREAK Break \xC3\xA9"
            "BREAK*1");
  EXPECT_EQ(shown("(a BREAK b:2) c"), "a*2|/|b*2| c*1");
  EXPECT_EQ(shown("(a) BREAK (b)"), "a*1.1|*1|/|*1|b*1.1");
}

// What the web UI changes from step to step. As it reads them: of a bracket itself, whole, and not escaped.
TEST(PromptWeights, EditingAndAlternationAreRefused) {
  const auto refused = [](const std::string& prompt, const std::string& form, const std::string& bracket) {
    expect_error(Code::usage, {form, "as text its bracket is \\[", "got " + bracket}, [&] { parse_prompt(prompt); });
  };
  const std::string editing = "prompt editing, [from:to:when]", alternation = "alternation, [a|b]";
  refused("a [cat:dog:0.5] b", editing, "[cat:dog:0.5]");
  refused("[cat::3]", editing, "[cat::3]");
  refused("(a [b:0.5] c)", editing, "[b:0.5]");
  refused("[b: +.5 ]", editing, "[b: +.5 ]");
  refused("[(cat:1.2):(dog:1.3):10]", editing, "[(cat:1.2):(dog:1.3):10]");
  refused("((a][:b:c [d:3]", editing, "[d:3]");
  refused("a [cat|dog] b", alternation, "[cat|dog]");
  refused("[a|(b:1.1)|]", alternation, "[a|(b:1.1)|]");
  refused("[x [cow|horse] y]", alternation, "[cow|horse]");
  // Text, as it was.
  const double less = 1 / 1.1;
  EXPECT_EQ(shown("[word]"), fmt::format("word*{}", less));
  EXPECT_EQ(shown("(a|b) c|d"), "a|b*1.1| c|d*1");
  EXPECT_EQ(shown(R"(\[a|b\] \[c:d:0.5\])"), "[a|b] [c:d:0.5]*1");
  EXPECT_EQ(shown(R"([a\|b])"), fmt::format("a|b*{}", less));
  EXPECT_EQ(shown("[a:b:c]"), fmt::format("a:b:c*{}", less));
  EXPECT_EQ(shown("[a (b:0.5)]"), fmt::format("a *{}|b*{}", less, 0.5 * less));
  EXPECT_EQ(shown("[a|b"), fmt::format("a|b*{}", less));
  EXPECT_EQ(shown("a|b] c:0.5]"), "a|b] c:0.5]*1");
  EXPECT_EQ(shown("a cat AND a dog"), "a cat AND a dog*1") << "a word as any other";
}

std::vector<int64_t> row(const Tensor& ids, int64_t i) {
  const Tensor one = ids.select(0, i).contiguous();
  return {one.const_data_ptr<int64_t>(), one.const_data_ptr<int64_t>() + one.numel()};
}

using Ids = std::vector<int64_t>;

TEST(PromptChunks, AreCutWhereTheyAreFull) {
  ChunkRule rule{.start = 90, .end = 91, .pad = 91, .length = 4};
  const PromptChunks three = chunk_prompt({{{1, 2, 3}, 1.5}, {{4, 5, 6, 7, 8, 9}, 0.5}}, rule);
  ASSERT_EQ(three.ids.size(0), 3);
  EXPECT_EQ(row(three.ids, 0), (Ids{90, 1, 2, 3, 4, 91}));
  EXPECT_EQ(row(three.ids, 1), (Ids{90, 5, 6, 7, 8, 91}));
  EXPECT_EQ(row(three.ids, 2), (Ids{90, 9, 91, 91, 91, 91}));
  EXPECT_TRUE(three.weights.select(0, 0).equal(at::tensor({1.0, 1.5, 1.5, 1.5, 0.5, 1.0}, at::kDouble)));
  EXPECT_TRUE(three.weights.select(0, 2).equal(at::tensor({1.0, 0.5, 1.0, 1.0, 1.0, 1.0}, at::kDouble)));

  rule.pad = 0;  // as Stable Diffusion 2 pads
  EXPECT_EQ(row(chunk_prompt({{{1, 2}}}, rule).ids, 0), (Ids{90, 1, 2, 91, 0, 0}));
  EXPECT_EQ(row(chunk_prompt({{{1, 2, 3, 4}}}, rule).ids, 0), (Ids{90, 1, 2, 3, 4, 91}));
  EXPECT_EQ(chunk_prompt({{{1, 2, 3, 4}}}, rule).ids.size(0), 1) << "full, and no more";
  EXPECT_EQ(row(chunk_prompt({}, rule).ids, 0), (Ids{90, 91, 0, 0, 0, 0}));
  EXPECT_EQ(row(chunk_prompt({{{1, 91, 2}}}, rule).ids, 0), (Ids{90, 1, 91, 0, 0, 0}));
  rule.pad = 91;  // an end that the prompt names, as AUTOMATIC1111 has it where both are one
  EXPECT_EQ(row(chunk_prompt({{{1, 91, 2}}}, rule).ids, 0), (Ids{90, 1, 91, 2, 91, 91}));
  EXPECT_THROW(chunk_prompt({}, {.length = 0}), Error);

  Ids many(160);
  std::iota(many.begin(), many.end(), 1);
  EXPECT_EQ(chunk_prompt({{many}}, {}).ids.sizes(), at::IntArrayRef({3, 77}));
}

TEST(PromptChunks, BreaksBeginOne) {
  const ChunkRule rule{.start = 90, .end = 91, .pad = 91, .length = 3};
  const WeightedTokens stop{{}, 1, true};
  const PromptChunks parted = chunk_prompt({{{1}}, stop, {{2, 3}}}, rule);
  EXPECT_EQ(row(parted.ids, 0), (Ids{90, 1, 91, 91, 91}));
  EXPECT_EQ(row(parted.ids, 1), (Ids{90, 2, 3, 91, 91}));
  EXPECT_EQ(chunk_prompt({{{1}}, stop}, rule).ids.size(0), 1) << "nothing follows";
  EXPECT_EQ(chunk_prompt({stop, stop, {{1}}}, rule).ids.size(0), 3) << "empty ones count";
  EXPECT_EQ(chunk_prompt({{{1, 2, 3}}, stop, {{4}}}, rule).ids.size(0), 2) << "a full one has ended anyway";
  const PromptChunks longer = chunk_prompt({{{1}, 2}}, rule, 3);
  ASSERT_EQ(longer.ids.size(0), 3);
  EXPECT_EQ(row(longer.ids, 2), (Ids{90, 91, 91, 91, 91}));
  EXPECT_TRUE(longer.weights.narrow(0, 1, 2).equal(at::ones({2, 5}, at::kDouble)));
}

TEST(PromptChunks, AFullOneHandsOnWhatFollowsItsLastComma) {
  ChunkRule rule{.start = 90, .end = 91, .pad = 91, .length = 5, .comma = 7, .backtrack = 2};
  const PromptChunks moved = chunk_prompt({{{1, 2, 3, 7}, 1}, {{4, 5, 6}, 2}}, rule);
  EXPECT_EQ(row(moved.ids, 0), (Ids{90, 1, 2, 3, 7, 91, 91}));
  EXPECT_EQ(row(moved.ids, 1), (Ids{90, 4, 5, 6, 91, 91, 91}));
  EXPECT_TRUE(moved.weights.select(0, 1).equal(at::tensor({1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0}, at::kDouble)));
  EXPECT_TRUE(moved.weights.select(0, 0).equal(at::ones({7}, at::kDouble)));
  // Too far behind; at the very end; a comma that does not fit.
  EXPECT_EQ(row(chunk_prompt({{{1, 7, 2, 3, 4, 5}}}, rule).ids, 0), (Ids{90, 1, 7, 2, 3, 4, 91}));
  EXPECT_EQ(row(chunk_prompt({{{1, 2, 3, 4, 7, 5}}}, rule).ids, 0), (Ids{90, 1, 2, 3, 4, 7, 91}));
  EXPECT_EQ(row(chunk_prompt({{{1, 2, 3, 7, 4, 7}}}, rule).ids, 1), (Ids{90, 7, 91, 91, 91, 91, 91}));
  rule.comma = -1;
  EXPECT_EQ(row(chunk_prompt({{{1, 2, 3, 7, 4, 5}}}, rule).ids, 1), (Ids{90, 5, 91, 91, 91, 91, 91}));
}

TEST(PromptWeights, StatesAreWeighedAndTheMeanIsKept) {
  const Tensor states = test::rule("states", {2, 3, 4}) + 0.5;
  const Tensor weights = at::tensor({1.0, 1.5, 0.5, 1.0, 1.0, 1.0}, at::kDouble).view({2, 3});
  const Tensor weighed = weigh_states(states, weights);
  EXPECT_LT((weighed.mean({1, 2}) - states.mean({1, 2})).abs().max().item<double>(), 1e-15);
  EXPECT_TRUE(weighed.select(0, 1).equal(states.select(0, 1))) << "another chunk's weights do not matter";
  const Tensor plain = states.select(0, 0) * weights.select(0, 0).unsqueeze(1);
  const Tensor factor = weighed.select(0, 0) / plain;
  EXPECT_LT((factor - states.select(0, 0).mean() / plain.mean()).abs().max().item<double>(), 1e-14);
  EXPECT_TRUE(weigh_states(states, at::zeros({2, 3})).equal(at::zeros({2, 3, 4}, at::kDouble)));
  EXPECT_THROW(weigh_states(states, at::ones({2, 4})), Error);
  EXPECT_THROW(weigh_states(states.select(0, 0), at::ones({3})), Error);
}

TEST(PromptWeights, ChunksStandBehindEachOther) {
  const test::TextGolden golden("clip_quick_gelu");
  const auto encoder = test::make_encoder(golden.config);
  test::fill_by_rule(*encoder, at::kDouble);
  const at::NoGradGuard no_grad;
  const ChunkRule rule{.start = 57, .end = 58, .pad = 58, .length = 4};
  const PromptChunks chunks = chunk_prompt({{{1, 2, 3, 4}}, {{5, 6}, 1.4}}, rule);
  const EncodedText text = encode_prompt(*encoder, chunks);
  ASSERT_EQ(text.states.sizes(), at::IntArrayRef({1, 12, 24}));
  const auto alone = [&](int64_t i) { return encoder->encode({chunks.ids.narrow(0, i, 1)}); };
  EXPECT_LT(test::furthest(text.states.narrow(1, 0, 6), alone(0).states), 1e-12);
  EXPECT_LT(test::furthest(text.states.narrow(1, 6, 6), weigh_states(alone(1).states, chunks.weights.narrow(0, 1, 1))),
            1e-12);
  EXPECT_LT(test::furthest(text.pooled, alone(0).pooled), 1e-12);
}

}  // namespace
}  // namespace roulade
