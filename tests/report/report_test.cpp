// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/report.hpp"

#include "picture_reader.hpp"
#include "roulade/core/error.hpp"
#include "roulade/report/gif.hpp"
#include "roulade/report/pictures.hpp"
#include "scratch_folder.hpp"
#include "trial_content.hpp"
#include "xml_reader.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace roulade {
namespace {

std::vector<std::string> names(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::string> out;
  for (const auto& p : paths) out.push_back(p.filename().string());
  return out;
}

TEST(Report, WritesEveryFileAndDrawsIt) {
  const ScratchFolder folder;
  const auto content = swiss_roll_content(20000, 5000, 3000, 41);
  const auto written = write_report(content, folder.path() / "made" / "here");
  EXPECT_EQ(names(written),
            (std::vector<std::string>{"index.html",   "samples.png",  "samples.svg",  "data.png",     "data.svg",
                                      "schedule.png", "schedule.svg", "noising.png",  "noising.svg",  "loss.png",
                                      "loss.svg",     "training.png", "training.svg", "samplers.png", "samplers.svg",
                                      "levels.png",   "levels.svg",   "field.png",    "field.svg",    "density.png",
                                      "density.svg",  "samplers.csv", "reverse.gif"}));
  const std::string table = read_bytes(folder.path() / "made" / "here" / "samplers.csv");
  for (const char* line : {"sampler,calls,sliced_wasserstein,energy,distance\n", "\nddpm,5,0.4,0.1,\n",
                           "\nheun,40,0.04,-0.0001,0.005\n", "\nfresh data,,0.015,0.0001,\n"})
    EXPECT_NE(table.find(line), std::string::npos) << line;
  // Colours that each picture must show; dots and smooth lines reach their full colour somewhere.
  const std::map<std::string, std::vector<plot::Colour>> shown{
      {"samples", {plot::kSamples, plot::kData}},
      {"data", {plot::kData}},
      {"schedule", {plot::kBlue, plot::kVermillion, plot::kGreen}},
      {"noising", {plot::kSamples}},
      {"loss", {plot::kBlue, plot::kVermillion}},
      {"training", {plot::kBlue, plot::kVermillion}},
      {"samplers", {plot::kBlue, plot::kVermillion, plot::kGreen}},
      {"levels", {plot::kBlue, plot::kVermillion}},
      {"field", {plot::kBlue, plot::kVermillion}},
      {"density", {{0x00, 0x3F, 0x66}}}};
  for (const auto& path : written) {
    const std::string bytes = read_bytes(path);
    if (path.extension() == ".png") {
      const Pixels pixels = read_png(bytes);
      EXPECT_GE(pixels.width, 960) << path;
      for (const plot::Colour& colour : shown.at(path.stem().string()))
        EXPECT_GT(find_colour(pixels, colour, 24).count, 40) << path;
    }
    if (path.extension() == ".svg") {
      EXPECT_EQ(read_xml(bytes).name, "svg") << path;
    }
  }
  EXPECT_LT(std::filesystem::file_size(written[0]), 2'000'000U);
}

TEST(Report, SameContentSameBytes) {
  const ScratchFolder folder;
  const auto content = swiss_roll_content(3000, 2000, 1000, 9);
  const auto one = write_report(content, folder.path() / "one"), two = write_report(content, folder.path() / "two");
  ASSERT_EQ(names(one), names(two));
  for (size_t i = 0; i < one.size(); ++i) EXPECT_EQ(read_bytes(one[i]), read_bytes(two[i])) << one[i];
}

// Every src, href, url() and import of the page is data: or names a file beside it.
TEST(Report, ThePageLoadsNothing) {
  const ScratchFolder folder;
  const auto written = write_report(swiss_roll_content(2000, 2000, 500, 5), folder.path());
  const std::string page = read_bytes(written[0]);
  EXPECT_EQ(page.find("http://"), std::string::npos);
  EXPECT_EQ(page.find("https://"), std::string::npos);
  EXPECT_EQ(page.find("@import"), std::string::npos);
  EXPECT_EQ(page.find("url("), std::string::npos);
  EXPECT_EQ(page.find("src=\""), std::string::npos);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  const auto known = names(written);
  size_t links = 0;
  for (size_t at = 0; (at = page.find("href=\"", at)) != std::string::npos; ++links) {
    at += 6;
    const std::string target = page.substr(at, page.find('"', at) - at);
    EXPECT_TRUE(target.rfind("data:", 0) == 0 || std::count(known.begin(), known.end(), target) == 1)
        << target.substr(0, 60);
  }
  EXPECT_GT(links, 11U);
}

TEST(Report, EscapesEveryText) {
  const ScratchFolder folder;
  auto content = swiss_roll_content(1000, 1000, 300, 5);
  const std::string evil = "</script><script>alert('x')</script><!-- \" & \xFF";
  content.title = content.summary = content.recipe = content.figures_note = content.columns[0] = evil;
  content.commands = {evil};
  content.environment = {{evil, evil}};
  content.figures[0].name = content.figures[0].meaning = evil;
  for (ReportFrame& frame : content.frames) frame.label = evil;
  for (ReportFrame& frame : content.noising) frame.label = evil;
  const auto written = write_report(content, folder.path());
  const std::string page = read_bytes(written[0]);
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("<!--"), std::string::npos);
  EXPECT_NE(page.find("<title>&lt;/script&gt;&lt;script&gt;alert(&#39;x&#39;)"), std::string::npos);
  EXPECT_EQ(page.find('\xFF'), std::string::npos);
  for (const auto& path : written)
    if (path.extension() == ".svg") {
      EXPECT_NO_THROW(read_xml(read_bytes(path))) << path;
    }
}

