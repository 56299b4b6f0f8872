// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/pickle.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <unordered_map>

#include <fmt/format.h>

namespace roulade {
namespace {

using Kind = Pickle::Kind;
using Ref = Pickle::Ref;
using Object = Pickle::Object;
static_assert(std::endian::native == std::endian::little, "numbers are read as the machine holds them");

constexpr size_t kMostObjects = size_t{1} << 22;
constexpr size_t kMostItems = size_t{1} << 24;  // of objects as they are made: a short call may copy a long tuple
constexpr size_t kLongestName = 200;            // of a global's module or name
constexpr std::string_view kOrderedDict = "collections.OrderedDict", kTensor = "torch._utils._rebuild_tensor_v2",
                           kParameter = "torch._utils._rebuild_parameter";
constexpr std::array<std::string_view, 11> kStorages = {
    "torch.FloatStorage", "torch.DoubleStorage", "torch.HalfStorage",   "torch.BFloat16Storage",
    "torch.LongStorage",  "torch.IntStorage",    "torch.ShortStorage",  "torch.CharStorage",
    "torch.ByteStorage",  "torch.BoolStorage",   "torch.UntypedStorage"};

/// The stack machine of one pickle.
class Machine {
 public:
  Machine(std::string_view file, size_t at, const std::string& where) : file_(file), at_(at), where_(where) {}

  Pickle run() {
    if (byte() != 0x80) refuse("not a pickle of protocol 2");
    if (const int protocol = byte(); protocol != 2)
      fail(Code::input, where_, "protocol of the pickle", "2", fmt::format("{}", protocol));
    for (;;) {
      begin_ = at_;
      const int opcode = byte();
      if (opcode == '.') break;
      step(opcode);
    }
    out_.root = pop();
    return std::move(out_);
  }

  size_t at() const { return at_; }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    fail(Code::input, where_, fmt::format("damaged: {} at byte {} of the pickle", what, begin_));
  }

  std::string_view take(uint64_t count) {
    if (count > file_.size() - at_) refuse("cut short");
    const std::string_view out = file_.substr(at_, count);
    at_ += count;
    return out;
  }

  int byte() { return static_cast<unsigned char>(take(1)[0]); }

  template <class Number>
  Number number() {
    Number out;
    std::memcpy(&out, take(sizeof out).data(), sizeof out);
    return out;
  }

  Ref add(Object object) {
    if (out_.objects.size() >= kMostObjects) refuse("too many objects");
    items_ += object.items.size();
    if (items_ > kMostItems) refuse("too many items");
    out_.objects.push_back(std::move(object));
    return static_cast<Ref>(out_.objects.size() - 1);
  }

  void push(Object object) { stack_.push_back(add(std::move(object))); }
  void push_integer(int64_t value) { push({.kind = Kind::integer, .integer = value}); }
  void push_text(uint64_t size) { push({.kind = Kind::text, .text = std::string(take(size))}); }

