// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "small.hpp"

#include <cmath>

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using namespace test;

std::vector<int64_t> shape_of(const Tensor& t) { return t.sizes().vec(); }

/// An autoencoder as the goldens' comparison takes a network; what it answers is asked elsewhere.
class Weights final : public Model {
 public:
  explicit Weights(const AutoencoderKl& of) : of_(of) {}
  Tensor forward(const Tensor&, const Tensor&, const Condition&) const override { return {}; }
  std::vector<std::pair<std::string, Weight>> parameters() const override { return of_.parameters(); }

 private:
  const AutoencoderKl& of_;
};

class AutoencoderGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(AutoencoderGolden, AnswersAndGradientsAreDiffusers) {
  const Golden golden(std::string("autoencoder_") + GetParam());
  const AutoencoderKl autoencoder(parse_autoencoder_config(golden.config.dump(), GetParam()), 1);
  std::map<std::string, std::vector<int64_t>> inputs;
  for (const auto& [key, tensor] : golden.tensors)
    if (key.starts_with("gradient of ")) inputs[key.substr(12)] = shape_of(tensor);
  const auto ask = [&](const std::map<std::string, Tensor>& given, at::ScalarType) {
    const Tensor moments = autoencoder.moments(given.at("x"));
    const LatentGaussian q = autoencoder.encode(given.at("x"));
    const double latents = static_cast<double>(q.mean.numel()) / 2;
    return at::cat({moments.flatten(1), q.sample(given.at("noise")).flatten(1), (q.kl() / latents).unsqueeze(1),
                    autoencoder.decode(given.at("z")).flatten(1)},
                   1);
  };
  // Convolutions of fewer than 16 channels go without the kernels.
  expect_golden(golden, Weights(autoencoder), inputs, ask, std::string(GetParam()) != "odd");
}

TEST_P(AutoencoderGolden, ConfigsAreReadAndWrittenAsDiffusersWould) {
  const Golden golden(std::string("autoencoder_") + GetParam());
  const AutoencoderConfig config = parse_autoencoder_config(golden.config.dump(), GetParam());
  const Json written = Json::parse(autoencoder_config_text(config));
  EXPECT_EQ(written, golden.config);
  EXPECT_EQ(autoencoder_config_text(parse_autoencoder_config(written.dump(), GetParam())),
            autoencoder_config_text(config));
}

INSTANTIATE_TEST_SUITE_P(Kl, AutoencoderGolden, ::testing::Values("sd", "flux", "odd"),
                         [](const auto& info) { return std::string(info.param); });

TEST(LatentGaussian, IsClampedSampledAndMeasured) {
  const Tensor moments = at::tensor({1.0, -2.0, 0.5, 50.0, -60.0, std::log(4.0)}, at::kDouble).view({1, 6, 1, 1});
  const LatentGaussian q = LatentGaussian::of(moments);
  EXPECT_TRUE(q.log_variance.flatten().equal(at::tensor({20.0, -30.0, std::log(4.0)}, at::kDouble)));
  EXPECT_TRUE(q.mode().equal(q.mean));
  const Tensor z = q.sample(at::tensor({1.0, 1.0, -3.0}, at::kDouble).view({1, 3, 1, 1}));
  EXPECT_DOUBLE_EQ(z.flatten()[0].item<double>(), 1 + std::exp(10.0));
  EXPECT_DOUBLE_EQ(z.flatten()[1].item<double>(), -2 + std::exp(-15.0));
  EXPECT_DOUBLE_EQ(z.flatten()[2].item<double>(), 0.5 - 6);
  // The divergence of N(m, v) from N(0, 1) is (m^2 + v - 1 - log v) / 2, and 0 for N(0, 1) alone.
  const double expected =
      0.5 * (1 + std::exp(20.0) - 1 - 20) + 0.5 * (4 + std::exp(-30.0) - 1 + 30) + 0.5 * (0.25 + 4 - 1 - std::log(4.0));
  EXPECT_NEAR(q.kl().item<double>(), expected, 1e-12 * expected);
  EXPECT_EQ(LatentGaussian::of(at::zeros({2, 4, 3, 3})).kl().abs().max().item<double>(), 0);
  EXPECT_THROW(LatentGaussian::of(at::zeros({1, 3, 2, 2})), Error);
  EXPECT_THROW(q.sample(at::zeros({1, 3, 1, 2})), Error);
}

