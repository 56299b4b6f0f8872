// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/preview.hpp"

#include "roulade/run/class_data.hpp"
#include "roulade/run/parts.hpp"
#include "tests/io/scratch.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

// Eight pictures of each class, also of those whose names sample.label takes for something else: its words "data" and
// "none", and a number that is another class's.
TEST(PreviewOfClasses, HasARowOfEachWhateverTheyAreCalled) {
  const Scratch s;
  const std::vector<std::string> names{"1", "data", "none", "light"};
  std::string table = "a,b,c,d,kind\n";
  for (size_t i = 0; i < 40; ++i) table += fmt::format("{},{},{},{},{}\n", i, 2 * i, 40 - i, i % 7, names[i % 4]);
  spill(s / "t.csv", table);
  const Recipe recipe = parse_recipe(fmt::format(R"(
[data]
kind = "table"
file = "{}"
label = "kind"
shape = [1, 2, 2]
[model]
kind = "dit"
num_layers = 1
num_attention_heads = 1
attention_head_dim = 8
patch_size = 1
[denoiser]
prediction = "v"
[train]
batch = 8
)",
                                                 (s / "t.csv").string()),
                                     "test");
  const TrainParts parts = make_train_parts(resolve(recipe));
  ASSERT_EQ(parts.facts.class_names, names);
  const Trainer trainer(parts.objective, parts.settings, parts.seed);
  const TrainPreview preview = Previewer(parts, 1).make(trainer);
  ASSERT_EQ(preview.fault, "");
  std::vector<int64_t> expected;
  for (int64_t k = 0; k < 4; ++k) expected.insert(expected.end(), 8, k);
  EXPECT_EQ(preview.samples.labels, expected);

  // All classes begin with the same noises, and each is what it is alone.
  TrainedRun run;
  run.recipe = parts.resolved;
  run.facts = parts.facts;
  run.schedule = parts.schedule;
  run.denoiser = make_run_denoiser(run.recipe, parts.model, parts.schedule, run.facts);
  SampleRequest request;
  request.of_each = 3;
  request.seed = 4;
  const Points each = sample_points(run, request).points;
  request.of_each = 0;
  request.count = 3;
  run.recipe.tables.at("sample")["label"] = "2";
  const Points third = sample_points(run, request).points;
  ASSERT_EQ(each.rows, 12);
  EXPECT_TRUE(std::equal(each.row(6), each.row(9), third.values.begin()));

  // Of the data as many of each, in the order of the seed.
  const Points all = parts.source->draw(Split::train, 5, 0), some = data_of_classes(*parts.source, Split::train, 5, 3);
  ASSERT_EQ(some.labels, (std::vector<int64_t>{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3}));
  const auto first = std::find(all.labels.begin(), all.labels.end(), 1) - all.labels.begin();
  EXPECT_TRUE(std::equal(some.row(3), some.row(4), all.row(first)));
  const auto rarest = [&](int64_t k) { return std::count(all.labels.begin(), all.labels.end(), k); };
  const int64_t least = std::min({rarest(0), rarest(1), rarest(2), rarest(3)});
  EXPECT_EQ(data_of_classes(*parts.source, Split::train, 5, 100).rows, 4 * least);
}

}  // namespace
}  // namespace roulade
