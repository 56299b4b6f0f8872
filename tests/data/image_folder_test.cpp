// SPDX-License-Identifier: Apache-2.0
// What a folder says of its pictures: classes, captions, repeats, in each of the layouts that are in use.
#include "roulade/data/image_folder.hpp"

#include "roulade/data/attributes.hpp"
#include "roulade/data/image_text.hpp"
#include "tests/data/tarred.hpp"
#include "tests/io/scratch.hpp"

#include <gtest/gtest.h>

namespace roulade {
namespace {

using Names = std::vector<std::string>;
using Numbers = std::vector<int64_t>;

/// A folder with these files; scanning opens no picture, so those are empty.
void fill(const Scratch& s, const Names& names) {
  for (const std::string& name : names) {
    std::filesystem::create_directories((s / name).parent_path());
    spill(s / name, "");
  }
}

Names names(const ImageFolder& f) {
  Names out;
  for (const ImageItem& item : f.items) out.push_back(item.name);
  return out;
}

Numbers labels(const ImageFolder& f) {
  Numbers out;
  for (const ImageItem& item : f.items) out.push_back(item.label);
  return out;
}

Names captions(const ImageFolder& f) {
  Names out;
  for (const ImageItem& item : f.items) out.push_back(item.caption);
  return out;
}

Numbers repeats(const ImageFolder& f) {
  Numbers out;
  for (const ImageItem& item : f.items) out.push_back(item.repeats);
  return out;
}

TEST(ImageFolder, SubfoldersAreClasses) {
  const Scratch s;
  fill(s, {"dog/2.png", "cat/b.JPG", "cat/a.webp", "cat/deep/c.jpeg", "Zebra/z.jfif", "empty/readme.md", ".git/x.png",
           "__MACOSX/cat/a.png", "cat/._a.png"});
  const ImageFolder f = scan_images(s.folder());
  EXPECT_EQ(names(f), (Names{"Zebra/z.jfif", "cat/a.webp", "cat/b.JPG", "cat/deep/c.jpeg", "dog/2.png"}));
  EXPECT_EQ(f.class_names, (Names{"Zebra", "cat", "dog"}));
  EXPECT_EQ(labels(f), (Numbers{0, 1, 1, 1, 2}));
  EXPECT_EQ(captions(f), Names(5));
  EXPECT_EQ(f.others, 1);
  EXPECT_EQ(f.other, "empty/readme.md");
  const ImageFolder plain = scan_images(s.folder(), {false, true});
  EXPECT_EQ(labels(plain), Numbers(5, -1));
  EXPECT_TRUE(plain.class_names.empty());
}

TEST(ImageFolder, PicturesInTheFolderItselfHaveNoClass) {
  const Scratch s;
  fill(s, {"b.png", "a.png", "more/c.png"});
  const ImageFolder f = scan_images(s.folder());
  EXPECT_EQ(names(f), (Names{"a.png", "b.png", "more/c.png"}));
  EXPECT_EQ(labels(f), Numbers(3, -1));
}

TEST(ImageFolder, CaptionsBesideThePictures) {
  const Scratch s;
  fill(s, {"a.png", "b.png", "c.png"});
  spill(s / "a.txt", "\xEF\xBB\xBF a red\r\n  apple \n");
  spill(s / "b.txt", "tags");
  spill(s / "b.caption", "a green pear");
  EXPECT_EQ(captions(scan_images(s.folder())), (Names{"a red apple", "a green pear", ""}));
  spill(s / "a.json", R"({"caption": "not this one"})");  // a text has the first word
  spill(s / "c.json", "\xEF\xBB\xBF{\"url\": [1], \"text\": \"a\\nplum\"}");
  EXPECT_EQ(captions(scan_images(s.folder())), (Names{"a red apple", "a green pear", "a plum"}));
  spill(s / "c.json", R"({"caption": null, "width": 3})");
  EXPECT_EQ(captions(scan_images(s.folder())), (Names{"a red apple", "a green pear", ""}));
  spill(s / "c.json", R"({"caption": 3})");
  expect_error(Code::input, {"c.json] caption: expected a text, got number"}, [&] { scan_images(s.folder()); });
  spill(s / "c.json", "[]");
  expect_error(Code::input, {"c.json] content: expected an object, got array"}, [&] { scan_images(s.folder()); });
  std::filesystem::remove(s / "c.json");
  spill(s / "c.txt", "caf\xe9");
  expect_error(Code::input, {"c.txt] caption is not UTF-8 (byte 3)"}, [&] { scan_images(s.folder()); });
}

// Only a file that has a picture beside it describes one.
TEST(ImageFolder, CountsWhatDescribesNoPicture) {
  const Scratch s;
  fill(s, {"a.b.png", "a.b.txt", "c.PNG", "c.caption", "x/d.webp", "x/d.cls", "dataset.json"});
  spill(s / "x/d.cls", "0");
  spill(s / "dataset.json", R"({"labels": null})");
  EXPECT_EQ(scan_images(s.folder()).others, 0);
  EXPECT_EQ(scan_images(s.folder()).other, "");
  fill(s, {"a.b.png.txt", "a.txt", "d.txt", "x/e.json", "x/dataset.json", "x/d.npz"});
  EXPECT_EQ(scan_images(s.folder()).others, 6);
  EXPECT_EQ(scan_images(s.folder()).other, "a.b.png.txt");
}

TEST(ImageFolder, RepeatsOfKohyasFolders) {
  const Scratch s;
  fill(s, {"10_sks dog/a.png", "10_sks dog/b.png", "3_bird/c.png"});
  spill(s / "10_sks dog/b.txt", "sks dog asleep");
  const ImageFolder f = scan_images(s.folder());
  EXPECT_EQ(repeats(f), (Numbers{10, 10, 3}));
  EXPECT_EQ(captions(f), (Names{"sks dog", "sks dog asleep", "bird"}));
  EXPECT_TRUE(f.class_names.empty());
  EXPECT_EQ(scan_images(s.folder(), {true, false}).class_names, (Names{"10_sks dog", "3_bird"}));
  fill(s, {"cat/d.png"});  // not kohya's
  EXPECT_EQ(scan_images(s.folder()).class_names, (Names{"10_sks dog", "3_bird", "cat"}));
  EXPECT_EQ(repeats(scan_images(s.folder())), Numbers(4, 1));

  EXPECT_EQ(repeats_of("1_x"), 1);
  EXPECT_EQ(repeats_of("9999_x"), 9999);
  for (const char* name :
       {"", "_", "1", "1_", "0_x", "01_x", "10000_x", "-1_x", "+1_x", "x_1", "1-x", "99999999999999999999_x"})
    EXPECT_EQ(repeats_of(name), 0) << name;
}

TEST(ImageFolder, MetadataOfEitherForm) {
  const std::string jsonl =
      "{\"file_name\": \"a.png\", \"text\": \"one \\u00e9\", \"width\": 3}\r\n\n"
      "{\"file_name\": \"sub/b.png\", \"text\": \"two\", \"label\": \"cat\"}\n"
      "{\"file_name\": \"c.png\", \"text\": null, \"label\": \"ape\"}";
  const std::string csv = "file_name,text,label\na.png,\"one \xc3\xa9\",\nsub/b.png,\"tw\no\",cat\nc.png,,ape\n";
  for (const bool json : {true, false}) {
    const Scratch s;
    fill(s, {"a.png", "sub/b.png", "c.png", "d.png"});
    spill(s / "c.txt", "beside it");
    spill(s / (json ? "metadata.jsonl" : "metadata.csv"), json ? jsonl : csv);
    const ImageFolder f = scan_images(s.folder());
    EXPECT_EQ(names(f), (Names{"a.png", "c.png", "d.png", "sub/b.png"}));
    EXPECT_EQ(captions(f), (Names{"one \xc3\xa9", "beside it", "", json ? "two" : "tw o"}));
    EXPECT_EQ(f.class_names, (Names{"ape", "cat"}));
    EXPECT_EQ(labels(f), (Numbers{-1, 0, -1, 1}));
    EXPECT_EQ(f.others, 0);
  }
}

TEST(ImageFolder, SeveralWordingsOfOnePicture) {
  const Scratch s;
  fill(s, {"a.png", "b.png", "c.png", "d.png", "e.png", "f.png"});
  spill(s / "metadata.jsonl",
        "{\"file_name\": \"a.png\", \"text\": \"one\", \"texts\": [\"one\", \"two\\n\", \"\", \"two\"]}\n"
        "{\"file_name\": \"b.png\", \"texts\": [\" first\", \"second\"]}\n"
        "{\"file_name\": \"c.png\", \"text\": \"second\", \"texts\": [\"first\", \"second\"]}\n"
        "{\"file_name\": \"d.png\", \"text\": \"alone\", \"texts\": null}\n"
        "{\"file_name\": \"e.png\", \"texts\": []}\n");
  spill(s / "f.json", "{\"caption\": \"beside\", \"texts\": [\"beside\", \"other\"]}");
  const ImageFolder f = scan_images(s.folder());
  EXPECT_EQ(captions(f), (Names{"one", "first", "second", "alone", "", "beside"}));
  std::vector<Names> wordings;
  for (const ImageItem& item : f.items) wordings.push_back(item.wordings);
  EXPECT_EQ(wordings, (std::vector<Names>{
                          {"one", "two"}, {"first", "second"}, {"second", "first"}, {}, {}, {"beside", "other"}}));

  const auto refused = [&](const std::string& name, const std::string& content, const std::vector<std::string>& parts) {
    spill(s / name, content);
    expect_error(Code::input, parts, [&] { scan_images(s.folder()); });
  };
  refused("f.json", "{\"texts\": {}}", {"f.json] texts: expected a list of texts, got object"});
  refused("metadata.jsonl", "{\"file_name\": \"a.png\"}\n{\"file_name\": \"b.png\", \"texts\": \"first\"}\n",
          {"metadata.jsonl:2] texts: expected a list of texts, got string"});
  refused("metadata.jsonl", "{\"file_name\": \"b.png\", \"texts\": [\"first\", 2]}\n",
          {"metadata.jsonl:1] texts[1]: expected a text, got number"});
  refused("metadata.jsonl", "{\"file_name\": \"b.png\", \"texts\": [\"\xff\"]}\n", {"metadata.jsonl:1]"});
}

TEST(ImageFolder, AnAttributeOfTheMetadataIsTheClass) {
  const Scratch s;
  fill(s, {"x/a.png", "x/b.png", "y/c.png"});
  spill(s / "metadata.jsonl",
        "{\"file_name\": \"x/a.png\", \"label\": 3, \"colour\": \"red\"}\n"
        "{\"file_name\": \"y/c.png\", \"colour\": \"blue\"}\n");
  spill(s / "dataset.json", "{\"labels\": [[\"x/a.png\", 0], [\"x/b.png\", 1], [\"y/c.png\", 1]]}");
  FolderOptions options;
  options.attribute = "colour";
  const ImageFolder f = scan_images(s.folder(), options);
  EXPECT_EQ(f.class_names, (Names{"blue", "red"}));
  EXPECT_EQ(labels(f), (Numbers{1, -1, 0}));
  EXPECT_EQ(read_attribute(s.folder(), {"y/c.png", "x/b.png", "x/a.png"}, "colour"), (Names{"blue", "", "red"}));
  EXPECT_EQ(read_attribute(s.folder(), {"x/a.png"}, "label"), (Names{"3"}));
  expect_error(Code::input, {"picture: expected one that lies in the folder, got 'a.png'"},
               [&] { read_attribute(s.folder(), {"a.png"}, "colour"); });
  options.attribute = "shape";
  expect_error(Code::input, {"no metadata file says 'shape' of a picture"}, [&] { scan_images(s.folder(), options); });
}

TEST(ImageFolder, MetadataOfASubfolderNamesFromThere) {
  const Scratch s;
  fill(s, {"x/a.png", "y/a.png"});
  spill(s / "y/metadata.jsonl", "{\"file_name\": \"a.png\", \"caption\": \"y\", \"label\": 2}\n");
  spill(s / "x/metadata.jsonl", "{\"file_name\": \"a.png\", \"caption\": \"x\", \"label\": 0}\n");
  const ImageFolder f = scan_images(s.folder());
  EXPECT_EQ(captions(f), (Names{"x", "y"}));
  EXPECT_EQ(labels(f), (Numbers{0, 2}));
  EXPECT_EQ(f.class_names, (Names{"0", "1", "2"}));
}

TEST(ImageFolder, LabelsOfDatasetJson) {
  const Scratch s;
  fill(s, {"00000/img00000000.png", "00000/img00000001.png", "00001/img00001000.png"});
  spill(s / "dataset.json", R"({"labels": [["00001/img00001000.png", 2], ["00000\\img00000001.png", 0],
                                ["00000/img00000000.png", 1]], "more": 1})");
  const ImageFolder f = scan_images(s.folder());
  EXPECT_EQ(labels(f), (Numbers{1, 0, 2}));
  EXPECT_EQ(f.class_names, (Names{"0", "1", "2"}));
  spill(s / "dataset.json", R"({"labels": null})");
  EXPECT_EQ(labels(scan_images(s.folder())), Numbers(3, -1));
  spill(s / "dataset.json", R"({"labels": [["00001/img00001000.png", 2]]})");
  expect_error(Code::input, {"dataset.json] no class for '00000/img00000000.png'"}, [&] { scan_images(s.folder()); });
}

