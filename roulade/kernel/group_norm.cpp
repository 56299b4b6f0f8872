// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/group_norm.hpp"

#include "roulade/core/error.hpp"
#include "roulade/kernel/tasks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/group_norm.cpp"
// What is compiled once for each instruction set comes last.
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "roulade/kernel/tile_product.hpp"
// clang-format on

#ifndef ROULADE_GROUP_NORM_TYPES
#define ROULADE_GROUP_NORM_TYPES
namespace roulade::kernel {
namespace {

constexpr int64_t kStrip = 128;   // channels that one task takes, about: one strip of a picture stays in the cache
constexpr int64_t kNarrow = 32;   // or about so many, where there are fewer tasks than threads
constexpr int64_t kLine = 16;     // floats: strips are of whole vectors and lines where there are tasks enough
constexpr int64_t kBlock = 64;    // pixels whose sums are float; blocks are added in double
constexpr int64_t kTogether = 8;  // pixels of one pass over the strip

/// Channels first..last-1 of one sample.
struct Strip {
  int64_t sample = 0, first = 0, last = 0;
  int64_t width() const { return last - first; }
};

/// The scales of one strip.
struct StripScales {
  const float* scale = nullptr;  ///< of z = scale x + offset
  const float* offset = nullptr;
  const float* mean = nullptr;  ///< of its group, for each channel
  bool silu = true;
};

/// dx = by_dz dz + by_x (x - mean) + constant, for each channel.
struct StripSlopes {
  const float* by_dz = nullptr;
  const float* by_x = nullptr;
  const float* constant = nullptr;
};

}  // namespace
}  // namespace roulade::kernel
#endif

