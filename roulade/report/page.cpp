// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/page.hpp"

#include "roulade/report/text.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade::plot {

namespace {

// JSON inside <script>: no "<" may end the element or open a comment.
std::string inside_script(std::string json) {
  for (size_t at = 0; (at = json.find('<', at)) != std::string::npos; at += 6) json.replace(at, 1, "\\u003c");
  return json;
}

std::string caption(const std::string& text) {
  return text.empty() ? "" : fmt::format("<figcaption>{}</figcaption>\n", escape(text));
}

// Panels side by side where there is room, below one another on a phone.
std::string panels_card(const Picture& picture, double side) {
  std::string panels;
  for (const Panel& panel : picture.figure.panels) {
    Figure one;
    one.title = picture.figure.title + (panel.title.empty() ? "" : ", " + panel.title);
    one.width = side;
    one.height = picture.figure.height;
    one.panels = {panel};
    panels += to_inline_svg(one);
  }
  return fmt::format(
      "<figure class=\"card all\" id=\"{}\">\n<h2>{}</h2>\n<div class=\"panels\" "
      "style=\"--side:{}px\">\n{}</div>\n{}</figure>\n",
      picture.name, escape(picture.figure.title), side > 300 ? 300 : 150, panels, caption(picture.caption));
}

// One panel at a time, chosen by a slider; noise first.
std::string slider_card(const Picture& picture) {
  std::string levels;
  const size_t count = picture.figure.panels.size(), shown = count / 2;
  for (size_t i = 0; i < count; ++i) {
    Figure one;
    one.title = picture.figure.title;
    one.width = 480 * 0.85;
    one.height = 470 * 0.85;
    one.panels = {picture.figure.panels[i]};
    one.title += ", " + one.panels[0].title;
    one.panels[0].title.clear();
    levels += fmt::format("<div class=\"level\" data-label=\"{}\"{}>\n{}</div>\n",
                          escape(picture.figure.panels[i].title), i == shown ? "" : " hidden", to_inline_svg(one));
  }
  return fmt::format(
      "<figure class=\"card\" id=\"{0}\">\n<h2>{1}</h2>\n{2}<div class=\"player\">\n"
      "<input id=\"{0}-level\" class=\"level-slider\" type=\"range\" min=\"0\" max=\"{3}\" step=\"1\" value=\"{4}\" "
      "aria-label=\"Noise level\" aria-valuetext=\"{5}\">\n<output "
      "for=\"{0}-level\">{5}</output>\n</div>\n{6}</figure>\n",
      picture.name, escape(picture.figure.title), levels, count - 1, shown, escape(picture.figure.panels[shown].title),
      caption(picture.caption));
}

std::string column_box(const char* id, const char* name, const Animation& a, size_t chosen) {
  std::string options;
  for (size_t c = 0; c < a.columns.size(); ++c)
    options +=
        fmt::format("<option value=\"{}\"{}>{}</option>", c, c == chosen ? " selected" : "", escape(a.columns[c]));
  return fmt::format("<label>{} <select id=\"{}\">{}</select></label>\n", name, id, options);
}

std::string animation_card(const Animation& a) {
  std::string legend = "<ul class=\"legend\"><li><i style=\"background:#7d838c\"></i>data</li>";
  if (a.classes.empty()) legend += "<li><i style=\"background:#0072b2\"></i>samples</li>";
  for (size_t i = 0; i < a.classes.size() && a.classes.size() <= 12; ++i)
    legend += fmt::format("<li><i style=\"background:#{:02x}{:02x}{:02x}\"></i>{}</li>", a.colours[i].r, a.colours[i].g,
                          a.colours[i].b, escape(a.classes[i]));
  const std::string boxes = a.width > 2 ? column_box("across", "across", a, 0) + column_box("up", "up", a, 1) : "";
  return fmt::format(
      "<figure class=\"card\" id=\"reverse\">\n<h2>From noise to data</h2>\n{0}</ul>\n"
      "<canvas id=\"film\" role=\"img\" aria-label=\"Samples moving from noise to data; the slider below chooses the "
      "time\">"
      "</canvas>\n<div class=\"player\">\n<button id=\"play\" type=\"button\">Play</button>\n"
      "<input id=\"frame\" type=\"range\" min=\"0\" max=\"{1}\" step=\"1\" value=\"{1}\" aria-label=\"Time of the "
      "reverse process\">\n"
      "<output id=\"time\" for=\"frame\">{2}</output>\n"
      "<label><input id=\"show-data\" type=\"checkbox\" checked> data</label>\n{3}</div>\n"
      "<figcaption>The reverse process: {4} of the samples at {5} times. Arrow keys move the slider.</figcaption>\n"
      "<script type=\"application/json\" id=\"frames\">{6}</script>\n</figure>\n",
      legend, a.labels.size() - 1, escape(a.labels.back()), boxes, grouped(static_cast<long long>(a.group.size())),
      a.labels.size(), inside_script(to_json(a)));
}

std::string figures_card(const ReportContent& content) {
  std::string rows;
  for (const ReportFigure& f : content.figures) {
    const Verdict verdict = verdict_of(f);
    const std::string meaning = f.meaning.empty() ? "" : "<small>" + escape(f.meaning) + "</small>";
    const int exponent = shared_exponent(f.generated, f.floor);
    const std::string floor = std::isfinite(f.floor) ? with_error(f.floor, f.floor_error, exponent) : "–";
    rows += fmt::format(
        "<tr><th scope=\"row\">{}{}</th><td data-name=\"generated\"><span class=\"number\">{}</span></td>"
        "<td data-name=\"floor\"><span class=\"number\">{}</span></td>"
        "<td data-name=\"verdict\"><span class=\"verdict{}\">{}</span></td></tr>\n",
        escape(f.name), meaning, with_error(f.generated, f.generated_error, exponent), floor,
        verdict.good ? " good" : "", verdict.word.empty() ? "–" : verdict.word);
  }
  return fmt::format(
      "<section class=\"card all\" id=\"figures\">\n<h2>How good are the samples?</h2>\n<table "
      "class=\"figures\">\n<thead><tr>"
      "<th scope=\"col\">figure</th><th scope=\"col\">generated</th><th scope=\"col\">floor (fresh data)</th>"
      "<th scope=\"col\">verdict</th></tr></thead>\n<tbody>\n{}</tbody>\n</table>\n"
      "<p class=\"note\">{}. “At the floor”: no further from fresh data than fresh data from each other, within two "
      "standard "
      "errors of the difference.</p>\n</section>\n",
      rows, escape(content.figures_note));
}

}  // namespace

