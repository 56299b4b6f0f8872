// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/judge_training.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/data/byte_rows.hpp"
#include "roulade/eval/feature_store.hpp"
#include "roulade/eval/judge.hpp"
#include "roulade/model/training_pass.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/train/optimiser.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

constexpr double kSmoothing = 0.05;  ///< of the labels
constexpr double kDropped = 0.3;     ///< share of the hidden layer
constexpr uint64_t kJudgeRole = 7301;
constexpr auto kWhere = "judge";

OptimiserSettings optimiser_settings(int64_t steps) {
  OptimiserSettings out;
  out.optimiser = "muon";
  out.lr = 2e-3;
  out.decay = "cosine";
  out.warmup = std::max<int64_t>(1, steps / 20);
  out.weight_decay = 0.05;
  return out;
}

/// Pictures with a class, as bytes.
struct Labelled {
  Tensor bytes;  ///< uint8 [n, channels, height, width]
  std::vector<int64_t> labels;
};

TrainingSet all_of(const PointSource& source, Split split, uint64_t seed, const Scaling& none) {
  if (const auto* bytes = dynamic_cast<const ByteSource*>(&source)) return {bytes->draw_bytes(split, seed, 0), none};
  return source.draw(split, seed, 0);
}

Labelled read(const PointSource& source, const std::array<double, 2>& range, Split split, uint64_t seed) {
  constexpr int64_t kAtOnce = 1000;  // pictures that are numbers at one time
  const auto width = source.columns().size();
  const Scaling none{std::vector(width, 0.0), std::vector(width, 1.0)};
  const PictureFormat format{source.shape(), range[0], range[1], none};
  const TrainingSet all = all_of(source, split, seed, none);
  Labelled out;
  std::vector<Tensor> parts;
  for (int64_t first = 0; first < all.rows && !all.labels.empty(); first += kAtOnce) {
    const Points some = all.points(first, kAtOnce);
    Points known{0, some.width, {}, {}};
    for (int64_t i = 0; i < some.rows; ++i) {
      if (some.labels[static_cast<size_t>(i)] < 0) continue;
      known.values.insert(known.values.end(), some.row(i), some.row(i) + some.width);
      out.labels.push_back(some.labels[static_cast<size_t>(i)]);
      ++known.rows;
    }
    if (known.rows > 0) parts.push_back(format.bytes(to_set(known).view()));
  }
  if (parts.empty())
    fail(Code::usage, kWhere, fmt::format("{} pictures with a class", split == Split::train ? "training" : "test"),
         "some", "none");
  out.bytes = at::cat(parts);
  return out;
}

/// Pictures of one step, -1 to 1, each moved by up to `reach` pixels (its edge is drawn out) and perhaps mirrored.
Tensor shown(const Labelled& set, const std::vector<int64_t>& rows, int64_t reach, bool flip, const RandomKey& key) {
  const int64_t channels = set.bytes.size(1), height = set.bytes.size(2), width = set.bytes.size(3);
  const auto count = static_cast<int64_t>(rows.size());
  Tensor out = at::empty({count, channels, height, width}, at::kFloat);
  std::vector<double> u(rows.size() * 3);
  fill_uniform(key, 0, 3, u);
  const uint8_t* from = set.bytes.const_data_ptr<uint8_t>();
  float* to = out.mutable_data_ptr<float>();
  for (size_t k = 0; k < rows.size(); ++k) {
    const auto drawn = [&](size_t j) {
      return static_cast<int64_t>(std::floor(u[3 * k + j] * static_cast<double>(2 * reach + 1))) - reach;
    };
    const int64_t down = drawn(0), right = drawn(1);
    const bool mirrored = flip && u[3 * k + 2] < 0.5;
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t y = 0; y < height; ++y) {
        const uint8_t* row =
            from + ((rows[k] * channels + c) * height + std::clamp(y + down, int64_t{0}, height - 1)) * width;
        for (int64_t x = 0; x < width; ++x) {
          const int64_t at = std::clamp(x + right, int64_t{0}, width - 1);
          *to++ = static_cast<float>(row[mirrored ? width - 1 - at : at]) / 127.5f - 1;
        }
      }
  }
  return out;
}

double accuracy_on(const PictureClassifier& network, const Labelled& set, const Cancel& cancel) {
  constexpr int64_t kAtOnce = 500;
  const Judge judge(std::make_shared<const PictureClassifier>(network), {}, 0);
  const auto answers = judge.answers();
  int64_t right = 0;
  const int64_t rows = set.bytes.size(0);
  for (int64_t first = 0; first < rows && !cancel.requested(); first += kAtOnce) {
    const int64_t last = std::min(first + kAtOnce, rows);
    const Tensor found = answers->of(set.bytes.slice(0, first, last)).argmax(1);
    for (int64_t i = first; i < last; ++i)
      right += found.const_data_ptr<int64_t>()[i - first] == set.labels[static_cast<size_t>(i)] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(rows);
}

}  // namespace