HWY_BEFORE_NAMESPACE();
namespace roulade::kernel {
namespace HWY_NAMESPACE {
namespace {

/// Adds block sums in double.
inline void flush(std::vector<float>& block, double* sums) {
  for (size_t c = 0; c < block.size(); ++c) sums[c] += static_cast<double>(block[c]);
  std::fill(block.begin(), block.end(), 0.0F);
}

/// Mean and variance of each channel, by differences from its first pixel.
void channel_moments(const NormShape& s, const float* x, const Strip& strip, double* mean, double* variance) {
  const int64_t width = strip.width();
  const float* const from = x + strip.sample * s.pixels * s.channels + strip.first;
  std::vector<float> sum(static_cast<size_t>(width), 0.0F), square(sum);
  std::fill_n(mean, width, 0.0);
  std::fill_n(variance, width, 0.0);
  for (int64_t block = 0; block < s.pixels; block += kBlock) {
    const int64_t end = std::min(s.pixels, block + kBlock);
    for (int64_t p = block; p < end; p += kTogether) {
      const int64_t stop = std::min(end, p + kTogether);
      for_vectors(width, [&](int64_t c, auto n) HWY_ATTR {
        const Vec base = load_some(from + c, n);
        Vec one = load_some(sum.data() + c, n), two = load_some(square.data() + c, n);
        for (int64_t q = p; q < stop; ++q) {
          const Vec d = hn::Sub(load_some(from + q * s.channels + c, n), base);
          one = hn::Add(one, d);
          two = hn::MulAdd(d, d, two);
        }
        store_some(one, sum.data() + c, n);
        store_some(two, square.data() + c, n);
      });
    }
    flush(sum, mean);
    flush(square, variance);
  }
  const auto count = static_cast<double>(s.pixels);
  for (int64_t c = 0; c < width; ++c) {
    const double m = mean[c] / count;
    variance[c] = std::max(0.0, variance[c] / count - m * m);
    mean[c] = static_cast<double>(from[c]) + m;
  }
}

/// y of one strip.
void scale_strip(const NormShape& s, const float* x, const Strip& strip, const StripScales& by, float* y) {
  const int64_t start = strip.sample * s.pixels * s.channels + strip.first;
  for (int64_t p = 0; p < s.pixels; p += kTogether) {
    const int64_t stop = std::min(s.pixels, p + kTogether);
    for_vectors(strip.width(), [&](int64_t c, auto n) HWY_ATTR {
      const Vec scale = load_some(by.scale + c, n), offset = load_some(by.offset + c, n);
      for (int64_t q = p; q < stop; ++q) {
        const int64_t at = start + q * s.channels + c;
        const Vec z = hn::MulAdd(scale, load_some(x + at, n), offset);
        store_some(by.silu ? hn::Mul(z, sigmoid(z)) : z, y + at, n);
      }
    });
  }
}

/// The gradient by z: d/dz z sigmoid(z) = sigmoid(z) (1 + z (1 - sigmoid(z))).
HWY_INLINE Vec by_z(Vec x, Vec da, Vec scale, Vec offset, bool silu) {
  if (!silu) return da;
  const Floats f;
  const Vec z = hn::MulAdd(scale, x, offset), s = sigmoid(z);
  return hn::Mul(da, hn::Mul(s, hn::MulAdd(z, hn::Sub(hn::Set(f, 1.0F), s), hn::Set(f, 1.0F))));
}

/// dz, and for each channel the sums of dz and of dz (x - mean).
void gradient_sums(const NormShape& s, const float* x, const float* da, const Strip& strip, const StripScales& by,
                   float* dz_out, double* sum_dz, double* sum_dz_x) {
  const int64_t width = strip.width(), start = strip.sample * s.pixels * s.channels + strip.first;
  std::vector<float> one_block(static_cast<size_t>(width), 0.0F), two_block(one_block);
  std::fill_n(sum_dz, width, 0.0);
  std::fill_n(sum_dz_x, width, 0.0);
  for (int64_t block = 0; block < s.pixels; block += kBlock) {
    const int64_t end = std::min(s.pixels, block + kBlock);
    for (int64_t p = block; p < end; p += kTogether) {
      const int64_t stop = std::min(end, p + kTogether);
      for_vectors(width, [&](int64_t c, auto n) HWY_ATTR {
        const Vec scale = load_some(by.scale + c, n), offset = load_some(by.offset + c, n),
                  mean = load_some(by.mean + c, n);
        Vec one = load_some(one_block.data() + c, n), two = load_some(two_block.data() + c, n);
        for (int64_t q = p; q < stop; ++q) {
          const int64_t at = start + q * s.channels + c;
          const Vec v = load_some(x + at, n), dz = by_z(v, load_some(da + at, n), scale, offset, by.silu);
          store_some(dz, dz_out + at, n);
          one = hn::Add(one, dz);
          two = hn::MulAdd(dz, hn::Sub(v, mean), two);
        }
        store_some(one, one_block.data() + c, n);
        store_some(two, two_block.data() + c, n);
      });
    }
    flush(one_block, sum_dz);
    flush(two_block, sum_dz_x);
  }
}

/// dx of one strip, in the place of dz.
void gradient_strip(const NormShape& s, const float* x, const Strip& strip, const float* means,
                    const StripSlopes& slopes, float* dx) {
  const int64_t start = strip.sample * s.pixels * s.channels + strip.first;
  for (int64_t p = 0; p < s.pixels; p += kTogether) {
    const int64_t stop = std::min(s.pixels, p + kTogether);
    for_vectors(strip.width(), [&](int64_t c, auto n) HWY_ATTR {
      const Vec mean = load_some(means + c, n), constant = load_some(slopes.constant + c, n);
      const Vec by_dz = load_some(slopes.by_dz + c, n), by_x = load_some(slopes.by_x + c, n);
      for (int64_t q = p; q < stop; ++q) {
        float* const at = dx + start + q * s.channels + c;
        const Vec from_mean = hn::Sub(load_some(x + (at - dx), n), mean);
        store_some(hn::MulAdd(by_dz, load_some(at, n), hn::MulAdd(by_x, from_mean, constant)), at, n);
      }
    });
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade::kernel {
namespace {

HWY_EXPORT(channel_moments);
HWY_EXPORT(scale_strip);
HWY_EXPORT(gradient_sums);
HWY_EXPORT(gradient_strip);

void check(const NormShape& s) {
  if (std::min({s.batch, s.channels, s.pixels, s.groups}) < 1 || s.channels % s.groups != 0)
    fail(Code::usage, "group_norm", "shape", "sizes of at least 1, groups that divide the channels",
         fmt::format("{} samples, {} channels, {} pixels, {} groups", s.batch, s.channels, s.pixels, s.groups));
}

/// Strips of whole groups, for all samples.
class Strips {
 public:
  explicit Strips(const NormShape& s) : shape_(s) {
    const int64_t each = s.channels / s.groups, lines = std::min(s.channels, std::lcm(each, kLine));
    for (int64_t most = kStrip; most >= kNarrow; most /= 2) {
      cut(std::max<int64_t>(1, most / lines) * lines);
      if (count() >= threads()) return;
    }
    cut(std::max<int64_t>(1, kNarrow / each) * each);
  }
  int64_t count() const { return shape_.batch * across_; }
  Strip at(int64_t i) const {
    const int64_t first = i % across_ * width_;
    return {i / across_, first, std::min(shape_.channels, first + width_)};
  }

 private:
  void cut(int64_t width) {
    width_ = width;
    across_ = (shape_.channels + width_ - 1) / width_;
  }

  NormShape shape_;
  int64_t width_ = 1, across_ = 1;
};

}  // namespace

void group_statistics(const NormShape& s, const float* x, double eps, float* mean, float* rstd) {
  check(s);
  const Strips strips(s);
  const int64_t each = s.channels / s.groups;
  for_each_task(strips.count(), [&](int64_t task) {
    const Strip strip = strips.at(task);
    std::vector<double> means(static_cast<size_t>(strip.width())), variances(means);
    HWY_DYNAMIC_DISPATCH(channel_moments)(s, x, strip, means.data(), variances.data());
    for (int64_t c = 0; c < strip.width(); c += each) {
      double m = 0, v = 0;
      for (int64_t i = c; i < c + each; ++i) m += means[static_cast<size_t>(i)];
      m /= static_cast<double>(each);
      for (int64_t i = c; i < c + each; ++i) {
        const double d = means[static_cast<size_t>(i)] - m;
        v += variances[static_cast<size_t>(i)] + d * d;
      }
      const int64_t at = strip.sample * s.groups + (strip.first + c) / each;
      mean[at] = static_cast<float>(m);
      rstd[at] = static_cast<float>(1 / std::sqrt(v / static_cast<double>(each) + eps));
    }
  });
}

void norm_scales(const NormShape& s, const float* mean, const float* rstd, const NormGains& gains, float* scale,
                 float* offset) {
  check(s);
  const int64_t each = s.channels / s.groups;
  for (int64_t b = 0; b < s.batch; ++b)
    for (int64_t c = 0; c < s.channels; ++c) {
      const int64_t group = b * s.groups + c / each, at = b * s.channels + c;
      const float gain = gains.gamma[c] * rstd[group], base = gains.beta[c] - mean[group] * gain;
      const float factor = gains.factor ? gains.factor[at] : 1;
      scale[at] = gain * factor;
      offset[at] = base * factor + (gains.summand ? gains.summand[at] : 0);
    }
}

void apply_scales(const NormShape& s, const float* x, const float* scale, const float* offset, bool silu, float* y) {
  check(s);
  const Strips strips(s);
  for_each_task(strips.count(), [&](int64_t task) {
    const Strip strip = strips.at(task);
    const int64_t at = strip.sample * s.channels + strip.first;
    HWY_DYNAMIC_DISPATCH(scale_strip)(s, x, strip, {scale + at, offset + at, nullptr, silu}, y);
  });
}

void group_norm_gradient(const NormShape& s, const float* x, const float* mean, const float* rstd,
                         const NormGains& gains, bool silu, const float* da, const NormGradients& to) {
  check(s);
  const Strips strips(s);
  const int64_t each = s.channels / s.groups;
  const auto all = static_cast<size_t>(s.batch * s.channels);
  std::vector<float> scale(all), offset(all);
  norm_scales(s, mean, rstd, gains, scale.data(), offset.data());
  std::vector<double> sum_dz(all), sum_dz_x(all);
  for_each_task(strips.count(), [&](int64_t task) {
    const Strip strip = strips.at(task);
    const int64_t at = strip.sample * s.channels + strip.first;
    const auto width = static_cast<size_t>(strip.width());
    std::array<std::vector<float>, 4> of_channel;
    of_channel.fill(std::vector<float>(width));
    auto& [centre, by_dz, by_x, constant] = of_channel;
    for (size_t c = 0; c < width; ++c)
      centre[c] = mean[strip.sample * s.groups + (strip.first + static_cast<int64_t>(c)) / each];
    const StripScales by{scale.data() + at, offset.data() + at, centre.data(), silu};
    double* const one = sum_dz.data() + at;
    double* const two = sum_dz_x.data() + at;
    HWY_DYNAMIC_DISPATCH(gradient_sums)(s, x, da, strip, by, to.dx, one, two);
    const double count = static_cast<double>(each * s.pixels);
    for (int64_t c = 0; c < strip.width(); c += each) {
      const double r = static_cast<double>(rstd[strip.sample * s.groups + (strip.first + c) / each]);
      double first = 0, second = 0;
      for (int64_t i = c; i < c + each; ++i) {
        two[i] *= r;
        const double gain = static_cast<double>(gains.gamma[strip.first + i]) *
                            (gains.factor ? static_cast<double>(gains.factor[at + i]) : 1.0);
        first += gain * one[i];
        second += gain * two[i];
        by_dz[static_cast<size_t>(i)] = static_cast<float>(r * gain);
      }
      std::fill_n(by_x.begin() + c, each, static_cast<float>(-r * r * second / count));
      std::fill_n(constant.begin() + c, each, static_cast<float>(-r * first / count));
    }
    HWY_DYNAMIC_DISPATCH(gradient_strip)
    (s, x, strip, centre.data(), {by_dz.data(), by_x.data(), constant.data()}, to.dx);
  });
  for (int64_t c = 0; c < s.channels; ++c) {
    double gamma = 0, beta = 0;
    for (int64_t b = 0; b < s.batch; ++b) {
      const auto at = static_cast<size_t>(b * s.channels + c);
      const double factor = gains.factor ? static_cast<double>(gains.factor[at]) : 1;
      gamma += factor * sum_dz_x[at];
      beta += factor * sum_dz[at];
      if (to.d_factor)
        to.d_factor[at] = static_cast<float>(static_cast<double>(gains.gamma[c]) * sum_dz_x[at] +
                                             static_cast<double>(gains.beta[c]) * sum_dz[at]);
      if (to.d_summand) to.d_summand[at] = static_cast<float>(sum_dz[at]);
    }
    to.d_gamma[c] = static_cast<float>(gamma);
    to.d_beta[c] = static_cast<float>(beta);
  }
}

}  // namespace roulade::kernel
#endif  // HWY_ONCE
