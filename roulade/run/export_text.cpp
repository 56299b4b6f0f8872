// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/export_text.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/model/pooled_text.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/text/encoder.hpp"
#include "roulade/text/encoder_list.hpp"
#include "roulade/text/small_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEncoder = "text_encoder";
constexpr std::string_view kTrained = "text_encoder.";  // before the names of an encoder trained with the network

void copy_to(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (!error) fs::copy_file(from, to, error);
  if (error) fail(Code::io, from.string(), fmt::format("cannot be copied to {}: {}", to.string(), error.message()));
}

/// The vocabulary as BERT's tokenizer reads it, which cuts texts into the same pieces.
void write_vocabulary(const fs::path& folder, const std::vector<std::string>& vocabulary, int64_t limit) {
  fs::create_directories(folder);
  write_file_atomically(folder / "vocab.txt", fmt::format("{}\n", fmt::join(vocabulary, "\n")));
  const nlohmann::ordered_json config{
      {"do_lower_case", true}, {"model_max_length", limit}, {"tokenizer_class", "BertTokenizer"}};
  write_file_atomically(folder / "tokenizer_config.json", config.dump(2) + "\n");
}

}  // namespace

void check_exported_text(const TrainedRun& run) {
  if (!run.texts) return;
  if (const std::string& way = text_of(run.recipe, "model", "condition"); way != TextWay::kCross)
    fail(Code::usage, run.folder.string(), "model.condition",
         fmt::format("{}: diffusers has no layers for another", TextWay::kCross), way);
  if (const std::string& kind = text_of(run.recipe, "model", "kind"); kind != "unet")
    fail(Code::usage, run.folder.string(), "model.kind of a network that reads texts",
         "unet: diffusers' DiTTransformer2DModel reads none", kind);
}

TextFacts exported_text_facts(const fs::path& folder, const TrainedRun& run) {
  TextFacts out = run.facts.text;
  if (!run.texts) return out;
  out.encoder_sha256 = text_encoder_sha256(folder / kEncoder);
  const Table& text = run.recipe.tables.at("text");
  if (text_of(run.recipe, "text", "kind") == TextSettings::kFolder)
    for (const auto& [key, given] : text)
      if (key != "kind" && key != "path") out.reading[key] = given;
  return out;
}

std::vector<std::string> write_text_parts(const fs::path& folder, const TrainedRun& run,
                                          std::map<std::string, Tensor>& weights) {
  if (!run.texts) return {};
  const auto s = settings_of<TextSettings>(run.recipe, "text");
  const fs::path encoder = folder / kEncoder, tokenizer = folder / "tokenizer";
  const bool filled = run.texts->parts().same_length;
  std::vector<std::string> remarks;
  if (!filled)
    remarks.emplace_back(
        "texts are as long as they are: in a batch an encoder_attention_mask leaves out what fills them");
  if (s.kind == TextSettings::kFolder) {
    for (const TextEncoderFile& file : text_encoder_files(s.path)) {
      copy_to(file.path, encoder / file.name);
      if (is_tokenizer_file(file.name.string())) copy_to(file.path, tokenizer / file.name);
    }
    return remarks;
  }
  NamedWeights trained;
  for (auto it = weights.begin(); it != weights.end();) {
    if (!it->first.starts_with(kTrained)) {
      ++it;
      continue;
    }
    trained.emplace_back(it->first.substr(kTrained.size()), Weight(it->second));
    it = weights.erase(it);
  }
  const int64_t limit = run.texts->parts().limit;
  write_small_text(encoder,
                   {.vocabulary = run.texts->parts().tokenizer->size(),
                    .positions = limit,
                    .width = s.width,
                    .layers = s.layers,
                    .heads = s.heads,
                    .dropout = s.dropout},
                   trained);
  for (const fs::path& to : {encoder, tokenizer}) write_vocabulary(to, run.facts.text.vocabulary, limit);
  remarks.emplace_back("text_encoder/ is Roulade's own small encoder, for which transformers has no class");
  return remarks;
}

}  // namespace roulade
