// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/one_pass.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/run/idle_keys.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/settings.hpp"

#include <set>
#include <string>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

namespace roulade {
namespace {

/// Keys that mean nothing without a noise level and without steps.
bool is_idle(const std::string& table, const std::string& key) {
  static const std::set<std::string> kOfModel = {"embedding", "embedding_width", "fourier_scale"};
  static const std::set<std::string> kUsedOfSample = {"count", "weights", "ema", "label", "chunk"};
  if (table == "model") return kOfModel.count(key) > 0;
  if (table == "sample") return kUsedOfSample.count(key) == 0;
  return table == "schedule" || table == "denoiser" || table == "guidance";
}

void refuse_idle(const Recipe& resolved) {
  Recipe plain;
  plain.tables["model"]["kind"] = text_of(resolved, "model", "kind");
  refuse_idle_keys(
      resolved, resolve(plain), is_idle,
      fmt::format("objective '{}' makes a sample in one network call, without noise levels, and has no use for this",
                  text_of(resolved, "objective", "kind")));
}

std::shared_ptr<const Model> make_network(Table model, const ModelShape& shape, uint64_t seed, int64_t width) {
  if (model.count("embedding")) model["embedding"] = "none";
  if (width > 0) model["width"] = width;
  std::shared_ptr<const Model> network = make_model(model, shape, seed);
  const at::NoGradGuard no_grad;
  const Tensor out = answer(*network, at::zeros({1, shape.sample[0]}), {});
  if (out.dim() != 2 || out.size(1) != shape.outputs)
    fail(Code::usage, "model.kind", "this network gives as many numbers as it takes", "mlp or residual_mlp");
  return network;
}

}  // namespace

std::shared_ptr<const OnePass> make_one_pass(const Recipe& resolved, const ModelShape& shape, uint64_t seed) {
  const std::string& kind = text_of(resolved, "objective", "kind");
  if (kind == ObjectiveSettings().kind) return nullptr;
  refuse_idle(resolved);
  OnePassInput input{shape, [&](int64_t inputs, int64_t outputs, uint64_t index, int64_t width) {
                       return make_network(resolved.tables.at("model"), {{inputs}, shape.classes, 1, outputs},
                                           derive_seed(seed, index), width);
                     }};
  Binder b("objective", resolved.tables.at("objective"));
  return objective::one_pass::registry().find(kind, "objective").make(b, input);
}

const Denoiser& denoiser_of(const TrainedRun& run, std::string_view what) {
  if (run.denoiser) return *run.denoiser;
  fail(Code::usage, run.folder.string(), fmt::format("{} needs a diffusion model", what),
       fmt::format("objective.kind = \"{}\"", ObjectiveSettings().kind), text_of(run.recipe, "objective", "kind"));
}

}  // namespace roulade
