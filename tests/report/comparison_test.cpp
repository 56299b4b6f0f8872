// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/comparison.hpp"

#include "picture_reader.hpp"
#include "roulade/core/error.hpp"
#include "scratch_folder.hpp"
#include "trial_content.hpp"

#include <fstream>

#include <gtest/gtest.h>

namespace roulade {
namespace {

std::vector<ComparedRun> three_runs() {
  std::vector<ComparedRun> runs{
      {"first", swiss_roll_content(500, 500, 10, 2), {{"steps", "100"}, {"sampler", "ddpm"}}},
      {"<b>second", swiss_roll_content(500, 500, 10, 2), {{"steps", "200"}, {"sampler", "ddpm"}}},
      {"unjudged", cluster_content(3, 2, 500), {{"steps", "100"}}}};
  runs[1].content.figures.resize(2);
  runs[1].content.figures[0].generated = 0.0187;
  runs[2].content.figures.clear();
  runs[2].content.figures_note.clear();
  return runs;
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
  return count;
}

TEST(Comparison, AllRunsStandSideBySide) {
  const ScratchFolder folder;
  const auto written = write_comparison(three_runs(), folder.path());
  std::vector<std::string> names;
  for (const auto& path : written) names.push_back(path.filename().string());
  EXPECT_EQ(names,
            (std::vector<std::string>{"index.html", "samples-1.png", "samples-1.svg", "samples-2.png", "samples-2.svg",
                                      "samples-3.png", "samples-3.svg", "loss.png", "loss.svg"}));
  const std::string page = read_bytes(written.front());
  EXPECT_EQ(page.find("<b>second"), std::string::npos);
  EXPECT_EQ(count_of(page, "&lt;b&gt;second</th>"), 2u);
  EXPECT_EQ(count_of(page, "class=\"plot\""), 4u);  // three samples and the losses
  // The first figure: both runs' numbers, each with its own verdict, and a gap for the run that was not judged.
  const size_t row = page.find("sliced Wasserstein-1");
  const std::string cells = page.substr(row, page.find("</tr>", row) - row);
  EXPECT_NE(cells.find("0.0213"), std::string::npos);
  EXPECT_NE(cells.find("0.0187"), std::string::npos);
  EXPECT_EQ(count_of(cells, "at the floor"), 2u);
  EXPECT_NE(cells.find("<td data-name=\"unjudged\">–</td>"), std::string::npos);
  EXPECT_NE(page.find("unjudged: not judged yet"), std::string::npos);
  // Steps differ, and a sampler is missing for the third.
  EXPECT_EQ(count_of(page, "<tr class=\"differ\">"), 2u);
  for (const char* never : {"http://", "https://", "src=\"", "url("}) EXPECT_EQ(page.find(never), std::string::npos);
}

TEST(Comparison, NoRunIsAnError) {
  try {
    write_comparison({}, "anywhere");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::usage);
  }
}

}  // namespace
}  // namespace roulade
