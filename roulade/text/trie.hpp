// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// Which of many numbered texts begin here? A tree of bytes with the children of a node side by side.
class Trie {
 public:
  using Node = uint32_t;
  static constexpr Node kRoot = 0, kNone = static_cast<Node>(-1);

  /// Texts are distinct, but for empty ones, which are left out.
  explicit Trie(const std::vector<std::string>& texts);

  /// The child of a node along a byte, or kNone.
  Node child(Node node, char byte) const;
  /// Where a text leads from the root, or kNone.
  Node find(std::string_view text) const;
  /// The number of the text that ends at a node; -1 = none ends here.
  int32_t value(Node node) const { return nodes_[node].value; }

 private:
  struct Entry {
    uint32_t first = 0;
    uint32_t count = 0;
    int32_t value = -1;
  };
  std::vector<Entry> nodes_;
  std::vector<unsigned char> bytes_;  ///< on the way into each node; rising among children of one node
};

}  // namespace roulade
