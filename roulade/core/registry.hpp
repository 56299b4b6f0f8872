// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/error.hpp"
#include "roulade/core/options.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace roulade {

/// What every registry entry says of itself, readable without constructing anything.
struct EntryInfo {
  std::string name;
  std::string summary;                ///< one line
  std::string source;                 ///< paper, year, equation
  std::function<void(Binder&)> bind;  ///< names the options

  std::vector<OptionInfo> options() const {
    Binder b;
    if (bind) bind(b);
    return b.infos();
  }
};

/// An entry that makes a `Product` from its options.
template <class Product>
struct Factory : EntryInfo {
  using Made = Product;
  std::function<std::unique_ptr<const Product>(Binder&)> make;
};

/// Fills bind and make of an entry from a settings struct (see Binder) and a function of it that constructs.
template <class Entry, class Settings, class Construct>
Entry& with_settings(Entry& entry, Construct construct) {
  entry.bind = [](Binder& b) { Settings().bind(b); };
  entry.make = [construct](Binder& b) {
    Settings settings;
    settings.bind(b);
    return construct(settings);
  };
  return entry;
}

/// The settings struct filled from a table; an unknown key or a bad value is an Error(usage).
template <class Settings>
Settings read_settings(const std::string& where, const Table& table) {
  Settings settings;
  Binder b(where, table);
  settings.bind(b);
  b.finish();
  return settings;
}

/// The entries of one folder, in the order of its list.hpp.
template <class Entry>
class Registry {
 public:
  Registry(std::string noun, std::vector<Entry> entries) : noun_(std::move(noun)), entries_(std::move(entries)) {}

  const std::string& noun() const { return noun_; }
  const std::vector<Entry>& entries() const { return entries_; }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const Entry& e : entries_) out.push_back(e.name);
    return out;
  }

  /// Throws Error(usage) naming the nearest known entry.
  const Entry& find(const std::string& name, const std::string& where = "") const {
    for (const Entry& e : entries_)
      if (e.name == name) return e;
    fail_unknown(where.empty() ? noun_ : where, noun_, name, names());
  }

  /// The entry's product from its options; what the entry does not know is refused.
  auto make(const std::string& name, const Table& options = {}) const {
    const Entry& entry = find(name);
    Binder b(noun_ + " " + name, options);
    auto made = entry.make(b);
    b.finish();
    return made;
  }

 private:
  std::string noun_;
  std::vector<Entry> entries_;
};

}  // namespace roulade
