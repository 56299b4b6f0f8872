// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/event_file.hpp"

#include "roulade/io/crc32c.hpp"

#include <cstring>

namespace roulade {
namespace {

template <class Number>
std::string little_endian(Number value) {
  std::string out(sizeof value, '\0');
  for (size_t i = 0; i < sizeof value; ++i) out[i] = static_cast<char>((value >> (8 * i)) & 0xFF);
  return out;
}

std::string masked_crc(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return little_endian(((crc >> 15) | (crc << 17)) + 0xA282EAD8U);
}

// Protocol buffers: each field is its number and kind as one varint, then its value.
std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  return out + static_cast<char>(value);
}
enum class Kind { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };
std::string head(uint64_t field, Kind kind) { return varint(field << 3 | static_cast<uint64_t>(kind)); }
std::string whole(uint64_t field, int64_t value) {
  return head(field, Kind::varint) + varint(static_cast<uint64_t>(value));
}
std::string bytes(uint64_t field, std::string_view value) {
  return head(field, Kind::bytes) + varint(value.size()) + std::string(value);
}
std::string real(uint64_t field, double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return head(field, Kind::fixed64) + little_endian(bits);
}
std::string real(uint64_t field, float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return head(field, Kind::fixed32) + little_endian(bits);
}

// Event: wall_time 1, step 2, file_version 3, summary 5, session_log 7.
std::string event(double wall_time, int64_t step, const std::string& what) {
  return tf_record(real(1, wall_time) + (step != 0 ? whole(2, step) : "") + what);
}

// Summary: value 1. Summary.Value: tag 1, simple_value 2, image 4.
std::string summary(std::string_view tag, const std::string& value) {
  return bytes(5, bytes(1, bytes(1, tag) + value));
}

}  // namespace

std::string tf_record(std::string_view data) {
  const std::string length = little_endian(static_cast<uint64_t>(data.size()));
  return length + masked_crc(length) + std::string(data) + masked_crc(data);
}

EventFile::EventFile(const std::filesystem::path& path, double wall_time) : file_(path, File::Open::append) {
  file_.write(event(wall_time, 0, bytes(3, "brain.Event:2")));
}

void EventFile::restarted(int64_t step, double wall_time) {
  constexpr int64_t kStart = 1;  // SessionLog: status 1
  file_.write(event(wall_time, step + 1, bytes(7, whole(1, kStart))));
}

void EventFile::scalar(std::string_view tag, int64_t step, double value, double wall_time) {
  file_.write(event(wall_time, step, summary(tag, real(2, static_cast<float>(value)))));
}

void EventFile::image(std::string_view tag, int64_t step, std::string_view png, int width, int height,
                      double wall_time) {
  constexpr int64_t kRgb = 3;  // Summary.Image: height 1, width 2, colorspace 3, encoded_image_string 4
  const std::string image = whole(1, height) + whole(2, width) + whole(3, kRgb) + bytes(4, png);
  file_.write(event(wall_time, step, summary(tag, bytes(4, image))));
}

}  // namespace roulade
