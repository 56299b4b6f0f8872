// SPDX-License-Identifier: Apache-2.0
// Sets in two parts, in folders and in archives, and what is said of that which belongs to neither.
#include "roulade/data/image_parts.hpp"

#include "roulade/data/image_set.hpp"
#include "roulade/data/points.hpp"
#include "tests/data/tarred.hpp"
#include "tests/io/scratch.hpp"

#include <memory>
#include <utility>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using Names = std::vector<std::string>;
using Numbers = std::vector<int64_t>;

struct Entry {
  std::string name, content;
};

/// The same files as a folder and as an archive that holds a folder of them.
void write(const Scratch& s, const std::vector<Entry>& entries) {
  std::string archive;
  for (const Entry& entry : entries) {
    const std::filesystem::path file = s / ("folder/" + entry.name);
    std::filesystem::create_directories(file.parent_path());
    spill(file, entry.content);
    archive += tarred("set/" + entry.name, entry.content);
  }
  spill(s / "archive.tar", archive + std::string(1024, '\0'));
}

bool has(const Names& lines, const std::string& text) {
  for (const std::string& line : lines)
    if (line.find(text) != std::string::npos) return true;
  return false;
}

TEST(ImageParts, AnArchiveHasThePartsThatAFolderHas) {
  const Scratch s;
  const std::string picture = slurp(golden("io/rgb.webp")), other = slurp(golden("io/orientation6.png"));
  write(s, {{"train/cat/a.webp", picture},
            {"train/dog/a.png", other},
            {"val/bee/a.webp", picture},
            {"val/dog/a.png", other},
            {"val/dog/a.txt", "a dog"}});
  ImageOptions options;
  options.size = 4;
  const ImageData folder = open_images(s / "folder", options), archive = open_images(s / "archive.tar", options);
  EXPECT_EQ(archive.train.class_names, (Names{"bee", "cat", "dog"}));
  EXPECT_EQ(archive.train.labels, (Numbers{1, 2}));
  EXPECT_EQ(archive.test.labels, (Numbers{0, 2}));
  EXPECT_EQ(archive.test.captions, (Names{"", "a dog"}));
  for (const auto& [a, b] : {std::pair{&folder.train, &archive.train}, {&folder.test, &archive.test}}) {
    EXPECT_EQ(a->names, b->names);
    EXPECT_EQ(a->labels, b->labels);
    EXPECT_EQ(a->values, b->values);
  }
  EXPECT_EQ(folder.remarks, Names());
  EXPECT_EQ(archive.remarks, Names());
  EXPECT_EQ(glance_at_images(s / "archive.tar").count, 2);
  const ImageParts parts = find_parts(s / "archive.tar");
  ASSERT_TRUE(parts.test.has_value());
  EXPECT_TRUE(parts.test->files->where("bee/a.webp").ends_with("archive.tar:set/val/bee/a.webp"));
  EXPECT_EQ(parts.test->files->read("dog/a.txt", 9), "a dog");
}

TEST(ImageParts, WithoutBothFoldersAllTrain) {
  const Scratch s;
  write(s, {{"train/a.png", ""}, {"more/b.png", ""}});
  for (const char* name : {"folder", "archive.tar"}) {
    const ImageParts parts = find_parts(s / name);
    EXPECT_FALSE(parts.test.has_value()) << name;
    EXPECT_EQ(parts.train.class_names, (Names{"more", "train"})) << name;
  }
  const Scratch beside;
  write(beside, {{"train/a.png", ""}, {"test/b.png", ""}, {"c.png", ""}});
  for (const char* name : {"folder", "archive.tar"}) EXPECT_EQ(find_parts(beside / name).train.items.size(), size_t{3});
}

TEST(ImageParts, SayWhatIsPassedOver) {
  const Scratch s;
  write(s, {{"train/a.png", ""},
            {"train/a.txt", "told"},
            {"train/b.txt", "of no picture"},
            {"test/a.png", ""},
            {"test/metadata.jsonl", "{\"file_name\": \"a.png\"}\n"},
            {"test/notes.md", ""},
            {"test/more/plan.pdf", ""},
            {"val/a.png", ""},
            {"README", ""}});
  for (const char* name : {"folder", "archive.tar"}) {
    const Names remarks = find_parts(s / name).remarks;
    ASSERT_EQ(remarks.size(), size_t{3}) << name;
    EXPECT_EQ(remarks[0], "passed over beside train/ and test/: val/, README") << name;
    EXPECT_TRUE(remarks[1].starts_with("passed over: a file that is no picture and describes none, ")) << remarks[1];
    EXPECT_TRUE(remarks[1].ends_with("train/b.txt")) << remarks[1];
    EXPECT_TRUE(remarks[2].starts_with("passed over: 2 files that are no pictures and describe none, such as "));
    EXPECT_TRUE(remarks[2].ends_with("test/more/plan.pdf")) << remarks[2];
  }
  for (int i = 0; i < 6; ++i) spill(s / ("folder/file" + std::to_string(i)), "");
  EXPECT_TRUE(has(find_parts(s / "folder").remarks, "val/, README, file0, file1, file2 and 3 more"));
}

TEST(ImageParts, TheSourceHandsTheRemarksOn) {
  const Scratch s;
  for (int i = 0; i < 3; ++i) std::filesystem::copy_file(golden("io/rgb.webp"), s / (std::to_string(i) + ".webp"));
  spill(s / "notes.md", "");
  const std::unique_ptr<const PointSource> source =
      data::registry().make("images", {{"path", s.folder().string()}, {"size", int64_t{4}}, {"test", 0.0}});
  EXPECT_TRUE(has(source->remarks(), (s / "notes.md").string()));
}

// Whether damaged pictures are left out is decided when the set is read: to look at it they are in no one's way.
TEST(ImageParts, AGlanceSkipsWhatCannotBeRead) {
  const Scratch s;
  spill(s / "a.png", "damaged");
  std::filesystem::copy_file(golden("io/rgb.webp"), s / "b.webp");  // 20 x 12
  spill(s / "c.png", "");
  const ImageGlance glance = glance_at_images(s.folder());
  EXPECT_EQ(glance.count, 3);
  EXPECT_EQ(glance.side, 12);
  EXPECT_EQ(glance.channels, 3);
  EXPECT_FALSE(glance.alike);
  std::filesystem::remove(s / "b.webp");
  expect_error(Code::input, {"none of 2 pictures that were looked at can be read; the first: [", "a.png]"},
               [&] { glance_at_images(s.folder()); });
}

}  // namespace
}  // namespace roulade
