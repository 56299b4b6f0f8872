// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/data/image_set.hpp"
#include "roulade/data/points.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/image.hpp"
#include "roulade/report/png.hpp"
#include "roulade/run/choices.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/picture_files.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/sample_files.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/train/batches.hpp"

#include <algorithm>
#include <filesystem>

#include <ATen/ops/equal.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

DataFacts facts_of(std::vector<int64_t> shape) {
  DataFacts facts;
  facts.shape = std::move(shape);
  facts.low = -1;
  facts.high = 3;
  return facts;
}

// Four pictures of 2 x 1 pixels: enlarged 32 times, a white line of 2 pixels around each.
TEST(PictureSheet, HasEachPictureInItsPlace) {
  const Points points{4, 2, {-1, 3, 1, 1, 3, -1, 9, -9}, {}};
  const Image sheet = parse_png(picture_sheet(points, facts_of({1, 1, 2})), "sheet");
  ASSERT_EQ(sheet.channels, 3);
  ASSERT_EQ(sheet.width, 2 * (64 + 2) + 2);
  ASSERT_EQ(sheet.height, 2 * (32 + 2) + 2);
  const auto shade = [&](int64_t picture, int64_t pixel) {
    return static_cast<int>(*sheet.pixel(2 + picture % 2 * 66 + pixel * 32 + 7, 2 + picture / 2 * 34 + 9));
  };
  EXPECT_EQ(shade(0, 0), 0);
  EXPECT_EQ(shade(0, 1), 255);
  EXPECT_EQ(shade(1, 0), 128);
  EXPECT_EQ(shade(2, 1), 0);
  EXPECT_EQ(shade(3, 0), 255);  // beyond white is white
  EXPECT_EQ(shade(3, 1), 0);
  EXPECT_EQ(static_cast<int>(*sheet.pixel(0, 0)), 255);
  EXPECT_EQ(static_cast<int>(*sheet.pixel(66, 10)), 255);
}

TEST(AnimationFrames, GoThereAndBackOnAWay) {
  const Points points{4, 2, {-1, 3, 1, 1, 3, -1, 3, 3}, {}};
  const DataFacts facts = facts_of({1, 1, 2});
  const std::vector<AnimationFrame> shown = animation_frames(points, facts, false),
                                    way = animation_frames(points, facts, true);
  ASSERT_EQ(shown.size(), 4u);
  ASSERT_EQ(way.size(), 6u);
  for (size_t i = 0; i < 6; ++i) {
    const int64_t row = std::vector<int64_t>{0, 1, 2, 3, 2, 1}[i];
    EXPECT_EQ(way[i].milliseconds, row == 0 || row == 3 ? 1000 : 100) << i;
    EXPECT_EQ(way[i].image.width, 256);
    EXPECT_EQ(way[i].image.height, 128);
    const Image small = picture_of(points, row, facts);
    for (int64_t x : {0, 127, 128, 255}) EXPECT_EQ(*way[i].image.pixel(x, 127), *small.pixel(x / 128, 0)) << i;
    if (i >= 4) continue;
    EXPECT_EQ(shown[i].milliseconds, 500);
    EXPECT_EQ(shown[i].image.values, way[i].image.values);
  }
  EXPECT_EQ(animation_frames({1, 2, {-1, 3}, {}}, facts, true).size(), 1u);
  // No larger than a file holds.
  const Points line{1, 1000, std::vector<double>(1000, 1), {}};
  EXPECT_EQ(animation_frames(line, facts_of({1, 1, 1000}), false).front().image.width, 16000);
}

