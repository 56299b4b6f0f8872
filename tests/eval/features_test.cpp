// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/features.hpp"

#include "roulade/core/process.hpp"
#include "roulade/io/resize.hpp"
#include "roulade/model/efficientnet_lite.hpp"
#include "tests/eval/feature_weights.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

/// Bytes [1, channels, height, width]: means of 3 x 3 hashed numbers, rounded down.
Tensor picture(const std::string& name, int64_t channels, int64_t height, int64_t width) {
  const uint64_t start = test::name_hash(name);
  const auto number = [&](int64_t y, int64_t x, int64_t c) {
    return test::hash_at(start, static_cast<uint64_t>((y * (width + 2) + x) * channels + c)) >> 56;
  };
  Tensor out = at::zeros({1, channels, height, width}, at::kByte);
  auto* to = out.mutable_data_ptr<uint8_t>();
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        uint64_t sum = 0;
        for (int64_t k = 0; k < 9; ++k) sum += number(y + k / 3, x + k % 3, c);
        *to++ = static_cast<uint8_t>(sum / 9);
      }
  return out;
}

struct Case {
  const char* name;
  Tensor picture;
};

std::vector<Case> cases() { return {{"grey", picture("grey", 1, 28, 28)}, {"colour", picture("colour", 3, 320, 310)}}; }

const TensorFile& expected() { return test::feature_goldens(); }

std::map<std::string, Tensor> weights(const std::string& network) { return test::feature_weights(network); }

/// A file of the network's weights, written once for all tests.
const std::filesystem::path& weights_file(const std::string& network) {
  static const Scratch folder;
  static std::map<std::string, std::filesystem::path> made;
  if (!made.contains(network)) {
    write_tensors(folder / (network + ".safetensors"), weights(network));
    made[network] = folder / (network + ".safetensors");
  }
  return made[network];
}

std::unique_ptr<const Features> make(const std::string& name, const std::string& network, Table options = {}) {
  options["features_file"] = weights_file(network).string();
  return features::registry().make(name, options);
}

/// The largest difference against the largest value.
double furthest(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b).abs().max().item<double>() / b.abs().max().item<double>();
}

TEST(Features, AreThoseOfTheNetworksSource) {
  for (const auto& [name, network, width] :
       {std::tuple("lite0", "lite0", 1280), std::tuple("inception_pytorch_fid", "inception", 2048),
        std::tuple("inception_clean", "inception", 2048)}) {
    const auto features = make(name, network);
    EXPECT_EQ(features->name(), name);
    EXPECT_EQ(features->width(), width);
    for (const Case& c : cases()) {
      const Tensor found = features->of(c.picture), wanted = expected().tensors.at(std::string(name) + " " + c.name);
      ASSERT_EQ(found.sizes(), wanted.sizes());
      EXPECT_EQ(found.scalar_type(), at::kFloat);
      EXPECT_LT(furthest(found, wanted), 1e-5) << name << " " << c.name;  // float32 against float64
    }
  }
}

TEST(Features, ClassesAreThoseOfTheNetworksSource) {
  const EfficientNetLite0 network({weights("lite0"), "weights"});
  for (const Case& c : cases()) {
    const Tensor logits = network.logits(expected().tensors.at(std::string("lite0 ") + c.name));
    EXPECT_LT(furthest(logits, expected().tensors.at(std::string("lite0 classes ") + c.name)), 1e-5) << c.name;
  }
}

TEST(Features, CleanPixelsArePillows) {
  for (const Case& c : cases()) {
    const int64_t height = c.picture.size(2), width = c.picture.size(3), channels = c.picture.size(1);
    const Tensor& wanted = expected().tensors.at(std::string("clean pixels ") + c.name);
    std::vector<std::vector<float>> planes;
    for (int64_t i = 0; i < channels; ++i) {
      const Tensor plane = c.picture[0][i].to(at::kFloat).contiguous();
      planes.push_back(resize_plane({plane.const_data_ptr<float>(), static_cast<size_t>(plane.numel())},
                                    {height, width}, {299, 299}, Filter::bicubic));
    }
    for (int64_t i = 0; i < wanted.numel(); ++i) {  // every 997th value of [299, 299, 3]
      const int64_t at = i * 997;
      const float found = planes[static_cast<size_t>(channels == 1 ? 0 : at % 3)][static_cast<size_t>(at / 3)];
      ASSERT_EQ(std::min(std::max(found, 0.0f), 255.0f), wanted[i].item<float>()) << c.name << " " << i;
    }
  }
}

