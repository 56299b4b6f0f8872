// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/contest.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/report/figure.hpp"
#include "roulade/report/page.hpp"
#include "roulade/report/text.hpp"
#include "roulade/report/view.hpp"

#include <system_error>

#include <fmt/format.h>

namespace roulade {
namespace {

using plot::escape;

constexpr double kSide = 300;

plot::Figure figure_of(const ContestContent& content, const std::vector<ContestPanel>& panels) {
  plot::View view = plot::view_of(content.data, {});
  view.resize(2);
  for (plot::Limits& limits : view) {
    const double room = 0.15 * (limits.high - limits.low);
    limits = {limits.low - room, limits.high + room};
  }
  const bool equal = plot::plane_like(view);
  if (equal) plot::make_square(view);
  plot::Figure figure;
  figure.title = content.panel_title;
  figure.columns = content.panel_columns;
  const auto columns = static_cast<size_t>(content.panel_columns);
  figure.width = kSide * content.panel_columns;
  figure.height = kSide * static_cast<double>((panels.size() + columns - 1) / columns) + 30;
  for (const ContestPanel& one : panels) {
    plot::Panel panel;
    panel.title = one.title;
    panel.equal = equal;
    panel.legend = false;
    panel.x.limits = view[0];
    panel.y.limits = view[1];
    const auto add = [&](const PlotPoints& points, plot::Colour colour) {
      plot::Series series;
      series.colour = colour;
      series.x = plot::column(points.values, points.width, 0);
      series.y = plot::column(points.values, points.width, 1);
      panel.series.push_back(std::move(series));
    };
    add(content.data, plot::kData);
    if (one.samples.width >= 2) add(one.samples, plot::kSamples);
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

std::string table_card(const ContestTable& table) {
  std::string head, rows;
  for (const std::string& column : table.columns) head += fmt::format("<th scope=\"col\">{}</th>", escape(column));
  for (const auto& row : table.rows) {
    rows += "<tr>";
    for (size_t i = 0; i < row.size(); ++i)
      rows += i == 0 ? fmt::format("<th scope=\"row\">{}</th>", escape(row[i]))
                     : fmt::format("<td><span class=\"number\">{}</span></td>", escape(row[i]));
    rows += "</tr>\n";
  }
  return fmt::format(
      "<section class=\"card all\">\n<h2>{}</h2>\n<div class=\"scroll\"><table>\n<thead><tr>{}</tr></thead>\n"
      "<tbody>\n{}</tbody>\n</table></div>\n{}</section>\n",
      escape(table.title), head, rows,
      table.note.empty() ? "" : fmt::format("<p class=\"note\">{}</p>\n", escape(table.note)));
}

std::string page_of(const ContestContent& content, const plot::Figure* figure) {
  std::string body;
  for (const ContestTable& table : content.tables) body += table_card(table);
  if (figure)
    body += fmt::format(
        "<figure class=\"card wide all\" id=\"samples\">\n<h2>Samples</h2>\n<div class=\"scroll\">\n{}</div>\n"
        "<figcaption>Samples in blue over data in grey.</figcaption>\n</figure>\n",
        plot::to_inline_svg(*figure));
  std::vector<const ReportGallery*> galleries;
  for (const ReportGallery& gallery : content.galleries) galleries.push_back(&gallery);
  body += plot::side_by_side_card(content.gallery_names, galleries);
  for (const ReportFact& recipe : content.recipes)
    body += plot::text_card("recipe-" + recipe.name, recipe.name, recipe.value);
  std::string commands;
  for (const std::string& line : content.commands) commands += line + "\n";
  if (!commands.empty()) body += plot::text_card("reproduce", "How to reproduce it", commands);
  if (!content.environment.empty()) body += plot::facts_card(content.environment);
  return plot::page_around(content.title, content.summary, body, false);
}

}  // namespace

std::vector<std::filesystem::path> write_contest(const ContestContent& content, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail(Code::io, folder.string(), "the folder cannot be made: " + error.message());
  std::vector<std::filesystem::path> out = {folder / "index.html"};
  const bool drawn = !content.panels.empty() && content.data.width >= 2;
  plot::Figure figure;
  if (drawn) {
    figure = figure_of(content, content.panels);
    out.push_back(folder / "samples.png");
    write_file_atomically(out.back(), plot::to_png(figure));
    out.push_back(folder / "samples.svg");
    write_file_atomically(out.back(), plot::to_svg(figure));
  }
  if (drawn && !content.medians.empty()) {
    out.push_back(folder / "medians.png");
    write_file_atomically(out.back(), plot::to_png(figure_of(content, content.medians)));
  }
  write_file_atomically(out.front(), page_of(content, drawn ? &figure : nullptr));
  return out;
}

}  // namespace roulade
