// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/terms.hpp"

#include <algorithm>

namespace roulade::objective::weight {
namespace {

struct NoSettings {
  void bind(Binder&) {}
};

class Uniform final : public LossWeight {
 public:
  double at(double, double, const Coefficients&) const override { return 1; }
};

struct MinSnrSettings {
  double gamma = 5;
  void bind(Binder& b) { b.add("weight_gamma", gamma, above(0), "largest weight of an x0 error"); }
};

class MinSnr final : public LossWeight {
 public:
  explicit MinSnr(MinSnrSettings s) : s_(s) {}
  double at(double alpha, double sigma, const Coefficients& c) const override {
    return std::min(alpha / sigma * (alpha / sigma), s_.gamma) * c.out * c.out;
  }

 private:
  MinSnrSettings s_;
};

struct EdmSettings {
  double sigma_data = 0.5;
  void bind(Binder& b) { b.add("weight_sigma_data", sigma_data, above(0), "standard deviation of the data"); }
};

class Edm final : public LossWeight {
 public:
  explicit Edm(EdmSettings s) : s_(s) {}
  double at(double alpha, double sigma, const Coefficients& c) const override {
    const double d2 = s_.sigma_data * s_.sigma_data;
    // (s^2 + d^2) / (s d)^2 with s = sigma / alpha.
    return (1 / d2 + alpha / sigma * (alpha / sigma)) * c.out * c.out;
  }

 private:
  EdmSettings s_;
};

}  // namespace

Entry uniform() {
  Entry e;
  e.name = "uniform";
  e.summary = "the simple loss: every output error counts alike";
  e.source = "Ho et al. 2020, eq. 14";
  return with_settings<Entry, NoSettings>(e, [](const NoSettings&) { return std::make_unique<Uniform>(); });
}

Entry min_snr() {
  Entry e;
  e.name = "min_snr";
  e.summary = "x0 errors weighted by min(snr, gamma)";
  e.source = "Hang et al. 2023, eq. 8";
  return with_settings<Entry, MinSnrSettings>(e, [](const MinSnrSettings& s) { return std::make_unique<MinSnr>(s); });
}

Entry edm() {
  Entry e;
  e.name = "edm";
  e.summary = "x0 errors weighted by (sigma^2 + d^2) / (sigma d)^2: 1 on EDM's own output";
  e.source = "Karras et al. 2022, table 1";
  return with_settings<Entry, EdmSettings>(e, [](const EdmSettings& s) { return std::make_unique<Edm>(s); });
}

}  // namespace roulade::objective::weight
