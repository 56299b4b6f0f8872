// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/charsmap.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/utf8.hpp"

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr uint32_t kLeaf = uint32_t{1} << 31;

// A unit holds the byte that leads to it, whether a rule ends there, and how far its children are.
uint32_t label(uint32_t unit) { return unit & (kLeaf | 0xFF); }
bool has_leaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t offset(uint32_t unit) { return unit >> 10 << ((unit & 512) >> 6); }

uint32_t read_unit(std::string_view bytes) {
  uint32_t out = 0;
  for (size_t i = 0; i < 4; ++i) out |= uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return out;
}

}  // namespace

Charsmap::Charsmap(std::string_view file, const std::string& where) {
  const uint32_t size = file.size() < 4 ? 0 : read_unit(file);
  if (size == 0 || size % 4 != 0 || size > file.size() - 4)
    fail(Code::input, where, "charsmap", "the length of its double array, and so many bytes",
         fmt::format("{} of {} bytes", size, file.size()));
  for (size_t i = 0; i < size; i += 4) units_.push_back(read_unit(file.substr(4 + i)));
  results_ = file.substr(4 + size);
  if (const size_t bad = find_not_utf8(results_); bad != std::string::npos)
    fail(Code::input, where, fmt::format("charsmap: results are not UTF-8 (byte {})", bad));
  check(where);
}

// Depth first over all that can be reached. Branches may meet again, but none may lead back to where it came from.
void Charsmap::check(const std::string& where) const {
  enum class State : uint8_t { fresh, open, done };
  std::vector<State> states(units_.size(), State::fresh);
  struct Visit {
    uint32_t base, next;
  };
  std::vector<Visit> stack;
  const auto enter = [&](uint32_t at) {
    const uint32_t base = at ^ offset(units_[at]);
    if (base >= units_.size()) fail(Code::input, where, fmt::format("charsmap: unit {} leads out of the array", at));
    if (states[base] == State::open) fail(Code::input, where, fmt::format("charsmap: unit {} leads in a circle", at));
    if (has_leaf(units_[at])) {
      const uint32_t value = units_[base] & ~kLeaf;
      if (value >= results_.size() || (static_cast<unsigned char>(results_[value]) & 0xC0) == 0x80)
        fail(Code::input, where, fmt::format("charsmap: unit {} points at no result", base));
    }
    if (states[base] == State::done) return;
    states[base] = State::open;
    stack.push_back({base, 1});
  };
  enter(0);
  while (!stack.empty()) {
    Visit& visit = stack.back();
    if (visit.next == 256) {
      states[visit.base] = State::done;
      stack.pop_back();
      continue;
    }
    const uint32_t byte = visit.next++, at = visit.base ^ byte;
    if (at < units_.size() && label(units_[at]) == byte) enter(at);
  }
}

std::string_view Charsmap::result(uint32_t at) const {
  const std::string_view rest = std::string_view(results_).substr(at);
  return rest.substr(0, rest.find('\0'));
}

std::optional<std::string_view> Charsmap::find(std::string_view text) const {
  uint32_t base = offset(units_[0]);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const uint32_t at = base ^ byte;
    if (byte == 0 || at >= units_.size() || label(units_[at]) != byte) return std::nullopt;
    base = at ^ offset(units_[at]);
    if (has_leaf(units_[at])) return result(units_[base] & ~kLeaf);
  }
  return std::nullopt;
}

void Charsmap::apply(CodePoints& text) const {
  CodePoints out;
  out.reserve(text.size());
  std::string bytes;
  const auto replace = [&](uint32_t at) {
    const auto found = find(bytes);
    if (!found) return false;
    for (const CodePoint& c : unicode::decode(*found)) out.push_back({c.value, at});
    return true;
  };
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    end = unicode::cluster_end(text, begin);
    if (end - begin > 1) {
      bytes.clear();
      for (size_t i = begin; i < end && bytes.size() <= 5; ++i) append_utf8(bytes, text[i].value);
      if (bytes.size() <= 5 && replace(text[begin].at)) continue;
    }
    for (size_t i = begin; i < end; ++i) {
      bytes.clear();
      append_utf8(bytes, text[i].value);
      if (!replace(text[i].at)) out.push_back(text[i]);
    }
  }
  text = std::move(out);
}

}  // namespace roulade
