// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/data/packaged.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/idx.hpp"

#include <fmt/format.h>

namespace roulade::data {
namespace {

namespace fs = std::filesystem;

// Xiao et al. 2017, table 2.
constexpr const char* kClasses =
    "T-shirt/top\nTrouser\nPullover\nDress\nCoat\nSandal\nShirt\nSneaker\nBag\nAnkle boot\n";

/// Copies a file once its content is known to be whole. Returns its number of entries.
int64_t copy_whole(const fs::path& from, const fs::path& to) {
  const int64_t count = read_idx(from).shape[0];
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error) fail_system(to, "write", error.value());
  return count;
}

PackagedResult build(const fs::path& from, const fs::path& to, const PackagedRequest& request) {
  PackagedResult out{.classes = 10, .side = 28};
  int64_t done = 0;
  const Pace pace("build", 4);
  for (const std::string part : {"train", "t10k"})
    for (const char* kind : {"images-idx3", "labels-idx1"}) {
      const std::string name = fmt::format("{}-{}-ubyte.gz", part, kind);
      (part == "train" ? out.training : out.test) = copy_whole(from / name, to / name);
      if (request.progress) request.progress(pace.at(++done));
      if (request.cancel.requested()) return out;
    }
  write_file_atomically(to / "classes.txt", kClasses);
  return out;
}

}  // namespace

PackagedSet packaged::fashion_mnist() {
  return {"fashion_mnist", "Fashion-MNIST: 60,000 + 10,000 grey pictures of clothes, 28 x 28, 10 classes",
          "dataset-fashion-mnist", "usr/share/datasets/fashion-mnist", build};
}

}  // namespace roulade::data
