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

plot::Figure figure_of(const ContestContent& content) {
  plot::View view = plot::view_of(content.data, {});
  view.resize(2);
  for (plot::Limits& limits : view) {
    const double room = 0.15 * (limits.high - limits.low);
    limits = {limits.low - room, limits.high + room};
  }
  const bool equal = plot::plane_like(view);
  if (equal) plot::make_square(view);
  plot::Figure figure;
  figure.title = content.title;
  figure.columns = content.panel_columns;
  const auto columns = static_cast<size_t>(content.panel_columns);
  figure.width = kSide * content.panel_columns;
  figure.height = kSide * static_cast<double>((content.panels.size() + columns - 1) / columns) + 30;
  for (const ContestPanel& one : content.panels) {
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
    add(one.samples, plot::kSamples);
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

std::string text_card(const std::string& title, const std::string& text) {
  return fmt::format("<section class=\"card\">\n<h2>{}</h2>\n<pre tabindex=\"0\"><code>{}</code></pre>\n</section>\n",
                     escape(title), escape(text));
}

std::string page_of(const ContestContent& content, const plot::Figure* figure) {
  std::string body;
  for (const ContestTable& table : content.tables) body += table_card(table);
  if (figure)
    body += fmt::format(
        "<figure class=\"card wide all\" id=\"samples\">\n<h2>Samples</h2>\n<div class=\"scroll\">\n{}</div>\n"
        "<figcaption>Samples in blue over data in grey.</figcaption>\n</figure>\n",
        plot::to_inline_svg(*figure));
  for (const ReportFact& recipe : content.recipes) body += text_card(recipe.name, recipe.value);
  std::string commands, facts;
  for (const std::string& line : content.commands) commands += line + "\n";
  if (!commands.empty()) body += text_card("How to reproduce it", commands);
  for (const ReportFact& fact : content.environment)
    facts += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape(fact.name), escape(fact.value));
  if (!facts.empty()) body += "<section class=\"card\">\n<h2>Environment</h2>\n<dl>\n" + facts + "</dl>\n</section>\n";
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'\">\n<link rel=\"icon\" href=\"data:,\">\n<title>{0}</title>\n<style>{1}</style>\n</head>\n"
      "<body>\n<main>\n<header>\n<h1>{0}</h1>\n<p>{2}</p>\n</header>\n<div class=\"grid\">\n{3}</div>\n</main>\n"
      "</body>\n</html>\n",
      escape(content.title), plot::page_style(), escape(content.summary), body);
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
    figure = figure_of(content);
    out.push_back(folder / "samples.png");
    write_file_atomically(out.back(), plot::to_png(figure));
    out.push_back(folder / "samples.svg");
    write_file_atomically(out.back(), plot::to_svg(figure));
  }
  write_file_atomically(out.front(), page_of(content, drawn ? &figure : nullptr));
  return out;
}

}  // namespace roulade
