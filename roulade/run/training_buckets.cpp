// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/training_buckets.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/byte_rows.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/train/batches.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr const char* kWhere = "data.fit = \"buckets\"";

/// Places of the pictures whose sides a U-Net halves into one; a conditional one pads instead.
int64_t divisor_of(const Table& unet) {
  const auto list = [&](const char* key) { return std::get<std::vector<double>>(unet.at(key).value); };
  if (!list("cross_attention_dim").empty()) return 1;
  return int64_t{1} << (std::max<int64_t>(1, std::ssize(list("block_out_channels"))) - 1);
}

/// One mean and one deviation for every place, so for any number of them.
Scaling scaling_of_width(const Scaling& scaling, int64_t width) {
  const auto places = static_cast<size_t>(width);
  return {std::vector<double>(places, scaling.mean.front()), std::vector<double>(places, scaling.deviation.front())};
}

}  // namespace

bool has_buckets(const Recipe& resolved) {
  const Table& data = resolved.tables.at("data");
  return text_of(resolved, "data", "kind") == "images" && data.count("fit") > 0 &&
         text_of(resolved, "data", "fit") == "buckets";
}

void check_buckets(const Recipe& resolved) {
  if (!has_buckets(resolved)) return;
  if (const std::string& kind = text_of(resolved, "objective", "kind"); kind != ObjectiveSettings().kind)
    fail(Code::usage, kWhere, "objective.kind", ObjectiveSettings().kind, kind);
  if (const std::string& path = text_of(resolved, "latent", "path"); !path.empty())
    fail(Code::usage, kWhere, "latent.path", "none: latents have one shape", path);
  if (const std::string& kind = text_of(resolved, "model", "kind"); kind != "unet")
    fail(Code::usage, kWhere, "model.kind", "unet, which takes pictures of any shape", kind);
  const std::string& scale = text_of(resolved, "data", "scale");
  if (scale == "column" || scale == "centred")
    fail(Code::usage, kWhere, "data.scale", "pixels, global or none: the same at every place", scale);
  const int64_t step = std::get<int64_t>(resolved.tables.at("data").at("bucket_step").value);
  if (const int64_t divisor = divisor_of(resolved.tables.at("model")); step % divisor != 0)
    fail(Code::usage, kWhere, "data.bucket_step",
         fmt::format("a multiple of {}, as the network's levels halve", divisor), fmt::format("{}", step));
}

void check_crops(const Recipe& resolved) {
  const Table& data = resolved.tables.at("data");
  const auto margin = data.find("crop_margin");
  if (margin == data.end() || std::get<int64_t>(margin->second.value) == 0) return;
  if (const std::string& path = text_of(resolved, "latent", "path"); !path.empty())
    fail(Code::usage, "data.crop_margin", "latent.path", "none: pictures are encoded once, not at each visit", path);
  const std::string& scale = text_of(resolved, "data", "scale");
  if (scale == "column" || scale == "centred")
    fail(Code::usage, "data.crop_margin", "data.scale", "pixels, global or none: the same at every place", scale);
}

void add_buckets(TrainParts& parts) {
  const auto* source = dynamic_cast<const ByteSource*>(parts.source.get());
  if (source == nullptr) return;
  const TrainingSet& all = parts.training;
  for (ByteBucket& bucket : source->draw_buckets(parts.seed)) {
    for (const int64_t point : bucket.points) {
      const auto i = static_cast<size_t>(point);
      if (!all.labels.empty()) bucket.pictures.labels.push_back(all.labels[i]);
      if (!all.texts.empty()) bucket.pictures.texts.push_back(all.texts[i]);
    }
    const Scaling scaling = scaling_of_width(parts.facts.scaling, bucket.pictures.width);
    parts.facts.buckets.push_back({bucket.shape[1], bucket.shape[2], std::ssize(bucket.points)});
    parts.buckets.push_back({bucket.shape, TrainingSet(std::move(bucket.pictures), scaling)});
  }
}

std::string warning_of_small_buckets(const TrainParts& parts) {
  const auto small = std::count_if(parts.buckets.begin(), parts.buckets.end(),
                                   [&](const ShapedSet& bucket) { return bucket.points.rows < parts.settings.batch; });
  if (small == 0) return "";
  return fmt::format(
      "{} of {} buckets hold{} fewer pictures than train.batch = {}: their batches show a picture several times", small,
      parts.buckets.size(), small == 1 ? "s" : "", parts.settings.batch);
}

BatchFn make_batches(const TrainParts& parts, int64_t ranks) {
  const int64_t batch = parts.settings.batch;
  if (parts.buckets.empty()) {
    const auto all = std::make_shared<PointBatches>(parts.training, batch / ranks, parts.seed, parts.shape.sample);
    return [all](int64_t i) { return all->at(i); };
  }
  const auto all = std::make_shared<BucketBatches>(parts.buckets, batch, parts.seed, ranks);
  return [all](int64_t i) { return all->at(i); };
}

}  // namespace roulade
