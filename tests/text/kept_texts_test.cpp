// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/text_network.hpp"
#include "roulade/text/word_tokenizer.hpp"

#include <memory>
#include <string>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

/// States that count as `mebibytes` a text and take no memory: one number, many times.
class Vast final : public TextEncoder {
 public:
  explicit Vast(int64_t mebibytes) : mebibytes_(mebibytes) {}
  EncodedText encode(const TextTokens& tokens) const override {
    ++asked;
    const int64_t rows = tokens.ids.size(0), length = tokens.ids.size(1);
    const int64_t width = (mebibytes_ << 20) / (4 * rows * length);
    return {at::zeros({1, 1, 1}).expand({rows, length, width}), {}};
  }
  int64_t width() const override { return 1; }
  int64_t pooled_width() const override { return 0; }
  int64_t positions() const override { return 0; }
  int64_t vocabulary() const override { return 1000; }
  NamedWeights parameters() const override { return {}; }
  mutable int asked = 0;

 private:
  int64_t mebibytes_;
};

class Deaf final : public Model {
 public:
  Tensor forward(const Tensor& x, const Tensor&, const Condition&) const override { return x; }
  NamedWeights parameters() const override { return {}; }
};

TEST(TextNetwork, KeepsStatesUpToSoManyBytes) {
  const at::NoGradGuard no_grad;
  const std::vector<std::string> texts = {"one", "other", "third"};
  const std::shared_ptr<const Tokenizer> tokenizer = make_word_tokenizer(word_vocabulary(texts, 100), 0);
  const auto table = std::make_shared<TextTable>(TextTable::Parts{.tokenizer = tokenizer});
  table->add(texts);
  const auto asked = [&](int64_t mebibytes, const std::vector<int64_t>& numbers) {
    const auto encoder = std::make_shared<Vast>(mebibytes);
    const auto network = make_text_network(std::make_shared<Deaf>(), table, encoder);
    for (const int64_t number : numbers) {
      Condition condition;
      condition.text = at::tensor({number}, at::kLong);
      network->forward(at::ones({1, 1, 2, 2}), at::ones({1}), condition);
    }
    return encoder->asked;
  };
  EXPECT_EQ(asked(200, {0, 1, 0, 1}), 2) << "both are kept";
  EXPECT_EQ(asked(300, {0, 1, 1, 0}), 3) << "the second has the first one's place";
  EXPECT_EQ(asked(200, {0, 1, 2, 1, 2, 0}), 4) << "the one asked for longest ago goes, and its bytes no longer count";
  EXPECT_EQ(asked(600, {0, 0, 1, 1}), 2) << "one is always kept";
}

}  // namespace
}  // namespace roulade
