// SPDX-License-Identifier: Apache-2.0
// tokenizer.json: the parts of it that the three families use. What it asks for beyond that is refused by name.
#include "roulade/core/error.hpp"
#include "roulade/text/charsmap.hpp"
#include "roulade/text/clip_bpe.hpp"
#include "roulade/text/tokenizer_files.hpp"
#include "roulade/text/unigram.hpp"
#include "roulade/text/wordpiece.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace roulade {
namespace {

const char* const kClipPattern = R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";
const char* const kClipSpecials = R"(<\|startoftext\|>|<\|endoftext\|>|)";

std::string decode_base64(const JsonMember& member) {
  const std::string text = member.text();
  const auto value = [](char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
  };
  std::string out;
  uint32_t bits = 0, count = 0;
  const std::string_view digits = std::string_view(text).substr(0, text.find_last_not_of('=') + 1);
  for (const char c : digits) {
    const int digit = value(c);
    if (digit < 0) fail(Code::input, member.where(), "not base 64", "", fmt::format("byte {}", int{c}));
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if ((count += 6) < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

bool is_blank(char32_t c) { return c == U' '; }

void add_replace(const JsonMember& step, std::vector<Normaliser>& out) {
  const JsonMember pattern = step.at("pattern");
  const std::string to = step.at("content").text();
  if (pattern.has("String")) {
    const std::string from = pattern.at("String").text();
    if (from.empty()) pattern.at("String").refuse("a text that is not empty");
    out.push_back(replace_text(from, to));
    return;
  }
  const std::string regex = pattern.at("Regex").text();
  if (regex == R"(\s+)")
    out.push_back(replace_runs(unicode::is_space, 1, to));
  else if (regex == " {2,}")
    out.push_back(replace_runs(is_blank, 2, to));
  else
    pattern.at("Regex").refuse(R"('\s+' or ' {2,}')");
}

/// config: tokenizer_config.json. Where a key that it has disagrees, all three are its own, and one that is missing is
/// the default, as in BertTokenizerFast. Null: they do not count.
BertNormaliserSettings bert_settings(const JsonMember& step, const JsonMember* config) {
  constexpr int kAsCapitals = -1;
  const auto accents_of = [](const JsonMember& of) {
    return of.has("strip_accents") ? int{of.at("strip_accents").flag()} : kAsCapitals;
  };
  bool lower = step.flag("lowercase", true), ideographs = step.flag("handle_chinese_chars", true);
  int accents = accents_of(step);
  if (config != nullptr && (config->flag("do_lower_case", lower) != lower ||
                            config->flag("tokenize_chinese_chars", ideographs) != ideographs ||
                            (config->json().contains("strip_accents") && accents_of(*config) != accents))) {
    lower = config->flag("do_lower_case", true);
    ideographs = config->flag("tokenize_chinese_chars", true);
    accents = accents_of(*config);
  }
  BertNormaliserSettings s;
  s.clean = step.flag("clean_text", true);
  s.ideographs = ideographs;
  s.strip_accents = accents == kAsCapitals ? lower : accents == 1;
  s.lower = lower;
  return s;
}

/// Whether the class of a tokenizer sets its normaliser anew, as BertTokenizerFast does.
bool sets_normaliser(const JsonMember& config) {
  if (!config.has("tokenizer_class")) return true;
  const std::string name = config.at("tokenizer_class").text();
  return name != "PreTrainedTokenizerFast" && name != "TokenizersBackend";
}

/// config: as in bert_settings.
void add_normalisers(const JsonMember& step, const JsonMember* config, std::vector<Normaliser>& out) {
  const std::string type = step.at("type").text();
  const auto form = [&](unicode::Form f) { out.push_back([f](CodePoints& text) { unicode::normalise(text, f); }); };
  if (type == "Sequence") {
    const JsonMember list = step.at("normalizers");
    for (size_t i = 0; i < list.size(); ++i) {
      if (list.at(i).at("type").text() == "Sequence") list.at(i).at("type").refuse("a step, not a list in a list");
      add_normalisers(list.at(i), nullptr, out);
    }
  } else if (type == "BertNormalizer") {
    out.push_back(bert_normaliser(bert_settings(step, config)));
  } else if (type == "NFC") {
    form(unicode::Form::nfc);
  } else if (type == "NFD") {
    form(unicode::Form::nfd);
  } else if (type == "NFKC") {
    form(unicode::Form::nfkc);
  } else if (type == "NFKD") {
    form(unicode::Form::nfkd);
  } else if (type == "Lowercase") {
    out.emplace_back(unicode::lower);
  } else if (type == "Nmt") {
    out.push_back(nmt());
  } else if (type == "Strip") {
    out.push_back(strip(step.flag("strip_left", true), step.flag("strip_right", true)));
  } else if (type == "Prepend") {
    out.push_back(prepend(step.at("prepend").text()));
  } else if (type == "Replace") {
    add_replace(step, out);
  } else if (type == "Precompiled") {
    if (!step.has("precompiled_charsmap")) return;
    const JsonMember file = step.at("precompiled_charsmap");
    const auto rules = std::make_shared<const Charsmap>(decode_base64(file), file.where());
    out.push_back([rules](CodePoints& text) { rules->apply(text); });
  } else {
    step.at("type").refuse(
        "BertNormalizer, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, Sequence or Strip");
  }
}

char32_t one_character(const JsonMember& member) {
  const CodePoints text = unicode::decode(member.text());
  if (text.size() != 1) member.refuse("one character");
  return text[0].value;
}

void add_metaspace(const JsonMember& step, std::vector<Splitter>& out) {
  const bool add = step.flag("add_prefix_space", true);
  const std::string scheme = step.has("prepend_scheme") ? step.at("prepend_scheme").text() : add ? "always" : "never";
  if (scheme != "always" && scheme != "first" && scheme != "never")
    step.at("prepend_scheme").refuse("always, first or never");
  if (!add && scheme != "never") step.at("prepend_scheme").refuse("never, as add_prefix_space is false");
  const Prefix prefix = scheme == "always" ? Prefix::always : scheme == "first" ? Prefix::first : Prefix::never;
  out.push_back(metaspace(one_character(step.at("replacement")), prefix, step.flag("split", true)));
}

void add_split(const JsonMember& step, std::vector<Splitter>& out) {
  const JsonMember pattern = step.at("pattern");
  if (!pattern.has("Regex")) pattern.refuse("CLIP's regular expression");
  std::string regex = pattern.at("Regex").text();
  const bool specials = regex.starts_with(kClipSpecials);
  if (specials) regex.erase(0, std::string_view(kClipSpecials).size());
  if (regex != kClipPattern) pattern.at("Regex").refuse("CLIP's: " + std::string(kClipPattern));
  if (step.at("behavior").text() != "Removed") step.at("behavior").refuse("Removed");
  if (!step.at("invert").flag()) step.at("invert").refuse("true");
  out.push_back(split_clip(specials));
}

/// Returns whether words become bytes.
bool add_splitters(const JsonMember& step, std::vector<Splitter>& out) {
  const std::string type = step.at("type").text();
  bool bytes = false;
  if (type == "Sequence") {
    const JsonMember list = step.at("pretokenizers");
    for (size_t i = 0; i < list.size(); ++i) {
      if (bytes) list.at(i).at("type").refuse("nothing behind ByteLevel");
      if (list.at(i).at("type").text() == "Sequence") list.at(i).at("type").refuse("a step, not a list in a list");
      bytes = add_splitters(list.at(i), out);
    }
  } else if (type == "BertPreTokenizer") {
    out.push_back(split_spaces());
    out.push_back(split_punctuation());
  } else if (type == "WhitespaceSplit") {
    out.push_back(split_spaces());
  } else if (type == "Metaspace") {
    add_metaspace(step, out);
  } else if (type == "Split") {
    add_split(step, out);
  } else if (type == "ByteLevel") {
    if (step.flag("add_prefix_space", true)) step.at("add_prefix_space").refuse("false");
    if (step.flag("use_regex", true)) out.push_back(split_gpt2());
    bytes = true;
  } else {
    step.at("type").refuse("BertPreTokenizer, ByteLevel, Metaspace, Sequence, Split or WhitespaceSplit");
  }
  return bytes;
}

Vocabulary read_vocabulary(const JsonMember& vocab) {
  if (!vocab.json().is_object()) vocab.refuse("an object from pieces to ids");
  Vocabulary out;
  for (const auto& [piece, id] : vocab.json().items()) {
    if (!id.is_number_integer()) JsonMember(id, fmt::format("{}['{}']", vocab.where(), piece)).refuse("a whole number");
    out.add(piece, id.get<int64_t>(), vocab.where());
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> read_merges(const JsonMember& merges) {
  std::vector<std::pair<std::string, std::string>> out;
  for (size_t i = 0; i < merges.size(); ++i) {
    const JsonMember one = merges.at(i);
    if (one.json().is_string()) {
      const std::string line = one.text();
      const size_t blank = line.find(' ');
      if (line.starts_with("#version")) continue;
      if (blank == std::string::npos || line.find(' ', blank + 1) != std::string::npos)
        one.refuse("two pieces with a blank between them");
      out.emplace_back(line.substr(0, blank), line.substr(blank + 1));
    } else {
      if (one.size() != 2) one.refuse("two pieces");
      out.emplace_back(one.at(size_t{0}).text(), one.at(size_t{1}).text());
    }
  }
  return out;
}

void read_model(const JsonMember& model, bool bytes, TokenizerParts& out) {
  const std::string type = model.has("type")                     ? model.at("type").text()
                           : model.has("merges")                 ? "BPE"
                           : model.at("vocab").json().is_array() ? "Unigram"
                                                                 : "WordPiece";
  const JsonMember vocab = model.at("vocab");
  if (bytes != (type == "BPE"))
    fail(Code::input, model.where(), type,
         type == "BPE" ? "the pre_tokenizer ByteLevel" : "a pre_tokenizer without ByteLevel");
  if (type == "WordPiece") {
    WordpieceSettings s;
    s.unknown = model.at("unk_token").text();
    s.prefix = model.at("continuing_subword_prefix").text();
    s.longest_word = model.at("max_input_chars_per_word").integer();
    out.family = "wordpiece";
    out.model = make_wordpiece(read_vocabulary(vocab), s, model.where());
  } else if (type == "BPE") {
    BytePairSettings s;
    if (model.has("dropout") && model.at("dropout").number() != 0) model.at("dropout").refuse("none");
    if (model.has("continuing_subword_prefix") && !model.at("continuing_subword_prefix").text().empty())
      model.at("continuing_subword_prefix").refuse("none");
    for (const char* key : {"byte_fallback", "ignore_merges"})
      if (model.flag(key, false)) model.at(key).refuse("false");
    if (model.has("unk_token")) s.unknown = model.at("unk_token").text();
    if (model.has("end_of_word_suffix")) s.suffix = model.at("end_of_word_suffix").text();
    s.fuse_unknown = model.flag("fuse_unk", false);
    s.merges = read_merges(model.at("merges"));
    out.family = "clip_bpe";
    out.model = make_byte_pair(read_vocabulary(vocab), s, model.where());
  } else if (type == "Unigram") {
    UnigramSettings s;
    Vocabulary pieces;
    for (size_t i = 0; i < vocab.size(); ++i) {
      const JsonMember pair = vocab.at(i);
      if (pair.size() != 2) pair.refuse("a piece and its score");
      pieces.add(pair.at(size_t{0}).text(), static_cast<int64_t>(i), vocab.where());
      s.scores.push_back(pair.at(size_t{1}).number());
    }
    s.unknown = model.at("unk_id").integer();
    s.byte_fallback = model.flag("byte_fallback", false);
    out.family = "unigram";
    out.model = make_unigram(std::move(pieces), s, model.where());
  } else {
    model.at("type").refuse("WordPiece, BPE or Unigram");
  }
}

void read_template(const JsonMember& step, TokenizerParts& out) {
  const JsonMember single = step.at("single");
  bool seen = false;
  for (size_t i = 0; i < single.size(); ++i) {
    const JsonMember piece = single.at(i);
    if (piece.has("Sequence")) {
      if (seen || piece.at("Sequence").at("id").text() != "A") piece.refuse("the text once");
      seen = true;
      continue;
    }
    const JsonMember token = step.at("special_tokens").at(piece.at("SpecialToken").at("id").text().c_str());
    for (size_t k = 0; k < token.at("ids").size(); ++k)
      (seen ? out.end : out.begin).push_back(token.at("ids").at(k).integer());
  }
  if (!seen) single.refuse("a template with the text in it");
}

void read_ends(const JsonMember& step, TokenizerParts& out) {
  const std::string type = step.at("type").text();
  if (type == "TemplateProcessing") {
    read_template(step, out);
  } else if (type == "RobertaProcessing" || type == "BertProcessing") {
    out.begin.push_back(step.at("cls").at(1).integer());
    out.end.push_back(step.at("sep").at(1).integer());
  } else if (type != "ByteLevel") {  // which moves offsets alone
    step.at("type").refuse("BertProcessing, ByteLevel, RobertaProcessing or TemplateProcessing");
  }
}

}  // namespace

std::vector<Normaliser> clip_normalisers() {
  return {[](CodePoints& text) { unicode::normalise(text, unicode::Form::nfc); },
          replace_runs(unicode::is_space, 1, " "), unicode::lower};
}

std::vector<Splitter> clip_splitters(bool specials) { return {split_clip(specials), split_gpt2()}; }

TokenizerParts parse_tokenizer_json(const std::string& text, const std::string& where, const JsonMember& config) {
  const nlohmann::json json = parse_object(text, where);
  const JsonMember root(json, where);
  TokenizerParts out;
  bool bytes = false;
  const JsonMember* over = sets_normaliser(config) ? &config : nullptr;
  if (root.has("normalizer")) add_normalisers(root.at("normalizer"), over, out.normalisers);
  if (root.has("pre_tokenizer")) bytes = add_splitters(root.at("pre_tokenizer"), out.splitters);
  if (root.has("post_processor")) read_ends(root.at("post_processor"), out);
  read_model(root.at("model"), bytes, out);
  if (root.has("added_tokens")) {
    const JsonMember list = root.at("added_tokens");
    for (size_t i = 0; i < list.size(); ++i) {
      const JsonMember one = list.at(i);
      if (one.flag("single_word", false)) one.at("single_word").refuse("false");
      out.added.push_back({one.at("content").text(), one.at("id").integer(), one.flag("lstrip", false),
                           one.flag("rstrip", false), one.flag("normalized", !one.flag("special", false))});
    }
  }
  if (root.has("truncation")) {
    const JsonMember truncation = root.at("truncation");
    if (truncation.has("direction") && truncation.at("direction").text() != "Right")
      truncation.at("direction").refuse("Right");
    out.limit = truncation.at("max_length").integer();
  }
  if (root.has("padding")) {
    const JsonMember padding = root.at("padding");
    if (padding.has("direction") && padding.at("direction").text() != "Right") padding.at("direction").refuse("Right");
    out.padding = padding.at("pad_id").integer();
  }
  return out;
}

}  // namespace roulade
