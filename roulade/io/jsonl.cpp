// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/jsonl.hpp"

#include "roulade/core/error.hpp"

#include <system_error>

namespace roulade {
namespace {

/// Calls see(line) on every complete line until it returns false; returns the bytes of the lines passed.
template <class See>
size_t each_line(std::string_view content, See see) {
  size_t begin = 0;
  while (true) {
    const size_t end = content.find('\n', begin);
    if (end == std::string_view::npos || !see(content.substr(begin, end - begin))) return begin;
    begin = end + 1;
  }
}

/// Puts the file back to `size` when a write fails half-way.
struct Undo {
  File& file;
  uint64_t size;
  bool armed = true;
  ~Undo() {
    if (!armed) return;
    try {
      file.truncate(size);
    } catch (const Error&) {  // the fault that brought us here is the one to report
    }
  }
};

}  // namespace

JsonLines::JsonLines(const std::filesystem::path& path) : file_(path, File::Open::append) {
  if (!file_.regular()) return;
  const std::string content = read_file(path);
  const size_t whole = each_line(content, [](std::string_view) { return true; });
  if (whole != content.size()) file_.truncate(whole);
}

void JsonLines::append(std::string_view line) {
  if (line.find('\n') != std::string_view::npos) fail(Code::usage, file_.path().string(), "newline within a line");
  std::string whole(line);
  whole += '\n';
  Undo undo{file_, file_.size(), file_.regular()};
  file_.write(whole);
  undo.armed = false;
}

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  each_line(read_file(path), [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  return lines;
}

int64_t cut_back(const std::filesystem::path& path, const std::function<bool(std::string_view)>& keep) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return 0;
  const std::string content = read_file(path);
  int64_t kept = 0;
  const size_t size = each_line(content, [&](std::string_view line) {
    if (!keep(line)) return false;
    ++kept;
    return true;
  });
  if (size == content.size()) return kept;
  File file(path, File::Open::append);
  file.truncate(size);
  file.sync();
  return kept;
}

}  // namespace roulade
