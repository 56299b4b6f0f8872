// SPDX-License-Identifier: Apache-2.0
// Pictures as a source of points: how often each is drawn, and what can be seen of their reading.
#include "roulade/core/reading.hpp"
#include "roulade/data/byte_rows.hpp"
#include "roulade/data/image_set.hpp"
#include "roulade/io/image.hpp"
#include "tests/io/scratch.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace roulade {
namespace {

/// `count` pictures of one grey each, from `first` on.
void write_greys(const std::filesystem::path& folder, int first, int count) {
  std::filesystem::create_directories(folder);
  for (int i = first; i < first + count; ++i)
    spill(folder / (std::to_string(i) + ".png"), to_png({2, 2, 1, std::vector<uint8_t>(4, static_cast<uint8_t>(i))}));
}

std::shared_ptr<const PointSource> source_of(const Scratch& s, bool flip = false) {
  return data::registry().make(
      "images",
      {{"path", s.folder().string()}, {"channels", int64_t{1}}, {"flip", flip}, {"validation", 0.2}, {"test", 0.2}});
}

// kohya's folders: an epoch shows the pictures of 3_b three times, but what samples are judged beside has each once.
TEST(Images, AreDrawnOnceWhereTheyAreJudged) {
  const Scratch s;
  write_greys(s / "1_a", 10, 20);
  write_greys(s / "3_b", 100, 20);
  const auto source = source_of(s);
  const Points shown = source->draw(Split::train, 7, 0), once = draw_once(*source, Split::train, 7, 0);
  const std::multiset<double> all(shown.values.begin(), shown.values.end());
  const std::set<double> different(shown.values.begin(), shown.values.end());
  EXPECT_GT(all.size(), different.size() * 4);
  EXPECT_EQ(once.rows, static_cast<int64_t>(different.size()));
  EXPECT_EQ(once.rows, count_once(*source, Split::train));
  EXPECT_EQ(count_rows(*source, Split::train), shown.rows);
  EXPECT_EQ(std::set<double>(once.values.begin(), once.values.end()), different);
  ASSERT_EQ(once.texts.size(), static_cast<size_t>(once.rows));  // the folder's name, of each picture its own
  for (size_t i = 0; i < once.texts.size(); ++i)
    EXPECT_EQ(source->texts()[static_cast<size_t>(once.texts[i])], once.values[i * 4] >= 100 ? "b" : "a");
  // The first ones of the same order.
  const Points five = draw_once(*source, Split::train, 7, 5);
  EXPECT_EQ(five.values, std::vector<double>(once.values.begin(), once.values.begin() + 5 * 4));
  EXPECT_EQ(draw_once(*source, Split::train, 7, 1000).rows, once.rows);
  EXPECT_NE(draw_once(*source, Split::train, 8, 0).values, once.values);
  // Where none is repeated it is what draw gives.
  EXPECT_EQ(draw_once(*source, Split::test, 3, 4).values, source->draw(Split::test, 3, 4).values);
}

// Splits go by the order of the names, which another list of as many names changes.
TEST(Images, TheirListHasANumber) {
  const Scratch a, b, c;
  write_greys(a.folder(), 10, 6);
  write_greys(b.folder(), 11, 6);
  write_greys(c.folder(), 10, 6);
  const uint32_t code = source_of(a)->rows_code();
  EXPECT_GT(code, 0u);
  EXPECT_NE(code, source_of(b)->rows_code());
  EXPECT_EQ(code, source_of(c)->rows_code());
  EXPECT_EQ(code, source_of(c, true)->rows_code());  // mirror images are no pictures of their own
  // A part that is read from its own folder, or from the one above.
  std::filesystem::create_directories(b / "train/x");
  for (int i = 11; i < 17; ++i) {
    const std::string name = std::to_string(i) + ".png";
    std::filesystem::rename(b / name, b / ("train/x/" + name));
  }
  const auto code_of = [](const std::filesystem::path& folder) {
    const ImageSet set = open_images(folder).train;
    return names_code(set, set.count);
  };
  EXPECT_EQ(code_of(b.folder()), code_of(b / "train/x"));
  write_greys(b / "train/y", 20, 3);
  EXPECT_EQ(code_of(b.folder()), code_of(b / "train"));
  EXPECT_NE(code_of(b.folder()), code_of(b / "train/x"));
  ImageSet array;  // pictures of one file are told by their labels
  array.labels = {1, 2, 3};
  const uint32_t labels = names_code(array, 3);
  array.labels = {1, 3, 2};
  EXPECT_NE(labels, names_code(array, 3));
  array.labels.clear();
  EXPECT_EQ(names_code(array, 3), 0u);
}

TEST(Images, ReadingIsSeenAndStopped) {
  const Scratch s;
  write_greys(s.folder(), 0, 10);
  std::vector<Progress> seen;
  Cancel cancel;
  {
    const WatchedReading outer([&](const Progress& p) { seen.push_back(p); }, cancel);
    EXPECT_EQ(source_of(s)->draw(Split::train, 0, 0).rows, 6);
    {
      const WatchedReading inner({}, {});
      const size_t before = seen.size();
      source_of(s);
      EXPECT_EQ(seen.size(), before);  // the inner one counts
    }
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.front().stage, "read");
    EXPECT_EQ(std::max_element(seen.begin(), seen.end(), [](auto& a, auto& b) { return a.done < b.done; })->done, 10);
    cancel.request();
    expect_error(Code::stopped, {s.folder().string(), "stopped while its pictures were read"}, [&] { source_of(s); });
  }
  EXPECT_EQ(WatchedReading::current(), nullptr);
  EXPECT_NO_THROW(source_of(s));
}

}  // namespace
}  // namespace roulade