TEST(ImageFolder, FaultsHaveFileAndLine) {
  const Scratch s;
  expect_error(Code::io, {"nowhere] cannot open"}, [&] { scan_images(s / "nowhere"); });
  expect_error(Code::input, {"no PNG, JPEG or WebP file"}, [&] { scan_images(s.folder()); });
  fill(s, {"a.png"});
  const auto jsonl = [&](const std::string& content, const Names& parts) {
    spill(s / "metadata.jsonl", content);
    expect_error(Code::input, parts, [&] { scan_images(s.folder()); });
  };
  jsonl("\n{\"file_name\": 3}", {"metadata.jsonl:2] file_name: expected a text, got number"});
  jsonl("{\"text\": \"x\"}", {"metadata.jsonl:1] file_name is missing"});
  jsonl("[]", {":1] line: expected an object, got array"});
  jsonl("{\"file_name\": \"a.png\"", {":1] not JSON"});
  jsonl("{\"file_name\": \"b.png\"}", {"metadata.jsonl] picture: expected one that lies in the folder, got 'b.png'"});
  jsonl("{\"file_name\": \"../a.png\"}", {"got '../a.png'"});
  jsonl("{\"file_name\": \"a.png\"}\n{\"file_name\": \"a.png\"}", {":2] 'a.png' is described twice"});
  jsonl("{\"file_name\": \"a.png\", \"label\": 1.5}", {":1] label: expected a text, got number"});
  jsonl(std::string(1000000, '['), {"not JSON"});
  spill(s / "metadata.jsonl", "{\"file_name\": \"a.png\"}");
  spill(s / "metadata.csv", "file_name\na.png\n");
  expect_error(Code::input, {"'a.png' is described by another file, too"}, [&] { scan_images(s.folder()); });
  std::filesystem::remove(s / "metadata.jsonl");
  spill(s / "metadata.csv", "name,text\na.png,x\n");
  expect_error(Code::input, {"metadata.csv] the header has no file_name"}, [&] { scan_images(s.folder()); });
  spill(s / "metadata.csv", "file_name,text\na.png\n");
  expect_error(Code::input, {"metadata.csv:2]"}, [&] { scan_images(s.folder()); });
  std::filesystem::remove(s / "metadata.csv");
  for (const std::string content :
       {"", "[]", "{}", "{\"labels\": 3}", "{\"labels\": [3]}", "{\"labels\": [[\"a.png\"]]}",
        "{\"labels\": [[\"a.png\", -1]]}", "{\"labels\": [[\"a.png\", 10000]]}", "{\"labels\": [[\"a.png\", [0, 1]]]}",
        "{\"labels\": [[\"b.png\", 1]]}", "{\"labels\": [[\"a.png\", 1], [\"a.png\", 1]]}"}) {
    spill(s / "dataset.json", content);
    expect_error(Code::input, {"dataset.json"}, [&] { scan_images(s.folder()); });
  }
  // Nested deeper than a recursive reader could follow.
  spill(s / "dataset.json", "{\"labels\": [[\"a.png\", " + std::string(300000, '[') + std::string(300000, ']') + "]]}");
  expect_error(Code::input, {"dataset.json labels[0]] class"}, [&] { scan_images(s.folder()); });
}

