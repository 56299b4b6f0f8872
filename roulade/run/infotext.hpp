// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roulade {

/// The PNG keyword under which AUTOMATIC1111's web UI, and others after it, write how a picture was made.
inline constexpr const char* kInfotextKeyword = "parameters";

/// What that text says: "a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1".
struct Infotext {
  std::string prompt, negative_prompt;                          ///< of one or more lines
  std::vector<std::pair<std::string, std::string>> parameters;  ///< "Steps", "20"; in order
  bool operator==(const Infotext&) const = default;

  void add(std::string name, std::string value) { parameters.emplace_back(std::move(name), std::move(value)); }
  const std::string* find(std::string_view name) const;  ///< null where it does not say
};

/// The text. Values that hold a comma, a colon or a line's end, that begin with a quotation mark or that spaces
/// surround become JSON strings, empty ones are left out. What the form cannot keep is lost: spaces at the ends of a
/// prompt's lines, and where the prompt ends when a line of it begins with "Negative prompt:"; a reader sees parameters
/// only where there are three or more.
/// Source: AUTOMATIC1111's stable-diffusion-webui 1.10.1, modules/infotext_utils.py and modules/processing.py.
std::string to_text(const Infotext& infotext);

/// Reads it as the web UI does. A text without a last line of parameters is a prompt alone. Letters beyond ASCII count
/// as letters, spaces beyond ASCII as none.   text: UTF-8.
Infotext parse_infotext(std::string_view text);

}  // namespace roulade
