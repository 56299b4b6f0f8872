// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/power_snapshots.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/run/network_files.hpp"

#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr double kMostError = 0.1;
constexpr const char *kWidths = "sigma_rel", *kStep = "step";

std::string list_text(const std::vector<double>& widths) { return nlohmann::json(widths).dump(); }

/// The widths that a run tracked, by a checkpoint's state.
std::vector<double> widths_of(const fs::path& checkpoint) {
  const fs::path file = checkpoint / Trainer::kStateFile;
  try {
    return nlohmann::json::parse(read_file(file, 1 << 20)).value("ema_posthoc", std::vector<double>());
  } catch (const nlohmann::json::exception& e) {
    fail(Code::input, file.string(), fmt::format("damaged training state ({})", e.what()));
  }
}

/// Averages of one step: of each width the tensors with a prefix.
struct Source {
  fs::path file;
  int64_t step = 0;
};

void check_snapshot(const Source& source, const Metadata& metadata, const std::vector<double>& widths) {
  const auto text = [&](const char* key) {
    const auto it = metadata.find(key);
    return it == metadata.end() ? std::string("nothing") : it->second;
  };
  if (text(kWidths) != list_text(widths))
    fail(Code::input, source.file.string(), "widths of the snapshot", list_text(widths), text(kWidths));
  if (text(kStep) != std::to_string(source.step))
    fail(Code::input, source.file.string(), "step of the snapshot", std::to_string(source.step), text(kStep));
}

}  // namespace

void write_snapshot(const RunFolder& folder, const Trainer& trainer) {
  std::error_code error;
  fs::create_directories(folder.averages(), error);
  if (error) fail(Code::io, folder.averages().string(), fmt::format("cannot make this folder: {}", error.message()));
  std::map<std::string, Tensor> tensors;
  std::vector<double> widths;
  for (const PowerAverage& average : trainer.power_averages()) {
    average.save(tensors, Trainer::power_prefix(widths.size()));
    widths.push_back(average.sigma_rel());
  }
  write_tensors(folder.snapshot(trainer.done()), tensors,
                {{kWidths, list_text(widths)}, {kStep, std::to_string(trainer.done())}});
}

void cut_snapshots(const RunFolder& folder, int64_t last_step) {
  recover_folder(folder.averages());
  for (const int64_t step : folder.snapshots())
    if (step > last_step) fs::remove(folder.snapshot(step));
}

std::map<std::string, Tensor> read_power_average(const RunFolder& folder, int64_t step, double sigma_rel) {
  const fs::path checkpoint = folder.checkpoint(step);
  const std::vector<double> widths = widths_of(checkpoint);
  if (widths.empty())
    fail(Code::usage, folder.root.string(), "the run kept no averages to choose from",
         "one trained with train.ema_posthoc = [0.05, 0.10]");
  std::vector<Source> sources;
  for (const int64_t at : folder.snapshots())
    if (at < step) sources.push_back({folder.snapshot(at), at});
  sources.push_back({checkpoint / Trainer::kTensorsFile, step});

  std::vector<PowerProfile> profiles;
  for (const Source& source : sources)
    for (const double width : widths) profiles.push_back({power_exponent(width), source.step});
  const PowerCombination sum = combine_profiles(profiles, {power_exponent(sigma_rel), step});
  if (sum.error > kMostError)
    fail(Code::usage, "sample.ema",
         fmt::format("the snapshots do not reach the width {} at step {} (error {:.2f})", sigma_rel, step, sum.error),
         fmt::format("one nearer to {} (with more snapshots, train.ema_snapshot_every, further ones)",
                     fmt::join(widths, " and ")));

  std::map<std::string, Tensor> out = read_network(checkpoint), total;  // what is not trained stays as it is there
  const std::map<std::string, Tensor> averaged = read_tensors(sources.back().file, Load::map).tensors;
  for (size_t k = 0; k < sources.size(); ++k) {
    const TensorFile file = read_tensors(sources[k].file, Load::map);
    if (sources[k].step != step) check_snapshot(sources[k], file.metadata, widths);
    for (size_t w = 0; w < widths.size(); ++w) {
      const double share = sum.shares[k * widths.size() + w];
      if (share == 0) continue;
      const std::string prefix = Trainer::power_prefix(w);
      for (const auto& [name, like] : out) {
        const auto it = file.tensors.find(prefix + name);
        if (it == file.tensors.end()) {
          if (averaged.contains(prefix + name))
            fail(Code::input, sources[k].file.string(), fmt::format("tensor '{}' is missing", prefix + name));
          continue;
        }
        if (it->second.sizes() != like.sizes() || it->second.scalar_type() != at::kFloat)
          fail(Code::input, sources[k].file.string(), fmt::format("shape or dtype of tensor '{}'", prefix + name),
               fmt::format("F32 {}", like.sizes().vec()), fmt::format("{}", it->second.sizes().vec()));
        const Tensor part = it->second.to(at::kDouble).mul_(share);
        Tensor& to = total[name];
        to = to.defined() ? to.add_(part) : part;
      }
    }
  }
  if (total.empty()) fail(Code::input, checkpoint.string(), "the averages of train.ema_posthoc are missing");
  for (auto& [name, tensor] : total) out[name] = tensor.to(at::kFloat);
  return out;
}

}  // namespace roulade
