// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/convolutions.hpp"

#include "roulade/core/process.hpp"
#include "roulade/run/step_cost.hpp"

#include <algorithm>
#include <sstream>

#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr const char* kWhere = "recipe.toml [made]";

ConvChoices choose(const TrainParts& parts, const std::vector<Maker>& makers, int64_t rows,
                   const std::function<void(const std::string&)>& warn) {
  if (makers.empty()) return measured_in([&] { measure_step(*parts.objective, parts, rows, 0); });
  if (measured_convolutions() && makers.back().convolutions.empty() && warn)
    warn("warning: none are measured: the run goes on with the methods of convolutions that it began with");
  return parse_convolutions(makers.back().convolutions, kWhere);
}

/// Rank 0's text.
std::string share(Ranks& ranks, const std::string& text) {
  const auto size = static_cast<int64_t>(ranks.all_gather(static_cast<double>(text.size())).front());
  if (size == 0) return "";
  const Tensor bytes = at::empty({size}, at::kByte);
  char* const data = reinterpret_cast<char*>(bytes.data_ptr<uint8_t>());
  if (ranks.rank() == 0) std::copy(text.begin(), text.end(), data);
  ranks.broadcast(std::vector<Tensor>{bytes});
  return {data, static_cast<size_t>(size)};
}

}  // namespace

ConvChoices agree_on_convolutions(Ranks& ranks, const TrainParts& parts, const std::vector<Maker>& makers,
                                  const std::function<void(const std::string&)>& warn) {
  const bool measures = measured_convolutions() || !makers.empty();
  ConvChoices out;
  if (ranks.rank() == 0 && measures)
    out = choose(parts, makers, std::max<int64_t>(1, parts.settings.batch / ranks.size()), warn);
  if (ranks.size() == 1) return out;
  std::istringstream text(share(ranks, fmt::format("{}", fmt::join(to_lines(out), "\n"))));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return parse_convolutions(lines, kWhere);
}

}  // namespace roulade
