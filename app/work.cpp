// SPDX-License-Identifier: Apache-2.0
#include "app/work.hpp"

#include "app/command_line.hpp"
#include "app/output.hpp"
#include "app/preview.hpp"
#include "app/signals.hpp"
#include "roulade/core/device.hpp"
#include "roulade/core/process.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include <sched.h>

namespace roulade::app {
namespace {

int cores_allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

/// What takes less than a second is not worth a line.
ProgressFn slow_alone(ProgressFn show) {
  if (!show) return {};
  return [show = std::move(show)](const Progress& p) {
    if (static_cast<double>(p.done) > p.rate) show(p);
  };
}

}  // namespace

void add_json(CLI::App& command, bool& json) {
  command.add_flag("--json", json, "print the result as one JSON object");
}

void add_set(CLI::App& command, std::vector<std::string>& set) {
  command.add_option("--set", set, "override a recipe key; may be repeated")
      ->option_text("TABLE.KEY=VALUE")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
}

void WorkOptions::add_to(CLI::App& command, const std::string& seed_help) {
  add_set(command, set);
  command.add_option("--seed", seed, seed_help)->option_text("N")->check(whole(0));
  command.add_option("--threads", threads, "default: all cores this process may use")
      ->option_text("N")
      ->check(whole(1, 1024));
  command.add_flag("-q,--quiet", quiet, "no progress and no messages");
  add_json(command, json);
}

void WorkOptions::add_sums(CLI::App& command) {
  CLI::Option* const as_written =
      command.add_flag("--exact", exact, "no faster method that rounds otherwise")->option_text(" ");
  add_convolutions(command)->excludes(as_written);
}

CLI::Option* WorkOptions::add_convolutions(CLI::App& command) {
  return command
      .add_option("--convolutions", convolutions,
                  "measured: by the method that is faster for\ntheir sizes here (default: rule)")
      ->option_text("rule|measured")
      ->check(CLI::IsMember({"rule", "measured"}));
}

void WorkOptions::add_device(CLI::App& command) {
  command.add_option("--device", device, "cpu (default); cuda says what is missing for a GPU")->option_text("NAME");
}

Work::Work(const WorkOptions& options)
    : options_(options),
      threads_(
          std::max(1, (options.threads > 0 ? static_cast<int>(options.threads) : cores_allowed()) / options.processes)),
      reading_(slow_alone(progress()), cancel_) {
  check_device(options.device);
  keep_memory();
  set_threads(threads_);
  set_exact(options.exact);
  set_measured_convolutions(options.convolutions == "measured");
  cancel_on_signal(cancel_, options.quiet);
}

ProgressFn Work::progress() {
  if (options_.quiet) return {};
  return [this](const Progress& progress) {
    if (cancel_.requested()) line_.interrupted();  // the signal's message stands below
    line_.show(progress);
  };
}

PreviewFn Work::preview(const std::optional<bool>& wanted) {
  if (options_.quiet || !draws_preview(wanted)) return {};
  return [this](const TrainPreview& preview) {
    if (cancel_.requested()) return;
    line_.picture([&](int columns, int rows) { return preview_lines(preview, columns, rows); });
  };
}

void Work::say(const std::string& line) {
  if (options_.quiet) return;
  line_.leave();
  std::fputs((line + "\n").c_str(), stderr);
}

void Work::finish(const Description& result) {
  line_.leave();
  print(result, options_.json);
}

int Work::stopped(const std::string& line) {
  say(line);
  return 128 + (caught_signal() == 0 ? SIGTERM : caught_signal());  // another process's
}

}  // namespace roulade::app
