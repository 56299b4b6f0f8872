// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/cos_sin.hpp"

#include "sets.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade::kernel {
namespace {

// Whole vectors and what is left of one; near angles and far ones.
TEST(CosSin, FeaturesEqualTheStandardLibrary) {
  const auto k = test::normal(5, 301, 1);
  for (const size_t half : {1, 5, 8, 16, 21}) {
    const auto frequency = test::normal(6, static_cast<int64_t>(half), 1);
    const size_t stride = 2 * half + 2;
    for (const float scale : {1.0f, 100.0f, 3000.0f, 1e5f})
      test::for_each_instruction_set([&](const char* name) {
        SCOPED_TRACE(name);
        std::vector<float> scaled(k), out(k.size() * stride, -7.0f);
        for (float& v : scaled) v *= scale;
        cos_sin_features(static_cast<int64_t>(k.size()), scaled.data(), frequency, 1.5f, out.data(),
                         static_cast<int64_t>(stride));
        for (size_t i = 0; i < k.size(); ++i) {
          for (size_t j = 0; j < half; ++j) {
            const double angle = scaled[i] * frequency[j] * 1.5f;  // rounded to float, as the kernel's is
            ASSERT_NEAR(out[i * stride + j], std::cos(angle), 2e-7) << angle;
            ASSERT_NEAR(out[i * stride + half + j], std::sin(angle), 2e-7) << angle;
          }
          ASSERT_EQ(out[i * stride + 2 * half], -7.0f);
          ASSERT_EQ(out[i * stride + 2 * half + 1], -7.0f);
        }
      });
  }
}

TEST(CosSin, QuartersOfATurnAndWhatIsNoNumber) {
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    const float one[] = {1};
    for (int quarter = -5000; quarter <= 5000; ++quarter)
      for (const float off : {-1e-3f, 0.0f, 1e-3f}) {
        const auto angle = static_cast<float>(quarter * M_PI / 2) + off;
        float out[2];
        cos_sin_features(1, &angle, one, 1, out, 2);
        ASSERT_NEAR(out[0], std::cos(double{angle}), 2e-7) << angle;
        ASSERT_NEAR(out[1], std::sin(double{angle}), 2e-7) << angle;
      }
    for (const float bad : {NAN, INFINITY}) {
      float out[2];
      cos_sin_features(1, &bad, one, 1, out, 2);
      EXPECT_TRUE(std::isnan(out[0]) && std::isnan(out[1]));
    }
  });
}

}  // namespace
}  // namespace roulade::kernel