TEST(Report, TheAnimationEndsAtTheSamples) {
  auto content = swiss_roll_content(4000, 3000, 3000, 12);
  const auto animation = plot::animation_of(content, 3000, 60);
  const Gif gif = read_gif(plot::to_gif(animation, 300));
  ASSERT_EQ(gif.frames.size(), 12U);
  EXPECT_EQ(gif.loops, 0);
  EXPECT_EQ(gif.delays.front(), 60);
  EXPECT_EQ(gif.delays.back(), 200);
  for (size_t f = 1; f + 1 < 12; ++f) EXPECT_EQ(gif.delays[f], 8);
  // Blue pixels within a distance of a place in the data's units.
  auto dots_near = [](const Pixels& pixels, const plot::View& view, double at_x, double at_y, double distance) {
    EXPECT_EQ(pixels.width, 300);
    const int strip = pixels.height - 300;
    const double unit = 300 / view[0].span();
    int64_t count = 0;
    for (int y = 0; y < 300; ++y)
      for (int x = 0; x < 300; ++x) {
        const double px = view[0].low + x / unit, py = view[1].high - y / unit;
        const plot::Colour c = pixels.at(x, y + strip);
        count += std::hypot(px - at_x, py - at_y) < distance && c.b > c.r + 40;
      }
    return count;
  };
  // Noise fills the middle of the roll, the samples leave it free.
  EXPECT_GT(dots_near(gif.frames.front(), animation.views.front(), 0, 0, 3), 150);
  EXPECT_LT(dots_near(gif.frames.back(), animation.views.back(), 0, 0, 3), 5);
  // The roll ends at (0, 4.5 pi); there is nothing at the same place below.
  EXPECT_GT(dots_near(gif.frames.back(), animation.views.back(), 0.5, 14, 1.5), 30);
  EXPECT_LT(dots_near(gif.frames.back(), animation.views.back(), 0.5, -14, 1.5), 5);
}

