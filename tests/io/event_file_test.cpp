// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/event_file.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/crc32c.hpp"
#include "tests/tree.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

// RFC 3720, B.4.
TEST(Crc32c, KnownValues) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  std::string up, down;
  for (int i = 0; i < 32; ++i) up += static_cast<char>(i), down += static_cast<char>(31 - i);
  EXPECT_EQ(crc32c(up), 0x46DD794Eu);
  EXPECT_EQ(crc32c(down), 0x113FDB5Cu);
  std::string command(48, '\0');  // an iSCSI read
  for (const auto& [at, byte] :
       {std::pair{0, 0x01}, {1, 0xC0}, {16, 0x14}, {22, 0x04}, {27, 0x14}, {31, 0x18}, {32, 0x28}, {40, 0x02}})
    command[static_cast<size_t>(at)] = static_cast<char>(byte);
  EXPECT_EQ(crc32c(command), 0xD9963A56u);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
}

TEST(TfRecord, FramesItsBytes) {
  const std::string record = tf_record("abc");
  ASSERT_EQ(record.size(), 8u + 4 + 3 + 4);
  EXPECT_EQ(record.substr(0, 8), std::string("\3\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(record.substr(12, 3), "abc");
}

// The least PNG file: one black pixel.
std::string small_png() {
  static constexpr unsigned char bytes[] = {
      0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52, 0x00,
      0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3A, 0x7E, 0x9B, 0x55, 0x00,
      0x00, 0x00, 0x0A, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9C, 0x63, 0x60, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01,
      0x48, 0xAF, 0xA4, 0x71, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82};
  return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}

// A training of three steps that was cut back to its first and went on.
void write_example(const fs::path& folder) {
  EventFile first(folder / "events.out.tfevents.1.roulade", 1000.5);
  first.scalar("loss", 1, 0.75, 1001);
  first.scalar("loss", 2, 0.5, 1002);
  first.scalar("loss", 3, 99, 1003);
  first.scalar("learning_rate", 300, 1e-3, 1003.25);
  first.image("samples", 3, small_png(), 1, 1, 1003.5);
  EventFile second(folder / "events.out.tfevents.2.roulade", 2000.5);
  second.restarted(1, 2000.5);
  second.scalar("loss", 2, -1.5, 2002);
  second.scalar("loss", 5'000'000'000, 1e30, 2003);
  second.image("samples", 4, small_png(), 1, 1, 2004);
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string hex(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr const char* digits = "0123456789abcdef";
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[c & 15];
  }
  return out;
}

// The recorded check: these very bytes were read by TensorBoard's reader, and this is what it found in them
// (tools/golden/event_files.py). KEEP_EVENTS=FOLDER keeps the files, for it to read.
TEST(EventFile, TensorBoardReadsWhatWasWritten) {
  const char* keep = std::getenv("KEEP_EVENTS");
  const fs::path folder =
      keep != nullptr ? fs::path(keep) : fs::temp_directory_path() / ("events-" + std::to_string(getpid()));
  fs::create_directories(folder);
  write_example(folder);
  std::ifstream file(test::tree() / "tests/golden/io/tensorboard.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  for (const auto& [name, bytes] : golden.at("files").items()) EXPECT_EQ(hex(content(folder / name)), bytes) << name;
  EXPECT_EQ(golden.at("files").size(), 2u);
  // Step 3 and the picture at it are gone: the second file goes on after step 1.
  using Rows = std::vector<std::tuple<double, int64_t, double>>;
  EXPECT_EQ(golden.at("scalars").at("loss").get<Rows>(),
            (Rows{{1001, 1, 0.75}, {2002, 2, -1.5}, {2003, 5'000'000'000, static_cast<double>(1e30F)}}));
  EXPECT_TRUE(golden.at("scalars").at("learning_rate").empty());
  const nlohmann::json& images = golden.at("images").at("samples");
  ASSERT_EQ(images.size(), 1u);
  EXPECT_EQ(images[0].at("step"), 4);
  EXPECT_EQ(images[0].at("size"), (std::vector<int>{1, 1}));
  EXPECT_EQ(images[0].at("png"), hex(small_png()));
  if (keep == nullptr) fs::remove_all(folder);
}

TEST(EventFile, AFolderThatIsNotThereIsAnIoError) {
  try {
    EventFile file("/no/such/folder/events.out.tfevents.1", 0);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::io);
  }
}

}  // namespace
}  // namespace roulade
