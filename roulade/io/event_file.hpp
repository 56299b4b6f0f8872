// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/file.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace roulade {

/// One record of a TFRecord file: length (64 bits), its masked CRC-32C, the bytes, their masked CRC-32C; little endian.
/// The mask of c is ((c >> 15) | (c << 17)) + 0xA282EAD8. Source: TensorFlow, documentation of TFRecord, "format".
std::string tf_record(std::string_view bytes);

/// Writes what TensorBoard reads: a file of TFRecords, each an Event protocol buffer (TensorFlow, event.proto and
/// summary.proto), encoded here. Each event is one write of the system, so a kill tears at most the last one, which
/// readers pass over. Wall times are seconds since 1970.
class EventFile {
 public:
  /// Makes the file and writes its version. Its name must contain "tfevents" for TensorBoard to find it. Throws
  /// Error(io).
  EventFile(const std::filesystem::path& path, double wall_time);

  /// Tells readers that a training goes on after `step`: what an earlier file holds of later steps no longer counts.
  void restarted(int64_t step, double wall_time);
  /// A number; stored as float32.
  void scalar(std::string_view tag, int64_t step, double value, double wall_time);
  /// A PNG file's bytes; width and height in pixels.
  void image(std::string_view tag, int64_t step, std::string_view png, int width, int height, double wall_time);

 private:
  File file_;
};

}  // namespace roulade
