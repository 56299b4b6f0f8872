// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/diffusers_keys.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include <fmt/format.h>

namespace roulade {
namespace {

/// Keys that read_diffusers() or this page reads.
const std::set<std::string> kRead{"num_train_timesteps",
                                  "beta_start",
                                  "beta_end",
                                  "beta_schedule",
                                  "trained_betas",
                                  "prediction_type",
                                  "timestep_spacing",
                                  "steps_offset",
                                  "rescale_betas_zero_snr",
                                  "thresholding",
                                  "clip_sample",
                                  "clip_sample_range",
                                  "variance_type",
                                  "set_alpha_to_one",
                                  "use_karras_sigmas",
                                  "use_exponential_sigmas",
                                  "use_beta_sigmas",
                                  "use_lu_lambdas",
                                  "use_flow_sigmas",
                                  "flow_shift",
                                  "algorithm_type",
                                  "solver_order",
                                  "solver_type",
                                  "lower_order_final",
                                  "predict_x0",
                                  "predictor_order",
                                  "corrector_order",
                                  "skip_prk_steps",
                                  "timestep_scaling",
                                  "stochastic_sampling",
                                  "shift",
                                  "use_dynamic_shifting",
                                  "base_shift",
                                  "max_shift",
                                  "base_image_seq_len",
                                  "max_image_seq_len",
                                  "image_seq_len",
                                  "time_shift_type",
                                  "shift_terminal",
                                  "sigma_min",
                                  "sigma_max",
                                  "sigma_schedule",
                                  "sigma_data",
                                  "rho"};

/// Keys that nothing depends on here: of thresholding, which is refused, of LCM's distillation, of a
/// generator, of old versions, and of a last step that ends at clean data, which is one of Euler's either way.
const std::set<std::string> kIdle{"dynamic_thresholding_ratio", "sample_max_value", "original_inference_steps",
                                  "noise_sampler_seed",         "tensor_format",    "euler_at_final"};

/// Keys of other classes with the one value that changes nothing.
const std::map<std::string, Value> kPlain{{"final_sigmas_type", Value(std::string("zero"))},
                                          {"lambda_min_clipped", Value(-std::numeric_limits<double>::infinity())},
                                          {"disable_corrector", Value(std::vector<double>{})},
                                          {"invert_sigmas", Value(false)},
                                          {"interpolation_type", Value(std::string("linear"))},
                                          {"timestep_type", Value(std::string("discrete"))}};

template <class T>
T value_of(const Table& values, const std::string& key, T otherwise) {
  const auto given = values.find(key);
  if (given == values.end()) return otherwise;
  const T* value = std::get_if<T>(&given->second.value);
  return value != nullptr ? *value : otherwise;  // of another type: read_diffusers() refuses it
}

/// The last step: to clean data, without noise.
void check_end(const Table& values, const std::string& file, const std::string& name) {
  if (!value_of(values, "set_alpha_to_one", name != "PNDMScheduler"))
    fail(Code::usage, file, "set_alpha_to_one", "true: the last step ends at clean data",
         fmt::format("false{}", values.contains("set_alpha_to_one") ? "" : ", PNDMScheduler's default"));
  if (name != "DDPMScheduler") return;
  const std::string variance = value_of(values, "variance_type", std::string("fixed_small"));
  const bool ends_above = value_of(values, "timestep_spacing", std::string("leading")) == "trailing" ||
                          value_of(values, "steps_offset", int64_t{0}) != 0;
  if (ends_above && !variance.starts_with("fixed_small"))
    fail(Code::usage, file, "variance_type",
         "fixed_small where the last step does not begin at timestep 0 (diffusers adds noise in it)", variance);
}

void check_variance(const Table& values, const std::string& file, int64_t channels, int64_t answers) {
  const std::string variance = value_of(values, "variance_type", std::string("fixed_small"));
  static const std::vector<std::string> known{"fixed_small", "fixed_small_log", "fixed_large", "learned_range"};
  if (std::find(known.begin(), known.end(), variance) == known.end())
    fail(Code::usage, file, "variance_type", fmt::format("{}", fmt::join(known, ", ")), variance);
  if ((variance == "learned_range") != (answers == 2 * channels))
    fail(Code::usage, file, "variance_type",
         answers == 2 * channels ? "learned_range, as the network answers with twice the channels"
                                 : "a fixed one, as the network answers with its channels alone",
         variance);
}

}  // namespace

void check_scheduler_keys(const JsonTable& table, const std::string& file, bool other_walk) {
  std::vector<std::string> known(kRead.begin(), kRead.end());
  known.insert(known.end(), kIdle.begin(), kIdle.end());
  for (const auto& [key, value] : kPlain) known.push_back(key);
  for (const std::string& key : table.others)
    if (!key.starts_with("_")) fail(Code::usage, file, key, "a number, a text, a list or null", "another kind");
  for (const auto& [key, given] : table.values) {
    if (key.starts_with("_") || kRead.contains(key) || kIdle.contains(key)) continue;
    const auto plain = kPlain.find(key);
    if (plain == kPlain.end()) fail_unknown(file, "key", key, known);
    if (!other_walk && given.value != plain->second)
      fail(Code::usage, file, key, to_text(plain->second), to_text(given.value));
  }
}

void check_scheduler_of_network(const JsonTable& table, const std::string& file, int64_t channels, int64_t answers,
                                bool other_walk) {
  if (const auto betas = table.values.find("trained_betas"); betas != table.values.end()) {
    const auto* numbers = std::get_if<std::vector<double>>(&betas->second.value);
    const int64_t states = value_of(table.values, "num_train_timesteps", int64_t{1000});
    if (numbers == nullptr || static_cast<int64_t>(numbers->size()) != states)
      fail(Code::usage, file, "trained_betas", fmt::format("{} numbers, as num_train_timesteps says", states),
           fmt::format("{}", numbers == nullptr ? 0 : numbers->size()));
  }
  if (other_walk) return;
  const std::string name = value_of(table.values, "_class_name", std::string());
  check_end(table.values, file, name);
  if (name == "DDPMScheduler") check_variance(table.values, file, channels, answers);
}

}  // namespace roulade
