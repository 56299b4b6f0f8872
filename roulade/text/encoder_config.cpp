// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/encoder_config.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/json_table.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace roulade {
namespace {

constexpr const char* kSmall = "SmallText";

/// Keys of any config.json without a say in an encoder's arithmetic: dropout, starting values, what transformers hands
/// out beside the states, generation of text, decoders, tokenizers and where a file came from. `pruned_heads` changes
/// shapes, which the weights then do not have.
const std::set<std::string>& ignored() {
  static const std::set<std::string> keys{
      "architectures", "model_type", "transformers_version", "torch_dtype", "dtype", "finetuning_task", "problem_type",
      "task_specific_params", "id2label", "label2id", "num_labels", "tokenizer_class", "prefix",
      // of the first BERT's code, which never read them
      "directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head",
      "pooler_type",
      // training
      "attention_dropout", "dropout", "hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout",
      "dropout_rate", "initializer_range", "initializer_factor", "gradient_checkpointing", "pruned_heads",
      // how transformers computes and answers
      "use_cache", "return_dict", "output_hidden_states", "output_attentions", "torchscript", "use_bfloat16",
      "tf_legacy_loss", "chunk_size_feed_forward", "output_past",
      // decoders and generation
      "is_encoder_decoder", "tie_encoder_decoder", "tie_word_embeddings", "cross_attention_hidden_size",
      "num_decoder_layers", "scale_decoder_outputs", "decoder_start_token_id", "n_positions", "max_length",
      "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty", "temperature",
      "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty", "no_repeat_ngram_size",
      "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences", "output_scores",
      "return_dict_in_generate", "forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values",
      "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens",
      // tokens that a tokenizer adds
      "bos_token_id", "eos_token_id", "sep_token_id", "pad_token_id"};
  return keys;
}

/// Binds what is in the file; a key of `ignored` that the config binds counts.
template <class Config>
Config bound(JsonTable json, const std::string& where) {
  Config config;
  Binder known;
  config.bind(known);
  std::set<std::string> keys;
  for (const OptionInfo& info : known.infos()) keys.insert(info.key);
  const auto passed_over = [&](const std::string& key) {
    return !keys.contains(key) && (key.starts_with("_") || ignored().contains(key));
  };
  for (const std::string& key : json.others)
    if (!passed_over(key)) fail(Code::usage, where, key, "a key that this network knows", "an object or a list");
  for (const std::string& key : json.nulls)
    if (keys.contains(key)) fail(Code::usage, where, key, "a value", "null");
  std::erase_if(json.values, [&](const auto& entry) { return passed_over(entry.first); });
  Binder binder("text encoder", json.values);
  config.bind(binder);
  binder.finish();
  return config;
}

/// Without the key where it is null: for those that then mean the default.
void forget_null(JsonTable& json, const std::string& key) { std::erase(json.nulls, key); }

std::vector<std::string> architectures(const JsonTable& json) {
  const auto it = json.values.find("architectures");
  if (it == json.values.end()) return {};
  const auto* names = std::get_if<std::vector<std::string>>(&it->second.value);
  return names == nullptr ? std::vector<std::string>{} : *names;
}

std::string text_at(const JsonTable& json, const std::string& key) {
  const auto it = json.values.find(key);
  const auto* text = it == json.values.end() ? nullptr : std::get_if<std::string>(&it->second.value);
  return text == nullptr ? "" : *text;
}

}  // namespace

std::string text_encoder_kind(const std::string& text, const std::string& where) {
  static const std::map<std::string, std::string> by_class{
      {"CLIPTextModel", "CLIPTextModel"},
      {"CLIPTextModelWithProjection", "CLIPTextModelWithProjection"},
      {"BertModel", "BertModel"},
      {"BertForMaskedLM", "BertModel"},
      {"BertForPreTraining", "BertModel"},
      {"T5EncoderModel", "T5EncoderModel"},
      {"T5ForConditionalGeneration", "T5EncoderModel"},
      {"T5Model", "T5EncoderModel"},
      {"T5WithLMHeadModel", "T5EncoderModel"},
      {kSmall, kSmall}};
  static const std::map<std::string, std::string> by_type{
      {"clip_text_model", "CLIPTextModel"}, {"bert", "BertModel"}, {"t5", "T5EncoderModel"}};
  const JsonTable json = parse_json_table(text, where);
  const std::vector<std::string> names = architectures(json);
  const auto& table = names.empty() ? by_type : by_class;
  const std::string wanted = names.empty() ? text_at(json, "model_type") : names.front();
  const auto it = table.find(wanted);
  if (it != table.end()) return it->second;
  std::vector<std::string> known;
  for (const auto& [name, kind] : table) known.push_back(name);
  fail_unknown(where, names.empty() ? "model_type" : "architectures", wanted, known);
}

ClipTextConfig parse_clip_text_config(const std::string& text, const std::string& where) {
  JsonTable json = parse_json_table(text, where);
  const bool projection = text_encoder_kind(text, where) == "CLIPTextModelWithProjection";
  if (!projection) forget_null(json, "projection_dim");
  auto config = bound<ClipTextConfig>(std::move(json), where);
  config.projection = projection;
  config.check();
  return config;
}

BertConfig parse_bert_config(const std::string& text, const std::string& where) {
  JsonTable json = parse_json_table(text, where);
  const bool no_padding = std::find(json.nulls.begin(), json.nulls.end(), "pad_token_id") != json.nulls.end();
  forget_null(json, "pad_token_id");
  auto config = bound<BertConfig>(std::move(json), where);
  if (no_padding) config.pad_token_id = -1;
  config.check();
  return config;
}

T5Config parse_t5_config(const std::string& text, const std::string& where) {
  JsonTable json = parse_json_table(text, where);
  // What transformers writes beside feed_forward_proj, and reads in its place.
  const std::string act = text_at(json, "dense_act_fn");
  const auto gated = json.values.find("is_gated_act");
  const std::optional<Value> gated_value =
      gated == json.values.end() ? std::nullopt : std::optional(gated->second.value);
  std::erase_if(json.values,
                [](const auto& entry) { return entry.first == "dense_act_fn" || entry.first == "is_gated_act"; });
  auto config = bound<T5Config>(std::move(json), where);
  const std::string expected = config.gated() ? "gelu_new" : "relu";
  if (!act.empty() && act != expected) fail(Code::usage, where, "dense_act_fn", expected, act);
  if (gated_value && *gated_value != Value(config.gated()))
    fail(Code::usage, where, "is_gated_act", to_text(Value(config.gated())), to_text(*gated_value));
  config.check();
  return config;
}

SmallTextConfig parse_small_text_config(const std::string& text, const std::string& where) {
  auto config = bound<SmallTextConfig>(parse_json_table(text, where), where);
  config.check();
  return config;
}

std::string small_text_config_text(const SmallTextConfig& config) {
  SmallTextConfig copy = config;
  const Table none;
  Binder binder("text encoder", none);
  copy.bind(binder);
  nlohmann::ordered_json json{{"architectures", {kSmall}}};
  for (const auto& [key, given] : binder.resolved())
    json[key] = std::visit([](const auto& value) { return nlohmann::ordered_json(value); }, given.value);
  return json.dump(2) + "\n";
}

}  // namespace roulade
