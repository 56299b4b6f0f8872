// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/image_words.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/image_set.hpp"
#include "roulade/data/points.hpp"
#include "tests/io/scratch.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace roulade {
namespace {

// As the options say it, and by the words of a recipe.
TEST(ImageWords, ColoursBehindAndFilters) {
  const Scratch s;
  std::filesystem::copy_file(golden("io/rgba.webp"), s / "a.webp");
  std::filesystem::copy_file(golden("io/rgb.jpg"), s / "b.jpg");
  ImageOptions options;
  options.size = 3;
  options.filter = Filter::bicubic;
  options.background = {255, 0, 136};
  const ImageSet expected = open_images(s.folder(), options).train;
  const auto drawn = [&](const std::string& filter, const std::string& background) {
    const auto source = data::registry().make("images", {{"path", s.folder().string()},
                                                         {"size", int64_t{3}},
                                                         {"filter", filter},
                                                         {"background", background},
                                                         {"validation", 0.0},
                                                         {"test", 0.0}});
    std::vector<double> values = source->draw(Split::train, 1, 0).values;
    std::sort(values.begin(), values.end());  // of both, in whatever order
    return values;
  };
  std::vector<double> values(expected.values.begin(), expected.values.end());
  std::sort(values.begin(), values.end());
  EXPECT_EQ(drawn("bicubic", "#ff0088"), values);
  EXPECT_NE(drawn("lanczos", "#ff0088"), values);
  EXPECT_NE(drawn("bicubic", "white"), values);
  for (const char* word : {"red", "#ff008", "#ff00880", "#ff00g0", "ff0088", ""})
    expect_error(Code::usage, {"data.background", "#rrggbb"}, [&] { drawn("bicubic", word); });
}

// Twenty are named, the rest counted.
TEST(ImageSet, ManyDamagedPicturesAreListedAndCounted) {
  const Scratch s;
  std::filesystem::copy_file(golden("io/rgb.jpg"), s / "good.jpg");
  for (int i = 10; i < 32; ++i) spill(s / (std::to_string(i) + ".png"), "");
  ImageOptions options;
  options.size = 3;
  try {
    open_images(s.folder(), options);
    FAIL();
  } catch (const Error& e) {
    const std::string said = e.what();
    EXPECT_NE(said.find("22 of 23 pictures"), std::string::npos) << said;
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 21) << said;
    EXPECT_TRUE(said.ends_with("\n  and 2 more")) << said;
  }
}

}  // namespace
}  // namespace roulade
