// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/comparison.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/report/classes.hpp"
#include "roulade/report/page.hpp"
#include "roulade/report/text.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <system_error>

#include <fmt/format.h>

namespace roulade {

namespace {

using plot::escape;
using plot::Picture;

const ReportFigure* find_figure(const ComparedRun& run, const std::string& name) {
  for (const ReportFigure& figure : run.content.figures)
    if (figure.name == name) return &figure;
  return nullptr;
}

const ReportFact* find_fact(const ComparedRun& run, const std::string& name) {
  for (const ReportFact& fact : run.facts)
    if (fact.name == name) return &fact;
  return nullptr;
}

// Names in the order in which the runs bring them.
template <class Item>
std::vector<std::string> names_of(const std::vector<ComparedRun>& runs,
                                  const std::function<const std::vector<Item>&(const ComparedRun&)>& items) {
  std::vector<std::string> names;
  for (const ComparedRun& run : runs)
    for (const Item& item : items(run))
      if (std::find(names.begin(), names.end(), item.name) == names.end()) names.push_back(item.name);
  return names;
}

std::string heading(const std::vector<ComparedRun>& runs, const char* first, const char* last) {
  std::string cells = fmt::format("<th scope=\"col\">{}</th>", first);
  for (const ComparedRun& run : runs) cells += "<th scope=\"col\">" + escape(run.name) + "</th>";
  if (*last != '\0') cells += fmt::format("<th scope=\"col\">{}</th>", last);
  return "<thead><tr>" + cells + "</tr></thead>\n";
}

std::string figure_cell(const std::string& run, const ReportFigure* figure, int exponent) {
  if (figure == nullptr) return fmt::format("<td data-name=\"{}\">–</td>", escape(run));
  const plot::Verdict verdict = plot::verdict_of(*figure);
  return fmt::format(
      "<td data-name=\"{}\"><span class=\"number\">{}</span><br><span class=\"verdict{}\">{}</span></td>", escape(run),
      plot::with_error(figure->generated, figure->generated_error, exponent), verdict.good ? " good" : "",
      verdict.word);
}

// Each run has a floor of its own; where they differ, that of the first run is shown.
std::string figures_card(const std::vector<ComparedRun>& runs) {
  const auto names = names_of<ReportFigure>(
      runs, [](const ComparedRun& r) -> const std::vector<ReportFigure>& { return r.content.figures; });
  if (names.empty()) return "";
  std::string rows, notes;
  for (const std::string& name : names) {
    const ReportFigure* shown = nullptr;
    double largest = 0;
    for (const ComparedRun& run : runs)
      if (const ReportFigure* figure = find_figure(run, name)) {
        if (shown == nullptr) shown = figure;
        if (std::isfinite(figure->generated)) largest = std::max(largest, std::abs(figure->generated));
      }
    const int exponent = plot::shared_exponent(largest, shown->floor);
    rows += fmt::format("<tr><th scope=\"row\">{}<small>{}</small></th>", escape(name), escape(shown->meaning));
    for (const ComparedRun& run : runs) rows += figure_cell(run.name, find_figure(run, name), exponent);
    rows +=
        fmt::format("<td data-name=\"floor\"><span class=\"number\">{}</span></td></tr>\n",
                    std::isfinite(shown->floor) ? plot::with_error(shown->floor, shown->floor_error, exponent) : "–");
  }
  for (const ComparedRun& run : runs)
    notes += fmt::format(
        "{}: {} ", escape(run.name),
        run.content.figures_note.empty() ? "not judged yet (roulade eval)." : escape(run.content.figures_note) + ".");
  return fmt::format(
      "<section class=\"card all\" id=\"figures\">\n<h2>Figures</h2>\n<div class=\"scroll\">\n<table "
      "class=\"figures\">\n{}<tbody>\n{}</tbody>\n</table>\n</div>\n<p class=\"note\">{}The floor is the first run's; "
      "each "
      "verdict is about the run's own.</p>\n</section>\n",
      heading(runs, "figure", "floor (fresh data)"), rows, notes);
}

// Facts that differ between runs are set in bold.
std::string facts_card(const std::vector<ComparedRun>& runs) {
  const auto names =
      names_of<ReportFact>(runs, [](const ComparedRun& r) -> const std::vector<ReportFact>& { return r.facts; });
  if (names.empty()) return "";
  std::string rows;
  for (const std::string& name : names) {
    bool differ = false;
    const ReportFact* first = find_fact(runs.front(), name);
    std::string cells;
    for (const ComparedRun& run : runs) {
      const ReportFact* fact = find_fact(run, name);
      differ = differ || fact == nullptr || first == nullptr || fact->value != first->value;
      cells +=
          fmt::format("<td data-name=\"{}\">{}</td>", escape(run.name), fact == nullptr ? "–" : escape(fact->value));
    }
    rows +=
        fmt::format("<tr{}><th scope=\"row\">{}</th>{}</tr>\n", differ ? " class=\"differ\"" : "", escape(name), cells);
  }
  return fmt::format(
      "<section class=\"card all\" id=\"facts\">\n<h2>What they were made of</h2>\n<div class=\"scroll\">\n<table "
      "class=\"figures\">\n{}<tbody>\n{}</tbody>\n</table>\n</div>\n<p class=\"note\">Bold: what "
      "differs.</p>\n</section>\n",
      heading(runs, "", ""), rows);
}

// A card for each name of a gallery.
std::string galleries(const std::vector<ComparedRun>& runs) {
  const auto names = names_of<ReportGallery>(
      runs, [](const ComparedRun& r) -> const std::vector<ReportGallery>& { return r.content.galleries; });
  std::vector<std::string> run_names;
  for (const ComparedRun& run : runs) run_names.push_back(run.name);
  std::string out;
  for (const std::string& name : names) {
    std::vector<const ReportGallery*> of;
    for (const ComparedRun& run : runs) {
      const auto& all = run.content.galleries;
      const auto found = std::find_if(all.begin(), all.end(), [&](const ReportGallery& g) { return g.name == name; });
      of.push_back(found == all.end() ? nullptr : &*found);
    }
    out += plot::side_by_side_card(run_names, of);
  }
  return out;
}

// The smoothed losses, and where there are validation losses those too.
Picture losses_picture(const std::vector<ComparedRun>& runs) {
  Picture all{"loss", {}, {}};
  all.figure.title = "Training loss";
  all.figure.width = 900;
  all.figure.height = 400 + 34;
  plot::Panel panel;
  panel.x = {"step", {}, false, true};
  panel.y.label = "loss";
  std::vector<double> seen;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].content.loss.step.empty()) continue;
    // The second series of a run's own picture is its smoothed loss.
    plot::Series line = plot::loss_picture(runs[i].content.loss).figure.panels.front().series.at(1);
    line.name = runs[i].name;
    line.colour = plot::class_colour(i, runs.size());
    seen.insert(seen.end(), line.y.begin(), line.y.end());
    panel.series.push_back(std::move(line));
  }
  const plot::Limits limits = plot::limits_of(seen);
  panel.y.logarithmic = limits.low > 0 && limits.high / limits.low > 6;
  all.figure.panels = {panel};
  all.caption = "Smoothed. Losses of different predictions, weights or schedules are not alike: compare the figures.";
  return all;
}

}  // namespace

