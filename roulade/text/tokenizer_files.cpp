// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/tokenizer_files.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/lines.hpp"
#include "roulade/core/utf8.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/json.hpp"
#include "roulade/text/clip_bpe.hpp"
#include "roulade/text/wordpiece.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace roulade {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr uint64_t kLargestFile = uint64_t{1} << 28;
constexpr double kNoLimit = 1e9;  // from here on model_max_length says that there is none
constexpr int64_t kClipPlaces = 77;
constexpr std::array kVocabularies{"tokenizer.json", "spiece.model", "vocab.json", "vocab.txt"};
constexpr auto kAdditional = "additional_special_tokens";

std::string read(const fs::path& path) { return read_file(path, kLargestFile); }

/// What tokenizer_config.json says; of the tokens also what special_tokens_map.json says.
Json read_config(const fs::path& folder) {
  const fs::path path = folder / "tokenizer_config.json", tokens = folder / "special_tokens_map.json";
  Json out = fs::exists(path) ? parse_object(read(path), path.string()) : Json::object();
  if (!fs::exists(tokens)) return out;
  const Json map = parse_object(read(tokens), tokens.string());
  for (const auto& [key, value] : map.items())
    if ((key.ends_with("_token") || key == kAdditional) && !out.contains(key)) out[key] = value;
  return out;
}

void check_utf8(const std::string& text, const std::string& where) {
  if (const size_t bad = find_not_utf8(text); bad != std::string::npos)
    fail(Code::input, where, fmt::format("not UTF-8 (byte {})", bad));
}

AddedToken read_added(const JsonMember& token, int64_t id) {
  if (token.flag("single_word", false)) token.at("single_word").refuse("false");
  return {token.at("content").text(), id, token.flag("lstrip", false), token.flag("rstrip", false),
          token.flag("normalized", !token.flag("special", false))};
}

struct SpecialName {
  const char* key;  ///< of the configuration
  std::string text;
};

/// The texts of additional_special_tokens, with where each stands.
std::vector<std::pair<std::string, JsonMember>> additional(const JsonMember& config) {
  std::vector<std::pair<std::string, JsonMember>> out;
  if (!config.has(kAdditional)) return out;
  const JsonMember list = config.at(kAdditional);
  for (size_t i = 0; i < list.size(); ++i) {
    const JsonMember one = list.at(i);
    out.emplace_back(one.json().is_object() ? one.at("content").text() : one.text(), one);
  }
  return out;
}

/// added_tokens.json, ids by text, which transformers before 4.34 wrote in place of added_tokens_decoder.
/// specials: special tokens, which are looked for in the text as it came.
void read_added_file(const fs::path& path, const std::vector<std::string>& specials, std::vector<AddedToken>& out) {
  if (!fs::exists(path)) return;
  const std::string where = path.string();
  const Json json = parse_object(read(path), where);
  for (const auto& item : json.items()) {
    if (!item.value().is_number_integer())
      JsonMember(item.value(), fmt::format("{}['{}']", where, item.key())).refuse("a whole number");
    const std::string text = item.key();
    const bool special = std::find(specials.begin(), specials.end(), text) != specials.end();
    std::erase_if(out, [&](const AddedToken& t) { return t.text == text; });
    out.push_back({text, item.value().get<int64_t>(), false, false, !special});
  }
}

