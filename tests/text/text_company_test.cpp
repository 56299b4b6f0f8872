// SPDX-License-Identifier: Apache-2.0
// A text's states do not depend on the texts that come with it, to the last bit.
#include "roulade/core/process.hpp"
#include "roulade/text/small_text.hpp"
#include "roulade/text/text_table.hpp"
#include "roulade/text/word_tokenizer.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

std::shared_ptr<TextTable> table() {
  const std::shared_ptr<const Tokenizer> tokenizer =
      make_word_tokenizer(word_vocabulary({"a red heart on white", "blue"}, 1000), 0);
  const std::shared_ptr<const TextEncoder> encoder =
      make_small_text({.vocabulary = tokenizer->size(), .positions = 16, .width = 96, .layers = 2, .heads = 4}, 3);
  return std::make_shared<TextTable>(TextTable::Parts{.tokenizer = tokenizer, .encoder = encoder});
}

Tensor numbers(const std::vector<int64_t>& values) { return at::tensor(values, at::kLong); }

// A picture of a set is made again without the texts of the others.
TEST(TextTableTest, OtherTextsChangeNoBit) {
  const std::string last = "A blue heart on white";
  std::vector<std::string> all;
  for (const char* a : {"red", "blue", "white"})
    for (const char* b : {"heart", "red", "blue"})
      for (const char* c : {"on white", "a heart", "on red", "a blue"})
        all.push_back(fmt::format("A {} {} {}", a, b, c));
  ASSERT_GT(all.size(), size_t{32});
  const int before = threads();
  for (const auto& [exactly, count] : {std::pair(false, 1), {false, 2}, {false, 4}, {true, 1}, {true, 2}, {true, 4}}) {
    set_exact(exactly);
    set_threads(count);
    const auto alone = table(), beside = table();
    const int64_t own = alone->add({last}).front();
    std::vector<std::string> some = all;
    some.push_back(last);
    const int64_t among = beside->add(some).back();
    const TextStates a = alone->states(numbers({own})), b = beside->states(numbers({among}));
    EXPECT_TRUE(at::equal(a.states, b.states)) << exactly << " on " << count;
    EXPECT_TRUE(at::equal(a.pooled, b.pooled)) << exactly << " on " << count;
  }
  set_exact(false);
  set_threads(before);
}

}  // namespace
}  // namespace roulade