TEST(PictureSheet, ColoursAreChannelsAndClassesAreRows) {
  const Points red_and_blue{2, 3, {3, -1, -1, -1, -1, 3}, {}};
  const Image sheet = parse_png(picture_sheet(red_and_blue, facts_of({3, 1, 1}), 2), "sheet");
  const auto* first = sheet.pixel(5, 5);
  EXPECT_EQ(std::vector<int>(first, first + 3), (std::vector<int>{255, 0, 0}));
  const auto* second = sheet.pixel(2 + 34 + 5, 5);
  EXPECT_EQ(std::vector<int>(second, second + 3), (std::vector<int>{0, 0, 255}));
  Points six{6, 1, {-1, 3, -1, 3, -1, 3}, {1, 0, 1, 0, 1, 0}};  // class 0 is white and comes first
  const Image rows = parse_png(picture_sheet(six, facts_of({1, 1, 1})), "sheet");
  EXPECT_EQ(rows.width, 3 * 34 + 2);
  EXPECT_EQ(static_cast<int>(*rows.pixel(5, 5)), 255);
  EXPECT_EQ(static_cast<int>(*rows.pixel(5, 39)), 0);
  EXPECT_THROW(picture_sheet({0, 1, {}, {}}, facts_of({1, 1, 1})), Error);
  EXPECT_THROW(picture_sheet({1, 2, {0, 0}, {}}, facts_of({2})), Error);
  EXPECT_THROW(check_sample_file("a.png", facts_of({2})), Error);
}

