// SPDX-License-Identifier: Apache-2.0
#include "app/progress_line.hpp"

#include "app/output.hpp"

#include <cmath>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace roulade::app {
namespace {

constexpr std::chrono::seconds kPlainEvery{5};

std::string clock_text(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

const char* unit_of(const std::string& stage) {
  if (stage == "train") return "steps";
  if (stage == "sample") return "samples";
  if (stage == "evaluate") return "pairs";
  return "";
}

std::string rate_text(double rate, const std::string& unit) {
  if (rate >= 100) return fmt::format("{:.0f} {}/s", rate, unit);
  return fmt::format("{:.3g} {}/s", rate, unit);
}

}  // namespace

ProgressLine::ProgressLine() : width_(terminal_width(STDERR_FILENO)) {}

std::string to_text(const Progress& p) {
  const std::string total = std::to_string(p.total);
  std::string text = fmt::format("{:<8}  {:>{}}/{}", p.stage, p.done, total.size(), total);
  if (p.total > 0) text += fmt::format("  {:>3} %", 100 * p.done / p.total);
  if (!p.detail.empty()) text += "  " + p.detail;
  const std::string unit = unit_of(p.stage);
  if (p.rate > 0 && !unit.empty()) text += "  " + rate_text(p.rate, unit);
  if (p.left >= 0 && std::isfinite(p.left) && p.done < p.total) text += "  " + clock_text(p.left) + " left";
  return text;
}

void ProgressLine::show(const Progress& progress) {
  const auto now = std::chrono::steady_clock::now();
  const bool begins = progress.stage != stage_, ends = progress.done >= progress.total;
  if (begins) leave();
  stage_ = progress.stage;
  if (width_ == 0) {
    if (!begins && !ends && now - last_ < kPlainEvery) return;
    last_ = now;
    std::fputs((to_text(progress) + "\n").c_str(), stderr);
    return;
  }
  // One column stays free: a full line would make some terminals wrap.
  std::fprintf(stderr, "\r%s\033[K", to_text(progress).substr(0, static_cast<size_t>(width_ - 1)).c_str());
  std::fflush(stderr);
  open_ = true;
  if (ends) leave();
}

void ProgressLine::leave() {
  if (open_) std::fputs("\n", stderr);
  open_ = false;
}

}  // namespace roulade::app
