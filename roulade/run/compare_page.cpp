// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/compare_page.hpp"

#include "roulade/core/process.hpp"
#include "roulade/core/version.hpp"
#include "roulade/eval/metric.hpp"
#include "roulade/report/contest.hpp"
#include "roulade/run/figure_meanings.hpp"
#include "roulade/run/page_words.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/report_prompts.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kShown = 4000;  ///< points of a panel

ReportFigure::Aim aim_of(const std::string& figure) {
  const FigureMeaning* meaning = meaning_of(figure);
  return meaning != nullptr ? meaning->aim : ReportFigure::Aim::lower;
}

/// Seeds (as indices) whose training gave figures, the one nearest to fresh data (their median) first; without such
/// data the least, or the greatest where more is better.
std::vector<size_t> ranked(const std::vector<Outcome>& outcomes, const std::string& figure) {
  std::vector<size_t> order;
  std::vector<double> real;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].figures.count(figure)) order.push_back(i);
    if (outcomes[i].real_data.count(figure)) real.push_back(outcomes[i].real_data.at(figure));
  }
  const bool more = real.empty() && aim_of(figure) == ReportFigure::Aim::higher;
  const double aim = real.empty() ? 0 : median_of(std::move(real));
  const auto distance = [&](size_t i) {
    const double value = outcomes[i].figures.at(figure);
    return more ? -value : std::abs(value - aim);
  };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return distance(a) < distance(b); });
  return order;
}

Cell median(std::vector<double> values) {
  if (values.empty()) return {};
  return median_of(std::move(values));
}

template <class Get>
Cell median_over(const std::vector<Outcome>& outcomes, Get get) {
  std::vector<double> values;
  for (const Outcome& o : outcomes)
    if (!o.figures.empty()) values.push_back(static_cast<double>(get(o)));
  return median(std::move(values));
}

/// The names of the figures, in the order of the metrics' list where it says so.
std::vector<std::string> figures_of(const Comparison& c) {
  std::vector<std::string> names;
  for (const MetricEntry& entry : eval::registry().entries())
    for (const std::string& figure : entry.figures)
      if (std::any_of(c.outcomes.begin(), c.outcomes.end(), [&](const std::vector<Outcome>& of) {
            return std::any_of(of.begin(), of.end(), [&](const Outcome& o) { return o.figures.count(figure) > 0; });
          }))
        names.push_back(figure);
  // On features, of obedience, of reconstructions; not those that want a value that no real data tell.
  for (const auto& of : c.outcomes)
    for (const Outcome& o : of)
      for (const auto& [figure, value] : o.figures)
        if ((aim_of(figure) != ReportFigure::Aim::floor || o.real_data.count(figure) > 0) &&
            std::find(names.begin(), names.end(), figure) == names.end())
          names.push_back(figure);
  return names;
}

/// Of a training step: all of the training by its steps, which must be some.
double step_ms(const Outcome& o) { return 1e3 * o.train_seconds / static_cast<double>(o.steps); }

Sheet recipe_sheet(const Comparison& c) {
  Sheet sheet{"recipes",
              {"recipe", "failed", "runs", "parameters", "steps", "training_s", "step_ms", "processor_s", "sample_us",
               "network_calls"},
              {}};
  for (size_t i = 0; i < c.contenders.size(); ++i) {
    const auto& of = c.outcomes[i];
    const auto failed = std::count_if(of.begin(), of.end(), [](const Outcome& o) { return !o.failed.empty(); });
    sheet.rows.push_back({c.contenders[i].name, int64_t{failed}, static_cast<int64_t>(of.size()),
                          median_over(of, [](const Outcome& o) { return o.parameters; }),
                          median_over(of, [](const Outcome& o) { return o.steps; }),
                          median_over(of, [](const Outcome& o) { return o.train_seconds; }), median_over(of, step_ms),
                          median_over(of, [](const Outcome& o) { return o.processor_seconds; }),
                          median_over(of, [](const Outcome& o) { return 1e6 * o.sample_seconds; }),
                          median_over(of, [](const Outcome& o) { return o.calls; })});
  }
  return sheet;
}

