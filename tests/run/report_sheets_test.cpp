// SPDX-License-Identifier: Apache-2.0
// What a report shows of pictures: the nearest of all training pictures, and nothing real where nothing was held out.
#include "roulade/run/report_sheets.hpp"

#include "roulade/data/byte_rows.hpp"
#include "roulade/io/image.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace roulade {
namespace {

constexpr int64_t kCount = 30000;  // training pictures

/// Grey pictures of two pixels, the last one unlike all others. An epoch shows each twice.
class Pictures : public PointSource {
 public:
  Pictures() : values_(static_cast<size_t>(2 * kCount), 100) {
    values_[values_.size() - 2] = 7;
    values_.back() = 250;
  }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::vector<int64_t> shape() const override { return {1, 1, 2}; }
  bool endless() const override { return false; }
  Points draw(Split, uint64_t, int64_t count) const override {
    EXPECT_EQ(count, 0) << "all of them";
    return {kCount, 2, {values_.begin(), values_.end()}, {}};
  }

 protected:
  std::vector<std::string> columns_{"0_0_0", "0_0_1"};
  std::vector<uint8_t> values_;
};

class BytePictures final : public Pictures, public ByteSource {
 public:
  Points draw(Split, uint64_t, int64_t) const override {
    ADD_FAILURE() << "numbers where bytes are there";
    return {};
  }
  ByteRows draw_bytes(Split split, uint64_t, int64_t count) const override {
    EXPECT_EQ(split, Split::train);
    EXPECT_EQ(count, 0) << "all of them";
    ByteRows out{2, values_, {}, {}, {}};
    for (int64_t i = 0; i < 2 * kCount; ++i) out.rows.push_back((2 * kCount - 1 - i) % kCount);
    out.labels.assign(out.rows.size(), 0);
    return out;
  }
};

TrainedRun run_of_two_pixels() {
  TrainedRun run;
  run.facts.columns = {"0_0_0", "0_0_1"};
  run.facts.shape = {1, 1, 2};
  run.facts.high = 255;
  run.facts.scaling = {{127.5, 127.5}, {50, 50}};
  return run;
}

std::vector<std::string> names(const ReportContent& content) {
  std::vector<std::string> out;
  for (const ReportSheet& sheet : content.sheets) out.push_back(sheet.name);
  return out;
}

TEST(ReportSheets, TheNearestAreLookedForAmongAllTrainingPictures) {
  const Pictures table;
  const BytePictures bytes;
  for (const PointSource* source : {static_cast<const PointSource*>(&table), static_cast<const PointSource*>(&bytes)}) {
    const TrainedRun run = run_of_two_pixels();
    PointSamples made;
    made.points = {2, 2, {7, 250, 100, 110}, {}};
    ReportContent content;
    add_sheets(content, run, made, {1, 2, {100, 120}, {}}, *source);
    ASSERT_EQ(names(content), (std::vector<std::string>{"samples", "data", "neighbours"}));
    const ReportSheet& sheet = content.sheets.back();
    // 0 and 10 of two pixels: root mean squares 0 and 7.07, of deviation 50 their mean is 0.0707; 20: 0.283.
    EXPECT_EQ(sheet.caption,
              "Among 30000 training pictures. Root mean square distance over pixels, in deviations of the data: 0.071 "
              "in the mean; of 1 real pictures that were not trained on 0.283. Copies would have 0.");
    // Enlarged 32 times, a line of 2 pixels around each; samples above, and below them the nearest.
    const Image image = parse_png(sheet.png, "sheet");
    const auto shade = [&](int64_t column, int64_t row, int64_t pixel) {
      return static_cast<int>(*image.pixel(2 + column * 66 + pixel * 32 + 7, 2 + row * 34 + 9));
    };
    EXPECT_EQ(shade(0, 1, 0), 7);
    EXPECT_EQ(shade(0, 1, 1), 250);
    EXPECT_EQ(shade(1, 0, 1), 110);
    EXPECT_EQ(shade(1, 1, 1), 100);
  }
}

TEST(ReportSheets, WithoutATestPartNothingRealIsShown) {
  const BytePictures source;
  const TrainedRun run = run_of_two_pixels();
  PointSamples made;
  made.points = {1, 2, {100, 100}, {}};
  made.frames = {{1, {0, 0}}, {0, {100, 100}}};
  ReportContent content;
  add_sheets(content, run, made, {0, 2, {}, {}}, source);
  EXPECT_EQ(names(content), (std::vector<std::string>{"samples", "neighbours", "reverse"}));
  EXPECT_TRUE(content.sheets[1].caption.ends_with("of the data: 0.000 in the mean. Copies would have 0."))
      << content.sheets[1].caption;
}

}  // namespace
}  // namespace roulade