std::vector<std::filesystem::path> write_comparison(const std::vector<ComparedRun>& runs,
                                                    const std::filesystem::path& folder, const ProgressFn& progress,
                                                    const Cancel& cancel) {
  if (runs.empty()) fail(Code::usage, "report", "runs to compare", "at least one", "none");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail(Code::io, folder.string(), "the folder cannot be made: " + error.message());

  std::vector<Picture> pictures;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].content.samples.rows() == 0) continue;
    Picture picture = plot::samples_picture(runs[i].content);
    picture.name = fmt::format("samples-{}", i + 1);
    picture.figure.title = runs[i].name;
    pictures.push_back(std::move(picture));
  }
  const bool losses =
      std::any_of(runs.begin(), runs.end(), [](const ComparedRun& r) { return !r.content.loss.step.empty(); });
  if (losses) pictures.push_back(losses_picture(runs));

  std::vector<ReportSheet> sheets;
  for (size_t i = 0; i < runs.size(); ++i)
    for (ReportSheet sheet : runs[i].content.sheets) {
      if (sheet.name != "samples") continue;
      sheet.name = fmt::format("samples-{}", i + 1);
      sheet.title = runs[i].name;
      sheets.push_back(std::move(sheet));
    }

  struct Item {
    std::string name;
    std::function<std::string()> make;
  };
  std::vector<Item> items;
  std::vector<std::string> names;
  for (const ReportSheet& sheet : sheets) items.push_back({sheet.name + ".png", [&sheet] { return sheet.png; }});
  for (const Picture& picture : pictures) {
    items.push_back({picture.name + ".png", [&picture] { return plot::to_png(picture.figure); }});
    items.push_back({picture.name + ".svg", [&picture] { return plot::to_svg(picture.figure); }});
  }
  for (const Item& item : items) names.push_back(item.name);
  items.push_back({"index.html", [&] {
                     std::string cards = figures_card(runs) + facts_card(runs) + galleries(runs);
                     for (const ReportSheet& sheet : sheets) cards += plot::sheet_card(sheet);
                     for (const Picture& picture : pictures) cards += plot::figure_card(picture);
                     return plot::page_around(fmt::format("{} runs side by side", runs.size()), "",
                                              cards + plot::files_card(names));
                   }});
  std::vector<std::filesystem::path> written;
  const auto total = static_cast<int64_t>(items.size());
  for (size_t i = 0; i < items.size() && !cancel.requested(); ++i) {
    if (progress) progress({"report", static_cast<int64_t>(i), total, 0, -1, items[i].name});
    write_file_atomically(folder / items[i].name, items[i].make());
    written.insert(i + 1 == items.size() ? written.begin() : written.end(), folder / items[i].name);
  }
  if (progress && !cancel.requested()) progress({"report", total, total, 0, 0, ""});
  return written;
}

}  // namespace roulade
