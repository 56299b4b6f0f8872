// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/compare.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/eval/metric.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/file.hpp"
#include "roulade/run/compare_page.hpp"
#include "roulade/run/contender.hpp"
#include "roulade/run/figure_meanings.hpp"
#include "roulade/run/page_words.hpp"
#include "roulade/run/run_texts.hpp"
#include "roulade/run/weak.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// "model.condition=concat,modulation": a key and its values, or one value of none. The values name folders.
struct Varied {
  std::string key;
  std::vector<std::string> values{""};
};
Varied varied_of(const std::string& text) {
  if (text.empty()) return {};
  Varied out{text.substr(0, text.find('=')), {}};
  std::istringstream in(out.key.size() < text.size() ? text.substr(out.key.size() + 1) : "");
  for (std::string value; std::getline(in, value, ',');) out.values.push_back(value);
  const auto bad = [](const std::string& value) {
    const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; };
    return value.empty() || value.front() == '.' || !std::all_of(value.begin(), value.end(), plain);
  };
  if (out.values.empty() || std::any_of(out.values.begin(), out.values.end(), bad))
    fail(Code::usage, "compare", "what varies", "table.key=A,B with values of letters, digits, _, - and .", text);
  return out;
}

/// Told before anything is trained.
void check_judges(const Contender& c) {
  if (!c.by.any() && c.texts > 0)
    fail(Code::usage, "compare", "what is judged on these texts", "judges, or features and an encoder", "none");
  if (!c.by.any()) return;
  if (std::get<std::string>(c.recipe.tables.at("text").at("kind").value) == TextSettings::kNone)
    fail(Code::usage, "compare", "judges of obedience", "recipes whose network reads texts ([text])", c.name);
  std::error_code none;
  c.by.check();
  if (!c.by.judges.empty() && !fs::is_directory(c.by.judges, none))
    fail(Code::io, c.by.judges.string(), "no such folder of judges");
  for (const fs::path& named : {c.by.features, c.by.encoder})
    if (!named.empty() && !fs::exists(named, none))
      fail(Code::io, named.string(), "no such file or folder to judge by");
}

/// Throws Error(usage) where a training would not keep the checkpoint that its samples need.
void check_steps(const Contender& c) {
  try {
    check_kept_steps(resolve(c.recipe));
  } catch (const Error& e) {
    fail(e.code(), "compare " + c.name, e.what());
  }
}

std::vector<Contender> read_contenders(const CompareRequest& request) {
  std::vector<Contender> out;
  std::set<std::string> names;
  const Varied varied = varied_of(request.vary);
  for (const std::string& name : request.recipes) {
    Recipe recipe = find_recipe(name, "compare");
    for (const std::string& assignment : request.set) set_key(recipe, assignment);
    const std::string stem = fs::path(name).stem().string();
    for (const std::string& value : varied.values) {
      Recipe one = recipe;
      if (!varied.key.empty()) set_key(one, varied.key + "=" + value);
      const std::string called = varied.key.empty() ? stem : request.recipes.size() == 1 ? value : stem + "-" + value;
      out.push_back({called, resolve(one), 0, request.by, request.texts});
      if (!names.insert(called).second) fail(Code::usage, "compare", "recipes of one name", "different names", called);
    }
  }
  if (out.empty()) fail(Code::usage, "compare", "no recipe", "one or more");
  for (const Contender& c : out) {
    check_judges(c);
    check_rules(c, request.failures);
    check_steps(c);
  }
  return out;
}

/// What makes two comparisons one: everything but the seeds and the steps that were measured.
Json signature(const CompareRequest& request, const std::vector<Contender>& contenders) {
  Json rules = Json::array(), recipes = Json::array();
  for (const FailureRule& rule : request.failures) rules.push_back(rule.text());
  for (const Contender& c : contenders) recipes.push_back({{"name", c.name}, {"recipe", to_toml(c.recipe)}});
  Json out = {{"seconds", request.seconds}, {"threads", threads()}, {"failed_if", rules}, {"recipes", recipes}};
  const auto note = [&out](const char* key, const fs::path& path) {
    if (!path.empty()) out[key] = fs::absolute(path).lexically_normal().string();
  };
  note("judges", request.by.judges);
  note("features", request.by.features);
  note("encoder", request.by.encoder);
  if (request.texts > 0) out["texts"] = request.texts;
  return out;
}

/// What OUT/plan.json holds. Throws Error(input) naming the file where that is damaged.
struct Plan {
  Json signature;
  std::vector<double> step_seconds;  ///< of each recipe, where they are timed
};
Plan read_plan(const fs::path& file, size_t timed) {
  Plan plan;
  try {
    const Json json = Json::parse(read_file(file, 1 << 24));
    plan.signature = json.at("signature");
    for (size_t i = 0; i < timed; ++i) plan.step_seconds.push_back(json.at("step_seconds").at(i).get<double>());
  } catch (const Json::exception& e) {
    fail(Code::input, file.string(), fmt::format("damaged ({}); begin again in another folder", e.what()));
  }
  for (const double seconds : plan.step_seconds)
    if (!(seconds > 0))
      fail(Code::input, file.string(), "damaged: seconds of a step", "above 0", fmt::format("{}", seconds));
  return plan;
}

