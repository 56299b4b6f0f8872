// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/given_pictures.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/image.hpp"
#include "roulade/io/resize.hpp"
#include "roulade/run/picture_files.hpp"

#include <filesystem>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

/// A folder of pictures, and a run that knows no more than how its own look.
class GivenPicturesTest : public testing::Test {
 protected:
  GivenPicturesTest() { fs::create_directories(folder_); }
  ~GivenPicturesTest() override { fs::remove_all(folder_); }

  static TrainedRun run_of(std::vector<int64_t> shape, const Table& data = {}) {
    TrainedRun run;
    run.facts.shape = std::move(shape);
    run.facts.low = -1;
    run.facts.high = 3;
    for (int64_t i = 0; i < run.facts.shape[0] * run.facts.shape[1] * run.facts.shape[2]; ++i)
      run.facts.columns.push_back(fmt::format("{}", i));
    run.recipe.tables["data"] = data;
    return run;
  }
  fs::path put(const std::string& name, const Image& image) const {
    fs::create_directories((folder_ / name).parent_path());
    write_file_atomically(folder_ / name, to_png(image));
    return folder_ / name;
  }
  /// width x height, value i at pixel i.
  static Image ramp(int64_t width, int64_t height, int step = 1) {
    Image out{width, height, 1, {}};
    for (int64_t i = 0; i < width * height; ++i) out.values.push_back(static_cast<uint8_t>(i * step));
    return out;
  }
  static Image row_as_image(const GivenPictures& given, int64_t row, const TrainedRun& run) {
    return picture_of(given.rows.points, row, run.facts);
  }
  static void refused(Code code, const std::string& part, const std::function<void()>& call) {
    try {
      call();
      ADD_FAILURE() << part;
    } catch (const Error& e) {
      EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(code)) << e.what();
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  }

  const fs::path folder_ = fs::temp_directory_path() / fmt::format("roulade-given-{}", getpid());
};

TEST_F(GivenPicturesTest, AllValuesComeBackFromTheDatasUnits) {
  const TrainedRun run = run_of({1, 16, 16});
  const Image image = ramp(16, 16);  // every value that there is
  const GivenPictures given = read_given_pictures(run, put("a.png", image));
  EXPECT_TRUE(given.remarks.empty());
  EXPECT_TRUE(given.rows.known.empty());
  EXPECT_EQ(given.rows.points.rows, 1);
  EXPECT_EQ(given.rows.points.values.front(), -1);
  EXPECT_EQ(given.rows.points.values.back(), 3);
  EXPECT_EQ(row_as_image(given, 0, run).values, image.values);
}

TEST_F(GivenPicturesTest, HaveTheRunsChannelsAndItsBackground) {
  const Image glass{2, 1, 4, {10, 20, 30, 255, 10, 20, 30, 0}};
  const TrainedRun colour = run_of({3, 1, 2}), dark = run_of({3, 1, 2}, {{"background", "black"}});
  EXPECT_EQ(row_as_image(read_given_pictures(colour, put("a.png", glass)), 0, colour).values,
            (std::vector<uint8_t>{10, 20, 30, 255, 255, 255}));
  EXPECT_EQ(row_as_image(read_given_pictures(dark, put("a.png", glass)), 0, dark).values,
            (std::vector<uint8_t>{10, 20, 30, 0, 0, 0}));
  const TrainedRun grey = run_of({1, 1, 2});
  EXPECT_EQ(row_as_image(read_given_pictures(grey, put("a.png", glass)), 0, grey).values,
            with_channels(glass, 1).values);
}

TEST_F(GivenPicturesTest, OfAnotherSizeAreResizedAndThatIsSaid) {
  const Image wide = ramp(12, 4, 5);
  const fs::path file = put("a.png", wide);
  const TrainedRun square = run_of({1, 2, 2}), all = run_of({1, 2, 2}, {{"fit", "stretch"}}), flat = run_of({1, 2, 6});
  const GivenPictures middle = read_given_pictures(square, file);
  EXPECT_EQ(row_as_image(middle, 0, square).values, resize(center_crop(wide, 4, 4), 2, 2).values);
  ASSERT_EQ(middle.remarks.size(), 1u);
  EXPECT_NE(middle.remarks[0].find("a.png is 12 x 4 pixels: its middle is resized to 2 x 2"), std::string::npos)
      << middle.remarks[0];
  EXPECT_EQ(row_as_image(read_given_pictures(all, file), 0, all).values, resize(wide, 2, 2).values);
  // Of the run's shape: nothing is cut off. Of a third one: what is cut is above and below.
  EXPECT_EQ(row_as_image(read_given_pictures(flat, file), 0, flat).values, resize(wide, 6, 2).values);
  const TrainedRun flatter = run_of({1, 1, 6});
  EXPECT_EQ(row_as_image(read_given_pictures(flatter, file), 0, flatter).values,
            resize(center_crop(wide, 12, 2), 6, 1).values);
}

