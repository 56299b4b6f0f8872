// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/image_text.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/lines.hpp"
#include "roulade/core/utf8.hpp"
#include "roulade/io/csv.hpp"
#include "roulade/io/json.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace roulade {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMostClasses = 10000;
constexpr std::string_view kBlanks = " \t\r\n\v\f";

/// For a message. Not dump(), which calls itself for each level, of what may be nested without end.
std::string shown(const Json& json) { return json.is_structured() ? json.type_name() : json.dump().substr(0, 80); }

/// Puts the caption first and each wording once.
void tidy(ImageText& text, const std::string& where) {
  std::vector<std::string> all;
  if (text.caption) all.push_back(*text.caption);
  all.insert(all.end(), text.wordings.begin(), text.wordings.end());
  std::vector<std::string> kept;
  for (const std::string& wording : all) {
    std::string one = parse_caption(wording, where);
    if (!one.empty() && std::find(kept.begin(), kept.end(), one) == kept.end()) kept.push_back(std::move(one));
  }
  if (!kept.empty() || text.caption) text.caption = kept.empty() ? "" : kept[0];
  if (text.wordings.empty()) return;
  text.wordings = std::move(kept);
}

void put(ImageTexts& out, const std::string& name, ImageText text, const std::string& where) {
  if (name.empty()) fail(Code::input, where, "file_name", "the name of a picture", "nothing");
  tidy(text, where);
  if (!out.emplace(name, std::move(text)).second)
    fail(Code::input, where, fmt::format("'{}' is described twice", name));
}

/// A member that is a text; nullopt where it is missing or null.
std::optional<std::string> text_member(const Json& object, const char* key, const std::string& where) {
  const auto at = object.find(key);
  if (at == object.end() || at->is_null()) return std::nullopt;
  if (!at->is_string()) fail(Code::input, where, key, "a text", at->type_name());
  return at->get<std::string>();
}

/// The member texts; empty where it is missing or null.
std::vector<std::string> wordings_member(const Json& object, const std::string& where) {
  std::vector<std::string> out;
  const auto at = object.find("texts");
  if (at == object.end() || at->is_null()) return out;
  if (!at->is_array()) fail(Code::input, where, "texts", "a list of texts", at->type_name());
  for (const Json& wording : *at) {
    if (!wording.is_string())
      fail(Code::input, where, fmt::format("texts[{}]", out.size()), "a text", wording.type_name());
    out.push_back(wording.get<std::string>());
  }
  return out;
}

}  // namespace

ImageTexts parse_metadata_jsonl(std::string_view content, const std::string& where, const std::string& label_key) {
  ImageTexts out;
  content = without_mark(content);
  int64_t number = 0;
  for (const std::string_view line : lines_of(content)) {
    const std::string here = fmt::format("{}:{}", where, ++number);
    if (line.find_first_not_of(kBlanks) == std::string_view::npos) continue;
    const Json object = parse_json(line, here);
    if (!object.is_object()) fail(Code::input, here, "line", "an object", object.type_name());
    const std::optional<std::string> name = text_member(object, "file_name", here);
    if (!name) fail(Code::input, here, "file_name is missing");
    ImageText text{text_member(object, "text", here), std::nullopt, wordings_member(object, here)};
    if (!text.caption) text.caption = text_member(object, "caption", here);
    if (const auto label = object.find(label_key); label != object.end() && label->is_number_integer())
      text.label = label->dump();
    else
      text.label = text_member(object, label_key.c_str(), here);
    put(out, *name, std::move(text), here);
  }
  return out;
}

ImageTexts parse_metadata_csv(std::string content, const std::string& where, const std::string& label_key) {
  CsvReader reader(std::move(content), where, {'\0', CsvOptions::Header::present});
  const auto column = [&](const std::string& name) -> std::optional<size_t> {
    const auto at = std::find(reader.columns().begin(), reader.columns().end(), name);
    if (at == reader.columns().end()) return std::nullopt;
    return static_cast<size_t>(at - reader.columns().begin());
  };
  const auto name = column("file_name"), label = column(label_key);
  const auto caption = column("text") ? column("text") : column("caption");
  if (!name) fail(Code::input, where, "the header has no file_name");
  ImageTexts out;
  while (reader.next()) {
    ImageText text;
    if (caption) text.caption = reader.field(*caption);
    if (label && !reader.field(*label).empty()) text.label = reader.field(*label);
    put(out, reader.field(*name), std::move(text), fmt::format("{}:{}", where, reader.line()));
  }
  return out;
}

std::map<std::string, int64_t> parse_dataset_json(std::string_view content, const std::string& where) {
  const Json json = parse_json(content, where);
  const auto list = json.find("labels");
  if (!json.is_object() || list == json.end() || (!list->is_null() && !list->is_array()))
    fail(Code::input, where, "labels", "a list of [name, class], or null");
  std::map<std::string, int64_t> out;
  for (const Json& entry : *list) {
    const std::string here = fmt::format("{} labels[{}]", where, out.size());
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string())
      fail(Code::input, here, "entry", "[name, class]", shown(entry));
    if (!entry[1].is_number_integer() || entry[1] < 0 || entry[1] >= kMostClasses)
      fail(Code::input, here, "class", fmt::format("a whole number from 0 to {}", kMostClasses - 1), shown(entry[1]));
    std::string name = entry[0];
    std::replace(name.begin(), name.end(), '\\', '/');  // of sets made on Windows
    if (!out.emplace(name, entry[1].get<int64_t>()).second)
      fail(Code::input, here, fmt::format("'{}' has two classes", name));
  }
  return out;
}

ImageText parse_caption_json(std::string_view content, const std::string& where) {
  content = without_mark(content);
  const Json object = parse_json(content, where);
  if (!object.is_object()) fail(Code::input, where, "content", "an object", object.type_name());
  ImageText text{text_member(object, "caption", where), std::nullopt, wordings_member(object, where)};
  if (!text.caption) text.caption = text_member(object, "text", where);
  tidy(text, where);
  return text;
}

std::string parse_caption(std::string_view content, const std::string& where) {
  content = without_mark(content);
  if (const size_t at = find_not_utf8(content); at != std::string_view::npos)
    fail(Code::input, where, fmt::format("caption is not UTF-8 (byte {})", at));
  std::string out;
  for (const char c : content) {
    const bool blank = kBlanks.find(c) != std::string_view::npos;
    if (!blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace roulade
