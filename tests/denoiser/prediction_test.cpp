// SPDX-License-Identifier: Apache-2.0
#include "roulade/denoiser/prediction.hpp"

#include "roulade/core/error.hpp"
#include "roulade/denoiser/denoiser.hpp"
#include "tests/denoiser/log_linear_schedule.hpp"

#include <cmath>
#include <map>

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using testing::kFamilies;
using testing::LogLinearSchedule;

// Rounding: 2^-53 grown by alpha / sigma or its inverse, at most e^5 = 148, a few times: below 1e-13 of the largest
// number.
constexpr double kTolerance = 1e-12;

double largest(const Tensor& x) { return x.abs().max().item<double>(); }

Tensor numbers(std::vector<double> values) { return at::tensor(values, at::TensorOptions(at::kDouble)).unsqueeze(0); }

struct Case {
  std::string name;
  std::unique_ptr<const Prediction> prediction;
};

std::vector<Case> every_prediction() {
  std::vector<Case> out;
  for (const std::string& name : denoiser::registry().names()) out.push_back({name, denoiser::registry().make(name)});
  return out;
}

/// What the papers say that a network of this name returns.
Tensor paper_target(const std::string& name, double alpha, double sigma, const Tensor& x0, const Tensor& eps) {
  if (name == "eps") return eps;
  if (name == "x0") return x0;
  if (name == "v") return eps.mul(alpha).sub(x0, sigma);
  if (name == "velocity") return eps.sub(x0);
  // Karras et al. 2022, eq. 8, on y = x_t / alpha with s = sigma / alpha: F = (x0 - c_skip y) / c_out.
  const double s = sigma / alpha, d = 0.5;
  const double c_skip = d * d / (s * s + d * d), c_out = s * d / std::sqrt(s * s + d * d);
  return x0.sub(x0.add(eps, s), c_skip).div(c_out);
}

class Predictions : public ::testing::Test {
 protected:
  Tensor x0 = numbers({0.7, -1.3, 0.02, 2.1, -0.4});
  Tensor eps = numbers({-0.9, 0.3, 1.8, -0.05, 1.1});

  /// Calls body(schedule, t, x_t) for all families and |log_snr| <= 10.
  template <class Body>
  void everywhere(Body body) const {
    for (const auto family : kFamilies) {
      const LogLinearSchedule schedule(family);
      for (double log_snr = -10; log_snr <= 10; log_snr += 2.5) {
        const double t = schedule.time_of(log_snr);
        SCOPED_TRACE(::testing::Message() << "family " << static_cast<int>(family) << ", log_snr " << log_snr);
        body(schedule, t, x0.mul(schedule.alpha(t)).add(eps, schedule.sigma(t)));
      }
    }
  }
};

TEST_F(Predictions, ThePapersTargetAsOutputGivesX0) {
  everywhere([&](const Schedule& schedule, double t, const Tensor& x_t) {
    for (const Case& c : every_prediction()) {
      const Coefficients k = c.prediction->at(schedule, t);
      const Tensor target = paper_target(c.name, schedule.alpha(t), schedule.sigma(t), x0, eps);
      EXPECT_LE(largest(x0.mul(k.target_x0).add(eps, k.target_eps).sub(target)), kTolerance * largest(target))
          << c.name;
      EXPECT_LE(largest(x_t.mul(k.skip).add(target, k.out).sub(x0)), kTolerance * largest(x0)) << c.name;
    }
  });
}

TEST_F(Predictions, EveryPairConvertsThereAndBack) {
  everywhere([&](const Schedule& schedule, double t, const Tensor& x_t) {
    const double alpha = schedule.alpha(t), sigma = schedule.sigma(t);
    for (const Case& from : every_prediction()) {
      const Tensor output = paper_target(from.name, alpha, sigma, x0, eps);
      for (const Case& to : every_prediction()) {
        const Tensor there = convert(*from.prediction, *to.prediction, schedule, t, x_t, output);
        const Tensor expected = paper_target(to.name, alpha, sigma, x0, eps);
        EXPECT_LE(largest(there.sub(expected)), kTolerance * largest(expected)) << from.name << " to " << to.name;
        const Tensor back = convert(*to.prediction, *from.prediction, schedule, t, x_t, there);
        EXPECT_LE(largest(back.sub(output)), kTolerance * largest(output)) << from.name << " by " << to.name;
      }
    }
  });
}

