// SPDX-License-Identifier: Apache-2.0
// Runs the cases of list.hpp and writes a JSON line for each; exit code 1 when a result is wrong.
#include "case.hpp"
#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/run/machine_probe.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade::bench {
namespace {

struct Case {
  const char* name;
  Run (*prepare)();
};

constexpr Case kCases[] = {
#define ADD(name) {#name, name},
#include "list.hpp"
#undef ADD
};

constexpr auto kUsage =
    "roulade_bench [--filter NAME] [--repeats N] [--threads N]\n"
    "  --filter NAME   only the cases whose name holds NAME\n"
    "  --repeats N     timed runs of each case, after one that is not (default 5)\n"
    "  --threads N     threads (default: all cores)\n"
    "A JSON line for each case: s = median, min = least seconds of n runs.\n";

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Operations a second of a product of two 1024 x 1024 matrices: what the machine gives at this moment.
double matrix_rate() { return 2.0 * 1024 * 1024 * 1024 / machine_probe(); }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// False when a result was wrong.
bool measure(const Case& c, int repeats) {
  const Run run = c.prepare();
  nlohmann::ordered_json line = {{"case", c.name}};
  if (!run) {
    line["skipped"] = "not built";
    fmt::print("{}\n", line.dump());
    return true;
  }
  std::vector<double> seconds, peer_seconds, rates, shares;
  bool ok = true;
  Outcome worst;
  for (int i = 0; i <= repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const Outcome outcome = run();
    const double took = since(start);
    if (i > 0) seconds.push_back(outcome.seconds.value_or(took));
    if (i > 0 && outcome.peer_seconds) peer_seconds.push_back(*outcome.peer_seconds);
    if (i > 0 && outcome.operations) {
      rates.push_back(*outcome.operations / seconds.back());
      shares.push_back(rates.back() / matrix_rate());
    }
    if (ok) worst = outcome;
    ok = ok && outcome.got >= outcome.low && outcome.got <= outcome.high;  // NaN is wrong
  }
  line["s"] = median(seconds);
  line["min"] = *std::min_element(seconds.begin(), seconds.end());
  line["n"] = repeats;
  line["threads"] = threads();
  if (!rates.empty()) {
    line["gflops"] = median(rates) / 1e9;
    line["share_of_matrix_product"] = median(shares);
  }
  if (!peer_seconds.empty()) {
    const std::string peer = worst.peer;
    line[peer + "_s"] = median(peer_seconds);
    line[peer + "_ratio"] = median(peer_seconds) / median(seconds);
  }
  line["peak_mib"] = peak_memory() >> 20;  // of the process, other cases before this one included
  line["ok"] = ok;
  line["got"] = worst.got;
  line["expected"] = {worst.low, worst.high};
  fmt::print("{}\n", line.dump());
  std::fflush(stdout);
  return ok;
}

int number(const char* text) {
  int value = 0;
  const char* end = text + std::char_traits<char>::length(text);
  const auto [at, error] = std::from_chars(text, end, value);
  return error == std::errc() && at == end ? value : 0;
}

int run(int count, char** words) {
  std::string filter;
  int repeats = 5;
  for (int i = 1; i < count; i += 2) {
    const std::string key = words[i];
    const char* value = i + 1 < count ? words[i + 1] : "";
    if (key == "--filter" && *value) {
      filter = value;
    } else if (key == "--repeats" && number(value) > 0) {
      repeats = number(value);
    } else if (key == "--threads" && number(value) > 0) {
      set_threads(number(value));
    } else {
      fmt::print(key == "--help" ? stdout : stderr, "{}", kUsage);
      return key == "--help" ? 0 : 2;
    }
  }
  keep_memory();  // as the program does
  bool ok = true, any = false;
  for (const Case& c : kCases) {
    if (std::string(c.name).find(filter) == std::string::npos) continue;
    any = true;
    ok = measure(c, repeats) && ok;
  }
  if (!any) fmt::print(stderr, "no case's name holds '{}'\n", filter);
  return !any ? 2 : ok ? 0 : 1;
}

}  // namespace
}  // namespace roulade::bench

int main(int count, char** words) {
  try {
    return roulade::bench::run(count, words);
  } catch (const roulade::Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return static_cast<int>(e.code());
  }
}
