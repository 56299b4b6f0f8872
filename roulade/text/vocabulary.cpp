// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/vocabulary.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace roulade {

void Vocabulary::add(std::string_view piece, int64_t id, const std::string& where) {
  if (id < 0 || id >= kMost)
    fail(Code::input, where, fmt::format("id of '{}'", piece), fmt::format("0 to {}", kMost - 1),
         fmt::format("{}", id));
  const auto at = static_cast<size_t>(id);
  if (at >= pieces_.size()) {
    pieces_.resize(at + 1);
    taken_.resize(at + 1);
  }
  if (taken_[at]) fail(Code::input, where, fmt::format("id {} belongs to '{}' and to '{}'", id, pieces_[at], piece));
  taken_[at] = true;
  pieces_[at] = piece;
  if (piece.empty()) return;
  if (const auto [found, fresh] = ids_.emplace(piece, static_cast<int32_t>(id)); !fresh)
    fail(Code::input, where, fmt::format("'{}' has the ids {} and {}", piece, found->second, id));
}

std::optional<int32_t> Vocabulary::find(std::string_view piece) const {
  const auto found = ids_.find(piece);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace roulade
