// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/clip_bpe.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/utf8.hpp"

#include <algorithm>
#include <array>
#include <queue>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int32_t kMissing = -1;
constexpr uint32_t kEnd = static_cast<uint32_t>(-1);

struct Merge {
  int32_t rank = kMissing, result = 0;
};

/// From two pieces to what they become: open addressing, at most half full.
class Merges {
 public:
  explicit Merges(size_t count) {
    while (mask_ < 2 * count) mask_ = 2 * mask_ + 1;
    slots_.resize(mask_ + 1);
  }

  /// False if the pair is there already.
  bool add(int32_t a, int32_t b, Merge merge) {
    Slot& slot = slots_[place(key(a, b))];
    if (slot.merge.rank != kMissing) return false;
    slot = {key(a, b), merge};
    return true;
  }
  Merge find(int32_t a, int32_t b) const { return slots_[place(key(a, b))].merge; }

 private:
  struct Slot {
    uint64_t key = 0;
    Merge merge;
  };
  static uint64_t key(int32_t a, int32_t b) {
    return uint64_t{static_cast<uint32_t>(a)} << 32 | static_cast<uint32_t>(b);
  }
  size_t place(uint64_t key) const {
    size_t at = (key * 0x9E3779B97F4A7C15u >> 20) & mask_;
    while (slots_[at].merge.rank != kMissing && slots_[at].key != key) at = (at + 1) & mask_;
    return at;
  }
  std::vector<Slot> slots_;
  size_t mask_ = 15;
};

struct Symbol {
  int32_t id;
  uint32_t at;  ///< byte of the text
  uint32_t before, next;
  bool gone;
};

struct Candidate {
  int32_t rank;
  uint32_t place;
  int32_t result;
  /// For a heap whose top is the lowest rank, and among equals the leftmost.
  bool operator<(const Candidate& other) const { return rank != other.rank ? rank > other.rank : place > other.place; }
};

class BytePair final : public WordModel {
 public:
  BytePair(Vocabulary vocabulary, const BytePairSettings& settings, const std::string& where)
      : vocabulary_(std::move(vocabulary)), merges_(settings.merges.size()), fuse_(settings.fuse_unknown) {
    if (settings.unknown) {
      const auto found = vocabulary_.find(*settings.unknown);
      if (!found) fail(Code::input, where, fmt::format("the vocabulary has no '{}'", *settings.unknown));
      unknown_ = *found;
    }
    for (size_t byte = 0; byte < 256; ++byte) {
      const std::string letter = byte_letter(static_cast<unsigned char>(byte));
      inner_[byte] = vocabulary_.find(letter).value_or(kMissing);
      last_[byte] = vocabulary_.find(letter + settings.suffix).value_or(kMissing);
    }
    for (size_t i = 0; i < settings.merges.size(); ++i) {
      const auto& [a, b] = settings.merges[i];
      const auto id = [&](const std::string& piece) {
        const auto found = vocabulary_.find(piece);
        if (!found) fail(Code::input, where, fmt::format("merge {}: the vocabulary has no '{}'", i + 1, piece));
        return *found;
      };
      const int32_t left = id(a), right = id(b);
      if (!merges_.add(left, right, {static_cast<int32_t>(i), id(a + b)}))
        fail(Code::input, where, fmt::format("merge {}: '{} {}' is there twice", i + 1, a, b));
    }
  }

  void encode(const Words& words, std::vector<Token>& out) const override {
    std::string bytes;
    std::vector<Symbol> symbols;
    std::vector<Candidate> store;
    for (const auto& [begin, end] : words.words) {
      symbols.clear();
      bool fusing = false;
      for (size_t i = begin; i < end; ++i) {
        bytes.clear();
        append_utf8(bytes, words.text[i].value);
        for (size_t k = 0; k < bytes.size(); ++k) {
          const bool last = i + 1 == end && k + 1 == bytes.size();
          const int32_t id = (last ? last_ : inner_)[static_cast<unsigned char>(bytes[k])];
          if (id == kMissing && (unknown_ == kMissing || (fusing && fuse_))) continue;
          fusing = id == kMissing;
          symbols.push_back({fusing ? unknown_ : id, words.text[i].at, 0, 0, false});
        }
      }
      merge(symbols, store);
      for (const Symbol& symbol : symbols)
        if (!symbol.gone) out.push_back({symbol.id, symbol.at});
    }
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

 private:
  void merge(std::vector<Symbol>& symbols, std::vector<Candidate>& store) const {
    const auto count = static_cast<uint32_t>(symbols.size());
    store.clear();
    for (uint32_t i = 0; i < count; ++i) {
      symbols[i].before = i == 0 ? kEnd : i - 1;
      symbols[i].next = i + 1 == count ? kEnd : i + 1;
      if (i + 1 == count) continue;
      if (const Merge found = merges_.find(symbols[i].id, symbols[i + 1].id); found.rank != kMissing)
        store.push_back({found.rank, i, found.result});
    }
    std::make_heap(store.begin(), store.end());
    const auto push = [&](uint32_t left, uint32_t right) {
      const Merge found = merges_.find(symbols[left].id, symbols[right].id);
      if (found.rank == kMissing) return;
      store.push_back({found.rank, left, found.result});
      std::push_heap(store.begin(), store.end());
    };
    while (!store.empty()) {
      std::pop_heap(store.begin(), store.end());
      const Candidate top = store.back();
      store.pop_back();
      Symbol& left = symbols[top.place];
      if (left.gone || left.next == kEnd) continue;
      Symbol& right = symbols[left.next];
      const Merge found = merges_.find(left.id, right.id);
      if (found.rank == kMissing || found.result != top.result) continue;  // one of the two is another by now
      left.id = top.result;
      left.next = right.next;
      right.gone = true;
      if (left.next != kEnd) symbols[left.next].before = top.place;
      if (left.before != kEnd) push(left.before, top.place);
      if (left.next != kEnd) push(top.place, left.next);
    }
  }

  Vocabulary vocabulary_;
  Merges merges_;
  bool fuse_;
  int32_t unknown_ = kMissing;
  std::array<int32_t, 256> inner_{}, last_{};
};

}  // namespace

std::string byte_letter(unsigned char byte) {
  const auto printable = [](int b) { return (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE; };
  char32_t letter = byte;
  if (!printable(byte)) {
    letter = 256;
    for (int b = 0; b < byte; ++b) letter += !printable(b);
  }
  std::string out;
  append_utf8(out, letter);
  return out;
}

std::unique_ptr<const WordModel> make_byte_pair(Vocabulary vocabulary, const BytePairSettings& settings,
                                                const std::string& where) {
  return std::make_unique<const BytePair>(std::move(vocabulary), settings, where);
}

}  // namespace roulade
