// SPDX-License-Identifier: Apache-2.0
// LibTorch's generator begins with another seed in each process: every test draws the same numbers again, whatever ran
// before it.
#include <ATen/Context.h>
#include <gtest/gtest.h>

namespace {

class Seeded final : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo&) override { at::manual_seed(0); }
};

[[maybe_unused]] const bool listening = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new Seeded);
  return true;
}();

}  // namespace
