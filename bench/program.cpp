// SPDX-License-Identifier: Apache-2.0
// The program from start to exit, through the shell that popen starts (about 1 ms).
#include "case.hpp"

#include <cstdio>
#include <filesystem>
#include <string>

namespace roulade::bench {
namespace {

/// got = the exit status, or -1 when the output does not hold `part`.
Run program(const std::string& argument, const std::string& part) {
  const std::string path = ROULADE_BINARY_DIR "/bin/roulade";
  if (!std::filesystem::exists(path)) return {};
  return [command = "'" + path + "' " + argument, part]() -> Outcome {
    std::string output;
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return {-1, 0, 0, {}, {}};
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, n);
    const int status = pclose(pipe);
    return {output.find(part) == std::string::npos ? -1.0 : status, 0, 0, {}, {}};
  };
}

}  // namespace

Run program_help() { return program("--help", "demo"); }
Run program_version() { return program("--version", "roulade"); }

}  // namespace roulade::bench
