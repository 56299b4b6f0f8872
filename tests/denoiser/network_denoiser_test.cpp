// SPDX-License-Identifier: Apache-2.0
#include "roulade/denoiser/network_denoiser.hpp"

#include "roulade/core/error.hpp"
#include "tests/denoiser/log_linear_schedule.hpp"

#include <cmath>

#include <ATen/ops/allclose.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using testing::LogLinearSchedule;

/// F = 0.3 x + 0.01 noise + label, and a record of what it was told.
class RecordingModel final : public Model {
 public:
  Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const override {
    ++calls;
    input = x;
    noise = noise_level;
    Tensor y = x.mul(0.3).add(noise_level.mul(0.01).unsqueeze(1));
    if (condition.label) y = y.add(condition.label->unsqueeze(1));
    return y;
  }
  std::vector<std::pair<std::string, Weight>> parameters() const override { return {}; }

  mutable int calls = 0;
  mutable Tensor input, noise;
};

class NetworkDenoiser : public ::testing::Test {
 protected:
  std::unique_ptr<Denoiser> make(const std::string& prediction, DenoiserOptions options = {}) {
    return make_denoiser(model, schedule, denoiser::registry().make(prediction), options);
  }

  std::shared_ptr<RecordingModel> model = std::make_shared<RecordingModel>();
  std::shared_ptr<const Schedule> schedule = std::make_shared<LogLinearSchedule>(Schedule::Family::variance_preserving);
  Tensor x = at::tensor({0.5, -1.0, 2.0, 0.1, -0.3, 0.7}, at::TensorOptions(at::kDouble)).view({3, 2});
  Condition labels{at::tensor(std::vector<int64_t>{2, 0, -1}), {}, {}, {}, {}};
};

TEST_F(NetworkDenoiser, IsSkipTimesInputPlusOutTimesNetwork) {
  for (const std::string& name : denoiser::registry().names()) {
    const double t = 0.4;
    const Coefficients c = denoiser::registry().make(name)->at(*schedule, t);
    const Tensor got = make(name)->denoise(x, std::vector<double>{t}, labels).x0;
    const Tensor network = x.mul(c.in * 0.3).add(c.noise * 0.01).add(labels.label->unsqueeze(1));
    EXPECT_TRUE(at::allclose(got, x.mul(c.skip).add(network, c.out), 1e-13, 1e-13)) << name;
    EXPECT_EQ(model->noise.sizes(), at::IntArrayRef({3})) << name;
    EXPECT_EQ(model->noise.scalar_type(), at::kDouble) << name;
  }
}

TEST_F(NetworkDenoiser, ATimeForEachSampleEqualsEachSampleAlone) {
  const std::vector<double> times{0.9, 0.0, 0.2};  // the second sample is clean
  for (const std::string& name : denoiser::registry().names()) {
    const auto denoiser = make(name);
    const Tensor together = denoiser->denoise(x, times, labels).x0;
    for (int64_t i = 0; i < 3; ++i) {
      const Tensor alone = denoiser->denoise(x.narrow(0, i, 1), std::vector<double>{times[i]}, slice(labels, i, 1)).x0;
      EXPECT_TRUE(at::allclose(together.narrow(0, i, 1), alone, 1e-13, 1e-13)) << name << ", sample " << i;
    }
  }
}

TEST_F(NetworkDenoiser, ACleanSampleCallsNoNetwork) {
  for (const std::string& name : denoiser::registry().names())
    EXPECT_TRUE(make(name)->denoise(x, std::vector<double>{0}, labels).x0.equal(x)) << name;
  EXPECT_EQ(model->calls, 0);
}

TEST_F(NetworkDenoiser, ClippingKeepsTheUnclippedAsDirection) {
  const std::vector<double> t{0.4};
  const Tensor plain = make("x0")->denoise(x, t, labels).x0;
  const Denoised d = make("x0", {.clip = 1})->denoise(x, t, labels);
  EXPECT_GT(plain.abs().max().item<double>(), 1);
  EXPECT_TRUE(d.x0.equal(plain.clamp(-1, 1)));
  EXPECT_TRUE(d.direction().equal(plain));
  EXPECT_FALSE(make("x0")->denoise(x, t, labels).x0_direction);
}

TEST_F(NetworkDenoiser, ClipIsAnOption) {
  EXPECT_FALSE(read_settings<DenoiserOptions>("denoiser", {}).clip);
  EXPECT_EQ(read_settings<DenoiserOptions>("denoiser", {{"clip", 1.5}}).clip, 1.5);
  EXPECT_THROW(read_settings<DenoiserOptions>("denoiser", {{"clip", -1.0}}), Error);
}

TEST_F(NetworkDenoiser, RefusesAWrongNumberOfTimes) {
  EXPECT_THROW(make("eps")->denoise(x, std::vector<double>{0.1, 0.2}, {}), Error);
  EXPECT_THROW(make("eps")->denoise(x, std::vector<double>{}, {}), Error);
}

TEST_F(NetworkDenoiser, GradientsReachTheInput) {
  const Tensor leaf = x.clone().set_requires_grad(true);
  for (const char* name : {"eps", "edm"}) {
    const Coefficients c = denoiser::registry().make(name)->at(*schedule, 0.4);
    leaf.mutable_grad() = Tensor();
    make(name)->denoise(leaf, std::vector<double>{0.4}, {}).x0.sum().backward();
    EXPECT_TRUE(at::allclose(leaf.grad(), x.mul(0).add(c.skip + c.out * 0.3 * c.in), 1e-13, 1e-13)) << name;
  }
}

}  // namespace
}  // namespace roulade