  /// What may be taken lies above the last mark.
  Ref pop() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) refuse("an empty stack");
    const Ref out = stack_.back();
    stack_.pop_back();
    return out;
  }

  std::vector<Ref> pop_many(size_t count) {
    std::vector<Ref> out(count);
    for (size_t i = count; i-- > 0;) out[i] = pop();
    return out;
  }

  std::vector<Ref> pop_to_mark() {
    if (marks_.empty()) refuse("no mark on the stack");
    std::vector<Ref> out(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return out;
  }

  Object& top(Kind kind) {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) refuse("an empty stack");
    Object& out = out_.objects[stack_.back()];
    if (out.kind != kind) refuse(fmt::format("{} in place of {}", to_text(out.kind), to_text(kind)));
    return out;
  }

  void extend(Kind kind, const std::vector<Ref>& items) {
    if (kind == Kind::dict && items.size() % 2 != 0) refuse("a key without a value");
    Object& to = top(kind);
    to.items.insert(to.items.end(), items.begin(), items.end());
  }

  void step(int opcode) {
    switch (opcode) {
      case '(':
        return marks_.push_back(stack_.size());
      case '}':
        return push({.kind = Kind::dict});
      case ']':
        return push({.kind = Kind::list});
      case ')':
        return push({.kind = Kind::tuple});
      case 'N':
        return push({});
      case 0x88:
      case 0x89:
        return push({.kind = Kind::boolean, .integer = opcode == 0x88 ? 1 : 0});
      case 'K':
        return push_integer(number<uint8_t>());
      case 'M':
        return push_integer(number<uint16_t>());
      case 'J':
        return push_integer(number<int32_t>());
      case 0x8a:
        return push_integer(long_integer());
      case 'G':
        return push({.kind = Kind::real, .real = std::bit_cast<double>(__builtin_bswap64(number<uint64_t>()))});
      case 'X':
      case 'T':
        return push_text(number<uint32_t>());
      case 'U':
        return push_text(number<uint8_t>());
      case 't':
        return push({.kind = Kind::tuple, .items = pop_to_mark()});
      case 0x85:
      case 0x86:
      case 0x87:
        return push({.kind = Kind::tuple, .items = pop_many(static_cast<size_t>(opcode - 0x84))});
      case 's':
        return extend(Kind::dict, pop_many(2));
      case 'u':
        return extend(Kind::dict, pop_to_mark());
      case 'a':
        return extend(Kind::list, pop_many(1));
      case 'e':
        return extend(Kind::list, pop_to_mark());
      case 'q':
        return put(number<uint8_t>());
      case 'r':
        return put(number<uint32_t>());
      case 'h':
        return get(number<uint8_t>());
      case 'j':
        return get(number<uint32_t>());
      case 'c':
        return global();
      case 'R':
        return reduce();
      case 'b':
        return build();
      case 'Q':
        return persistent();
      default:
        refuse(fmt::format("opcode {:#04x}, which weights do not need,", opcode));
    }
  }

  /// At most 8 bytes, the lowest first, the last of which bears the sign.
  int64_t long_integer() {
    const std::string_view digits = take(number<uint8_t>());
    if (digits.size() > 8) refuse("a whole number of more than 64 bits");
    uint64_t out = !digits.empty() && (digits.back() & 0x80) != 0 ? ~uint64_t{0} : 0;
    for (size_t i = digits.size(); i-- > 0;) out = out << 8 | static_cast<unsigned char>(digits[i]);
    return static_cast<int64_t>(out);
  }

  void put(uint32_t name) {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) refuse("an empty stack");
    memo_[name] = stack_.back();
  }

  void get(uint32_t name) {
    const auto it = memo_.find(name);
    if (it == memo_.end()) refuse("a memo that was not written");
    stack_.push_back(it->second);
  }

  std::string line() {
    const size_t end = file_.substr(at_, kLongestName + 1).find('\n');
    if (end == std::string_view::npos) refuse("a global without an end");
    std::string out(take(end));
    take(1);
    return out;
  }

  void global() {
    const std::string module = line();
    std::string name = module + "." + line();
    const bool storage = std::find(kStorages.begin(), kStorages.end(), name) != kStorages.end();
    if (!storage && name != kOrderedDict && name != kTensor && name != kParameter)
      fail(Code::input, where_, "a global that weights do not need, and that is not run", "",
           fmt::format("'{}'", printable(name)));
    push({.kind = Kind::global, .text = std::move(name)});
  }

  static std::string printable(const std::string& name) {
    std::string out;
    for (const char c : name) out += c >= ' ' && c <= '~' ? c : '?';
    return out;
  }

  void reduce() {
    const std::vector<Ref> arguments = top(Kind::tuple).items;
    pop();
    const std::string name = top(Kind::global).text;
    pop();
    if (name == kOrderedDict) {
      push({.kind = Kind::dict, .items = pairs(arguments)});
    } else if (name == kTensor) {
      push({.kind = Kind::tensor, .items = arguments});
    } else if (name == kParameter && !arguments.empty() && out_[arguments[0]].kind == Kind::tensor) {
      stack_.push_back(arguments[0]);
    } else {
      refuse(fmt::format("a call of {}", name));
    }
  }

  /// OrderedDict() or OrderedDict([[key, value], ...]), as Python 2 wrote it.
  std::vector<Ref> pairs(const std::vector<Ref>& arguments) const {
    if (arguments.empty()) return {};
    const Object& list = out_[arguments[0]];
    if (arguments.size() != 1 || list.kind != Kind::list) refuse("arguments of OrderedDict");
    std::vector<Ref> out;
    for (const Ref item : list.items) {
      const Object& pair = out_[item];
      if ((pair.kind != Kind::list && pair.kind != Kind::tuple) || pair.items.size() != 2)
        refuse("arguments of OrderedDict");
      out.insert(out.end(), pair.items.begin(), pair.items.end());
    }
    return out;
  }

  /// A state dict's attributes: the versions of its modules.
  void build() {
    top(Kind::dict);
    pop();
    top(Kind::dict);
  }

  void persistent() {
    std::vector<Ref> items = top(Kind::tuple).items;
    pop();
    push({.kind = Kind::storage, .items = std::move(items)});
  }

  std::string_view file_;
  size_t at_, begin_ = 0;
  const std::string& where_;
  Pickle out_;
  std::vector<Ref> stack_;
  std::vector<size_t> marks_;  ///< heights of the stack
  size_t items_ = 0;
  std::unordered_map<uint32_t, Ref> memo_;
};

}  // namespace

std::string_view to_text(Pickle::Kind kind) {
  constexpr std::array<std::string_view, 11> kNames = {"None",     "a flag",    "a whole number", "a number",
                                                       "a text",   "a tuple",   "a list",         "a dictionary",
                                                       "a global", "a storage", "a tensor"};
  return kNames[static_cast<size_t>(kind)];
}

Pickle parse_pickle(std::string_view file, size_t& at, const std::string& where) {
  Machine machine(file, at, where);
  Pickle out = machine.run();
  at = machine.at();
  return out;
}

}  // namespace roulade
