// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/makers.hpp"

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace roulade {
namespace {

/// What the makers had one after another, repeats left out.
template <class T>
std::vector<T> successive(const std::vector<Maker>& makers, T Maker::*value) {
  std::vector<T> out;
  for (const Maker& maker : makers)
    if (out.empty() || out.back() != maker.*value) out.push_back(maker.*value);
  return out;
}

std::string warning_of(const RunFolder& folder, const std::string& before, const std::string& now) {
  return fmt::format(
      "warning: {} was trained {} so far, now {}: it will equal the uninterrupted training to rounding only",
      folder.root.string(), before, now);
}

/// The warning where they had other numbers of something that a step's sums depend on; empty where they had not.
std::string warning_of(const RunFolder& folder, const std::vector<Maker>& makers, int64_t Maker::*number,
                       const Maker& now, std::string_view noun, std::string_view plural) {
  const std::vector<int64_t> before = successive(makers, number);
  if (before == std::vector<int64_t>{now.*number}) return "";
  return warning_of(folder,
                    fmt::format("with {} {}{}", fmt::join(before, ", then "), noun, before.back() == 1 ? "" : plural),
                    fmt::format("with {}", now.*number));
}

/// The same for --exact.
std::string warning_of_sums(const RunFolder& folder, const std::vector<Maker>& makers, const Maker& now) {
  std::vector<std::string> before;
  for (const bool written : successive(makers, &Maker::exact)) before.emplace_back(written ? "with" : "without");
  if (before.size() == 1 && makers.back().exact == now.exact) return "";
  return warning_of(folder, fmt::format("{} --exact", fmt::join(before, ", then ")),
                    now.exact ? "with it" : "without it");
}

}  // namespace

std::vector<Maker> makers_until(const RunFolder& folder, int64_t step) {
  std::vector<Maker> makers = read_makers(folder);
  std::erase_if(makers, [&](const Maker& maker) { return maker.from_step >= step; });
  return makers;
}

std::optional<PrecisionChoice> recorded_precision(const RunFolder& folder) {
  for (const Maker& maker : read_makers(folder))
    if (!maker.precision.precision.empty()) return maker.precision;
  return std::nullopt;
}

std::vector<std::string> warnings_of_makers(const RunFolder& folder, const std::vector<Maker>& makers, const Maker& now,
                                            const TrainParts& parts) {
  std::vector<std::string> out;
  if (makers.empty()) return out;
  const auto add = [&](std::string line) {
    if (!line.empty()) out.push_back(std::move(line));
  };
  // A step's sum depends on the processes; by autograd also on the threads, fused it does not. Muon's products are
  // --exact's affair in either.
  const bool fused = parts.objective->feeds_all_threads();
  add(warning_of(folder, makers, &Maker::processes, now, "process", "es"));
  if (out.empty() && !fused) add(warning_of(folder, makers, &Maker::threads, now, "thread", "s"));
  if (!fused || parts.settings.optimiser.optimiser == "muon") add(warning_of_sums(folder, makers, now));
  return out;
}

}  // namespace roulade
