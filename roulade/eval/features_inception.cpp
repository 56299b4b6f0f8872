// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/feature_pictures.hpp"
#include "roulade/eval/features.hpp"
#include "roulade/io/resize.hpp"
#include "roulade/model/inception.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/upsample_bilinear2d.h>

namespace roulade::features {
namespace {

constexpr int64_t kSize = 299;

struct Settings {
  std::string features_file;
  void bind(Binder& b) {
    b.add("features_file", features_file, std::vector<std::string>{},
          "weights that turn pictures into features: .pth or .safetensors");
  }
};

/// Bilinear between the four nearest pixels, whatever the shrinking: it aliases, as the published figures do.
Tensor as_pytorch_fid(const Image& picture) {
  return at::upsample_bilinear2d(rgb_of(picture) / 255, {kSize, kSize}, false) * 2 - 1;
}

/// Pillow's bicubic of each channel as floats, cut to 0 to 255.
Tensor as_clean_fid(const Image& picture) {
  const auto places = static_cast<size_t>(picture.width * picture.height);
  const auto channels = static_cast<size_t>(picture.channels);
  std::vector<float> all, plane(places);
  for (size_t c = 0; c < channels; ++c) {
    for (size_t i = 0; i < places; ++i) plane[i] = picture.values[i * channels + c];
    const auto resized = resize_plane(plane, {picture.height, picture.width}, {kSize, kSize}, Filter::bicubic);
    all.insert(all.end(), resized.begin(), resized.end());
  }
  const Tensor x = at::from_blob(all.data(), {1, picture.channels, kSize, kSize}, at::kFloat);
  return (x.clamp(0, 255).expand({1, 3, kSize, kSize}) - 128) / 128;
}

class Inception final : public Features {
 public:
  Inception(const Settings& s, std::string name, Tensor (*resized)(const Image&))
      : name_(std::move(name)),
        resized_(resized),
        network_(weights_for("features " + name_, s.features_file,
                             "pytorch-fid's pt_inception-2015-12-05-6726825d.pth, which you must bring")) {}

  const std::string& name() const override { return name_; }
  int64_t width() const override { return FidInception::kWidth; }
  Tensor of(const Tensor& pictures) const override {
    return each_picture(pictures, width(), "features " + name_,
                        [this](const Image& picture) { return network_.features(resized_(picture)); });
  }

 private:
  std::string name_;
  Tensor (*resized_)(const Image&);
  FidInception network_;
};

Entry entry_of(const std::string& name, Tensor (*resized)(const Image&)) {
  Entry entry;
  entry.name = name;
  return with_settings<Entry, Settings>(
      entry, [=](const Settings& s) { return std::make_unique<const Inception>(s, name, resized); });
}

}  // namespace

Entry inception_pytorch_fid() {
  Entry entry = entry_of("inception_pytorch_fid", as_pytorch_fid);
  entry.summary = "2048 pooled values of Inception-v3, pictures resized to 299 bilinearly without antialiasing";
  entry.source = "Heusel et al. 2017; pytorch-fid 0.3.0";
  return entry;
}

Entry inception_clean() {
  Entry entry = entry_of("inception_clean", as_clean_fid);
  entry.summary = "2048 pooled values of Inception-v3, pictures resized to 299 by an antialiased bicubic";
  entry.source = "Parmar et al. 2022, section 3; clean-fid 0.1.35, mode clean";
  return entry;
}

}  // namespace roulade::features
