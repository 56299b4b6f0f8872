// SPDX-License-Identifier: Apache-2.0
#include "picture_reader.hpp"
#include "roulade/report/comparison.hpp"
#include "roulade/report/page.hpp"
#include "roulade/report/report.hpp"
#include "scratch_folder.hpp"

#include <gtest/gtest.h>

namespace roulade {
namespace {

ReportGallery seeds(const std::string& picture) {
  return {"seeds",
          "Under several seeds",
          "a note",
          {{"red <square>", {{picture + "1", 32, "seed 0"}, {picture + "2", 32, "seed 1"}}},
           {"", {{picture + "3", 512, "seed 0"}}}}};
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
  return count;
}

TEST(Gallery, WordsAreTextAndPicturesAreInThePage) {
  ReportContent content;
  content.galleries = {seeds("p"), {"captions", "Samples", "", {{"", {{"q", 32, "a \"blue\" cross"}}}}}};
  const ScratchFolder folder;
  const std::string page = read_bytes(write_report(content, folder.path()).front());
  EXPECT_EQ(count_of(page, "<h2>Prompts</h2>"), 1u);
  EXPECT_NE(page.find("<p class=\"asked\">red &lt;square&gt;</p>"), std::string::npos);
  EXPECT_NE(page.find("<i>(no words)</i>"), std::string::npos);
  EXPECT_NE(page.find("<figcaption>a &quot;blue&quot; cross</figcaption>"), std::string::npos);
  EXPECT_NE(page.find("base64,cDE="), std::string::npos);  // "p1"
  EXPECT_NE(page.find("alt=\"red &lt;square&gt;, seed 1\""), std::string::npos);
  // What has fewer pixels than it is shown with is enlarged without a blur; a photograph is not.
  EXPECT_EQ(count_of(page, "class=\"small\""), 3u);
  EXPECT_EQ(count_of(page, "id=\"obedience"), 0u);
}

TEST(Gallery, ObedienceStandsBesideRealPicturesAndChance) {
  ReportContent content;
  content.obedience = {{"obedience-test",
                        "never trained on",
                        "379 texts.",
                        {{"colour", 0.9472, 0.0123, 0.995, 0.004, 0.0385}},
                        "sheet",
                        {"green folder", "<b>"}}};
  const ScratchFolder folder;
  const std::string page = read_bytes(write_report(content, folder.path()).front());
  for (const char* part :
       {"id=\"obedience-test\"", "Obedience: texts never trained on", "0.947 ± 0.012", "0.995 ± 0.004", ">0.038<",
        "c2hlZXQ=", "<li>green folder</li>", "<li>&lt;b&gt;</li>", "379 texts."})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  EXPECT_EQ(count_of(page, "<h2>Prompts</h2>"), 0u);
}

TEST(Gallery, RunsStandSideBySideRowByRow) {
  std::vector<ComparedRun> runs{{"concat", {}, {}}, {"plain", {}, {}}, {"cross<", {}, {}}};
  runs[0].content.galleries = {seeds("a")};
  runs[2].content.galleries = {seeds("c")};
  runs[2].content.sheets = {{"samples", "Samples", "", "sheet"}, {"data", "Data", "", "other"}};
  const ScratchFolder folder;
  const auto written = write_comparison(runs, folder.path());
  ASSERT_EQ(written.size(), size_t{2});
  EXPECT_EQ(written[1].filename(), "samples-3.png");
  EXPECT_EQ(read_bytes(written[1]), "sheet");
  const std::string page = read_bytes(written.front());
  // Row 0: all of the first run's pictures, nothing of the second, all of the third's; names below each.
  const size_t row = page.find("red &lt;square&gt;</p>"), next = page.find("(no words)");
  ASSERT_LT(row, next);
  const std::string first = page.substr(row, next - row);
  for (const char* part :
       {"base64,YTE=", "base64,YTI=", "<figcaption>concat</figcaption>", "–<figcaption>plain</figcaption>",
        "base64,YzE=", "base64,YzI=", "<figcaption>cross&lt;</figcaption>"}) {
    EXPECT_NE(first.find(part), std::string::npos) << part;
  }
  EXPECT_LT(first.find("YTI="), first.find("plain"));
  EXPECT_LT(first.find("plain"), first.find("YzE="));
  EXPECT_EQ(first.find("YTM="), std::string::npos);  // of row 1
}

}  // namespace
}  // namespace roulade