TEST(Features, DoNotDependOnThoseBeside) {
  const auto features = make("lite0", "lite0", {{"features_size", 64}});
  EXPECT_EQ(features->name(), "lite0_64");
  std::vector<Tensor> parts;
  for (int i = 0; i < 5; ++i) parts.push_back(picture("beside " + std::to_string(i), 3, 30, 20));
  const Tensor all = features->of(at::cat(parts));
  ASSERT_EQ(all.sizes(), at::IntArrayRef({5, 1280}));
  const int before = threads();
  for (const int count : {before, 1, 2, 4}) {
    set_threads(count);
    for (int i = 0; i < 5; ++i)
      EXPECT_TRUE(features->of(parts[static_cast<size_t>(i)])[0].equal(all[i])) << i << " on " << count;
    EXPECT_TRUE(features->of(at::cat(parts)).equal(all)) << "on " << count;
  }
  set_threads(before);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(all[i].equal(all[(i + 1) % 5])) << i;
  EXPECT_EQ(features->of(at::zeros({0, 3, 30, 20}, at::kByte)).sizes(), at::IntArrayRef({0, 1280}));
  // A grey picture is the colour picture of equal channels.
  const Tensor grey = picture("beside", 1, 30, 20);
  EXPECT_TRUE(features->of(grey).equal(features->of(grey.expand({1, 3, 30, 20}))));
}

TEST(Features, RefuseWhatDoesNotFit) {
  const auto features = make("lite0", "lite0", {{"features_size", 64}});
  for (const Tensor& wrong : {at::zeros({1, 2, 8, 8}, at::kByte), at::zeros({3, 8, 8}, at::kByte),
                              at::zeros({1, 3, 0, 8}, at::kByte), at::zeros({1, 3, 8, 8})})
    expect_error(Code::usage, {"features lite0", "bytes [n, 1 or 3, height, width]"}, [&] { features->of(wrong); });
}

TEST(Features, RefuseWrongWeights) {
  const Scratch s;
  for (const auto& entry : features::registry().entries()) {
    const auto with = [&](const std::string& file) {
      features::registry().make(entry.name, {{"features_file", file}});
    };
    expect_error(Code::io, {"/nowhere.pth"}, [&] { with("/nowhere.pth"); });
    write_tensors(s / "w", {{"a", at::zeros({1})}});
    expect_error(Code::input, {(s / "w").string(), "tensor '", "is missing"}, [&] { with(s / "w"); });
  }
  auto tensors = weights("lite0");
  tensors["_blocks.3._bn1.running_var"] = at::zeros({143});
  EXPECT_THROW(EfficientNetLite0({tensors, "w"}), Error);
  write_tensors(s / "w", tensors);
  expect_error(Code::input, {"'_blocks.3._bn1.running_var'", "[144]", "[143]"}, [&] {
    features::registry().make("lite0", {{"features_file", (s / "w").string()}});
  });
  tensors["_blocks.3._bn1.running_var"] = at::zeros({144}, at::kLong);
  write_tensors(s / "w", tensors);
  expect_error(Code::input, {"'_blocks.3._bn1.running_var'", "floating-point"}, [&] {
    features::registry().make("lite0", {{"features_file", (s / "w").string()}});
  });

  const std::filesystem::path here = std::filesystem::current_path();
  std::filesystem::current_path(s.folder());  // where no weights lie at their usual place
  expect_error(Code::usage, {"features lite0", "./dev data lite0"}, [] { features::registry().make("lite0"); });
  expect_error(Code::usage, {"features inception_clean", "pt_inception"},
               [] { features::registry().make("inception_clean"); });
  std::filesystem::current_path(here);
}

}  // namespace
}  // namespace roulade
