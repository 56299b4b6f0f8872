// SPDX-License-Identifier: Apache-2.0
// Archives that Python made (tools/golden/archives.py) give back their files; damaged ones give them or an Error.
#include "roulade/io/archive.hpp"

#include "tests/io/scratch.hpp"

#include <gtest/gtest.h>

namespace roulade {
namespace {

const std::vector<std::string> kArchives = {"plain.zip", "zip64.zip", "ustar.tar", "pax.tar", "gnu.tar"};
constexpr uint64_t kLimit = 1 << 20;

std::string long_name() { return "dir/" + std::string(90, 'n') + "/\xc3\xa9" + std::string(80, 'm') + ".txt"; }

std::vector<ArchiveEntry> list(const std::string& file) {
  return is_zip(file) ? list_zip(file, "f") : list_tar(file, "f");
}

std::string unpack(const std::string& file, const ArchiveEntry& entry) {
  return is_zip(file) ? unpack_zip(file, entry, "f", kLimit) : unpack_tar(file, entry, "f", kLimit);
}

TEST(Archive, FilesOfEveryForm) {
  std::string numbers;
  for (int i = 0; i < 3000; ++i) numbers += static_cast<char>(i / 7 % 256);
  for (const std::string& name : kArchives) {
    const Archive archive(golden("io/" + name));
    ASSERT_EQ(archive.entries().size(), size_t{3}) << name;
    EXPECT_EQ(archive.entries()[0].name, "a.txt") << name;
    EXPECT_EQ(archive.entries()[1].name, "dir/b.bin") << name;
    EXPECT_EQ(archive.entries()[2].name, long_name()) << name;
    EXPECT_EQ(archive.read(0, kLimit), "hello") << name;
    EXPECT_EQ(archive.read(1, 3000), numbers) << name;
    EXPECT_EQ(archive.read(2, kLimit), "long") << name;
    EXPECT_TRUE(archive.where(0).ends_with(name + ":a.txt"));
    expect_error(Code::input, {":dir/b.bin] file is too large: expected at most 2999 bytes, got 3000"},
                 [&] { archive.read(1, 2999); });
  }
}

TEST(Archive, AZipArchiveMayStandBehindSomething) {
  for (const std::string name : {"plain.zip", "zip64.zip"}) {
    const std::string file = "#!/bin/sh\n" + slurp(golden("io/" + name));
    for (const ArchiveEntry& entry : list_zip(file, "f")) {
      if (entry.name == "a.txt") {
        EXPECT_EQ(unpack_zip(file, entry, "f", kLimit), "hello");
      }
    }
  }
}

TEST(Archive, WhatIsNoArchiveIsRefused) {
  const Scratch s;
  const auto refused = [&](const std::string& content, const std::vector<std::string>& parts) {
    spill(s / "f", content);
    expect_error(Code::input, parts, [&] { Archive a(s / "f"); });
  };
  refused("", {"neither a zip nor a tar archive"});
  refused(std::string(2000, '\0'), {"neither a zip nor a tar archive"});
  refused("\x1f\x8b\x08 and so on", {"packed by gzip as a whole"});
  refused("PK\3\4", {"cut short: a zip archive without its end"});
  expect_error(Code::io, {"/nowhere.zip"}, [] { Archive a("/nowhere.zip"); });

  std::string file = slurp(golden("io/plain.zip"));
  file.at(file.find("long")) = 'l' + 1;
  for (const ArchiveEntry& entry : list_zip(file, "f"))
    if (entry.name == long_name()) {
      expect_error(Code::input, {"its checksum is another"}, [&] { unpack_zip(file, entry, "f", kLimit); });
    }
  for (const auto& [at, value, part] : std::vector<std::tuple<size_t, char, std::string>>{
           {8, '\1', "[f] encrypted"}, {10, '\x0e', "way of packing: expected stored or deflate, got method 14"}}) {
    std::string other = slurp(golden("io/plain.zip"));
    other[other.find("PK\1\2", other.find("PK\1\2") + 4) + at] = value;  // of the first file, behind the folder
    expect_error(Code::input, {part}, [&] { unpack(other, list(other)[0]); });
  }
}

TEST(Archive, AZipBombIsNotUnpacked) {
  std::string file = slurp(golden("io/plain.zip"));
  const size_t at = file.find("PK\1\2", file.find("PK\1\2") + 4);
  file.replace(at + 24, 4, std::string("\xff\xff\x0f\0", 4));  // its size, a megabyte from tens of bytes
  expect_error(Code::input, {"[f] damaged"}, [&] { unpack(file, list(file)[0]); });
}

TEST(Archive, DamagedOnesGiveFilesOrAnError) {
  for (const std::string& name : kArchives) {
    const std::string whole = slurp(golden("io/" + name));
    const auto attempt = [&](const std::string& file) {
      try {
        for (const ArchiveEntry& entry : list(file)) EXPECT_EQ(unpack(file, entry).size(), entry.size);
      } catch (const Error& e) {
        EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(Code::input)) << e.what();
      }
    };
    for (size_t at = 0; at < whole.size(); at += name.ends_with("zip") ? 1 : 3) {
      attempt(whole.substr(0, at));
      for (const int change : {0x01, 0x80, 0xff, whole[at] & 0xff}) {
        std::string file = whole;
        file[at] = static_cast<char>(file[at] ^ change);
        attempt(file);
      }
    }
  }
}

TEST(Archive, ATarArchiveCutShortIsRefused) {
  const std::string whole = slurp(golden("io/ustar.tar"));
  const size_t content = whole.find("dir/b.bin") + 512;
  expect_error(Code::input, {"cut short, or damaged: expected a file of 3000 bytes"},
               [&] { list_tar(whole.substr(0, content + 2999), "f"); });
  expect_error(Code::input, {"cut short: a header that ends"}, [&] { list_tar(whole.substr(0, 700), "f"); });
}

}  // namespace
}  // namespace roulade
