// SPDX-License-Identifier: Apache-2.0
#include "xml_reader.hpp"

#include <cctype>
#include <stdexcept>

namespace {

class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  XmlElement document() {
    XmlElement root = element();
    space();
    if (place_ != text_.size()) refuse("text after the end");
    return root;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw std::runtime_error(what + " at " + std::to_string(place_) + ": " + text_.substr(place_, 40));
  }
  char peek() const { return place_ < text_.size() ? text_[place_] : '\0'; }
  void space() {
    while (std::isspace(static_cast<unsigned char>(peek()))) ++place_;
  }
  void expect(const std::string& what) {
    if (text_.compare(place_, what.size(), what) != 0) refuse("expected " + what);
    place_ += what.size();
  }
  std::string word() {
    std::string out;
    while (std::isalnum(static_cast<unsigned char>(peek())) || peek() == '-' || peek() == ':' || peek() == '_')
      out += text_[place_++];
    if (out.empty()) refuse("expected a name");
    return out;
  }
  std::string character() {
    const char c = text_[place_];
    if (c != '&') return {text_[place_++]};
    const std::pair<const char*, const char*> known[] = {
        {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}};
    for (const auto& [code, plain] : known)
      if (text_.compare(place_, std::string(code).size(), code) == 0) {
        place_ += std::string(code).size();
        return plain;
      }
    refuse("unknown reference");
  }

  XmlElement element() {
    XmlElement e;
    expect("<");
    e.name = word();
    for (;;) {
      const size_t before = place_;
      space();
      if (peek() == '/') {
        expect("/>");
        return e;
      }
      if (peek() == '>') break;
      if (place_ == before) refuse("expected a space");
      const std::string key = word();
      expect("=\"");
      std::string value;
      while (peek() != '"') {
        if (peek() == '<' || peek() == '\0') refuse("bad attribute");
        value += character();
      }
      expect("\"");
      if (!e.attributes.emplace(key, value).second) refuse("repeated attribute " + key);
    }
    expect(">");
    while (text_.compare(place_, 2, "</") != 0) {
      if (peek() == '\0') refuse("no end of " + e.name);
      if (peek() == '<')
        e.children.push_back(element());
      else
        e.text += character();
    }
    expect("</" + e.name + ">");
    return e;
  }

  const std::string& text_;
  size_t place_ = 0;
};

}  // namespace

std::vector<const XmlElement*> XmlElement::find(const std::string& wanted) const {
  std::vector<const XmlElement*> out;
  for (const XmlElement& child : children) {
    if (child.name == wanted) out.push_back(&child);
    for (const XmlElement* deeper : child.find(wanted)) out.push_back(deeper);
  }
  return out;
}

XmlElement read_xml(const std::string& text) { return Reader(text).document(); }

std::string from_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned word = 0;
  int bits = 0;
  for (char c : text) {
    if (c == '=') break;
    const size_t digit = digits.find(c);
    if (digit == std::string::npos) throw std::runtime_error("not base64");
    word = word << 6 | static_cast<unsigned>(digit);
    bits += 6;
    if (bits >= 8) out += static_cast<char>(word >> (bits -= 8) & 0xFF);
  }
  return out;
}
