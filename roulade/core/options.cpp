// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/options.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace roulade {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string number(double x) {
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  if (std::isnan(x)) return "nan";
  std::string text = fmt::format("{}", x);  // the shortest text that reads back as x
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

struct Writer {
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(int64_t v) const { return fmt::format("{}", v); }
  std::string operator()(double v) const { return number(v); }
  std::string operator()(const std::string& v) const { return quoted(v); }
  std::string operator()(const std::vector<double>& v) const { return list(v); }
  std::string operator()(const std::vector<std::string>& v) const { return list(v); }

  template <class T>
  std::string list(const std::vector<T>& v) const {
    std::string out = "[";
    for (size_t i = 0; i < v.size(); ++i) out += (i ? ", " : "") + (*this)(v[i]);
    return out + "]";
  }
};

std::string or_list(const std::vector<std::string>& choices) { return fmt::format("{}", fmt::join(choices, " | ")); }

bool allowed(const std::vector<std::string>& choices, const std::string& value) {
  return choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end();
}

}  // namespace

std::string to_text(const Value& value) { return std::visit(Writer{}, value); }

std::string Range::text() const {
  const bool below = std::isfinite(high), over = std::isfinite(low);
  if (below && over) return fmt::format("{}{}, {}]", open_low ? "(" : "[", low, high);
  if (over) return fmt::format("{} {}", open_low ? ">" : ">=", low);
  if (below) return fmt::format("<= {}", high);
  return "";
}

const Given* Binder::find(const std::string& key) const {
  if (!table_) return nullptr;
  const auto it = table_->find(key);
  return it == table_->end() ? nullptr : &it->second;
}

void Binder::note(const std::string& key, const char* type, const Value& initial, const Value& now, std::string range,
                  const std::string& help) {
  if (resolved_.count(key)) fail(Code::internal, where_, fmt::format("option '{}' is bound twice", key));
  infos_.push_back({key, type, initial, std::move(range), help});
  const Given* given = find(key);
  resolved_[key] = Given(now, given ? given->origin : "default");
}

void Binder::refuse(const std::string& key, const Given& given, const std::string& expected) const {
  const std::string origin = given.origin.empty() ? "" : given.origin + " ";
  fail(Code::usage, fmt::format("{}{}.{}", origin, where_, key), "bad value", expected, to_text(given.value));
}

void Binder::add(const std::string& key, bool& field, const std::string& help) {
  const Value initial = field;
  if (const Given* given = find(key)) {
    const bool* v = std::get_if<bool>(&given->value);
    if (!v) refuse(key, *given, "true or false");
    field = *v;
  }
  note(key, "flag", initial, field, "", help);
}

void Binder::add(const std::string& key, int64_t& field, Range range, const std::string& help) {
  const Value initial = field;
  if (const Given* given = find(key)) {
    const int64_t* v = std::get_if<int64_t>(&given->value);
    if (!v || !range.contains(static_cast<double>(*v))) refuse(key, *given, "an integer " + range.text());
    field = *v;
  }
  note(key, "integer", initial, field, range.text(), help);
}

void Binder::add(const std::string& key, double& field, Range range, const std::string& help) {
  const Value initial = field;
  if (const Given* given = find(key)) {
    const int64_t* whole = std::get_if<int64_t>(&given->value);
    const double* v = std::get_if<double>(&given->value);
    const double x = v ? *v : whole ? static_cast<double>(*whole) : std::nan("");
    const bool endless = std::isinf(x) && !std::isinf(field);
    if (endless || !range.contains(x))
      refuse(key, *given,
             fmt::format("a {}number{}{}", endless ? "finite " : "", range.text().empty() ? "" : " ", range.text()));
    field = x;
  }
  note(key, "number", initial, field, range.text(), help);
}

void Binder::add(const std::string& key, std::string& field, const std::vector<std::string>& choices,
                 const std::string& help) {
  const Value initial = field;
  if (const Given* given = find(key)) {
    const std::string* v = std::get_if<std::string>(&given->value);
    if (!v) refuse(key, *given, "a text in quotes");
    if (!allowed(choices, *v)) {
      const std::string at = given->origin.empty() ? "" : given->origin + " ";
      fail_unknown(fmt::format("{}{}", at, where_), key, *v, choices);
    }
    field = *v;
  }
  note(key, "text", initial, field, or_list(choices), help);
}

void Binder::add(const std::string& key, std::vector<double>& field, Range range, const std::string& help) {
  const Value initial = field;
  if (const Given* given = find(key)) {
    const auto* v = std::get_if<std::vector<double>>(&given->value);
    const auto* none = std::get_if<std::vector<std::string>>(&given->value);  // an empty list has no type of its own
    if (!v && !(none && none->empty())) refuse(key, *given, "a list of numbers");
    field = v ? *v : std::vector<double>{};
    for (const double x : field)
      if (!range.contains(x)) refuse(key, *given, "numbers " + range.text());
  }
  note(key, "numbers", initial, field, range.text(), help);
}

void Binder::add(const std::string& key, std::vector<std::string>& field, const std::vector<std::string>& choices,
                 const std::string& help) {
  const Value initial = field;
  if (const Given* given = find(key)) {
    const auto* v = std::get_if<std::vector<std::string>>(&given->value);
    if (!v) refuse(key, *given, "a list of texts");
    for (const std::string& word : *v)
      if (!allowed(choices, word)) fail_unknown(given->origin + " " + where_, key, word, choices);
    field = *v;
  }
  note(key, "words", initial, field, or_list(choices), help);
}

void Binder::finish() const {
  if (!table_) return;
  std::vector<std::string> known;
  for (const OptionInfo& info : infos_) known.push_back(info.key);
  for (const auto& [key, given] : *table_)
    if (!resolved_.count(key))
      fail_unknown(given.origin.empty() ? where_ : given.origin + " " + where_, "key", key, known);
}

}  // namespace roulade
