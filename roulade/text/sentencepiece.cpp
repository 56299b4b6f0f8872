// SPDX-License-Identifier: Apache-2.0
// SentencePiece's model file: a protocol buffer (sentencepiece_model.proto), read field by field. Source of the format:
// Protocol Buffers, "Encoding".
#include "roulade/core/error.hpp"
#include "roulade/core/utf8.hpp"
#include "roulade/text/charsmap.hpp"
#include "roulade/text/tokenizer_files.hpp"
#include "roulade/text/unigram.hpp"

#include <bit>
#include <string_view>

#include <fmt/format.h>

namespace roulade {
namespace {

/// The fields of one message.
class Fields {
 public:
  Fields(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  struct Field {
    uint64_t number;
    uint64_t value;          ///< of a varint, or of four or eight bytes
    std::string_view bytes;  ///< of a text or a message
    int kind;                ///< 0 varint, 1 eight bytes, 2 text or message, 5 four bytes
  };

  bool next(Field& out) {
    if (at_ == bytes_.size()) return false;
    const uint64_t key = varint();
    out = {key >> 3, 0, {}, static_cast<int>(key & 7)};
    if (out.number == 0) damaged("a field without a number");
    if (out.kind == 0)
      out.value = varint();
    else if (out.kind == 1 || out.kind == 5)
      out.value = fixed(out.kind == 1 ? 8 : 4);
    else if (out.kind == 2)
      out.bytes = take(varint());
    else
      damaged(fmt::format("field {} of unknown kind {}", out.number, out.kind));
    return true;
  }

  std::string_view text(const Field& field) const {
    if (field.kind != 2) damaged(fmt::format("field {} is no text", field.number));
    return field.bytes;
  }
  int64_t integer(const Field& field) const {
    if (field.kind != 0) damaged(fmt::format("field {} is no whole number", field.number));
    return static_cast<int64_t>(field.value);
  }
  bool flag(const Field& field) const { return integer(field) != 0; }
  float single(const Field& field) const {
    if (field.kind != 5) damaged(fmt::format("field {} is no number of four bytes", field.number));
    return std::bit_cast<float>(static_cast<uint32_t>(field.value));
  }

 private:
  [[noreturn]] void damaged(const std::string& what) const {
    fail(Code::input, where_, fmt::format("not a SentencePiece model: {}", what));
  }
  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - at_) damaged(fmt::format("{} bytes announced, {} left", count, bytes_.size() - at_));
    const std::string_view out = bytes_.substr(at_, count);
    at_ += count;
    return out;
  }
  uint64_t fixed(size_t count) {
    uint64_t out = 0, shift = 0;
    for (const char byte : take(count)) {
      out |= uint64_t{static_cast<unsigned char>(byte)} << shift;
      shift += 8;
    }
    return out;
  }
  uint64_t varint() {
    uint64_t out = 0;
    for (uint64_t shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      out |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return out;
    }
    damaged("a number of more than ten bytes");
  }

  std::string_view bytes_;
  const std::string& where_;
  size_t at_ = 0;
};

enum PieceType { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

struct Model {
  Vocabulary vocabulary;
  UnigramSettings settings;
  std::string charsmap;
  std::vector<AddedToken> added;
};

void read_piece(std::string_view bytes, Model& model, const std::string& where) {
  std::string_view piece;
  float score = 0;
  int64_t type = kNormal;
  Fields fields(bytes, where);
  for (Fields::Field field{}; fields.next(field);) {
    if (field.number == 1) piece = fields.text(field);
    if (field.number == 2) score = fields.single(field);
    if (field.number == 3) type = fields.integer(field);
  }
  const int64_t id = model.vocabulary.size();
  if (find_not_utf8(piece) != std::string::npos) fail(Code::input, where, fmt::format("piece {} is not UTF-8", id));
  if (type == kUserDefined || type == kUnused || type < kNormal || type > kByte)
    fail(Code::input, where, fmt::format("piece {}, '{}', is of type {}", id, piece, type),
         "1 (normal), 2 (unknown), 3 (control) or 6 (byte)");
  model.vocabulary.add(piece, id, where);
  if (type == kControl) model.added.push_back({std::string(piece), id, false, false, false});
  model.settings.scores.push_back(double{score});
}

void read_trainer(std::string_view bytes, Model& model, const std::string& where) {
  Fields fields(bytes, where);
  for (Fields::Field field{}; fields.next(field);) {
    if (field.number == 3 && fields.integer(field) != 1)
      fail(Code::input, where, "model_type", "1 (unigram)", fmt::format("{}", fields.integer(field)));
    if (field.number == 24 && fields.flag(field))
      fail(Code::input, where, "treat_whitespace_as_suffix", "false", "true");
    if (field.number == 35) model.settings.byte_fallback = fields.flag(field);
    if (field.number == 40) model.settings.unknown = fields.integer(field);
  }
}

void read_normaliser(std::string_view bytes, Model& model, const std::string& where) {
  Fields fields(bytes, where);
  for (Fields::Field field{}; fields.next(field);) {
    if (field.number == 2) model.charsmap = fields.text(field);
    for (const auto& [number, name] :
         {std::pair(3, "add_dummy_prefix"), {4, "remove_extra_whitespaces"}, {5, "escape_whitespaces"}})
      if (field.number == static_cast<uint64_t>(number) && !fields.flag(field))
        fail(Code::input, where, name, "true", "false");
  }
}

}  // namespace

TokenizerParts parse_sentencepiece(const std::string& file, int64_t extra, const std::string& where) {
  if (extra < 0 || extra > Vocabulary::kMost)
    fail(Code::input, where, "extra_ids", fmt::format("0 to {}", Vocabulary::kMost), fmt::format("{}", extra));
  Model model;
  Fields fields(file, where);
  for (Fields::Field field{}; fields.next(field);) {
    if (field.number == 1) read_piece(fields.text(field), model, where);
    if (field.number == 2) read_trainer(fields.text(field), model, where);
    if (field.number == 3) read_normaliser(fields.text(field), model, where);
  }
  if (model.vocabulary.size() == 0) fail(Code::input, where, "not a SentencePiece model: no pieces");
  for (int64_t i = extra - 1; i >= 0; --i) {
    model.vocabulary.add(fmt::format("<extra_id_{}>", i), model.vocabulary.size(), where);
    model.settings.scores.push_back(0);
  }
  TokenizerParts parts;
  parts.family = "unigram";
  parts.added = std::move(model.added);
  if (!model.charsmap.empty()) {
    const auto rules = std::make_shared<const Charsmap>(model.charsmap, where);
    parts.normalisers.emplace_back([rules](CodePoints& text) { rules->apply(text); });
  }
  parts.splitters = {split_spaces(), metaspace(U'\u2581', Prefix::always, true)};
  parts.model = make_unigram(std::move(model.vocabulary), model.settings, where);
  return parts;
}

}  // namespace roulade
