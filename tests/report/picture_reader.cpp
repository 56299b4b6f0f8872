// SPDX-License-Identifier: Apache-2.0
#include "picture_reader.hpp"

#include <cstdlib>
#include <stdexcept>

#include <png.h>

using roulade::plot::Colour;

Colour Pixels::at(int x, int y) const {
  const size_t i = 3 * (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x));
  return {rgb[i], rgb[i + 1], rgb[i + 2]};
}

Blob find_colour(const Pixels& pixels, Colour colour, int reach) {
  Blob blob;
  for (int y = 0; y < pixels.height; ++y)
    for (int x = 0; x < pixels.width; ++x) {
      const Colour c = pixels.at(x, y);
      if (std::abs(c.r - colour.r) > reach || std::abs(c.g - colour.g) > reach || std::abs(c.b - colour.b) > reach)
        continue;
      blob.x += x;
      blob.y += y;
      ++blob.count;
    }
  if (blob.count > 0) blob.x /= static_cast<double>(blob.count), blob.y /= static_cast<double>(blob.count);
  return blob;
}

Pixels read_png(const std::string& bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size())) throw std::runtime_error(image.message);
  image.format = PNG_FORMAT_RGB;
  Pixels pixels{static_cast<int>(image.width), static_cast<int>(image.height), {}};
  pixels.rgb.resize(PNG_IMAGE_SIZE(image));
  png_color white{255, 255, 255};
  if (!png_image_finish_read(&image, &white, pixels.rgb.data(), 0, nullptr)) throw std::runtime_error(image.message);
  return pixels;
}

namespace {

class GifReader {
 public:
  explicit GifReader(const std::string& bytes) : bytes_(bytes) {}

  Gif read() {
    if (take(6) != "GIF89a") throw std::runtime_error("no GIF89a");
    Pixels shown;
    shown.width = word();
    shown.height = word();
    const int flags = byte();
    skip(2);
    const std::string global = (flags & 0x80) ? take(3U << ((flags & 7) + 1)) : "";
    shown.rgb.resize(3 * static_cast<size_t>(shown.width) * static_cast<size_t>(shown.height));
    Gif gif;
    int delay = 0, clear = -1;
    for (;;) {
      const int kind = byte();
      if (kind == 0x3B) return gif;
      if (kind == 0x21) {
        const int label = byte();
        const std::string first = take(static_cast<size_t>(byte())), rest = blocks();
        if (label == 0xF9) {
          delay = at(first, 1) | at(first, 2) << 8;
          clear = (at(first, 0) & 1) ? at(first, 3) : -1;
        } else if (label == 0xFF && first == "NETSCAPE2.0") {
          gif.loops = at(rest, 1) | at(rest, 2) << 8;
        }
        continue;
      }
      if (kind != 0x2C) throw std::runtime_error("unknown block");
      const int left = word(), top = word(), width = word(), height = word(), image_flags = byte();
      const std::string local = (image_flags & 0x80) ? take(3U << ((image_flags & 7) + 1)) : "";
      const std::string& palette = local.empty() ? global : local;
      const std::vector<int> codes = decompress(static_cast<size_t>(width) * static_cast<size_t>(height));
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
          const int c = codes.at(static_cast<size_t>(y * width + x));
          if (c == clear) continue;
          for (size_t k = 0; k < 3; ++k)
            shown.rgb.at(3 * static_cast<size_t>((top + y) * shown.width + left + x) + k) =
                static_cast<uint8_t>(palette.at(3 * static_cast<size_t>(c) + k));
        }
      gif.frames.push_back(shown);
      gif.delays.push_back(delay);
    }
  }

 private:
  static int at(const std::string& s, size_t i) { return static_cast<unsigned char>(s.at(i)); }
  int byte() { return at(bytes_, place_++); }
  int word() {
    const int low = byte();
    return low | byte() << 8;
  }
  void skip(size_t n) { place_ += n; }
  std::string take(size_t n) {
    if (place_ + n > bytes_.size()) throw std::runtime_error("cut off");
    place_ += n;
    return bytes_.substr(place_ - n, n);
  }
  std::string blocks() {
    std::string all;
    while (const int n = byte()) all += take(static_cast<size_t>(n));
    return all;
  }

  // LZW with codes of growing width (GIF89a, appendix F).
  std::vector<int> decompress(size_t count) {
    const int root = byte();
    const std::string data = blocks();
    const int clear = 1 << root;
    std::vector<std::vector<int>> table;
    std::vector<int> out, last;
    size_t bit = 0;
    int width = root + 1;
    auto reset = [&] {
      table.assign(static_cast<size_t>(clear) + 2, {});
      for (int i = 0; i < clear; ++i) table[static_cast<size_t>(i)] = {i};
      width = root + 1;
      last.clear();
    };
    reset();
    for (;;) {
      size_t code = 0;
      for (int k = 0; k < width; ++k, ++bit) code |= static_cast<size_t>(at(data, bit / 8) >> (bit % 8) & 1) << k;
      if (code == static_cast<size_t>(clear)) {
        reset();
        continue;
      }
      if (code == static_cast<size_t>(clear) + 1) break;
      std::vector<int> entry = code < table.size() ? table[code] : last;
      if (code >= table.size()) entry.push_back(last.at(0));
      if (!last.empty() && table.size() < 4096) {
        last.push_back(entry.at(0));
        table.push_back(last);
      }
      if (table.size() == (size_t{1} << width) && width < 12) ++width;
      out.insert(out.end(), entry.begin(), entry.end());
      last = std::move(entry);
    }
    if (out.size() != count) throw std::runtime_error("wrong number of pixels");
    return out;
  }

  const std::string& bytes_;
  size_t place_ = 0;
};

}  // namespace

Gif read_gif(const std::string& bytes) { return GifReader(bytes).read(); }
