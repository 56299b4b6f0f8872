// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/lines.hpp"
#include "roulade/schedule/discrete.hpp"

#include <charconv>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

namespace roulade::schedule {
namespace {

struct Settings {
  Counting counting;
  std::string file;
  std::vector<double> betas;
  void bind(Binder& b) {
    b.add("file", file, {},
          "betas as text: one a line or separated by commas; '#' begins a comment, a first line of "
          "'beta' is a header");
    b.add("betas", betas, between(0, 1), "the betas themselves, instead of a file");
    counting.bind_shared(b);
  }
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

double parse_beta(std::string_view word, const std::string& where) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !(value >= 0 && value <= 1))
    fail(Code::input, where, "beta", "a number from 0 to 1", fmt::format("'{}'", word));
  return value;
}

std::vector<double> read_betas(const std::string& file) {
  std::ifstream in(file);
  if (!in) fail(Code::io, file, "cannot be read", "a text file of betas");
  std::vector<double> betas;
  std::string line;
  for (int64_t number = 1; std::getline(in, line); ++number) {
    const std::string where = fmt::format("{}:{}", file, number);
    std::string_view rest = line;
    if (number == 1) rest = without_mark(rest);
    rest = trimmed(rest.substr(0, rest.find('#')));
    if (rest.empty() || (number == 1 && rest == "beta")) continue;
    for (size_t comma = 0; comma != std::string_view::npos;) {
      comma = rest.find(',');
      betas.push_back(parse_beta(trimmed(rest.substr(0, comma)), where));
      if (comma != std::string_view::npos) rest.remove_prefix(comma + 1);
    }
  }
  if (in.bad()) fail(Code::io, file, "reading stopped half-way");
  if (betas.empty()) fail(Code::input, file, "no betas", "at least one number");
  return betas;
}

std::unique_ptr<const Schedule> construct(const Settings& s) {
  if (s.file.empty() == s.betas.empty())
    fail(Code::usage, "schedule table", "betas", "one of file and betas", s.file.empty() ? "neither" : "both");
  std::vector<double> betas = s.file.empty() ? s.betas : read_betas(s.file);
  if (s.counting.from_clean()) {
    if (betas.front() != 0)
      fail(Code::usage, "schedule table", "first beta when counted from clean data", "0, the clean state's",
           fmt::format("{}", betas.front()));
    betas.erase(betas.begin());
  }
  return discrete(betas, s.counting);
}

}  // namespace

Entry table() {
  Entry entry;
  entry.name = "table";
  entry.summary = "Discrete: betas from a file or a list; counted from clean data, the first is the clean state's 0";
  entry.source = "Ho et al. 2020, Denoising Diffusion Probabilistic Models, eq. 2";
  return with_settings<Entry, Settings>(entry, construct);
}

}  // namespace roulade::schedule
