// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

/// An element as read by read_xml.
struct XmlElement {
  std::string name, text;  ///< text of its own, references resolved
  std::map<std::string, std::string> attributes;
  std::vector<XmlElement> children;

  /// Every element of that name below this one.
  std::vector<const XmlElement*> find(const std::string& name) const;
};

/// Reads one element and refuses what XML refuses: unbalanced tags, unquoted or repeated attributes, a bare & or <,
/// anything after the end. Throws std::runtime_error.
XmlElement read_xml(const std::string& text);

std::string from_base64(const std::string& text);
