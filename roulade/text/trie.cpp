// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/trie.hpp"

#include <algorithm>
#include <numeric>

namespace roulade {

Trie::Trie(const std::vector<std::string>& texts) {
  std::vector<size_t> order(texts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return texts[a] < texts[b]; });
  struct Range {
    size_t begin, end, depth;  ///< texts of `order` that share their first `depth` bytes
  };
  std::vector<Range> ranges{{0, order.size(), 0}};
  nodes_.emplace_back();
  bytes_.push_back(0);
  for (size_t node = 0; node < nodes_.size(); ++node) {  // level by level, so children come to stand together
    const auto [begin, end, depth] = ranges[node];
    size_t at = begin;
    for (; at < end && texts[order[at]].size() == depth; ++at)
      if (depth > 0) nodes_[node].value = static_cast<int32_t>(order[at]);
    nodes_[node].first = static_cast<uint32_t>(nodes_.size());
    while (at < end) {
      const char byte = texts[order[at]][depth];
      size_t next = at;
      while (next < end && texts[order[next]][depth] == byte) ++next;
      nodes_.emplace_back();
      bytes_.push_back(static_cast<unsigned char>(byte));
      ranges.push_back({at, next, depth + 1});
      ++nodes_[node].count;
      at = next;
    }
  }
}

Trie::Node Trie::child(Node node, char byte) const {
  const Entry& entry = nodes_[node];
  const auto first = bytes_.begin() + entry.first, last = first + entry.count;
  const auto wanted = static_cast<unsigned char>(byte);
  const auto found = entry.count < 8 ? std::find(first, last, wanted) : std::lower_bound(first, last, wanted);
  return found == last || *found != wanted ? kNone : static_cast<Node>(found - bytes_.begin());
}

Trie::Node Trie::find(std::string_view text) const {
  Node node = kRoot;
  for (const char byte : text)
    if ((node = child(node, byte)) == kNone) break;
  return node;
}

}  // namespace roulade
