// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// What kind of fault it is. The number is the exit code of the program.
enum class Code {
  usage = 2,      ///< an argument, a recipe key, a name or a shape that the caller chose
  input = 3,      ///< data or a file's content
  numeric = 4,    ///< NaN, infinity or divergence
  device = 5,     ///< memory or accelerator
  io = 6,         ///< disk full, permission, missing file
  internal = 70,  ///< a fault of this library
  stopped = 130,  ///< no fault: a cancel came before there was anything to give back (WatchedReading)
};

/// The only exception type of the library. what() is one sentence: `[where] what: expected ..., got ...`.
class Error : public std::runtime_error {
 public:
  Error(Code code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
  Code code() const noexcept { return code_; }

 private:
  Code code_;
};

/// Throws Error(code, "[where] what: expected E, got G"); an empty E or G is left out.
[[noreturn]] void fail(Code code, std::string_view where, std::string_view what, std::string_view expected = "",
                       std::string_view got = "");

/// Throws Error(usage, "[where] unknown noun 'got': did you mean 'x'? known: a, b, c").
[[noreturn]] void fail_unknown(std::string_view where, std::string_view noun, std::string_view got,
                               const std::vector<std::string>& known);

/// The member of `known` with the smallest edit distance to `name`; empty if none is near (more than a third of its
/// length away).
std::string nearest(std::string_view name, const std::vector<std::string>& known);

}  // namespace roulade
