// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/steps.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace roulade::grid {
namespace {

constexpr size_t kLevels = 11;
struct Published {
  const char* name;
  std::array<double, kLevels> sigma;
};
/// Table 3 of the paper, the noise levels of ten steps.
constexpr std::array kPublished = {
    Published{"sd15", {14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029}},
    Published{"sdxl", {14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029}},
    Published{"deepfloyd", {160.41, 8.081, 3.315, 1.885, 1.207, 0.785, 0.553, 0.293, 0.186, 0.030, 0.006}},
    Published{"svd", {700.00, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002}},
};

struct Settings {
  std::string table = "sd15";
  void bind(Binder& b) {
    std::vector<std::string> names;
    for (const Published& p : kPublished) names.emplace_back(p.name);
    b.add("table", table, names, "the model that the published noise levels were optimised for");
  }
};

/// n + 1 levels of sigma/alpha: log sigma interpolated linearly over the table's eleven, the last of them replaced by
/// 0.
class AlignYourSteps final : public Grid {
 public:
  explicit AlignYourSteps(const Settings& s)
      : sigma_(std::find_if(kPublished.begin(), kPublished.end(), [&](const Published& p) {
                 return s.table == p.name;
               })->sigma) {}

  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    constexpr const char* kWhere = "grid align_your_steps";
    check_steps(kWhere, n);
    // 1e-3: the tables are rounded to three places
    if (const double most = std::exp(-0.5 * schedule.log_snr(1)); sigma_.front() > most * (1 + 1e-3))
      fail(Code::usage, kWhere, fmt::format("the schedule's largest sigma/alpha, {}", most),
           fmt::format("at least the table's, {}", sigma_.front()));
    std::vector<double> out;
    for (int64_t j = 0; j < n; ++j) {
      const double at = static_cast<double>(j) / static_cast<double>(n) * static_cast<double>(kLevels - 1);
      const auto i = std::min(static_cast<size_t>(at), kLevels - 2);
      const double log_sigma = std::lerp(std::log(sigma_[i]), std::log(sigma_[i + 1]), at - static_cast<double>(i));
      out.push_back(schedule.time_of(-2 * log_sigma));
    }
    out.push_back(0);
    return trained(kWhere, schedule, falling(kWhere, out));
  }

 private:
  std::array<double, kLevels> sigma_;
};

}  // namespace

Entry align_your_steps() {
  Entry entry;
  entry.name = "align_your_steps";
  entry.summary = "Noise levels optimised for one published model, interpolated in log sigma, then 0";
  entry.source = "Sabour et al. 2024, Align Your Steps: Optimizing Sampling Schedules in Diffusion Models, table 3";
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const AlignYourSteps>(s); });
}

}  // namespace roulade::grid