// Data stand where the frame's view has them, also where one axis alone has moved.
TEST(Report, TheBackgroundOfTheGifFollowsEachAxis) {
  for (const size_t axis : {size_t{0}, size_t{1}}) {
    plot::Animation animation;
    animation.width = 2;
    animation.columns = {"x", "y"};
    animation.labels = {"one", "two"};
    animation.times = {1, 0};
    animation.points = {{0.9, 0.9}, {0.9, 0.9}};
    animation.group = {0};
    animation.colours = {plot::kSamples};
    for (int i = 0; i < 400; ++i) {
      animation.data.push_back(0.1 * std::cos(i));
      animation.data.push_back(0.1 * std::sin(i));
    }
    animation.views = {{{-1, 1}, {-1, 1}}, {{-1, 1}, {-1, 1}}};
    animation.views[1][axis].high = 3;
    const Gif gif = read_gif(plot::to_gif(animation, 300));
    ASSERT_EQ(gif.frames.size(), 2U);
    const auto middle = [&](const Pixels& pixels, size_t along) {
      const int strip = pixels.height - 300;
      double sum = 0, count = 0;
      for (int y = 0; y < 300; ++y)
        for (int x = 0; x < 300; ++x) {
          const plot::Colour c = pixels.at(x, y + strip);
          if (c.r > 240 || c.b > c.r + 10) continue;  // paper, or the sample
          sum += along == 0 ? x : y;
          ++count;
        }
      EXPECT_GT(count, 50);
      return sum / count;
    };
    for (const size_t along : {size_t{0}, size_t{1}}) {
      EXPECT_NEAR(middle(gif.frames[0], along), 150, 3);
      // A quarter of the way from the lower end, which is left and below.
      EXPECT_NEAR(middle(gif.frames[1], along), along != axis ? 150 : axis == 0 ? 75 : 225, 3);
    }
  }
}

TEST(Report, VarianceExplodingFramesAreFollowedInwards) {
  auto content = swiss_roll_content(2000, 1000, 800, 6);
  for (size_t f = 0; f < content.frames.size(); ++f)
    for (double& v : content.frames[f].values) v *= std::pow(4.0, 5.0 - static_cast<double>(f));
  const auto animation = plot::animation_of(content, 800, 60);
  EXPECT_GT(animation.views.front()[0].span(), 20 * animation.views.back()[0].span());
  EXPECT_LT(animation.views.back()[0].span(), 45);
  EXPECT_NEAR(animation.views.back()[0].span(), animation.views.back()[1].span(), 1e-9);
}

TEST(Report, TablesOfOtherWidths) {
  const std::pair<int64_t, int64_t> cases[] = {{1, 0}, {3, 4}, {6, 0}, {6, 11}};
  for (const auto& [width, classes] : cases) {
    const ScratchFolder folder;
    const auto written = write_report(cluster_content(width, classes, 1500), folder.path());
    EXPECT_EQ(written.size(), 12U);
    const std::string page = read_bytes(written[0]);
    EXPECT_LT(page.size(), 2'000'000U) << width;
    EXPECT_EQ(page.find("id=\"across\"") != std::string::npos, width > 2);
    EXPECT_EQ(page.find("class 0</") != std::string::npos, classes > 0);
    const Pixels pixels = read_png(read_bytes(folder.path() / "samples.png"));
    EXPECT_EQ(pixels.width, width == 1 ? 960 : width == 3 ? 1440 : 1920);  // pairs of at most four columns
    if (classes == 4) {
      EXPECT_GT(find_colour(pixels, plot::kPurple, 20).count, 100);
    }
  }
}

TEST(Report, WhatIsMissingIsLeftOut) {
  const ScratchFolder folder;
  ReportContent content;
  content.title = "Nothing yet";
  EXPECT_EQ(names(write_report(content, folder.path())), std::vector<std::string>{"index.html"});
  content.samples = swiss_roll_content(10, 600, 10, 2).samples;
  EXPECT_EQ(names(write_report(content, folder.path())),
            (std::vector<std::string>{"index.html", "samples.png", "samples.svg"}));
  content.frames = {{0, "only one", content.samples.values}};
  content.loss.step = {1};
  content.loss.loss = {NAN};
  EXPECT_EQ(names(write_report(content, folder.path())),
            (std::vector<std::string>{"index.html", "samples.png", "samples.svg", "loss.png", "loss.svg"}));
}

