// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/json_table.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/json.hpp"
#include "roulade/io/network_weights.hpp"
#include "roulade/model/fill.hpp"
#include "roulade/text/encoder_config.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;
using Weights = std::map<std::string, Tensor>;

constexpr uint64_t kLargestConfig = uint64_t{1} << 22;

bool any_starts_with(const Weights& weights, const std::string& beginning) {
  const auto it = weights.lower_bound(beginning);
  return it != weights.end() && it->first.starts_with(beginning);
}

/// Every tensor under the name that `renamed` gives it; an empty name passes it over.
template <class Renamed>
Weights by_name(const Weights& weights, const std::string& where, const Renamed& renamed) {
  Weights out;
  std::map<std::string, std::string> names;  // in the file, by those of the network
  for (const auto& [name, tensor] : weights) {
    const std::string now = renamed(name);
    if (now.empty()) continue;
    const auto [at, fresh] = out.emplace(now, tensor);
    if (!fresh && !at->second.equal(tensor))
      fail(Code::input, where,
           fmt::format("tensors '{}' and '{}' are the same weight and differ", names.at(now), name));
    names.emplace(now, name);
  }
  return out;
}

/// Counters that earlier versions of transformers saved.
bool is_counter(const std::string& name) {
  return name.ends_with("embeddings.position_ids") || name.ends_with("embeddings.token_type_ids");
}

Weights clip_names(const Weights& weights, const std::string& where) {
  const bool bare = !any_starts_with(weights, "text_model.");
  return by_name(weights, where, [&](const std::string& name) {
    if (is_counter(name)) return std::string();
    return bare && !name.starts_with("text_projection.") ? "text_model." + name : name;
  });
}

Weights bert_names(const Weights& weights, const std::string& where) {
  const bool headed = any_starts_with(weights, "bert.");
  return by_name(weights, where, [&](std::string name) {
    if (is_counter(name) || (headed && name.starts_with("cls."))) return std::string();
    if (headed && name.starts_with("bert.")) name.erase(0, 5);
    // The names of a normalisation's weights in files from TensorFlow.
    if (name.ends_with("LayerNorm.gamma")) name.replace(name.size() - 5, 5, "weight");
    if (name.ends_with("LayerNorm.beta")) name.replace(name.size() - 4, 4, "bias");
    return name;
  });
}

Weights t5_names(const Weights& weights, const std::string& where) {
  const bool bare = !any_starts_with(weights, "encoder.");
  return by_name(weights, where, [&](const std::string& name) {
    if (name.starts_with("decoder.") || name == "lm_head.weight") return std::string();
    const std::string full = bare && name != "shared.weight" ? "encoder." + name : name;
    return full == "encoder.embed_tokens.weight" ? "shared.weight" : full;
  });
}

/// Hands the tensors to the network. They are not copied but where another dtype is.
void adopt(const TextEncoder& encoder, const Weights& weights, const std::string& where, bool trainable) {
  const NamedWeights parameters = encoder.parameters();
  check_weights(parameters, weights, where);
  for (const auto& [name, weight] : parameters) {
    Weight handle = weight;
    handle.store(weights.at(name).to(at::kFloat).requires_grad_(trainable));
  }
}

nlohmann::json read_json(const fs::path& file) { return parse_json(read_file(file, kLargestConfig), file.string()); }

/// What the settings of sentence-transformers' Pooling module say: modes by name, in older files a flag for each. Where
/// none is asked for it is the mean, as there.
std::string read_pooling(const fs::path& file) {
  const std::string where = file.string();
  const nlohmann::json said = read_json(file);
  if (!said.is_object()) fail(Code::input, where, "JSON", "an object", said.type_name());
  std::vector<std::string> modes;
  if (const auto mode = said.find("pooling_mode"); mode != said.end() && !mode->is_null()) {
    const bool several = mode->is_array();
    for (size_t i = 0; i < (several ? mode->size() : 1); ++i) {
      const nlohmann::json& one = several ? (*mode)[i] : *mode;
      if (!one.is_string()) fail(Code::input, where, "pooling_mode", "a text, or a list of texts", one.type_name());
      modes.push_back(one.get<std::string>());
      if (modes.back() != "mean" && modes.back() != "cls")
        fail(Code::usage, where, "pooling_mode", "mean or cls: others are not computed", modes.back());
    }
    if (modes.size() != 1)
      fail(Code::usage, where, "pooling_mode", "one kind alone", fmt::format("{}", fmt::join(modes, ", ")));
    return modes.front();
  }
  for (const auto& [key, value] : said.items()) {
    if (!key.starts_with("pooling_mode_") || value != true) continue;
    if (key != "pooling_mode_mean_tokens" && key != "pooling_mode_cls_token")
      fail(Code::usage, where, key, "false: not computed", "true");
    if (!modes.empty()) fail(Code::usage, where, key, "false: one kind alone", "true");
    modes.emplace_back(key == "pooling_mode_mean_tokens" ? "mean" : "cls");
  }
  return modes.empty() ? "mean" : modes.front();
}