TEST_F(GivenPicturesTest, AFoldersStandInTheOrderOfTheirNames) {
  const TrainedRun run = run_of({1, 1, 1});
  for (const auto& [name, value] : {std::pair("b.png", 20), {"a.png", 10}, {"c/d.png", 30}})
    put(fmt::format("set/{}", name), {1, 1, 1, {static_cast<uint8_t>(value)}});
  write_file_atomically(folder_ / "set/notes.txt", "no picture");
  const GivenPictures given = read_given_pictures(run, folder_ / "set");
  ASSERT_EQ(given.rows.points.rows, 3);
  for (int64_t i = 0; i < 3; ++i) EXPECT_EQ(row_as_image(given, i, run).values[0], 10 * (i + 1));
  const GivenRows turns = in_turn(given.rows, 5);
  EXPECT_EQ(turns.points.rows, 5);
  EXPECT_EQ(turns.points.values[3], given.rows.points.values[0]);
  EXPECT_EQ(turns.points.values[4], given.rows.points.values[1]);
  EXPECT_THROW(in_turn(given.rows, 0), Error);
  EXPECT_THROW(in_turn({}, 2), Error);
}

TEST_F(GivenPicturesTest, AMaskIsWhiteWhereItIsDrawnAnew) {
  const TrainedRun run = run_of({3, 1, 4});
  const fs::path picture = put("a.png", ramp(4, 1));
  const GivenPictures given = read_given_pictures(run, picture, put("m.png", {4, 1, 1, {0, 127, 128, 255}}));
  EXPECT_EQ(given.rows.known,
            (std::vector<bool>{true, true, false, false, true, true, false, false, true, true, false, false}));
  EXPECT_EQ(in_turn(given.rows, 2).known.size(), 24u);
  // In colours, where it is transparent, where the picture is resized: by half.
  const GivenPictures glass = read_given_pictures(
      run, picture, put("m.png", {4, 1, 4, {255, 255, 255, 255, 255, 255, 255, 0, 255, 0, 0, 255, 0, 255, 0, 255}}));
  EXPECT_EQ(std::vector<bool>(glass.rows.known.begin(), glass.rows.known.begin() + 4),
            (std::vector<bool>{false, true, true, false}));
  const TrainedRun half = run_of({1, 1, 2});
  const GivenPictures small =
      read_given_pictures(half, put("b.png", ramp(4, 2)), put("m.png", {4, 2, 1, {255, 255, 0, 0, 0, 0, 255, 0}}));
  EXPECT_EQ(small.rows.known, (std::vector<bool>{false, true}));
}

TEST_F(GivenPicturesTest, WhatDoesNotFitIsRefused) {
  const TrainedRun run = run_of({1, 1, 4});
  const fs::path picture = put("a.png", ramp(4, 1));
  refused(Code::input, "size of the mask: expected 4 x 1 pixels, as",
          [&] { read_given_pictures(run, picture, put("m.png", ramp(2, 2))); });
  refused(Code::input, "the mask leaves nothing to draw", [&] {
    read_given_pictures(run, picture, put("m.png", {4, 1, 1, {0, 1, 2, 127}}));
  });
  write_file_atomically(folder_ / "words.png", "no picture");
  refused(Code::input, "words.png", [&] { read_given_pictures(run, folder_ / "words.png"); });
  refused(Code::input, "words.png", [&] { read_given_pictures(run, picture, folder_ / "words.png"); });
  refused(Code::io, "none.png", [&] { read_given_pictures(run, folder_ / "none.png"); });
  fs::create_directories(folder_ / "empty");
  refused(Code::input, "expected a PNG, JPEG or WebP file", [&] { read_given_pictures(run, folder_ / "empty"); });

  EXPECT_TRUE(names_pictures(run, picture));
  EXPECT_TRUE(names_pictures(run, folder_));
  EXPECT_TRUE(names_pictures(run, "a.gif"));  // refused as a picture is, when it is read
  EXPECT_FALSE(names_pictures(run, "a.csv"));
  EXPECT_FALSE(names_pictures(run, "/dev/stdin"));
  TrainedRun points;
  points.facts.columns = {"x", "y"};
  EXPECT_FALSE(names_pictures(points, "a.csv"));
  refused(Code::usage, "expected a table", [&] { names_pictures(points, picture); });
  refused(Code::usage, "expected a table", [&] { names_pictures(points, folder_); });
}

}  // namespace
}  // namespace roulade