Sheet figure_sheet(const Comparison& c) {
  Sheet sheet{"figures", {"figure", "recipe", "best", "median", "worst", "real_data"}, {}};
  for (const std::string& figure : figures_of(c))
    for (size_t i = 0; i < c.contenders.size(); ++i) {
      const auto& of = c.outcomes[i];
      const std::vector<size_t> order = ranked(of, figure);
      if (order.empty()) continue;
      std::vector<double> values, real;
      for (const size_t k : order) {
        values.push_back(of[k].figures.at(figure));
        if (of[k].real_data.count(figure)) real.push_back(of[k].real_data.at(figure));
      }
      const double best = values.front(), worst = values.back();
      sheet.rows.push_back(
          {figure, c.contenders[i].name, best, median(std::move(values)), worst, median(std::move(real))});
    }
  return sheet;
}

Sheet run_sheet(const Comparison& c) {
  const std::vector<std::string> figures = figures_of(c);
  Sheet sheet{"runs", {"recipe", "seed"}, {}};
  sheet.columns.insert(sheet.columns.end(), figures.begin(), figures.end());
  sheet.columns.insert(sheet.columns.end(), {"training_s", "step_ms", "failed"});
  for (size_t i = 0; i < c.contenders.size(); ++i)
    for (size_t k = 0; k < c.outcomes[i].size(); ++k) {
      const Outcome& o = c.outcomes[i][k];
      std::vector<Cell> row = {c.contenders[i].name, c.first_seed + static_cast<int64_t>(k)};
      for (const std::string& figure : figures) {
        row.emplace_back();
        if (const auto found = o.figures.find(figure); found != o.figures.end()) row.back() = found->second;
      }
      row.emplace_back(o.train_seconds);
      row.emplace_back();
      if (o.steps > 0) row.back() = step_ms(o);
      row.emplace_back();
      if (!o.failed.empty()) row.back() = o.failed;
      sheet.rows.push_back(std::move(row));
    }
  return sheet;
}

std::string text_of(const Cell& cell) {
  if (const auto* x = std::get_if<double>(&cell))
    return std::abs(*x) >= 1000 && std::abs(*x) < 1e7 ? fmt::format("{:.0f}", *x) : fmt::format("{:.3g}", *x);
  if (const auto* x = std::get_if<int64_t>(&cell)) return fmt::format("{}", *x);
  if (const auto* x = std::get_if<std::string>(&cell)) return *x;
  return "–";
}

std::string spaced(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

ContestTable to_table(const Sheet& sheet, const std::string& title, const std::string& note) {
  ContestTable table{title, sheet.columns, {}, note};
  for (std::string& column : table.columns) column = spaced(column);
  for (const auto& row : sheet.rows) {
    table.rows.emplace_back();
    for (const Cell& cell : row) table.rows.back().push_back(text_of(cell));
  }
  return table;
}

std::string rules_of(const Comparison& c) {
  std::string out = "training that is not finite";
  for (const FailureRule& rule : c.failures) out += ", or " + rule.text();
  return out;
}

ContestPanel panel_of(const Comparison& c, const std::filesystem::path& out, size_t contender, size_t index,
                      const char* which, const std::string& figure) {
  const int64_t seed = c.first_seed + static_cast<int64_t>(index);
  const TrainedRun run = open_run({run_folder_of(out, c.contenders[contender], seed), {}, {}});
  const PointSamples made = sample_points(
      run, {.count = kShown, .seed = run.seed, .frame_points = 0, .editing = {}, .progress = {}, .cancel = {}});
  return {fmt::format("{}: {}, {:.3g}", which, c.contenders[contender].name,
                      c.outcomes[contender][index].figures.at(figure)),
          {made.points.width, made.points.values, {}}};
}

/// The best run of each recipe that reads texts: the same prompts under the same seeds.
void add_galleries(ContestContent& content, const Comparison& c, const std::filesystem::path& out,
                   const std::vector<std::string>& figures) {
  std::optional<PromptChoice> choice;  // the first one's, for all
  for (size_t i = 0; !figures.empty() && i < c.contenders.size(); ++i) {
    const std::vector<size_t> order = ranked(c.outcomes[i], figures.front());
    if (order.empty()) continue;
    const int64_t seed = c.first_seed + static_cast<int64_t>(order.front());
    const TrainedRun run = open_run({run_folder_of(out, c.contenders[i], seed), {}, {}});
    if (!run.texts) continue;
    if (!choice) choice = prompt_choice(run);
    const std::string &name = c.contenders[i].name, &told = text_of(run.recipe, "model", "condition");
    content.gallery_names.push_back(name == told ? name : fmt::format("{}: {}", name, told));
    content.galleries.push_back(seeds_gallery(run, *choice));
  }
}

}  // namespace