struct Folder {
  fs::path path = fs::temp_directory_path() / fmt::format("roulade-pictures-{}", getpid());
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

TEST(ImagesSource, HasClassesShapeAndSplits) {
  const Folder folder;
  for (int k = 0; k < 2; ++k)
    for (int i = 0; i < 10; ++i) {
      fs::create_directories(folder.path / (k == 0 ? "dark" : "light"));
      const std::vector<uint8_t> rgb(2 * 3 * 3, static_cast<uint8_t>(100 * k + i));
      write_file_atomically(folder.path / (k == 0 ? "dark" : "light") / fmt::format("{}.png", i),
                            plot::png_of_rgb(rgb, 3, 2));
    }
  const Table data{{"kind", "images"}, {"path", folder.path.string()},
                   {"fit", "exact"},   {"channels", 1},
                   {"test", 0.2},      {"validation", 0.25}};
  const auto source = make_source(data);
  EXPECT_EQ(source->shape(), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(source->class_names(), (std::vector<std::string>{"dark", "light"}));
  EXPECT_EQ(source->classes(), 2);
  EXPECT_EQ(source->columns().size(), 6u);
  std::vector<double> seen;
  for (const auto& [split, count] : {std::pair(Split::train, 12), {Split::validation, 4}, {Split::test, 4}}) {
    const Points points = source->draw(split, 3, 0);
    ASSERT_EQ(points.rows, count);
    for (int64_t i = 0; i < points.rows; ++i) {
      const double value = *points.row(i);
      seen.push_back(value);
      EXPECT_TRUE(std::all_of(points.row(i), points.row(i) + 6, [&](double v) { return v == value; }));
      EXPECT_EQ(points.labels[static_cast<size_t>(i)], value >= 100 ? 1 : 0);
    }
  }
  std::sort(seen.begin(), seen.end());
  std::vector<double> all;
  for (int k = 0; k < 2; ++k)
    for (int i = 0; i < 10; ++i) all.push_back(100 * k + i);
  EXPECT_EQ(seen, all);  // each picture once, in one part
  EXPECT_EQ(source->draw(Split::train, 3, 5).values, part_of(source->draw(Split::train, 3, 0), 0, 5).values);
  EXPECT_NE(source->draw(Split::train, 4, 0).values, source->draw(Split::train, 3, 0).values);
  Table nothing = data;
  nothing["path"] = "";
  EXPECT_THROW(make_source(nothing), Error);
}

// A picture and its mirror image are never on both sides of a split.
TEST(ImagesSource, MirrorImagesStayTogether) {
  const Folder folder;
  for (int i = 0; i < 10; ++i) {
    std::vector<uint8_t> rgb(2 * 3, static_cast<uint8_t>(10 + i));
    std::fill(rgb.begin() + 3, rgb.end(), static_cast<uint8_t>(200 + i));
    write_file_atomically(folder.path / fmt::format("{}.png", i), plot::png_of_rgb(rgb, 2, 1));
  }
  const auto source = make_source({{"kind", "images"},
                                   {"path", folder.path.string()},
                                   {"fit", "exact"},
                                   {"channels", 1},
                                   {"flip", true},
                                   {"test", 0.0},
                                   {"validation", 0.3}});
  const auto pictures = [&](Split split) {
    const Points points = source->draw(split, 1, 0);
    std::vector<std::pair<double, double>> out;
    for (int64_t i = 0; i < points.rows; ++i) out.emplace_back(points.row(i)[0], points.row(i)[1]);
    return out;
  };
  const auto train = pictures(Split::train), validation = pictures(Split::validation);
  EXPECT_EQ(train.size(), 14u);
  EXPECT_EQ(validation.size(), 6u);
  for (const auto& part : {train, validation})
    for (const auto& [left, right] : part)
      EXPECT_TRUE(std::find(part.begin(), part.end(), std::pair(right, left)) != part.end());
}

// A picture without a class (label -1) has no share; what the folder repeats is shown so often, by training alone.
TEST(ImagesSource, CountsClassesThatAreKnownAndRepeats) {
  const Folder folder;
  std::string lines;
  for (int i = 0; i < 8; ++i) {
    const std::vector<uint8_t> rgb(2 * 3, static_cast<uint8_t>(30 + 10 * i));
    write_file_atomically(folder.path / fmt::format("{}.png", i), plot::png_of_rgb(rgb, 2, 1));
    lines += fmt::format("{{\"file_name\": \"{}.png\"{}}}\n", i,
                         i < 2 ? "" : fmt::format(", \"label\": \"{}\"", i < 5 ? "a" : "b"));
  }
  write_file_atomically(folder.path / "metadata.jsonl", lines);
  const Table data{{"kind", "images"}, {"path", folder.path.string()},
                   {"fit", "exact"},   {"channels", 1},
                   {"test", 0.0},      {"validation", 0.0},
                   {"scale", "pixels"}};
  EXPECT_EQ(make_source(data)->range(), (std::array<double, 2>{0, 255}));
  Recipe recipe;
  recipe.tables["data"] = data;
  recipe.tables["data"]["validation"] = 0.25;
  recipe.tables["model"] = {
      {"kind", "dit"}, {"num_layers", 1}, {"num_attention_heads", 1}, {"attention_head_dim", 4}, {"patch_size", 1}};
  recipe.tables["data"]["fit"] = "stretch";
  recipe.tables["data"]["size"] = 2;
  const TrainParts parts = make_train_parts(resolve(recipe));
  ASSERT_EQ(parts.facts.classes(), 2);
  EXPECT_NEAR(parts.facts.class_shares[0] + parts.facts.class_shares[1], 1, 1e-12);
  EXPECT_EQ(std::count(parts.training.labels.begin(), parts.training.labels.end(), -1) +
                std::count(parts.validation.labels.begin(), parts.validation.labels.end(), -1),
            2);
  EXPECT_EQ(parts.facts.shape, (std::vector<int64_t>{1, 2, 2}));
  EXPECT_EQ(parts.facts.high, 255);  // no picture is white
}

// The same batches as from the doubles that draw() gives, from bytes.
TEST(ImagesSource, TrainsFromBytes) {
  const Folder folder;
  for (int i = 0; i < 9; ++i) {
    const std::vector<uint8_t> rgb{static_cast<uint8_t>(i), 200, 7, 90, static_cast<uint8_t>(255 - i), 31};
    write_file_atomically(folder.path / fmt::format("{}.png", i), plot::png_of_rgb(rgb, 2, 1));
  }
  for (const char* scale : {"pixels", "global"}) {
    Recipe recipe;
    recipe.tables["data"] = {
        {"kind", "images"}, {"path", folder.path.string()}, {"size", 2}, {"scale", scale}, {"validation", 0.25}};
    recipe.tables["model"] = {
        {"kind", "dit"}, {"num_layers", 1}, {"num_attention_heads", 1}, {"attention_head_dim", 4}, {"patch_size", 1}};
    const TrainParts parts = make_train_parts(resolve(recipe));
    EXPECT_TRUE(parts.training.values.empty());
    EXPECT_FALSE(parts.training.bytes.rows.empty());
    EXPECT_TRUE(parts.validation.values.empty());
    ASSERT_EQ(parts.validation.rows, 2);
    EXPECT_EQ(parts.validation.points().values,
              parts.facts.scaling.apply(parts.source->draw(Split::validation, parts.seed, 0)).values);
    const Points drawn = parts.source->draw(Split::train, parts.seed, 0);
    const Scaling scaling = Scaling::fit(drawn, scale);
    EXPECT_EQ(parts.facts.scaling.mean, scaling.mean);
    EXPECT_EQ(parts.facts.scaling.deviation, scaling.deviation);
    PointBatches a(parts.training, 4, 3, parts.facts.shape), b(scaling.apply(drawn), 4, 3, parts.facts.shape);
    for (int64_t i = 0; i < 5; ++i) EXPECT_TRUE(at::equal(a.at(i).x0, b.at(i).x0)) << scale;
  }
}

// Without a recipe: a network for the pictures' size, classes where there are any.
TEST(Choices, AFolderOfPictures) {
  const Folder folder;
  const auto spill = [&](const std::string& name, int width, int height) {
    std::filesystem::create_directories((folder.path / name).parent_path());
    const auto bytes = static_cast<size_t>(width) * static_cast<size_t>(height) * 3;
    write_file_atomically(folder.path / name, plot::png_of_rgb(std::vector<uint8_t>(bytes, 80), width, height));
  };
  const auto chosen = [&](const std::string& table, const std::string& key) {
    const Recipe resolved = resolve(choose_recipe(folder.path).recipe);
    return to_text(resolved.tables.at(table).at(key).value);
  };
  spill("a/1.png", 30, 40);
  spill("b/1.png", 50, 41);
  EXPECT_EQ(chosen("data", "size"), "28");
  EXPECT_EQ(chosen("data", "channels"), "3");
  EXPECT_EQ(chosen("objective", "label_dropout"), "0.1");
  EXPECT_EQ(chosen("model", "block_out_channels"), "[64.0, 128.0, 128.0]");
  const ChosenRecipe all = choose_recipe(folder.path);
  size_t keys = 0;
  for (const auto& [name, table] : all.recipe.tables) keys += table.size();
  EXPECT_EQ(all.choices.size(), keys) << "every key chosen is told";
  Recipe small = all.recipe;  // what is chosen can be built
  small.tables["model"]["block_out_channels"] = std::vector<double>{32, 32, 32};
  EXPECT_EQ(make_train_parts(resolve(small)).facts.shape, (std::vector<int64_t>{3, 28, 28}));

  std::filesystem::rename(folder.path / "a/1.png", folder.path / "1.png");  // beside a subfolder: no classes
  EXPECT_EQ(chosen("objective", "label_dropout"), "0.0");
  std::filesystem::remove_all(folder.path / "b");
  spill("1.png", 8, 8);
  EXPECT_EQ(chosen("data", "size"), "8");
  EXPECT_EQ(chosen("model", "block_out_channels"), "[64.0, 128.0]");
  spill("1.png", 300, 100);
  EXPECT_EQ(chosen("data", "size"), "64");
  EXPECT_EQ(chosen("model", "block_out_channels"), "[64.0, 128.0, 128.0, 256.0]");
}

TEST(ImagesSource, RepeatsAndNamesWhatIsLeftOut) {
  const Folder folder;
  for (const auto& [name, shade] : {std::pair("3_often", 40), {"1_once", 90}}) {
    fs::create_directories(folder.path / name);
    const std::vector<uint8_t> rgb(3, static_cast<uint8_t>(shade));
    write_file_atomically(folder.path / name / "a.png", plot::png_of_rgb(rgb, 1, 1));
  }
  write_file_atomically(folder.path / "1_once/b.png", "no picture");
  Table data{{"kind", "images"}, {"path", folder.path.string()}, {"test", 0.0}, {"validation", 0.0}, {"channels", 1}};
  EXPECT_THROW(make_source(data), Error);
  data["on_damaged"] = "skip";
  const auto source = make_source(data);
  const Points points = source->draw(Split::train, 1, 0);
  EXPECT_EQ(std::count(points.values.begin(), points.values.end(), 40), 3);
  EXPECT_EQ(std::count(points.values.begin(), points.values.end(), 90), 1);
  const std::vector<std::string> remarks = source->remarks();
  ASSERT_EQ(remarks.size(), 1u);
  EXPECT_NE(remarks[0].find("b.png"), std::string::npos) << remarks[0];
}

TEST(DataFacts, KeepShapeAndRange) {
  const Folder folder;
  const RunFolder run{folder.path};
  DataFacts facts;
  facts.columns = {"a", "b", "c", "d"};
  facts.shape = {1, 2, 2};
  facts.low = 0;
  facts.high = 255;
  facts.scaling = {{0, 0, 0, 0}, {1, 1, 1, 1}};
  write_facts(run, facts);
  const DataFacts read = read_facts(run);
  EXPECT_EQ(read.shape, facts.shape);
  EXPECT_EQ(read.high, 255);
  const std::string whole = read_file(run.facts());
  const auto refused = [&](const std::string& key, const std::string& value) {
    nlohmann::json json = nlohmann::json::parse(whole);
    json[key] = nlohmann::json::parse(value);
    write_file_atomically(run.facts(), json.dump());
    EXPECT_THROW(read_facts(run), Error) << key << " " << value;
  };
  for (const char* shape : {"[1, 2, 3]", "[2, 2]", "[4]", "[-1, -2, 2]", "[1, 2]", "\"4\""}) refused("shape", shape);
  for (const char* range : {"[0, 0]", "[1, 0]", "[1]", "3"}) refused("range", range);
  const std::string old = R"({"columns":["a"],"class_names":[],"class_shares":[],"mean":[0],"deviation":[1]})";
  write_file_atomically(run.facts(), old);
  EXPECT_TRUE(read_facts(run).shape.empty());
  EXPECT_EQ(read_facts(run).axes(7), (std::vector<int64_t>{7, 1}));
}

// What the shape says of each pixel, and what is the same for all, would make a file that is too large to be read.
TEST(DataFacts, AreShortForLargePictures) {
  const Folder folder;
  const RunFolder run{folder.path};
  DataFacts facts;
  facts.shape = {3, 80, 80};
  facts.high = 255;
  facts.columns = picture_columns(facts.shape);
  facts.scaling.mean.assign(facts.columns.size(), 127.5);
  facts.scaling.deviation.assign(facts.columns.size(), 60.1);
  const auto comes_back = [&] {
    write_facts(run, facts);
    const DataFacts read = read_facts(run);
    EXPECT_EQ(read.columns, facts.columns);
    EXPECT_EQ(read.scaling.mean, facts.scaling.mean);
    EXPECT_EQ(read.scaling.deviation, facts.scaling.deviation);
  };
  comes_back();
  const std::string whole = read_file(run.facts());
  EXPECT_LT(whole.size(), 500u);
  for (const char* shape : {"[1000000, 1000000, 1000000]", "[3, -80, -80]", "[0, 80, 80]", "[19200]"}) {
    nlohmann::json json = nlohmann::json::parse(whole);
    json["shape"] = nlohmann::json::parse(shape);
    write_file_atomically(run.facts(), json.dump());
    EXPECT_THROW(read_facts(run), Error) << shape;
  }
  // As earlier versions wrote it, and where a table names its columns itself.
  nlohmann::json json = nlohmann::json::parse(whole);
  json["columns"] = facts.columns;
  json["mean"] = facts.scaling.mean;
  json["deviation"] = facts.scaling.deviation;
  write_file_atomically(run.facts(), json.dump(2));
  EXPECT_EQ(read_facts(run).columns, facts.columns);
  EXPECT_EQ(read_facts(run).scaling.deviation, facts.scaling.deviation);
  json["mean"] = {127.5, 127.5};
  write_file_atomically(run.facts(), json.dump());
  EXPECT_THROW(read_facts(run), Error);
  facts.columns[7] = "seventh";
  facts.scaling.mean[7] = 3;
  comes_back();
}

TEST(PictureOf, HasTheDatasChannels) {
  DataFacts facts;
  facts.shape = {2, 1, 2};
  facts.low = -1;
  facts.high = 3;
  const Image picture = picture_of({1, 4, {-1, 3, 1, 9}, {}}, 0, facts);
  EXPECT_EQ(picture.channels, 2);
  EXPECT_EQ(picture.values, (std::vector<uint8_t>{0, 128, 255, 255}));
  EXPECT_THROW(picture_of({1, 4, {-1, 3, 1, 9}, {}}, 1, facts), Error);
}

}  // namespace
}  // namespace roulade
