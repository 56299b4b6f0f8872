// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry to the readers of picture data sets. The first byte chooses the reader. tests/data/fuzz_test.cpp
// calls it some thousand times; `./dev fuzz SECONDS` for as long as one likes, guided by what code is reached.
#include "roulade/io/image.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/utf8.hpp"
#include "roulade/data/image_text.hpp"
#include "roulade/io/archive.hpp"
#include "roulade/io/cifar.hpp"
#include "roulade/io/idx.hpp"
#include "roulade/io/resize.hpp"

#include <cstdlib>

namespace {

constexpr uint64_t kLimit = 1 << 20;

void require(bool truth) {
  if (!truth) std::abort();
}

void read_picture(std::string_view file) {
  const roulade::Image image = roulade::parse_image(file, "f");
  require(image.values.size() == static_cast<size_t>(image.width * image.height * image.channels));
  if (image.width <= 4096 && image.height <= 4096) roulade::resize(image, 5, 7);
}

/// One line of UTF-8 without blanks around it.
void require_line(std::string_view text) {
  require(roulade::find_not_utf8(text) == std::string_view::npos);
  require(text.find_first_of("\t\r\n\v\f") == std::string_view::npos && !text.starts_with(' ') && !text.ends_with(' '));
}

void read_caption_json(std::string_view file) {
  const roulade::ImageText text = roulade::parse_caption_json(file, "f");
  if (text.caption) require_line(*text.caption);
  for (const std::string& wording : text.wordings) require_line(wording);
  require(text.wordings.empty() || text.caption == text.wordings.front());
}

void read_by(int reader, std::string_view file) {
  switch (reader % 10) {
    case 0:
      for (const auto& entry : roulade::list_zip(file, "f")) roulade::unpack_zip(file, entry, "f", kLimit);
      break;
    case 1:
      for (const auto& entry : roulade::list_tar(file, "f")) roulade::unpack_tar(file, entry, "f", kLimit);
      break;
    case 2:
      roulade::parse_idx(file, "f");
      break;
    case 3:
      roulade::parse_cifar10(file, "f");
      break;
    case 4:
      roulade::parse_metadata_jsonl(file, "f");
      break;
    case 5:
      roulade::parse_metadata_csv(std::string(file), "f");
      break;
    case 6:
      roulade::parse_dataset_json(file, "f");
      break;
    case 7:
      read_caption_json(file);
      break;
    case 8:
      require_line(roulade::parse_caption(file, "f"));
      break;
    default:
      read_picture(file);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try {
    read_by(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  } catch (const roulade::Error& e) {
    require(e.code() == roulade::Code::input);
  }
  return 0;
}