/// What the folder's configuration adds, special tokens where the vocabulary has them.
void add_tokens(const fs::path& folder, const JsonMember& config, const std::vector<SpecialName>& names,
                TokenizerParts& parts) {
  const auto known = [&](const std::string& text) {
    return std::any_of(parts.added.begin(), parts.added.end(), [&](const AddedToken& t) { return t.text == text; });
  };
  const auto more = additional(config);
  if (config.has("added_tokens_decoder")) {
    const JsonMember list = config.at("added_tokens_decoder");
    if (!list.json().is_object()) list.refuse("an object from ids to tokens");
    for (const auto& [key, token] : list.json().items()) {
      const bool digits = std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
      if (key.empty() || key.size() > 9 || !digits) fail(Code::input, list.where(), "id", "a whole number", key);
      AddedToken added = read_added(list.at(key.c_str()), std::stoll(key));
      std::erase_if(parts.added, [&](const AddedToken& t) { return t.text == added.text; });
      parts.added.push_back(std::move(added));
    }
  } else {
    std::vector<std::string> specials;
    for (const SpecialName& name : names) specials.push_back(name.text);
    for (const auto& [text, one] : more) specials.push_back(text);
    read_added_file(folder / kAddedTokens, specials, parts.added);
  }
  for (const SpecialName& name : names) {
    const auto id = parts.model->vocabulary().find(name.text);
    if (!id || known(name.text)) continue;
    const bool described = config.has(name.key) && config.at(name.key).json().is_object();
    parts.added.push_back(described ? read_added(config.at(name.key), *id)
                                    : AddedToken{name.text, *id, false, false, false});
  }
  for (const auto& [text, one] : more) {
    if (known(text)) continue;
    const auto id = parts.model->vocabulary().find(text);
    if (!id) fail(Code::input, one.where(), "special token", "one of the vocabulary or of added_tokens.json", text);
    parts.added.push_back(one.json().is_object() ? read_added(one, *id) : AddedToken{text, *id, false, false, false});
  }
}

int64_t required(const TokenizerParts& parts, const std::string& piece, const std::string& where) {
  const auto id = parts.model->vocabulary().find(piece);
  if (!id) fail(Code::input, where, fmt::format("the vocabulary has no '{}'", piece));
  return *id;
}

std::string named(const JsonMember& config, const char* key, const char* otherwise) {
  return special_text(config, key).value_or(otherwise);
}

/// Of these classes the words are BERT's: transformers' code of the others is a copy of BertTokenizer's.
void check_bert(const JsonMember& config) {
  constexpr std::array kSame{"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer"};
  if (config.has("tokenizer_class")) {
    const std::string name = config.at("tokenizer_class").text();
    if (std::none_of(kSame.begin(), kSame.end(),
                     [&](const std::string& same) { return name == same || name == same + "Fast"; }))
      config.at("tokenizer_class").refuse("BertTokenizer, or one that cuts as it does, for vocab.txt");
  }
  for (const auto& [key, same] : {std::pair("word_tokenizer_type", "basic"), {"subword_tokenizer_type", "wordpiece"}})
    if (config.has(key) && config.at(key).text() != same) config.at(key).refuse(same);
}

TokenizerParts read_bert(const fs::path& folder, const JsonMember& config) {
  const std::string where = (folder / "vocab.txt").string();
  check_bert(config);
  for (const auto& [key, wanted] : {std::pair("do_basic_tokenize", true), {"never_split", false}})
    if (config.has(key) && config.json()[key] != wanted && !config.json()[key].empty())
      config.at(key).refuse(wanted ? "true" : "none");
  Vocabulary vocabulary;
  const std::string words = read(where);
  check_utf8(words, where);
  for (const std::string_view line : lines_of(words)) vocabulary.add(line, vocabulary.size(), where);
  WordpieceSettings settings;
  settings.unknown = named(config, "unk_token", "[UNK]");
  BertNormaliserSettings normaliser;
  normaliser.lower = config.flag("do_lower_case", true);
  normaliser.ideographs = config.flag("tokenize_chinese_chars", true);
  normaliser.strip_accents = config.flag("strip_accents", normaliser.lower);
  const std::string first = named(config, "cls_token", "[CLS]"), last = named(config, "sep_token", "[SEP]");
  const std::string padding = named(config, "pad_token", "[PAD]");
  TokenizerParts parts;
  parts.family = "wordpiece";
  parts.normalisers = {bert_normaliser(normaliser)};
  parts.splitters = {split_spaces(), split_punctuation()};
  parts.model = make_wordpiece(std::move(vocabulary), settings, where);
  parts.begin = {required(parts, first, where)};
  parts.end = {required(parts, last, where)};
  add_tokens(folder, config,
             {{"unk_token", settings.unknown},
              {"sep_token", last},
              {"pad_token", padding},
              {"cls_token", first},
              {"mask_token", named(config, "mask_token", "[MASK]")}},
             parts);
  return parts;
}