/// Fixes the steps of every recipe: those of OUT/plan.json, or else measured now and written there.
void fix_plan(const CompareRequest& request, std::vector<Contender>& contenders) {
  const fs::path file = request.out / "plan.json";
  const Json wanted = signature(request, contenders);
  Plan plan;
  if (fs::exists(file)) {
    plan = read_plan(file, request.seconds > 0 ? contenders.size() : 0);
    if (plan.signature != wanted)
      fail(Code::usage, request.out.string(), "this folder holds another comparison",
           "the same recipes, overrides, seconds, threads and rules, or another --out");
  } else {
    if (fs::exists(request.out) && !fs::is_empty(request.out))
      fail(Code::usage, request.out.string(), "this exists and is no comparison", "a new or empty folder");
    Json json = {{"format", 1}, {"signature", wanted}};
    if (request.seconds > 0) json["step_seconds"] = plan.step_seconds = measure_steps(contenders);
    std::error_code error;
    fs::create_directories(request.out, error);
    if (error) fail(Code::io, request.out.string(), fmt::format("cannot make this folder: {}", error.message()));
    write_file_atomically(file, json.dump(2) + "\n");
  }
  if (request.seconds <= 0) return;
  for (size_t i = 0; i < contenders.size(); ++i) {
    Contender& c = contenders[i];
    c.step_seconds = plan.step_seconds[i];
    set_key(c.recipe, fmt::format("train.steps={}", steps_in(request.seconds, c.step_seconds)));
    check_steps(c);
  }
}

/// The recipes as they were named, and what makes contenders of them.
std::string command_of(const CompareRequest& request) {
  std::string out = "roulade compare";
  for (const std::string& name : request.recipes) out += " " + shell_word(fs::path(name).stem().string() + ".toml");
  if (!request.vary.empty()) out += " --vary " + shell_word(request.vary);
  const auto add = [&out](const char* option, const fs::path& path) {
    if (!path.empty()) out += fmt::format(" {} {}", option, shell_word(path_from_here(path)));
  };
  add("--judges", request.by.judges);
  add("--features", request.by.features);
  add("--encoder", request.by.encoder);
  if (request.texts > 0) out += fmt::format(" --texts {}", request.texts);
  if (!request.vary.empty())  // the page's recipes hold them, but what varies is made from the one that was named
    for (const std::string& assignment : request.set) {
      const size_t value = assignment.find('=') + 1;
      out += " --set " +
             shell_word(toml_from_here(assignment.substr(0, value) + path_from_here(assignment.substr(value))));
    }
  return out;
}

}  // namespace

std::string FailureRule::text() const { return fmt::format("{}{}{}", figure, above ? ">" : "<", limit); }

FailureRule parse_failure_rule(const std::string& text) {
  const size_t at = text.find_first_of("<>");
  FailureRule rule;
  const char* end = text.data() + text.size();
  if (at == std::string::npos || std::from_chars(text.data() + at + 1, end, rule.limit).ptr != end ||
      at + 1 == text.size())
    fail(Code::usage, "failed if", "rule", "FIGURE<NUMBER or FIGURE>NUMBER", text);
  rule.figure = text.substr(0, at);
  rule.above = text[at] == '>';
  std::vector<std::string> known;
  for (const MetricEntry& entry : eval::registry().entries())
    known.insert(known.end(), entry.figures.begin(), entry.figures.end());
  const auto is_of = [&](const std::string& name) { return is_figure_of(rule.figure, name); };
  if (std::none_of(known.begin(), known.end(), is_of) && meaning_of(rule.figure) == nullptr &&
      !rule.figure.starts_with(kObeyed))
    fail_unknown("failed if", "figure", rule.figure, known);
  return rule;
}

CompareResult run_comparison(const CompareRequest& request) {
  if (request.seeds < 1) fail(Code::usage, "compare", "seeds", "at least 1", fmt::format("{}", request.seeds));
  std::vector<Contender> contenders = read_contenders(request);
  fix_plan(request, contenders);
  Comparison comparison{contenders,         {}, request.first_seed, request.seeds, request.seconds, request.failures,
                        command_of(request)};
  comparison.outcomes.resize(contenders.size());
  CompareResult result;
  for (int64_t seed = request.first_seed; seed < request.first_seed + request.seeds; ++seed)
    for (size_t i = 0; i < contenders.size(); ++i) {
      const fs::path folder = run_folder_of(request.out, contenders[i], seed);
      const fs::path record = folder.string() + ".json";
      if (!fs::exists(record)) {
        const auto outcome =
            run_contender(contenders[i], seed, folder, request.failures, request.progress, request.cancel, request.say);
        if (!outcome) {
          result.finished = false;
          return result;
        }
        write_file_atomically(record, to_json(*outcome));
        if (request.say)
          request.say(fmt::format("{} seed {}: {}", contenders[i].name, seed,
                                  outcome->failed.empty() ? "done" : "failed, " + outcome->failed));
      }
      comparison.outcomes[i].push_back(read_outcome(record));
    }
  result.description = describe(comparison);
  const fs::path page = write_page(comparison, request.out).front();
  result.description.facts.insert(result.description.facts.begin(), {"page", page.string(), ""});
  return result;
}

}  // namespace roulade