JudgeResult train_judge(const JudgeRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  Judge::check_folder(request.out);
  Recipe asked = request.recipe;
  if (!request.attribute.empty())
    set_key(
        asked,
        fmt::format("data.attribute={}",
                    nlohmann::json(request.attribute).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
  const Recipe recipe = resolve(asked);
  const auto source = make_source(recipe.tables.at("data"));
  if (source->shape().size() != 3 || source->classes() < 2)
    fail(Code::usage, kWhere, "data", "pictures of two classes or more",
         fmt::format("{} axes, {} classes", source->shape().size(), source->classes()));
  if (request.warn)
    for (const std::string& line : source->remarks()) request.warn(line);
  JudgeResult out;
  out.folder = request.out;
  out.seed = settings_of<RunSettings>(recipe, "run").seed;
  const auto run_seed = static_cast<uint64_t>(out.seed);
  const uint64_t seed = derive_seed(run_seed, kJudgeRole);
  const Points some = source->range() ? Points{} : source->draw(Split::train, run_seed, 0);
  const auto [low, high] = std::minmax_element(some.values.begin(), some.values.end());
  const auto range = source->range() ? *source->range() : std::array{*low, *high};
  const Labelled training = read(*source, range, Split::train, run_seed);
  const Labelled test = read(*source, range, Split::test, run_seed);
  out.training_pictures = training.bytes.size(0);
  out.test_pictures = test.bytes.size(0);

  PictureClassifierShape shape;
  shape.picture.assign(training.bytes.sizes().begin() + 1, training.bytes.sizes().end());
  shape.classes = source->classes();
  const auto network = std::make_shared<PictureClassifier>(shape, seed);
  for (const auto& [name, weight] : network->parameters()) out.weights += weight.stored().numel();

  const int64_t batch = std::min(request.batch, out.training_pictures);
  const int64_t each = out.training_pictures / batch;  // steps of an epoch
  out.steps = std::max(request.epochs * each, JudgeRequest::kLeastSteps);
  const int64_t reach = (std::min(shape.picture[1], shape.picture[2]) + 4) / 28;
  const OptimiserSettings settings = optimiser_settings(out.steps);
  Optimiser optimiser(settings, network->parameters());
  const int64_t last_tenth = std::max<int64_t>(1, out.steps / 10);
  std::vector<int64_t> order;
  const Pace pace("judge", out.steps);
  for (int64_t step = 0; step < out.steps; ++step) {
    if (request.cancel.requested()) {
      out.finished = false;
      return out;
    }
    if (step % each == 0)
      order = permutation({seed, Stream::order, static_cast<uint64_t>(step / each)}, out.training_pictures);
    const auto first = order.begin() + step % each * batch;
    const std::vector<int64_t> rows(first, first + batch);
    Tensor labels = at::empty({batch}, at::kLong);
    for (int64_t k = 0; k < batch; ++k)
      labels.mutable_data_ptr<int64_t>()[k] = training.labels[static_cast<size_t>(rows[static_cast<size_t>(k)])];
    const auto at_step = static_cast<uint64_t>(step);
    const Tensor x = shown(training, rows, reach, request.flip, {seed, Stream::noise, at_step});
    const TrainingPass pass(seed, step, 0);
    const Tensor hidden = dropout(network->hidden(x), kDropped);
    const Tensor loss = at::cross_entropy_loss(network->answers(hidden), labels, {}, 1, -100, kSmoothing);  // 1 = mean
    const double value = loss.item<double>();
    if (!std::isfinite(value)) fail(Code::numeric, kWhere, fmt::format("loss of step {}", step + 1), "a finite number");
    loss.backward();
    optimiser.apply(learning_rate(settings, step, out.steps), step + 1);
    if (step >= out.steps - last_tenth) out.loss += value / static_cast<double>(last_tenth);
    if (request.progress) request.progress(pace.at(step + 1, fmt::format("loss {:.3f}", value)));
  }
  out.accuracy = accuracy_on(*network, test, request.cancel);
  out.finished = !request.cancel.requested();
  if (out.finished) Judge(network, source->class_names(), out.accuracy).write(request.out);
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

Description describe(const JudgeResult& result) {
  Description out;
  out.add("judge", result.folder.string());
  out.add("seed", result.seed);
  out.add("weights", result.weights);
  out.add("training_pictures", result.training_pictures);
  out.add("test_pictures", result.test_pictures);
  out.add("steps", result.steps);
  out.add("loss", result.loss);
  out.add("test_accuracy", result.accuracy);
  out.add("time", result.seconds, "s");
  return out;
}

}  // namespace roulade