// By the formulas of diffusers' pipelines: StableDiffusion3Img2ImgPipeline for the shift, StableDiffusionXL's for means
// and deviations.
TEST(Autoencoder, LatentsAreScaledBothWays) {
  const Tensor z = rule("z", {2, 4, 3, 5});
  AutoencoderConfig config = small_autoencoder();
  EXPECT_LT(furthest(AutoencoderKl(config, 1).scaled(z), z * 0.18215), 1e-12);
  config.scaling_factor = 1.5305;
  config.shift_factor = 0.0609;
  const AutoencoderKl shifted(config, 1);
  EXPECT_LT(furthest(shifted.scaled(z), (z - 0.0609) * 1.5305), 1e-12);
  EXPECT_LT(furthest(shifted.unscaled(shifted.scaled(z)), z), 1e-12);
  config.shift_factor = 0;
  config.latents_mean = {-1.6574, 1.886, -1.383, 2.5155};
  config.latents_std = {8.4927, 5.9022, 6.5498, 5.2299};
  const AutoencoderKl normal(config, 1);
  const Tensor y = normal.scaled(z);
  EXPECT_NEAR(y[1][2][0][3].item<double>(), (z[1][2][0][3].item<double>() + 1.383) * 1.5305 / 6.5498, 1e-12);
  EXPECT_LT(furthest(normal.unscaled(y), z), 1e-12);
  EXPECT_THROW(normal.scaled(at::zeros({2, 3, 3, 5})), Error);
}

TEST(Autoencoder, SeedsAreNetworksAndShapesFollowTheLevels) {
  const AutoencoderKl one(small_autoencoder(), 7), same(small_autoencoder(), 7), other(small_autoencoder(), 8);
  const Tensor x = rule("x", {1, 3, 9, 12}).to(at::kFloat);
  const LatentGaussian q = one.encode(x);
  EXPECT_EQ(shape_of(q.mean), (std::vector<int64_t>{1, 4, 4, 6}));
  EXPECT_EQ(shape_of(one.decode(q.mode())), (std::vector<int64_t>{1, 3, 8, 12}));
  EXPECT_TRUE(same.moments(x).equal(one.moments(x)));
  EXPECT_FALSE(other.moments(x).equal(one.moments(x)));
  EXPECT_THROW(one.encode(rule("x", {1, 1, 8, 8})), Error);
  EXPECT_THROW(one.encode(rule("x", {1, 3, 1, 8})), Error);
  EXPECT_THROW(one.decode(rule("z", {1, 3, 4, 4})), Error);
  EXPECT_THROW(one.decode(rule("z", {4, 4, 4})), Error);
}

TEST(Autoencoder, RefusesByKeyWhatItDoesNotCompute) {
  const auto refused = [](const std::string& text, const std::string& part, Code code = Code::usage) {
    try {
      parse_autoencoder_config(text, "vae/config.json");
      ADD_FAILURE() << text;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
      EXPECT_EQ(e.code(), code) << e.what();
    }
  };
  refused(R"({"_class_name":"AutoencoderTiny"})", "AutoencoderTiny");
  refused(R"({"down_block_types":["AttnDownEncoderBlock2D"]})", "AttnDownEncoderBlock2D");
  refused(R"({"up_block_types":["UpBlock2D"]})", "UpBlock2D");
  refused(R"({"block_out_channels":[64,128]})", "down_block_types");
  refused(R"({"block_out_channels":[]})", "block_out_channels");
  refused(R"({"block_out_channels":[64.5]})", "block_out_channels");
  refused(R"({"block_out_channels":64})", "block_out_channels");
  refused(R"({"block_out_channels":[1e300]})", "block_out_channels");
  refused(R"({"layers_per_block":0})", "layers_per_block");
  refused(R"({"layers_per_block":null})", "layers_per_block");
  refused(R"({"act_fn":"tanh"})", "act_fn");
  refused(R"({"latents_mean":[0,0,0,0]})", "latents_std");
  refused(R"({"latents_mean":[0,0],"latents_std":[1,1]})", "latents_mean");
  refused(R"({"latents_mean":[0,0,0,0],"latents_std":[1,1,1,0]})", "latents_std");
  refused(R"({"latents_mean":[0,0,0,0],"latents_std":[1,1,1,1],"shift_factor":0.1})", "shift_factor");
  refused(R"({"scaling_factor":0})", "scaling_factor");
  refused(R"({"sample_size":[1,2,3]})", "sample_size");
  refused(R"({"norm_type":"spatial"})", "norm_type");
  refused(R"({"norm_type":null})", "norm_type");
  refused(R"({"norm_type":{}})", "norm_type", Code::input);
  refused("[]", "config.json", Code::input);
  EXPECT_THROW(AutoencoderKl(parse_autoencoder_config(R"({"norm_num_groups":7})", "config.json"), 1), Error);
  // What diffusers writes beside its keys, and its nulls.
  const AutoencoderConfig plain = parse_autoencoder_config(
      R"({"_class_name":"AutoencoderKL","_name_or_path":{},"shift_factor":null,"latents_mean":null,"latents_std":null})",
      "config.json");
  EXPECT_EQ(autoencoder_config_text(plain), autoencoder_config_text(AutoencoderConfig()));
}

}  // namespace
}  // namespace roulade
