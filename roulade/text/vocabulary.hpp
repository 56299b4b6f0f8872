// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace roulade {

/// The pieces that a model of words may give, each with its number.
class Vocabulary {
 public:
  static constexpr int64_t kMost = 2'000'000;  ///< ids lie below

  /// Throws Error(input) naming `where` when the id is out of range or taken, or when the piece has another one. An
  /// empty piece takes its id and is never found.
  void add(std::string_view piece, int64_t id, const std::string& where);

  std::optional<int32_t> find(std::string_view piece) const;
  /// Empty for an id without a piece.   id: 0 <= id < size().
  const std::string& piece(int64_t id) const { return pieces_[static_cast<size_t>(id)]; }
  int64_t size() const { return static_cast<int64_t>(pieces_.size()); }  ///< largest id + 1
  const std::vector<std::string>& pieces() const { return pieces_; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::vector<std::string> pieces_;
  std::vector<bool> taken_;
  std::unordered_map<std::string, int32_t, Hash, std::equal_to<>> ids_;
};

}  // namespace roulade