TEST_F(Predictions, TheWholeRoundOfConversionsReturns) {
  everywhere([&](const Schedule& schedule, double t, const Tensor& x_t) {
    const auto all = every_prediction();
    Tensor output = eps;
    for (size_t i = 0; i < all.size(); ++i)
      output = convert(*all[i].prediction, *all[(i + 1) % all.size()].prediction, schedule, t, x_t, output);
    EXPECT_LE(largest(output.sub(eps)), kTolerance * largest(eps));
  });
}

TEST_F(Predictions, EdmIsThePapersTable) {
  for (const double d : {0.5, 1.7}) {
    const auto edm = denoiser::registry().make("edm", {{"sigma_data", d}});
    everywhere([&](const Schedule& schedule, double t, const Tensor&) {
      const double alpha = schedule.alpha(t), s = schedule.sigma(t) / alpha;
      const Coefficients k = edm->at(schedule, t);
      // On y = x_t / alpha: c_skip, c_out, c_in, c_noise of table 1. Relative, the numbers span nine powers of ten.
      EXPECT_NEAR(k.skip * alpha * (s * s + d * d) / (d * d), 1, kTolerance);
      EXPECT_NEAR(k.out * std::sqrt(s * s + d * d) / (s * d), 1, kTolerance);
      EXPECT_NEAR(k.in * alpha * std::sqrt(s * s + d * d), 1, kTolerance);
      EXPECT_NEAR(k.noise, std::log(s) / 4, kTolerance);
    });
  }
}

TEST_F(Predictions, AllButEdmTellTheNetworkTheSchedulesNumber) {
  const LogLinearSchedule schedule(Schedule::Family::variance_preserving);
  for (const Case& c : every_prediction()) {
    if (c.name == "edm") continue;
    EXPECT_EQ(c.prediction->at(schedule, 0.25).noise, 25) << c.name;
    EXPECT_EQ(c.prediction->at(schedule, 0.25).in, 1) << c.name;
  }
}

Code code_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    return e.code();
  }
  return Code::internal;
}

TEST_F(Predictions, DivisionByZeroIsRefused) {
  const LogLinearSchedule vp(Schedule::Family::variance_preserving);
  const auto eps_kind = denoiser::registry().make("eps"), x0_kind = denoiser::registry().make("x0"),
             edm_kind = denoiser::registry().make("edm");
  EXPECT_EQ(code_of([&] { eps_kind->at(vp, 1); }), Code::usage);
  EXPECT_EQ(code_of([&] { edm_kind->at(vp, 1); }), Code::usage);
  EXPECT_EQ(code_of([&] { edm_kind->at(vp, 0); }), Code::usage);
  EXPECT_EQ(code_of([&] { convert(*x0_kind, *eps_kind, vp, 0, x0, x0); }), Code::usage);
  EXPECT_EQ(code_of([&] { eps_from_x0(vp, x0, x0, 0); }), Code::usage);
  EXPECT_EQ(code_of([&] { score_from_x0(vp, x0, x0, 0); }), Code::usage);
}

TEST_F(Predictions, TheOthersAreDefinedAtBothEnds) {
  for (const auto family : kFamilies) {
    const LogLinearSchedule schedule(family);
    for (const char* name : {"x0", "v", "velocity"}) {
      const auto prediction = denoiser::registry().make(name);
      for (const double t : {0.0, 1.0}) {
        const double alpha = schedule.alpha(t), sigma = schedule.sigma(t);
        const Tensor x_t = x0.mul(alpha).add(eps, sigma);
        const Coefficients k = prediction->at(schedule, t);
        const Tensor got = x_t.mul(k.skip).add(paper_target(name, alpha, sigma, x0, eps), k.out);
        // Where sigma is e^6 (the exploding family at t = 1) rounding is that much larger.
        EXPECT_LE(largest(got.sub(x0)), kTolerance * largest(x0)) << name << " at " << t;
      }
    }
  }
}

}  // namespace
}  // namespace roulade