TEST(ImageFolder, AZipArchiveIsReadWhereItLies) {
  const ImageFolder f = scan_images(golden("io/pictures.zip"));
  EXPECT_EQ(names(f), (Names{"cat/a.webp", "dog/b.jpg"}));  // without the folder that holds all
  EXPECT_EQ(f.class_names, (Names{"cat", "dog"}));
  EXPECT_EQ(captions(f), (Names{"", "a dog"}));
  EXPECT_EQ(f.files->read("dog/b.jpg", 1 << 20), slurp(golden("io/rgb.jpg")));
  EXPECT_TRUE(f.files->where("dog/b.jpg").ends_with("pictures.zip:set/dog/b.jpg"));
  expect_error(Code::usage, {"no such file in the archive"}, [&] { f.files->read("dog/c.jpg", 1); });
  expect_error(Code::input, {"no PNG, JPEG or WebP file"}, [] { scan_images(golden("io/plain.zip")); });
  expect_error(Code::input, {"neither a zip nor a tar archive"}, [] { scan_images(golden("io/rgb.jpg")); });
}

TEST(ImageFolder, ShardsOfWebDataset) {
  const Scratch s;
  const std::string end(1024, '\0');
  spill(s / "b.tar", tarred("000.png", "") + tarred("000.cls", "7\n") + end);
  spill(s / "a.tar", tarred("x/000.webp", "?") + tarred("x/000.txt", "one") + tarred("x/000.cls", "0") +
                         tarred("001.jpg", "") + tarred("001.json", R"({"caption": "two"})") + tarred("001.xml", "") +
                         end);
  const ImageFolder f = scan_images(s.folder());
  EXPECT_EQ(names(f), (Names{"a.tar/001.jpg", "a.tar/x/000.webp", "b.tar/000.png"}));
  EXPECT_EQ(captions(f), (Names{"two", "one", ""}));
  EXPECT_EQ(labels(f), (Numbers{-1, 0, 7}));
  EXPECT_EQ(f.class_names.size(), size_t{8});
  EXPECT_EQ(f.others, 1);
  EXPECT_EQ(f.files->read("a.tar/x/000.webp", 9), "?");
  spill(s / "b.tar", tarred("000.png", "") + tarred("000.cls", "cat") + end);
  expect_error(Code::input, {"b.tar:000.cls] class: expected a whole number"}, [&] { scan_images(s.folder()); });
}

