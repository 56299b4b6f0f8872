// SPDX-License-Identifier: Apache-2.0
// What a sampler adds to the network: steps on a latent of 64 x 64 x 4 with the network's answers at hand.
#include "case.hpp"
#include "roulade/sampler/sampler.hpp"

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace roulade::bench {
namespace {

constexpr int64_t kSteps = 50;
constexpr int kWalks = 20;
const std::vector<int64_t> kLatent{4, 64, 64};

/// x_0 from the next of some prepared eps.
class Prepared final : public Denoiser {
 public:
  explicit Prepared(std::shared_ptr<const Schedule> schedule) : schedule_(std::move(schedule)) {
    for (uint64_t k = 0; k < 8; ++k) eps_.push_back(prior_noise(k + 1, 0, 1, kLatent, 1));
  }
  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition&) const override {
    const Tensor& eps = eps_[next_++ % eps_.size()];
    const double alpha = schedule_->alpha(t[0]);
    return {x_t.mul(1 / alpha).add_(eps, -schedule_->sigma(t[0]) / alpha), {}, {}};
  }
  const Schedule& schedule() const override { return *schedule_; }

 private:
  std::shared_ptr<const Schedule> schedule_;
  std::vector<Tensor> eps_;
  mutable size_t next_ = 0;
};

/// Seconds of one step: the mean over walks of 50 steps. got = network calls of one walk.
Run steps_of(const std::string& name) {
  const std::shared_ptr<const Schedule> schedule = schedule::registry().make("scaled_linear");
  const std::shared_ptr<const Sampler> method = sampler::registry().make(name);
  const auto denoiser = std::make_shared<const Prepared>(schedule);
  std::vector<double> times;
  for (int64_t i = kSteps; i >= 0; --i) times.push_back(static_cast<double>(i) / kSteps);
  return [=]() -> Outcome {
    const Tensor x = prior_noise(0, 0, 1, kLatent, 1);
    int64_t calls = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int k = 0; k < kWalks; ++k)
      calls = sample(*method, *denoiser, Condition{}, times, x, counter_noise(0, 0)).calls;
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return {static_cast<double>(calls), kSteps, kSteps, took / (kWalks * kSteps), {}};
  };
}

}  // namespace

Run sampler_step_ddim() { return steps_of("ddim"); }
Run sampler_step_euler() { return steps_of("euler"); }
Run sampler_step_euler_ancestral() { return steps_of("euler_ancestral"); }
Run sampler_step_dpmpp_2m() { return steps_of("dpmpp_2m"); }
Run sampler_step_unipc() { return steps_of("unipc"); }

}  // namespace roulade::bench
