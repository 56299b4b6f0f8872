// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/feature_store.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/io/tensor_file.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kAtOnce = 100;  ///< pictures that pass through the network together
constexpr auto kPictures = "pictures", kFeatures = "features", kMadeBy = "made_by";

/// The last steps of splitmix64 (Steele et al. 2014): every bit of the input moves every bit of the output.
uint64_t mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

std::array<uint64_t, 2> hash_of(const uint8_t* bytes, size_t size) {
  std::array<uint64_t, 2> out{size, ~static_cast<uint64_t>(size)};
  for (size_t at = 0; at < size; at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes + at, std::min<size_t>(8, size - at));
    out[0] = mixed(out[0] ^ word) + 0x9e3779b97f4a7c15u;
    out[1] = mixed(out[1] + word * 0xff51afd7ed558ccdu) ^ 0xc2b2ae3d27d4eb4fu;
  }
  return out;
}

}  // namespace

FeatureStore::FeatureStore(std::shared_ptr<const Features> features, PictureFormat format, uint64_t most_bytes)
    : features_(std::move(features)),
      format_(std::move(format)),
      most_(static_cast<size_t>(most_bytes / sizeof(float)) / static_cast<size_t>(features_->width())) {}

void FeatureStore::keep(const Key& key, const float* row) {
  if (keys_.size() >= most_ || !row_.try_emplace(key, keys_.size()).second) return;
  keys_.push_back(key);
  values_.insert(values_.end(), row, row + features_->width());
  fresh_ = true;
}

PointSet FeatureStore::of(const PointView& scaled, bool keep_them, const ProgressFn& progress, const Cancel& cancel) {
  eval::check_set("features " + name(), "judged", scaled, scaled.width, 1);
  const at::NoGradGuard no_grad;
  const int64_t width = features_->width();
  PointSet out{scaled.rows, width, std::vector<float>(static_cast<size_t>(scaled.rows * width)), {}};
  if (scaled.labels != nullptr) out.labels.assign(scaled.labels, scaled.labels + scaled.rows);
  const Tensor bytes = format_.bytes(scaled);
  const size_t size = static_cast<size_t>(bytes.numel() / scaled.rows);
  std::vector<int64_t> missing;
  std::vector<Key> keys;
  for (int64_t i = 0; i < scaled.rows; ++i) {
    keys.push_back(hash_of(bytes.const_data_ptr<uint8_t>() + static_cast<size_t>(i) * size, size));
    const auto found = row_.find(keys.back());
    if (found == row_.end()) {
      missing.push_back(i);
    } else {
      std::copy_n(values_.begin() + static_cast<int64_t>(found->second) * width, width, out.values.begin() + i * width);
    }
  }
  const auto total = static_cast<int64_t>(missing.size());
  const Pace pace("features", total);
  for (int64_t first = 0; first < total && !cancel.requested(); first += kAtOnce) {
    const int64_t count = std::min(kAtOnce, total - first);
    Tensor batch = at::empty({count, bytes.size(1), bytes.size(2), bytes.size(3)}, at::kByte);
    for (int64_t k = 0; k < count; ++k)
      std::memcpy(batch.mutable_data_ptr<uint8_t>() + static_cast<size_t>(k) * size,
                  bytes.const_data_ptr<uint8_t>() + static_cast<size_t>(missing[static_cast<size_t>(first + k)]) * size,
                  size);
    const Tensor made = features_->of(batch).contiguous();
    for (int64_t k = 0; k < count; ++k) {
      const int64_t i = missing[static_cast<size_t>(first + k)];
      const float* row = made.const_data_ptr<float>() + k * width;
      std::copy_n(row, width, out.values.begin() + i * width);
      if (keep_them) keep(keys[static_cast<size_t>(i)], row);
    }
    if (progress) progress(pace.at(first + count, name()));
  }
  return out;
}

std::string FeatureStore::fingerprint() const {
  const at::NoGradGuard no_grad;
  const int64_t colours = format_.shape[0] < 3 ? 1 : 3;
  Tensor pictures = at::empty({2, colours, format_.shape[1], format_.shape[2]}, at::kByte);
  std::vector<double> u(static_cast<size_t>(pictures.numel()));
  fill_uniform({0, Stream::evaluate, 0}, 0, 1, u);
  uint8_t* to = pictures.mutable_data_ptr<uint8_t>();
  for (const double x : u) *to++ = static_cast<uint8_t>(256 * x);
  const Tensor made = features_->of(pictures).contiguous();
  const auto [a, b] = hash_of(reinterpret_cast<const uint8_t*>(made.const_data_ptr<float>()), made.nbytes());
  return fmt::format("{} {} {:016x}{:016x}", name(), features_->width(), a, b);
}

int64_t FeatureStore::read(const std::filesystem::path& file) {
  std::optional<TensorFile> content;
  try {
    if (std::filesystem::exists(file)) content = read_tensors(file);
  } catch (const Error& error) {
    if (error.code() != Code::input) throw;  // damaged: what it held is made anew
  }
  if (!content || content->metadata[kMadeBy] != fingerprint()) return static_cast<int64_t>(keys_.size());
  const Tensor pictures = content->tensors[kPictures], features = content->tensors[kFeatures];
  const bool good = pictures.defined() && features.defined() && pictures.scalar_type() == at::kLong &&
                    features.scalar_type() == at::kFloat && pictures.dim() == 2 && pictures.size(1) == 2 &&
                    features.dim() == 2 && features.size(1) == features_->width() &&
                    features.size(0) == pictures.size(0);
  if (!good) return static_cast<int64_t>(keys_.size());
  const bool before = fresh_;
  for (int64_t i = 0; i < pictures.size(0); ++i) {
    Key key;
    std::memcpy(key.data(), pictures.const_data_ptr<int64_t>() + 2 * i, sizeof key);
    keep(key, features.const_data_ptr<float>() + i * features_->width());
  }
  fresh_ = before;
  return static_cast<int64_t>(keys_.size());
}

void FeatureStore::write(const std::filesystem::path& file) {
  if (!fresh_) return;
  const auto rows = static_cast<int64_t>(keys_.size());
  Tensor pictures = at::empty({rows, 2}, at::kLong), features = at::empty({rows, features_->width()}, at::kFloat);
  std::memcpy(pictures.mutable_data_ptr<int64_t>(), keys_.data(), keys_.size() * sizeof(Key));
  std::copy(values_.begin(), values_.end(), features.mutable_data_ptr<float>());
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
  write_tensors(file, {{kPictures, pictures}, {kFeatures, features}}, {{kMadeBy, fingerprint()}});
  fresh_ = false;
}

}  // namespace roulade