/// What sentence-transformers' modules.json and the settings of its Pooling module say.
struct Sentences {
  std::string pooling;
  bool normalise = false;
};

std::optional<Sentences> read_sentences(const fs::path& folder) {
  const fs::path list = folder / "modules.json";
  if (!fs::exists(list)) return std::nullopt;
  Sentences out;
  try {
    for (const auto& module : read_json(list)) {
      const auto type = module.at("type").get<std::string>();
      if (type.ends_with(".Transformer")) continue;
      if (type.ends_with(".Normalize")) {
        out.normalise = true;
        continue;
      }
      if (!type.ends_with(".Pooling"))
        fail(Code::usage, list.string(), "module", "Transformer, Pooling, Normalize", type);
      if (!out.pooling.empty()) fail(Code::usage, list.string(), "module", "Pooling once", "twice");
      out.pooling = read_pooling(folder / module.at("path").get<std::string>() / "config.json");
    }
  } catch (const nlohmann::json::exception& e) {
    fail(Code::input, list.string(), fmt::format("damaged ({})", e.what()));
  }
  if (out.pooling.empty()) return std::nullopt;
  return out;
}

BertConfig bert_config(const fs::path& folder, const std::string& text, const Weights& weights,
                       const TextAnswer& answer) {
  BertConfig config = parse_bert_config(text, (folder / "config.json").string());
  const std::optional<Sentences> sentences = read_sentences(folder);
  config.pooler = weights.contains("pooler.dense.weight");
  config.pooling = answer.pooling  ? *answer.pooling
                   : sentences     ? sentences->pooling
                   : config.pooler ? "pooler"
                                   : "none";
  config.normalise = answer.normalise.value_or(sentences && sentences->normalise);
  return config;
}

void check_answer(const TextAnswer& answer, const std::string& kind, const std::string& where) {
  const bool clip = kind.starts_with("CLIP"), bert = kind == "BertModel";
  if (!clip && answer.clip_skip != 1)
    fail(Code::usage, where, "clip_skip", "1: this is no CLIP", fmt::format("{}", answer.clip_skip));
  if (!clip && !answer.final_norm) fail(Code::usage, where, "final_norm", "true: this is no CLIP", "false");
  if (!bert && answer.pooling) fail(Code::usage, where, "pooling", "none asked for: this is no BERT", *answer.pooling);
  if (!bert && answer.normalise) fail(Code::usage, where, "normalise", "not asked for: this is no BERT", "it was");
}

}  // namespace

std::unique_ptr<TextEncoder> open_text_encoder(const fs::path& folder, const TextAnswer& answer) {
  const fs::path file = folder / "config.json";
  const std::string text = read_file(file, kLargestConfig), where = folder.string();
  const std::string kind = text_encoder_kind(text, file.string());
  check_answer(answer, kind, where);
  const std::string advice = fmt::format(
      " (in Python, of another kind: {}.from_pretrained(...).save_pretrained(..., safe_serialization=True))", kind);
  Weights weights = read_network_weights(folder, "model", kind == "SmallText" ? "" : advice);
  std::unique_ptr<TextEncoder> encoder;
  if (kind == "BertModel") {
    weights = bert_names(weights, where);
    encoder = make_bert(bert_config(folder, text, weights, answer));
  } else if (kind == "T5EncoderModel") {
    weights = t5_names(weights, where);
    encoder = make_t5(parse_t5_config(text, file.string()));
  } else if (kind == "SmallText") {
    encoder = make_small_text(parse_small_text_config(text, file.string()), 0);
  } else {
    weights = clip_names(weights, where);
    ClipTextConfig config = parse_clip_text_config(text, file.string());
    config.clip_skip = answer.clip_skip;
    config.final_norm = answer.final_norm;
    encoder = make_clip_text(config);
  }
  adopt(*encoder, weights, where, answer.trainable);
  return encoder;
}

}  // namespace roulade
