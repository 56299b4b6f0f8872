// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace roulade {

using Value = std::variant<bool, int64_t, double, std::string, std::vector<double>, std::vector<std::string>>;

/// A value and where it was written: "recipe.toml:12", "--set", or empty for a caller in C++.
struct Given {
  Value value;
  std::string origin;

  Given() = default;
  Given(bool v) : value(v) {}
  Given(int v) : value(int64_t{v}) {}
  Given(int64_t v) : value(v) {}
  Given(double v) : value(v) {}
  Given(const char* v) : value(std::string(v)) {}
  Given(std::string v) : value(std::move(v)) {}
  Given(std::vector<double> v) : value(std::move(v)) {}
  Given(std::vector<std::string> v) : value(std::move(v)) {}
  Given(Value v, std::string from) : value(std::move(v)), origin(std::move(from)) {}
};

/// One table of a recipe: key -> value.
using Table = std::map<std::string, Given>;

/// The value as TOML writes it: true, 3, 0.5, "text", [1, 2]. Doubles round-trip.
std::string to_text(const Value& value);

/// Closed range of a number; `open_low` excludes the lower end.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool open_low = false;

  bool contains(double x) const { return (open_low ? x > low : x >= low) && x <= high; }
  std::string text() const;  ///< "(0, 1]", ">= 1", "" for everything
};

constexpr Range at_least(double low) { return {low, std::numeric_limits<double>::infinity(), false}; }
constexpr Range above(double low) { return {low, std::numeric_limits<double>::infinity(), true}; }
constexpr Range between(double low, double high) { return {low, high, false}; }

/// One option as help, docs and completion show it.
struct OptionInfo {
  std::string key;
  std::string type;   ///< "number", "integer", "flag", "text", "numbers", "words"
  Value initial;      ///< default
  std::string range;  ///< numbers: the range; text: "a | b | c"; may be empty
  std::string help;
};

/// Binds the fields of a settings struct to keys: each key is named once, with its range and help; its default is the
/// field's own initial value. Without a table it only lists; with one it also reads, and finish() refuses what nobody
/// bound.
///
///     struct Settings {
///       double s = 0.008;
///       void bind(Binder& b) { b.add("s", s, between(0, 1), "offset that keeps beta_1 from vanishing"); }
///     };
class Binder {
 public:
  Binder() = default;
  /// `where` names the table in errors, e.g. "schedule" for [schedule].
  Binder(std::string where, const Table& table) : where_(std::move(where)), table_(&table) {}

  void add(const std::string& key, bool& field, const std::string& help);
  void add(const std::string& key, int64_t& field, Range range, const std::string& help);
  void add(const std::string& key, double& field, Range range, const std::string& help);
  /// `choices` empty = any text.
  void add(const std::string& key, std::string& field, const std::vector<std::string>& choices,
           const std::string& help);
  void add(const std::string& key, std::vector<double>& field, Range range, const std::string& help);
  void add(const std::string& key, std::vector<std::string>& field, const std::vector<std::string>& choices,
           const std::string& help);

  /// Throws Error(usage, "[origin] unknown key ...: did you mean ...") for the first key of the table that no add()
  /// named.
  void finish() const;

  const std::vector<OptionInfo>& infos() const { return infos_; }
  const Table& resolved() const { return resolved_; }  ///< every bound key with the value in force
  const std::string& where() const { return where_; }

 private:
  const Given* find(const std::string& key) const;
  void note(const std::string& key, const char* type, const Value& initial, const Value& now, std::string range,
            const std::string& help);
  [[noreturn]] void refuse(const std::string& key, const Given& given, const std::string& expected) const;

  std::string where_;
  const Table* table_ = nullptr;
  std::vector<OptionInfo> infos_;
  Table resolved_;
};

}  // namespace roulade
