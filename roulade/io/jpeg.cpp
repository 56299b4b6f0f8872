// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/image.hpp"

#include <csetjmp>
#include <cstdio>

#include <fmt/format.h>
#include <jpeglib.h>
// After jpeglib.h, which it needs.
#include <jerror.h>

namespace roulade {
namespace {

constexpr int kMostScans = 500;              // of a progressive file: each costs a walk over all of the picture
constexpr uint64_t kMostPixelsAByte = 1024;  // no Huffman coded block takes less than a bit, nor stands for more

/// libjpeg's state and what it reports. It leaves by longjmp, so the functions that call it hold nothing with a
/// destructor.
struct Decoder {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf leave;
  char message[JMSG_LENGTH_MAX] = "";
  bool ended = false;  // the file, before the picture did

  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { jpeg_destroy_decompress(&info); }
};

Decoder& decoder(j_common_ptr info) { return *static_cast<Decoder*>(info->client_data); }

[[noreturn]] void on_error(j_common_ptr info) {
  Decoder& d = decoder(info);
  (*info->err->format_message)(info, d.message);
  std::longjmp(d.leave, 1);
}

/// Level -1 is a warning: the decoder would go on with invented pixels. Some are harmless.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  const int code = info->err->msg_code;
  if (code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR) return;
  if (code == JWRN_JPEG_EOF) decoder(info).ended = true;
  on_error(info);
}

void on_progress(j_common_ptr info) {
  Decoder& d = decoder(info);
  if (d.info.input_scan_number <= kMostScans) return;
  std::snprintf(d.message, sizeof d.message, "more than %d scans", kMostScans);
  std::longjmp(d.leave, 1);
}

void print_nothing(j_common_ptr) {}

bool open(Decoder& d, const unsigned char* bytes, unsigned long size) {
  d.info.err = jpeg_std_error(&d.errors);
  d.errors.error_exit = on_error;
  d.errors.emit_message = on_message;
  d.errors.output_message = print_nothing;
  d.info.client_data = &d;
  if (setjmp(d.leave)) return false;
  jpeg_create_decompress(&d.info);
  d.info.client_data = &d;
  d.progress.progress_monitor = on_progress;
  d.info.progress = &d.progress;
  jpeg_mem_src(&d.info, bytes, size);
  jpeg_read_header(&d.info, TRUE);
  return true;
}

bool decode(Decoder& d, uint8_t* to) {
  if (setjmp(d.leave)) return false;
  jpeg_start_decompress(&d.info);
  const size_t row = size_t{d.info.output_width} * static_cast<size_t>(d.info.output_components);
  while (d.info.output_scanline < d.info.output_height) {
    JSAMPROW at = to + d.info.output_scanline * row;
    jpeg_read_scanlines(&d.info, &at, 1);
  }
  jpeg_finish_decompress(&d.info);
  return true;
}

/// Grey or RGB, or Error.
J_COLOR_SPACE target(const Decoder& d, const std::string& where) {
  switch (d.info.jpeg_color_space) {
    case JCS_GRAYSCALE:
      return JCS_GRAYSCALE;
    case JCS_YCbCr:
    case JCS_RGB:
      return JCS_RGB;
    case JCS_CMYK:
    case JCS_YCCK:
      fail(Code::input, where, "colours of a JPEG file", "grey or RGB", "CMYK, inks for print");
    default:
      fail(Code::input, where, "colours of a JPEG file", "grey or RGB",
           fmt::format("{} components of no known meaning", d.info.num_components));
  }
}

}  // namespace

Image parse_jpeg(std::string_view file, const std::string& where) {
  if (!file.starts_with("\xff\xd8\xff")) fail(Code::input, where, "not a JPEG file");
  Decoder d;
  const auto refuse = [&] {
    fail(Code::input, where, fmt::format("{} ({})", d.ended ? "cut short" : "damaged", d.message));
  };
  if (!open(d, reinterpret_cast<const unsigned char*>(file.data()), file.size())) refuse();
  d.info.out_color_space = target(d, where);
  const uint64_t width = d.info.image_width, height = d.info.image_height;  // below 2^16 each
  if (width * height > kMostPixels)
    fail(Code::input, where, "size", fmt::format("at most {} pixels", kMostPixels),
         fmt::format("{} x {}", width, height));
  if (d.info.arith_code) fail(Code::input, where, "coding of a JPEG file", "Huffman", "arithmetic");
  if (width * height > kMostPixelsAByte * file.size())
    fail(Code::input, where, "cut short, or damaged", fmt::format("{} x {} pixels", width, height),
         fmt::format("{} bytes", file.size()));
  Image image{d.info.image_width, d.info.image_height, d.info.out_color_space == JCS_GRAYSCALE ? 1 : 3, {}};
  image.values.resize(static_cast<size_t>(image.width * image.height * image.channels));
  if (!decode(d, image.values.data())) refuse();
  return image;
}

}  // namespace roulade