std::string to_page(const ReportContent& content, const std::vector<Picture>& pictures, const Animation& animation,
                    const std::vector<std::string>& files) {
  auto card = [&](const std::string& name) -> std::string {
    for (const Picture& p : pictures)
      if (p.name == name)
        return name == "noising"    ? panels_card(p, 190)
               : name == "schedule" ? panels_card(p, 400)
               : name == "density"  ? panels_card(p, 340)
               : name == "samplers" ? panels_card(p, 400)
               : name == "training" ? panels_card(p, 400)
               : name == "field"    ? slider_card(p)
                                    : figure_card(p);
    return "";
  };
  std::string commands;
  for (const std::string& line : content.commands) commands += line + "\n";
  std::string body = galleries_card(content.galleries) + obedience_cards(content.obedience);
  for (const ReportSheet& sheet : content.sheets) body += sheet_card(sheet);
  body += card("samples");
  if (!animation.labels.empty()) body += animation_card(animation);
  if (!content.figures.empty()) body += figures_card(content);
  body += card("training") + card("samplers") + card("data") + card("field") + card("density") + card("loss") +
          card("levels");
  body += card("schedule") + card("noising");
  if (!content.recipe.empty()) body += text_card("recipe", "Recipe", content.recipe);
  if (!content.environment.empty()) body += facts_card(content.environment);
  if (!commands.empty()) body += text_card("reproduce", "How to reproduce it", commands);
  if (!files.empty()) body += files_card(files);

  return page_around(content.title.empty() ? "Report" : content.title, content.summary, body);
}

std::string sheet_card(const ReportSheet& sheet) {
  return fmt::format(
      "<figure class=\"card\" id=\"{}\">\n<h2>{}</h2>\n<div class=\"scroll\"><img alt=\"{}\" "
      "src=\"data:image/png;base64,{}\"></div>\n{}</figure>\n",
      escape(sheet.name), escape(sheet.title), escape(sheet.title), base64(sheet.png), caption(sheet.caption));
}

std::string figure_card(const Picture& picture) {
  const bool wide = picture.figure.width > 600;
  Figure figure = picture.figure;
  if (!wide) {  // smaller than the file's, so that its letters are larger beside the page's text
    figure.width *= 0.85;
    figure.height *= 0.85;
  }
  return fmt::format(
      "<figure class=\"card{}\" id=\"{}\">\n<h2>{}</h2>\n<div class=\"scroll\">\n{}</div>\n{}</figure>\n",
      wide ? " wide all" : "", picture.name, escape(figure.title), to_inline_svg(figure), caption(picture.caption));
}

std::string files_card(const std::vector<std::string>& files) {
  std::string items;
  for (const std::string& name : files) items += fmt::format("<li><a href=\"{0}\">{0}</a></li>", escape(name));
  return "<section class=\"card all\" id=\"files\">\n<h2>Files beside this page</h2>\n<ul class=\"files\">" + items +
         "</ul>\n</section>\n";
}

std::string text_card(const std::string& id, const std::string& title, const std::string& text) {
  return fmt::format(
      "<section class=\"card\" id=\"{}\">\n<h2>{}</h2>\n<pre tabindex=\"0\" "
      "aria-label=\"{}\"><code>{}</code></pre>\n</section>\n",
      escape(id), escape(title), escape(title), escape(text));
}

std::string facts_card(const std::vector<ReportFact>& facts) {
  std::string rows;
  for (const ReportFact& f : facts) rows += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape(f.name), escape(f.value));
  return "<section class=\"card\" id=\"environment\">\n<h2>Environment</h2>\n<dl>\n" + rows + "</dl>\n</section>\n";
}

std::string page_around(const std::string& title, const std::string& summary, const std::string& cards, bool script) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'{4}\">\n<link rel=\"icon\" "
      "href=\"data:,\">\n<title>{0}</title>\n<style>{1}</style>\n</head>\n"
      "<body>\n<main>\n<header>\n<h1>{0}</h1>\n<p>{2}</p>\n</header>\n<div class=\"grid\">\n{3}</div>\n</main>\n"
      "{5}</body>\n</html>\n",
      escape(title), page_style(), escape(summary), cards, script ? "; script-src 'unsafe-inline'" : "",
      script ? fmt::format("<script>{}</script>\n", page_script()) : "");
}

}  // namespace roulade::plot