std::filesystem::path run_folder_of(const std::filesystem::path& out, const Contender& contender, int64_t seed) {
  return out / contender.name / fmt::format("seed-{}", seed);
}

Description describe(const Comparison& c) {
  Description out;
  out.add("seeds", fmt::format("{} to {}", c.first_seed, c.first_seed + c.seeds - 1));
  if (c.seconds > 0) out.add("training_time_aimed_at", c.seconds, "s");
  out.add("failed_if", rules_of(c));
  out.sheets = {recipe_sheet(c), figure_sheet(c), run_sheet(c)};
  return out;
}

std::vector<std::filesystem::path> write_page(const Comparison& c, const std::filesystem::path& out) {
  const Description d = describe(c);
  ContestContent content;
  content.title = "Recipes side by side";
  content.summary = fmt::format(
      "{} recipes with seeds {} to {}{}. A run has failed by: {}.", c.contenders.size(), c.first_seed,
      c.first_seed + c.seeds - 1,
      c.seconds > 0 ? fmt::format(", each trained for about {} s by the measured time of a step", c.seconds) : "",
      rules_of(c));
  content.tables = {
      to_table(d.sheets[0], "Recipes", "Medians over the runs that gave figures."),
      to_table(d.sheets[1], "Figures", "Best and worst: nearest to and farthest from the same figure of fresh data."),
      to_table(d.sheets[2], "Runs", "")};
  const std::vector<std::string> figures = figures_of(c);
  const auto source = make_source(c.contenders.front().recipe.tables.at("data"));
  const bool pictures = source->shape().size() == 3;
  if (pictures) {
    add_galleries(content, c, out, figures);
  } else {
    const Points data = source->draw(Split::test, 0, kShown);
    content.data = {data.width, data.values, {}};
  }
  if (!figures.empty()) content.panel_title = fmt::format("Samples over data, with {}", spaced(figures.front()));
  content.panel_columns = static_cast<int>(c.contenders.size());
  const auto draw = [&](const char* which, const std::function<size_t(size_t last)>& rank) {
    for (size_t i = 0; !pictures && !figures.empty() && i < c.contenders.size(); ++i) {
      const std::vector<size_t> order = ranked(c.outcomes[i], figures.front());
      content.panels.push_back(order.empty()  // its place in the row stays
                                   ? ContestPanel{c.contenders[i].name + ": no run gave figures", {}}
                                   : panel_of(c, out, i, order[rank(order.size() - 1)], which, figures.front()));
    }
  };
  draw("best", [](size_t) { return size_t{0}; });
  draw("median", [](size_t last) { return last / 2; });  // of two, the nearer to fresh data
  content.medians.assign(content.panels.end() - static_cast<std::ptrdiff_t>(content.panels.size() / 2),
                         content.panels.end());
  draw("worst", [](size_t last) { return last; });
  for (const Contender& contender : c.contenders)
    content.recipes.push_back({contender.name, toml_from_here(to_toml(contender.recipe))});
  std::string command = c.command;
  command += fmt::format(" --seeds {}", c.seeds);
  if (c.first_seed != 0) command += fmt::format(" --seed {}", c.first_seed);
  if (c.seconds > 0) command += fmt::format(" --seconds {}", c.seconds);
  for (const FailureRule& rule : c.failures) command += fmt::format(" --failed-if '{}'", rule.text());
  content.commands = {command + fmt::format(" --threads {}", threads())};
  content.environment = {{"version", version()},
                         {"build", build()},
                         {"instruction set", instruction_set()},
                         {"threads", fmt::format("{}", threads())}};
  return write_contest(content, out / "report");
}

}  // namespace roulade