TokenizerParts read_clip(const fs::path& folder, const JsonMember& config) {
  const std::string where = (folder / "vocab.json").string(), merges = (folder / "merges.txt").string();
  if (config.has("tokenizer_class") && !config.at("tokenizer_class").text().starts_with("CLIPTokenizer"))
    config.at("tokenizer_class").refuse("CLIPTokenizer, for vocab.json with merges.txt");
  const Json json = parse_object(read(where), where);
  Vocabulary vocabulary;
  for (const auto& [piece, id] : json.items()) {
    if (!id.is_number_integer()) JsonMember(id, fmt::format("{}['{}']", where, piece)).refuse("a whole number");
    vocabulary.add(piece, id.get<int64_t>(), where);
  }
  BytePairSettings settings;
  settings.suffix = "</w>";
  settings.unknown = named(config, "unk_token", "<|endoftext|>");
  const std::string content = read(merges);
  check_utf8(content, merges);
  const std::vector<std::string_view> lines = lines_of(content);
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t blank = lines[i].find(' ');
    if (lines[i].starts_with("#version") || lines[i].empty()) continue;
    if (blank == std::string::npos || lines[i].find(' ', blank + 1) != std::string::npos)
      fail(Code::input, fmt::format("{}:{}", merges, i + 1), "merge", "two pieces with a blank between them", lines[i]);
    settings.merges.emplace_back(lines[i].substr(0, blank), lines[i].substr(blank + 1));
  }
  const std::string first = named(config, "bos_token", "<|startoftext|>"),
                    last = named(config, "eos_token", "<|endoftext|>");
  TokenizerParts parts;
  parts.family = "clip_bpe";
  parts.normalisers = clip_normalisers();
  parts.splitters = clip_splitters(true);
  parts.model = make_byte_pair(std::move(vocabulary), settings, merges);
  parts.begin = {required(parts, first, where)};
  parts.end = {required(parts, last, where)};
  add_tokens(folder, config,
             {{"unk_token", *settings.unknown},
              {"bos_token", first},
              {"eos_token", last},
              {"pad_token", named(config, "pad_token", "<|endoftext|>")}},
             parts);
  return parts;
}

TokenizerParts read_t5(const fs::path& folder, const JsonMember& config) {
  const std::string where = (folder / "spiece.model").string();
  const int64_t extra = config.has("extra_ids") ? config.at("extra_ids").integer() : 100;
  TokenizerParts parts = parse_sentencepiece(read(where), extra, where);
  parts.end = {required(parts, named(config, "eos_token", "</s>"), where)};
  std::vector<SpecialName> names{{"eos_token", named(config, "eos_token", "</s>")},
                                 {"unk_token", named(config, "unk_token", "<unk>")},
                                 {"pad_token", named(config, "pad_token", "<pad>")}};
  for (int64_t i = 0; i < extra; ++i) names.push_back({"", fmt::format("<extra_id_{}>", i)});
  add_tokens(folder, config, names, parts);
  return parts;
}

const char* default_padding(const std::string& family) {
  return family == "wordpiece" ? "[PAD]" : family == "clip_bpe" ? "<|endoftext|>" : "<pad>";
}

}  // namespace

bool JsonMember::has(const char* key) const {
  if (!json_->is_object()) refuse("an object");
  const auto found = json_->find(key);
  return found != json_->end() && !found->is_null();
}
JsonMember JsonMember::at(const char* key) const {
  if (!has(key)) fail(Code::input, where_, fmt::format("{} is missing", key));
  return {*json_->find(key), fmt::format("{} {}", where_, key)};
}
JsonMember JsonMember::at(size_t index) const {
  if (index >= size()) refuse(fmt::format("a list of at least {}", index + 1));
  return {(*json_)[index], fmt::format("{}[{}]", where_, index)};
}
size_t JsonMember::size() const {
  if (!json_->is_array()) refuse("a list");
  return json_->size();
}
std::string JsonMember::text() const {
  if (!json_->is_string()) refuse("a text");
  return json_->get<std::string>();
}
int64_t JsonMember::integer() const {
  if (!json_->is_number_integer()) refuse("a whole number");
  return json_->get<int64_t>();
}
double JsonMember::number() const {
  if (!json_->is_number()) refuse("a number");
  return json_->get<double>();
}
bool JsonMember::flag() const {
  if (!json_->is_boolean()) refuse("true or false");
  return json_->get<bool>();
}
void JsonMember::refuse(const std::string& expected) const {
  // Not dump(), which calls itself for each level, of what may be nested without end.
  fail(Code::input, where_, "value", expected,
       json_->is_structured() ? json_->type_name() : json_->dump().substr(0, 200));
}

