// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/run_texts.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/model/pooled_text.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/text/small_text.hpp"
#include "roulade/text/text_network.hpp"
#include "roulade/text/word_tokenizer.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr size_t kCaptions = 1000;  // kept of the training data's
constexpr int64_t kTokens = 64;     // of a text for an encoder that is trained, unless the recipe says
constexpr uint64_t kEncoderRole = 8002;

SmallTextConfig small_config(const TextSettings& s, int64_t vocabulary) {
  return {.vocabulary = vocabulary,
          .positions = s.tokens > 0 ? s.tokens : kTokens,
          .width = s.width,
          .layers = s.layers,
          .heads = s.heads,
          .dropout = s.dropout};
}

TextSettings settings(const Recipe& resolved) { return settings_of<TextSettings>(resolved, "text"); }

}  // namespace

void TextSettings::bind(Binder& b) {
  b.add("kind", kind, {kNone, kFolder, kSmall},
        "what reads the captions of the data: nothing, an encoder in a folder, or a small one that is trained, too");
  if (kind != kNone)
    b.add("tokens", tokens, at_least(0),
          "tokens of a text, more are cut off; 0 = what the encoder's files say, 64 of kind small");
  if (kind == kFolder) {
    b.add("path", path, {}, "folder of tokenizer and encoder as transformers saves them");
    b.add("clip_skip", clip_skip, at_least(1), "of CLIP: the layer whose states are read, 1 = the last");
    b.add("final_norm", final_norm, "of CLIP: its last normalisation over these");
    b.add("pooling", pooling, {"", "mean", "cls", "pooler", "none"},
          "of BERT: how its states become one; empty = as its files say");
  }
  if (kind == kSmall) {
    b.add("vocabulary", vocabulary, between(8, 1 << 20), "pieces of words at most, of the training data's captions");
    b.add("width", width, at_least(1), "numbers of a token's state");
    b.add("layers", layers, at_least(1), "layers of the encoder");
    b.add("heads", heads, at_least(1), "heads of its attentions");
    b.add("dropout", dropout, between(0, 1), "share of values dropped in training");
  }
}

std::shared_ptr<TextTable> make_text_table(const Recipe& resolved, const TextFacts& facts) {
  const TextSettings s = settings(resolved);
  if (s.kind == TextSettings::kNone) return nullptr;
  if (s.kind == TextSettings::kSmall) {
    const int64_t limit = small_config(s, 0).positions;
    return std::make_shared<TextTable>(TextTable::Parts{.tokenizer = make_word_tokenizer(facts.vocabulary, limit)});
  }
  if (s.path.empty()) fail(Code::usage, "text.path", "no folder is named");
  std::error_code ignored;
  if (!std::filesystem::exists(s.path, ignored))
    fail(Code::io, s.path, "no such folder of a text encoder",
         "one that is there (where it has moved: --set text.path=DIR)");
  TextAnswer answer{.clip_skip = s.clip_skip, .final_norm = s.final_norm};
  if (!s.pooling.empty()) answer.pooling = s.pooling;
  std::shared_ptr<const Tokenizer> tokenizer = open_tokenizer(tokenizer_folder(s.path));
  const bool clip = tokenizer->family() == "clip_bpe";
  return std::make_shared<TextTable>(TextTable::Parts{.tokenizer = std::move(tokenizer),
                                                      .limit = s.tokens,
                                                      .same_length = clip,
                                                      .encoder = open_text_encoder(s.path, answer)});
}

std::vector<int64_t> add_prompts(const Recipe& resolved, TextTable& texts, const std::vector<std::string>& prompts) {
  if (!settings_of<SampleSettings>(resolved, "sample").weighted) return texts.add(prompts);
  const Table& model = resolved.tables.at("model");
  const auto told = model.find("condition");
  const auto* way = told == model.end() ? nullptr : std::get_if<std::string>(&told->second.value);
  if (way && *way != TextWay::kCross)
    fail(Code::usage, "sample.weighted", "model.condition",
         fmt::format("{}: weights are those of the tokens' states", TextWay::kCross), *way);
  return texts.add(prompts, Reading::weighted);
}

std::vector<int64_t> add_way(const Recipe& resolved, TextTable& texts, const std::string& from, const std::string& to,
                             int64_t count) {
  // One after the other: texts that come together are computed together, and alone each has its own bits.
  const int64_t first = add_prompts(resolved, texts, {from}).front();
  const int64_t last = add_prompts(resolved, texts, {to}).front();
  std::vector<int64_t> out;
  for (int64_t i = 0; i < count; ++i)
    out.push_back(texts.add({.from = first, .to = last, .share = way_share(i, count)}));
  return out;
}

double way_share(int64_t i, int64_t count) {
  return count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 0;
}

void check_text_encoder(const Recipe& resolved, const TextFacts& facts) {
  const TextSettings s = settings(resolved);
  if (s.kind != TextSettings::kFolder || facts.encoder_sha256.empty()) return;
  if (const std::string now = text_encoder_sha256(s.path); now != facts.encoder_sha256)
    fail(Code::input, s.path, "this is another text encoder than the run was trained with",
         fmt::format("files whose SHA-256 is {}", facts.encoder_sha256), now);
}

TextFacts text_facts(const Recipe& resolved, const std::vector<std::string>& texts, const TrainingSet& training) {
  const TextSettings s = settings(resolved);
  TextFacts out;
  if (s.kind == TextSettings::kNone) return out;
  if (training.texts.empty())
    fail(Code::input, "text",
         "the data have no captions; a folder of pictures has them in metadata.jsonl or beside "
         "each picture in a .txt file");
  // The first captions of the training part, whose order is random.
  for (const std::vector<int64_t>& of : training.texts) {
    if (out.captions.size() == kCaptions) break;
    out.captions.push_back(texts[static_cast<size_t>(of.front())]);
  }
  if (s.kind == TextSettings::kSmall) {
    std::vector<std::string> read;
    for (const std::vector<int64_t>& of : training.texts)
      for (const int64_t number : of) read.push_back(texts[static_cast<size_t>(number)]);
    out.vocabulary = word_vocabulary(read, s.vocabulary);
    out.tokens = out.pooled = s.width;
    return out;
  }
  const auto table = make_text_table(resolved, out);
  out.encoder_sha256 = text_encoder_sha256(s.path);
  out.tokens = table->parts().encoder->width();
  out.pooled = table->parts().encoder->pooled_width();
  return out;
}

void number_texts(Points& points, const std::vector<std::string>& of_source, TextTable* table) {
  if (table == nullptr || points.texts.empty()) {
    points.texts.clear();
    return;
  }
  std::vector<std::string> texts;
  for (const int64_t number : points.texts) texts.push_back(of_source[static_cast<size_t>(number)]);
  points.texts = table->add(texts);
}

std::shared_ptr<Model> make_network(const Recipe& resolved, const ModelShape& shape, uint64_t seed,
                                    const std::shared_ptr<const TextTable>& texts) {
  std::shared_ptr<Model> network = make_model(resolved.tables.at("model"), shape, seed);
  if (!texts) return network;
  std::shared_ptr<const TextEncoder> encoder;
  if (!texts->parts().encoder)
    encoder = make_small_text(small_config(settings(resolved), texts->parts().tokenizer->size()),
                              derive_seed(seed, kEncoderRole));
  return make_text_network(std::move(network), texts, std::move(encoder));
}

}  // namespace roulade
