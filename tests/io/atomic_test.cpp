// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/atomic.hpp"

#include "tests/io/scratch.hpp"

#include <atomic>
#include <csignal>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace roulade {
namespace {

using Names = std::vector<std::string>;
const std::string kFull = "No space left on device";

/// Runs body in a child process that kills itself (SIGKILL, no destructors) at the end.
template <class Body>
void run_and_die(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
}

TEST(AtomicFile, WritesAndReplaces) {
  const Scratch s;
  write_file_atomically(s / "a", "one");
  EXPECT_EQ(slurp(s / "a"), "one");
  write_file_atomically(s / "a", std::string_view("t\0o", 3));
  EXPECT_EQ(slurp(s / "a"), std::string("t\0o", 3));
  EXPECT_EQ(s.names(), Names{"a"});
}

TEST(AtomicFile, RelativeNameWithoutFolder) {
  const Scratch s;
  const fs::path before = fs::current_path();
  fs::current_path(s.folder());
  write_file_atomically("plain", "x");
  fs::current_path(before);
  EXPECT_EQ(slurp(s / "plain"), "x");
}

TEST(AtomicFile, AFaultWhileWritingLeavesTheOldFile) {
  const Scratch s;
  write_file_atomically(s / "a", "old");
  expect_error(Code::numeric, {"half-way"}, [&] {
    write_file_atomically(s / "a", [](File& file) {
      file.write("new");
      fail(Code::numeric, "test", "half-way");
    });
  });
  EXPECT_EQ(slurp(s / "a"), "old");
  EXPECT_EQ(s.names(), Names{"a"});
}

TEST(AtomicFile, FullDisk) {
  Scratch s;
  if (!s.mount_tmpfs("size=64k")) GTEST_SKIP() << "mounting needs root";
  write_file_atomically(s / "a", "old");
  expect_error(Code::io, {(s / "a").string(), "cannot write", kFull},
               [&] { write_file_atomically(s / "a", std::string(1 << 20, 'x')); });
  EXPECT_EQ(slurp(s / "a"), "old");
  EXPECT_EQ(s.names(), Names{"a"});
}

TEST(AtomicFile, FullDeviceStaysADevice) {
  expect_error(Code::io, {"/dev/full", kFull}, [] { write_file_atomically("/dev/full", "x"); });
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(AtomicFile, ReadOnlyFileSystem) {
  Scratch s;
  if (!s.mount_tmpfs("size=64k")) GTEST_SKIP() << "mounting needs root";
  write_file_atomically(s / "a", "old");
  ASSERT_TRUE(s.remount_read_only());
  expect_error(Code::io, {(s / "a").string(), "Read-only file system"}, [&] { write_file_atomically(s / "a", "new"); });
  expect_error(Code::io, {"Read-only file system"}, [&] { FolderReplacement f(s / "run"); });
  EXPECT_EQ(slurp(s / "a"), "old");
}

TEST(AtomicFile, FolderWithoutPermission) {
  const Scratch s;
  write_file_atomically(s / "a", "old");
  fs::permissions(s.folder(),
                  fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read | fs::perms::others_exec);
  const bool root = ::geteuid() == 0;  // root may write anywhere: become nobody for a moment
  if (root) {
    EXPECT_EQ(::seteuid(65534), 0);
  }
  expect_error(Code::io, {(s / "a").string(), "Permission denied"}, [&] { write_file_atomically(s / "a", "new"); });
  if (root) {
    EXPECT_EQ(::seteuid(0), 0);
  }
  fs::permissions(s.folder(), fs::perms::owner_all);
  EXPECT_EQ(slurp(s / "a"), "old");
}

TEST(AtomicFile, APlaceIsTriedBeforehand) {
  const Scratch s;
  write_file_atomically(s / "file", "old");
  for (const char* good : {"file", "new.csv", "none/deep/new.csv", "none/"})
    EXPECT_NO_THROW(check_can_be_made(s / good));
  EXPECT_NO_THROW(check_can_be_made("/dev/null"));
  expect_error(Code::io, {"new.csv] ", "file is no folder"}, [&] { check_can_be_made(s / "file/new.csv"); });
  expect_error(Code::io, {"new.csv] cannot create"}, [] { check_can_be_made("/proc/new.csv"); });
  for (const std::string& longer : {std::string(256, 'x'), std::string(250, 'x'), std::string(256, 'x') + "/new.csv"})
    expect_error(Code::io, {"cannot create: File name too long"}, [&] { check_can_be_made(s / longer); });
  EXPECT_NO_THROW(check_can_be_made(s / (std::string(255, 'x') + "/new.csv")));
  EXPECT_EQ(slurp(s / "file"), "old");
  EXPECT_EQ(s.names(), Names{"file"});
}

TEST(AtomicFile, PathThroughAFileOrMissingFolder) {
  const Scratch s;
  write_file_atomically(s / "a", "old");
  expect_error(Code::io, {(s / "a/b").string(), "Not a directory"}, [&] { write_file_atomically(s / "a/b", "x"); });
  expect_error(Code::io, {"No such file"}, [&] { write_file_atomically(s / "no/b", "x"); });
  expect_error(Code::io, {"Is a directory"}, [&] { write_file_atomically(s.folder(), "x"); });
  EXPECT_EQ(slurp(s / "a"), "old");
  EXPECT_EQ(s.names(), Names{"a"});
}

TEST(AtomicFile, KilledWhileWriting) {
  const Scratch s;
  write_file_atomically(s / "a", "old");
  run_and_die([&] {
    write_file_atomically(s / "a", [](File& file) {
      file.write("half");
      ::kill(::getpid(), SIGKILL);
    });
  });
  EXPECT_EQ(slurp(s / "a"), "old");
  ASSERT_EQ(s.names().size(), 2u);
  EXPECT_TRUE(is_leftover(s.names()[1])) << s.names()[1];
  recover_folder(s.folder());
  EXPECT_EQ(s.names(), Names{"a"});
}

// In a container every process may be number 1, and count from 0.
TEST(AtomicFile, WritesBesideWhatAnotherProcessOfThisNumberLeft) {
  const Scratch s;
  for (int i = 0; i < 10000; ++i)
    spill(s.folder() / ("a.tmp-" + std::to_string(::getpid()) + "-" + std::to_string(i)), "");
  write_file_atomically(s / "a", "new");
  EXPECT_EQ(slurp(s / "a"), "new");
  for (int i = 0; i < 10000; ++i)
    fs::create_symlink("x", s.folder() / ("p.tmp-" + std::to_string(::getpid()) + "-" + std::to_string(i)));
  write_pointer(s / "p", "x");
  EXPECT_EQ(read_pointer(s / "p"), "x");
}

TEST(AtomicFile, AReaderNeverSeesAPart) {
  const Scratch s;
  const std::string a(100000, 'a'), b(50000, 'b');
  write_file_atomically(s / "f", a);
  std::atomic<bool> stop{false};
  const auto write = [&] {
    for (int i = 0; i < 20; ++i) write_file_atomically(s / "f", i % 2 ? a : b);
  };
  std::thread reader([&] {
    while (!stop) {
      const std::string content = read_file(s / "f");
      EXPECT_TRUE(content == a || content == b) << content.size();
    }
  });
  std::thread one(write), two(write);
  one.join();
  two.join();
  stop = true;
  reader.join();
  EXPECT_EQ(s.names(), Names{"f"});
}

TEST(FolderReplacement, CommitsAndReplaces) {
  const Scratch s;
  for (const std::string content : {"one", "two"}) {
    FolderReplacement f(s / "run");
    fs::create_directory(f.folder() / "sub");
    spill(f.folder() / "sub/x", content);
    f.commit();
    EXPECT_EQ(slurp(s / "run/sub/x"), content);
    EXPECT_EQ(s.names(), Names{"run"});
  }
}

TEST(FolderReplacement, TakesNoFolderThatOneStandsIn) {
  EXPECT_EQ(folder_to_replace("a/b/"), "a/b");
  EXPECT_EQ(folder_to_replace("a/./b/."), "a/b");
  EXPECT_EQ(folder_to_replace("../beside"), "../beside");
  const fs::path here = fs::current_path();
  EXPECT_EQ(folder_to_replace(here / "new"), here / "new");
  for (const fs::path& one : {fs::path("."), fs::path("./"), fs::path(".."), fs::path("new/.."), here,
                              here.parent_path(), fs::path("/"), fs::path("")})
    expect_error(Code::usage, {"folder to write: expected one in the current folder"}, [&] { folder_to_replace(one); });
}

// As on a network's disk where a file of the old folder is open.
TEST(FolderReplacement, AnOldOneThatCannotBeRemovedIsLeftToBeSweptAway) {
  const Scratch s;
  const bool root = ::geteuid() == 0;  // root may remove anything: become nobody for a moment
  fs::permissions(s.folder(), fs::perms::all);
  const struct Nobody {
    ~Nobody() {
      if (root) {
        EXPECT_EQ(::seteuid(0), 0);
      }
    }
    bool root;
  } back{root};
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  fs::create_directory(s / "run");
  spill(s / "run/x", "one");
  fs::permissions(s / "run", fs::perms::owner_read | fs::perms::owner_exec);
  for (const std::string content : {"two", "three"}) {
    FolderReplacement f(s / "run");
    spill(f.folder() / "x", content);
    EXPECT_NO_THROW(f.commit());
    EXPECT_EQ(slurp(s / "run/x"), content);
  }
  ASSERT_EQ(s.names().size(), 2u);
  const fs::path left = s / s.names().back();
  EXPECT_TRUE(is_leftover(left)) << left;
  EXPECT_EQ(slurp(left / "x"), "one");
  EXPECT_NO_THROW(recover_folder(s.folder()));
  EXPECT_TRUE(fs::exists(left));
  fs::permissions(left, fs::perms::owner_all);
  recover_folder(s.folder());
  EXPECT_EQ(s.names(), Names{"run"});
  EXPECT_EQ(slurp(s / "run/x"), "three");
}

TEST(FolderReplacement, WithoutCommitTheOldStays) {
  const Scratch s;
  fs::create_directory(s / "run");
  spill(s / "run/x", "old");
  {
    FolderReplacement f(s / "run");
    spill(f.folder() / "x", "new");
  }
  EXPECT_EQ(slurp(s / "run/x"), "old");
  EXPECT_EQ(s.names(), Names{"run"});
}

TEST(FolderReplacement, WhatAKillPutAsideStandsAgainAndIsReplaced) {
  const Scratch s;
  fs::create_directory(s / "run.tmp-old");
  spill(s / "run.tmp-old/x", "old");
  { FolderReplacement f(s / "run"); }  // not committed
  EXPECT_EQ(slurp(s / "run/x"), "old");
  fs::rename(s / "run", s / "run.tmp-old");
  {
    FolderReplacement f(s / "run");
    spill(f.folder() / "x", "new");
    f.commit();
  }
  EXPECT_EQ(slurp(s / "run/x"), "new");
  EXPECT_EQ(s.names(), Names{"run"});
}

TEST(FolderReplacement, FullDiskLeavesTheOld) {
  Scratch s;
  if (!s.mount_tmpfs("size=64k")) GTEST_SKIP() << "mounting needs root";
  fs::create_directory(s / "run");
  write_file_atomically(s / "run/x", "old");
  expect_error(Code::io, {kFull}, [&] {
    FolderReplacement f(s / "run");
    write_file_atomically(f.folder() / "x", std::string(1 << 20, 'x'));
    f.commit();
  });
  EXPECT_EQ(slurp(s / "run/x"), "old");
  EXPECT_EQ(s.names(), Names{"run"});
}

TEST(FolderReplacement, KilledBeforeCommitIsSweptAway) {
  const Scratch s;
  fs::create_directory(s / "run");
  spill(s / "run/x", "old");
  run_and_die([&] {
    FolderReplacement f(s / "run");
    spill(f.folder() / "x", "new");
    ::kill(::getpid(), SIGKILL);
  });
  EXPECT_EQ(s.names(), (Names{"run", "run.tmp"}));
  EXPECT_TRUE(is_leftover(s / "run.tmp"));
  FolderReplacement f(s / "run");  // a new writer begins from nothing
  EXPECT_TRUE(fs::is_empty(f.folder()));
  EXPECT_EQ(slurp(s / "run/x"), "old");
}

TEST(RecoverFolder, BringsBackWhatWasMovedAside) {
  const Scratch s;
  for (const char* name : {"a.tmp-old", "b", "b.tmp-old", "c.tmp", "kept.old", "kept.tmp-x"}) {
    fs::create_directory(s / name);
    spill(s / (std::string(name) + "/x"), name);
  }
  spill(s / "d.json.tmp-123-4", "half");
  recover_folder(s.folder());
  EXPECT_EQ(s.names(), (Names{"a", "b", "kept.old", "kept.tmp-x"}));
  EXPECT_EQ(slurp(s / "a/x"), "a.tmp-old");
  EXPECT_EQ(slurp(s / "b/x"), "b");
  recover_folder(s / "missing");
}

TEST(Pointer, IsReplacedAndRead) {
  const Scratch s;
  for (const std::string name : {"step-1", "step-2"}) {
    write_pointer(s / "latest", name);
    EXPECT_EQ(read_pointer(s / "latest"), name);
    EXPECT_EQ(s.names(), Names{"latest"});
  }
  spill(s / "text", "step-3\n");
  EXPECT_EQ(read_pointer(s / "text"), "step-3");
  write_pointer(s / "text", "step-4");
  EXPECT_EQ(read_pointer(s / "text"), "step-4");
}

TEST(Pointer, RefusesWhatLeavesTheFolder) {
  const Scratch s;
  for (const std::string name : {"", ".", "..", "../x", "/etc", "a/b", "a\nb"})
    expect_error(Code::usage, {"a plain name"}, [&] { write_pointer(s / "latest", name); });
  spill(s / "text", "../../etc/passwd\n");
  expect_error(Code::input, {(s / "text").string(), "neighbour"}, [&] { read_pointer(s / "text"); });
  fs::create_symlink("/etc/passwd", s / "link");
  expect_error(Code::input, {"neighbour"}, [&] { read_pointer(s / "link"); });
  expect_error(Code::io, {"No such file"}, [&] { read_pointer(s / "none"); });
}

TEST(ReadFile, LimitsAndFaults) {
  const Scratch s;
  spill(s / "a", "12345");
  EXPECT_EQ(read_file(s / "a", 5), "12345");
  expect_error(Code::input, {(s / "a").string(), "at most 4 bytes"}, [&] { read_file(s / "a", 4); });
  expect_error(Code::io, {(s / "b").string(), "No such file"}, [&] { read_file(s / "b"); });
  expect_error(Code::io, {"Is a directory"}, [&] { read_file(s.folder()); });
  EXPECT_NE(read_file("/proc/self/status").find("Name:"), std::string::npos);  // its size is given as 0
}

}  // namespace
}  // namespace roulade
