// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/page.hpp"
#include "roulade/report/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace roulade::plot {
namespace {

constexpr int64_t kSmall = 104;  // pixels across that a page shows; what has fewer is enlarged

std::string image(const CaptionedPicture& picture, const std::string& says) {
  return fmt::format("<img{} alt=\"{}\" src=\"data:image/png;base64,{}\">",
                     picture.width < kSmall ? " class=\"small\"" : "", escape(says), base64(picture.png));
}

/// An empty text is shown by a word.
std::string asked(const std::string& text) {
  return fmt::format("<p class=\"asked\">{}</p>\n", text.empty() ? "<i>(no words)</i>" : escape(text));
}

std::string gallery(const ReportGallery& g) {
  std::string out = fmt::format("<h3 id=\"{}\">{}</h3>\n", escape(g.name), escape(g.title));
  if (!g.note.empty()) out += fmt::format("<p class=\"note\">{}</p>\n", escape(g.note));
  const bool several = g.rows.size() > 1;  // they stand beside each other where there is room
  if (several) out += "<div class=\"rows\">\n";
  for (const PictureRow& row : g.rows) {
    if (several) out += "<div>\n";
    if (several || !row.text.empty()) out += asked(row.text);
    out += "<div class=\"shots\">\n";
    for (const CaptionedPicture& picture : row.pictures)
      out += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n",
                         image(picture, row.text.empty() ? picture.caption : row.text + ", " + picture.caption),
                         escape(picture.caption));
    out += several ? "</div>\n</div>\n" : "</div>\n";
  }
  return several ? out + "</div>\n" : out;
}

std::string obedience_card(const ReportObedience& o) {
  std::string rows;
  for (const ReportObedience::Figure& f : o.figures)
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td data-name=\"this run\"><span class=\"number\">{}</span></td>"
        "<td data-name=\"real pictures\"><span class=\"number\">{}</span></td>"
        "<td data-name=\"chance\"><span class=\"number\">{:.3f}</span></td></tr>\n",
        escape(f.name) + (f.rank()    ? " (a rank: lower is better)"
                          : f.pairs() ? " (of pairs of one object whose first is right)"
                                      : ""),
        with_error(f.samples, f.samples_error), with_error(f.real, f.real_error), f.chance);
  std::string out = fmt::format(
      "<section class=\"card all\" id=\"{}\">\n<h2>Obedience: texts {}</h2>\n<table class=\"figures\">\n"
      "<thead><tr><th scope=\"col\">share that is right</th><th scope=\"col\">this run</th>"
      "<th scope=\"col\">real pictures</th><th scope=\"col\">chance</th></tr></thead>\n<tbody>\n{}</tbody>\n</table>\n"
      "<p class=\"note\">{}</p>\n",
      escape(o.name), escape(o.texts), rows, escape(o.note));
  if (!o.png.empty())
    out += fmt::format(
        "<div class=\"scroll\"><img alt=\"Pictures of these texts\" src=\"data:image/png;base64,{}\"></div>\n",
        base64(o.png));
  if (!o.prompts.empty()) {
    std::string items;
    for (const std::string& prompt : o.prompts) items += fmt::format("<li>{}</li>\n", escape(prompt));
    out += fmt::format("<details>\n<summary>Their texts, row after row</summary>\n<ol>\n{}</ol>\n</details>\n", items);
  }
  return out + "</section>\n";
}

}  // namespace

std::string galleries_card(const std::vector<ReportGallery>& galleries) {
  if (galleries.empty()) return "";
  std::string out = "<section class=\"card all\" id=\"prompts\">\n<h2>Prompts</h2>\n";
  for (const ReportGallery& g : galleries) out += gallery(g);
  return out + "</section>\n";
}

std::string obedience_cards(const std::vector<ReportObedience>& obedience) {
  std::string out;
  for (const ReportObedience& o : obedience) out += obedience_card(o);
  return out;
}

std::string side_by_side_card(const std::vector<std::string>& names,
                              const std::vector<const ReportGallery*>& galleries) {
  const auto first =
      std::find_if(galleries.begin(), galleries.end(), [](const ReportGallery* g) { return g != nullptr; });
  if (first == galleries.end()) return "";
  std::string out = fmt::format("<section class=\"card all\" id=\"{}\">\n<h2>{}</h2>\n<p class=\"note\">{}</p>\n",
                                escape((*first)->name), escape((*first)->title), escape((*first)->note));
  for (size_t k = 0; k < (*first)->rows.size(); ++k) {
    const std::string& text = (*first)->rows[k].text;
    out += asked(text) + "<div class=\"shots\">\n";
    for (size_t i = 0; i < galleries.size(); ++i) {
      std::string images;
      if (galleries[i] != nullptr && k < galleries[i]->rows.size())
        for (const CaptionedPicture& picture : galleries[i]->rows[k].pictures)
          images += image(picture, fmt::format("{}: {}, {}", names[i], text, picture.caption));
      out += fmt::format("<figure class=\"several\">{}<figcaption>{}</figcaption></figure>\n",
                         images.empty() ? "–" : images, escape(names[i]));
    }
    out += "</div>\n";
  }
  return out + "</section>\n";
}

}  // namespace roulade::plot