TEST(Report, DivergedSamplesAreCountedAndDoNotShrinkThePicture) {
  const ScratchFolder folder;
  auto content = swiss_roll_content(3000, 1000, 500, 5);
  content.samples.values[0] = NAN;
  content.samples.values[6] = 1e300;
  content.samples.values[9] = -INFINITY;
  for (ReportFrame& frame : content.frames) frame.values[4] = NAN, frame.values[7] = 1e12;
  content.schedule.log_snr.front() = INFINITY;
  content.schedule.log_snr.back() = -INFINITY;
  content.loss.loss[17] = NAN;
  content.figures[0].generated = NAN;
  const auto written = write_report(content, folder.path());
  EXPECT_NE(read_bytes(written[0]).find("3 of the samples lie outside the picture."), std::string::npos);
  const Blob data = find_colour(read_png(read_bytes(folder.path() / "data.png")), plot::kData, 60);
  EXPECT_GT(data.count, 10000);
}

void expect_refused(const ReportContent& content, const std::string& part) {
  const ScratchFolder folder;
  try {
    write_report(content, folder.path());
    FAIL() << "expected an Error about " << part;
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::usage);
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

// A map of 2 x 2 cells: the one at the lower right is full, the others are empty.
TEST(Report, CellsStandWhereTheirPointsAre) {
  auto content = swiss_roll_content(100, 100, 10, 2);
  content.densities = {{"one", 2, 2, 0, 1, 0, 1, {0, 4, 0, 0}}};
  const ScratchFolder folder;
  write_report(content, folder.path());
  const Pixels pixels = read_png(read_bytes(folder.path() / "density.png"));
  const Blob cell = find_colour(pixels, {0x00, 0x3F, 0x66}, 40);
  EXPECT_GT(cell.count, 20000);
  EXPECT_GT(cell.x, pixels.width * 0.6);
  EXPECT_GT(cell.y, pixels.height * 0.6);
}

// The head of a sample stands at the level's time on its path, and its arrows point where the field does.
TEST(Report, ThePathsAreShownAtTheLevelsTime) {
  auto content = swiss_roll_content(100, 100, 10, 2);
  VectorField& field = content.field;
  field.levels.resize(1);
  field.levels[0].t = 0.25;
  field.path_times = {1, 0.5, 0};
  field.paths = {{0, 0, 4, 0, 4, 8}};
  const plot::Panel panel = plot::field_picture(content).figure.panels.front();
  const plot::Series& heads = panel.series.back();
  EXPECT_EQ(heads.x, std::vector<double>{4});
  EXPECT_EQ(heads.y, std::vector<double>{4});
  const plot::Series& gone = panel.series[3];
  EXPECT_EQ(std::vector<double>(gone.x.begin(), gone.x.end() - 1), (std::vector<double>{0, 4, 4}));
  EXPECT_EQ(std::vector<double>(gone.y.begin(), gone.y.end() - 1), (std::vector<double>{0, 0, 4}));
  const plot::Series& arrows = panel.series[1];  // the first starts at (-16, -16), towards (16, 16)
  EXPECT_NEAR((arrows.x[0] + arrows.x[1]) / 2, -16, 1e-9);
  EXPECT_GT(arrows.x[1], arrows.x[0]);
  EXPECT_NEAR(arrows.x[1] - arrows.x[0], arrows.y[1] - arrows.y[0], 1e-9);
}

// Axes are logarithmic; what is at or below 0 or failed is left out; the floor is dashed.
TEST(Report, CostCurvesLeaveOutWhatCannotBeDrawn) {
  CostCurves costs{{{"a", {5, 10, 20}, {0.5, NAN, 0.1}, {0.1, 0.01, -1e-4}, {}}}, 0.02, NAN, "note."};
  const plot::Figure figure = plot::samplers_picture(costs).figure;
  ASSERT_EQ(figure.panels.size(), 2U);
  EXPECT_TRUE(figure.panels[0].x.logarithmic && figure.panels[0].y.logarithmic);
  EXPECT_EQ(figure.panels[0].series[0].x, (std::vector<double>{5, 20}));
  EXPECT_EQ(figure.panels[0].series[0].y, (std::vector<double>{0.5, 0.1}));
  EXPECT_EQ(figure.panels[1].series[0].y, (std::vector<double>{0.1, 0.01}));
  EXPECT_TRUE(figure.panels[0].series.back().dashed);
  EXPECT_EQ(figure.panels[0].series.back().y, (std::vector<double>{0.02, 0.02}));
  EXPECT_FALSE(figure.panels[1].series.back().dashed);
  costs.curves[0].energy.clear();
  EXPECT_EQ(plot::samplers_picture(costs).figure.panels.size(), 1U);
  costs.curves[0].distance = {0.3, NAN, 0.01};
  const plot::Figure with_distance = plot::samplers_picture(costs).figure;
  ASSERT_EQ(with_distance.panels.size(), 2U);
  EXPECT_EQ(with_distance.panels[1].series[0].y, (std::vector<double>{0.3, 0.01}));
}

TEST(Report, SizesThatDoNotFitAreRefused) {
  const auto good = cluster_content(2, 3, 100);
  auto bad = good;
  bad.samples.values.pop_back();
  expect_refused(bad, "samples");
  bad = good;
  bad.data.labels.pop_back();
  expect_refused(bad, "label");
  bad = good;
  bad.frames[1].values.pop_back();
  expect_refused(bad, "frames");
  bad = good;
  bad.frames[1].values.resize(10);
  expect_refused(bad, "frames");
  bad = good;
  bad.frame_labels.push_back(1);
  expect_refused(bad, "label");
  bad = good;
  bad.schedule.alpha.pop_back();
  expect_refused(bad, "schedule");
  bad = good;
  bad.loss.step.push_back(1);
  expect_refused(bad, "loss");
  bad = swiss_roll_content(100, 100, 10, 2);
  bad.field.levels[1].towards.pop_back();
  expect_refused(bad, "arrows");
  bad = swiss_roll_content(100, 100, 10, 2);
  bad.field.paths[0].pop_back();
  expect_refused(bad, "path");
  bad = swiss_roll_content(100, 100, 10, 2);
  bad.level_errors.eps.pop_back();
  expect_refused(bad, "noise level");
  bad = swiss_roll_content(100, 100, 10, 2);
  bad.densities[1].density.pop_back();
  expect_refused(bad, "cells");
  bad = swiss_roll_content(100, 100, 10, 2);
  bad.samplers.curves[1].sliced_wasserstein.pop_back();
  expect_refused(bad, "heun");
  bad = good;
  bad.samples.width = 1;
  bad.samples.labels.clear();
  expect_refused(bad, "columns");
}

TEST(Report, AFolderThatCannotBeMadeIsAnIoError) {
  const ScratchFolder folder;
  std::ofstream(folder.path() / "file") << "in the way";
  try {
    write_report(cluster_content(1, 0, 100), folder.path() / "file" / "report");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::io);
  }
}

TEST(Report, ReportsProgressAndStopsWhenAsked) {
  const ScratchFolder folder;
  const auto content = cluster_content(2, 0, 600);
  std::vector<int64_t> done;
  int64_t total = 0;
  Cancel cancel;
  const auto all = write_report(content, folder.path() / "all", [&](const Progress& p) {
    EXPECT_EQ(p.stage, "report");
    done.push_back(p.done);
    total = p.total;
  });
  EXPECT_EQ(static_cast<size_t>(total), all.size());
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_EQ(done.back(), total);
  const auto some = write_report(
      content, folder.path() / "some",
      [&](const Progress& p) {
        if (p.done == 3) cancel.request();
      },
      cancel);
  EXPECT_EQ(some.size(), 4U);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "some" / "index.html"));
}

}  // namespace
}  // namespace roulade