Json parse_object(const std::string& text, const std::string& where) {
  Json json = parse_json(text, where);
  if (!json.is_object()) fail(Code::input, where, "JSON", "an object", json.type_name());
  return json;
}

std::optional<std::string> special_text(const JsonMember& config, const char* key) {
  if (!config.has(key)) return std::nullopt;
  const JsonMember member = config.at(key);
  return member.json().is_object() ? member.at("content").text() : member.text();
}

fs::path tokenizer_folder(const fs::path& encoder) {
  const auto has_one = [](const fs::path& folder) {
    return std::ranges::any_of(kVocabularies, [&](const char* name) { return fs::exists(folder / name); });
  };
  if (has_one(encoder)) return encoder;
  const fs::path whole = fs::absolute(encoder).lexically_normal();
  const fs::path own = whole.has_filename() ? whole : whole.parent_path();
  const std::string name = own.filename().string();
  constexpr std::string_view kEncoder = "text_encoder";
  std::string number = name.starts_with(kEncoder) ? name.substr(kEncoder.size()) : "";
  if (number.size() < 2 || number[0] != '_' || number.find_first_not_of("0123456789", 1) != std::string::npos)
    number = "";
  const fs::path beside = own.parent_path() / ("tokenizer" + number), first = own.parent_path() / "tokenizer";
  if (has_one(beside)) return beside;
  if (has_one(first))
    fail(Code::io, own.string(), "no tokenizer of this encoder",
         fmt::format("{}, or its files in this folder", beside.string()),
         fmt::format("{}, which is another encoder's", first.string()));
  return encoder;
}

bool reads_added_tokens(const fs::path& folder) {
  const fs::path config = folder / "tokenizer_config.json";
  if (fs::exists(folder / "tokenizer.json") || !fs::exists(folder / kAddedTokens)) return false;
  return !fs::exists(config) || !parse_object(read(config), config.string()).contains("added_tokens_decoder");
}

std::unique_ptr<const Tokenizer> open_tokenizer(const fs::path& folder) {
  const auto there = [&](const char* name) { return fs::exists(folder / name); };
  const Json json = read_config(folder);
  const JsonMember config(json, (folder / "tokenizer_config.json").string());
  TokenizerParts parts;
  std::string where = folder.string();
  if (there("tokenizer.json")) {
    where = (folder / "tokenizer.json").string();
    parts = parse_tokenizer_json(read(where), where, config);
  } else if (there("spiece.model")) {
    parts = read_t5(folder, config);
  } else if (there("vocab.json")) {
    parts = read_clip(folder, config);
  } else if (there("vocab.txt")) {
    parts = read_bert(folder, config);
  } else {
    fail(Code::io, folder.string(), "no tokenizer",
         "tokenizer.json, spiece.model, vocab.json with merges.txt, or vocab.txt");
  }
  for (const char* key : {"padding_side", "truncation_side"})
    if (config.has(key) && config.at(key).text() != "right") config.at(key).refuse("right");
  if (config.has("model_max_length")) {
    const double limit = config.at("model_max_length").number();
    if (limit < 1) config.at("model_max_length").refuse("1 or more");
    if (limit < kNoLimit) parts.limit = static_cast<int64_t>(limit);
  }
  if (parts.limit == 0 && parts.family == "clip_bpe") parts.limit = kClipPlaces;
  const std::string padding = named(config, "pad_token", default_padding(parts.family));
  if (const auto id = parts.model->vocabulary().find(padding); id && (config.has("pad_token") || !parts.padding))
    parts.padding = *id;
  for (const AddedToken& token : parts.added)
    if (token.text == padding && (config.has("pad_token") || !parts.padding)) parts.padding = token.id;
  return std::make_unique<const Tokenizer>(std::move(parts), where);
}

}  // namespace roulade
