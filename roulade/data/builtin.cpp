// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/builtin.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/file.hpp"

#include <vector>

namespace roulade {

bool is_builtin(const std::string& file) { return file.starts_with(kBuiltin); }

std::string read_content(const std::string& file, uint64_t limit) {
  if (!is_builtin(file)) return read_file(file, limit);
  const std::string name = file.substr(kBuiltin.size());
  const auto found = builtin_files().find(name);
  if (found != builtin_files().end()) return std::string(found->second);
  std::vector<std::string> names;
  for (const auto& [known, content] : builtin_files()) names.push_back(known);
  fail_unknown(file, "built-in file", name, names);
}

}  // namespace roulade