TEST(ImageFolder, LinksAreFollowedOnce) {
  const Scratch s, other;
  fill(s, {"x/a.png"});
  fill(other, {"b.png"});
  std::filesystem::create_symlink(other.folder(), s / "y");
  std::filesystem::create_symlink(s.folder(), s / "x/back");
  std::filesystem::create_symlink("nothing", s / "x/broken.png");
  EXPECT_EQ(names(scan_images(s.folder())), (Names{"x/a.png", "y/b.png"}));
}

TEST(ImageText, DamagedDescriptionsAreReadOrRefused) {
  const std::string jsonl = "{\"file_name\": \"a.png\", \"text\": \"\xc3\xa9 \\\"x\\\"\", \"label\": 4}\n",
                    json = "{\"labels\": [[\"a.png\", 1], [\"b.png\", 2]]}",
                    csv = "file_name,text,label\na.png,\"x \"\"y\"\"\",3\n";
  const auto damaged = [](const std::string& whole, auto read) {
    const auto attempt = [&](const std::string& content) {
      try {
        read(content);
      } catch (const Error& e) {
        EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(Code::input)) << e.what();
      }
    };
    for (size_t at = 0; at < whole.size(); ++at) {
      attempt(whole.substr(0, at));
      for (int change = 1; change < 256; change += 6) {
        std::string content = whole;
        content[at] = static_cast<char>(content[at] ^ change);
        attempt(content);
      }
    }
  };
  damaged(jsonl + jsonl, [](const std::string& c) { parse_metadata_jsonl(c, "f"); });
  damaged(csv, [](const std::string& c) { parse_metadata_csv(c, "f"); });
  damaged(json, [](const std::string& c) { parse_dataset_json(c, "f"); });
}

}  // namespace
}  // namespace roulade
