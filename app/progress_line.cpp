// SPDX-License-Identifier: Apache-2.0
#include "app/progress_line.hpp"

#include "app/output.hpp"
#include "app/signals.hpp"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace roulade::app {
namespace {

constexpr std::chrono::seconds kPlainEvery{5};
constexpr int kMostRows = 19;  // of a picture with its heading: fits into 24 with a prompt

// One column stays free: a full line would make some terminals wrap.
std::string fitting(const std::string& text, int columns) {
  return text.substr(0, static_cast<size_t>(std::max(columns - 1, 0)));
}

// A signal's message comes after the text, never in the middle of a character or of a picture. Returns false, and
// writes nothing, where it is there already: the picture would be drawn over it.
bool write_whole(const std::string& text) {
  sigset_t signals, before;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  const bool writes = caught_signal() == 0;
  if (writes) {
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return writes;
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

const char* unit_of(const std::string& stage) {
  if (stage == "train" || stage == "judge" || stage == "try") return "steps";
  if (stage == "sample") return "samples";
  if (stage == "evaluate") return "pairs";
  if (stage == "read" || stage == "features" || stage == "encode") return "pictures";
  if (stage == "build") return "files";
  if (stage == "texts") return "texts";
  return "";
}

std::string rate_text(double rate, const std::string& unit) {
  if (rate >= 100) return fmt::format("{:.0f} {}/s", rate, unit);
  return fmt::format("{:.3g} {}/s", rate, unit);
}

}  // namespace

ProgressLine::ProgressLine() : width_(terminal_size(STDERR_FILENO).columns) {}

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
  width_ = terminal_size(STDERR_FILENO).columns;
  text_ = fitting(to_text(progress), width_);
  std::fprintf(stderr, "\r%s\033[K", text_.c_str());
  std::fflush(stderr);
  open_ = true;
  if (ends) leave();
}

void ProgressLine::picture(const Drawing& draw) {
  const TerminalSize size = terminal_size(STDERR_FILENO);
  if (size.columns < kPictureColumns || size.rows < kPictureRows) return;
  // A terminal of another width has broken the lines of the last picture anew: that one stays where it is.
  if (picture_rows_ > 0 && (size.columns != picture_width_ || picture_rows_ + 1 >= size.rows)) leave();
  const std::vector<std::string> lines = draw(size.columns - 1, std::min(kMostRows, size.rows - 3));
  std::string out = "\r";
  if (picture_rows_ > 0) out += fmt::format("\033[{}A", picture_rows_);
  for (const std::string& line : lines) out += line + "\033[K\n";
  out += fitting(text_, size.columns) + "\033[K";
  if (!write_whole(out)) return;
  picture_rows_ = static_cast<int>(lines.size());
  picture_width_ = size.columns;
  open_ = true;
}

void ProgressLine::leave() {
  if (open_) std::fputs("\n", stderr);
  open_ = false;
  picture_rows_ = 0;
}

}  // namespace roulade::app
