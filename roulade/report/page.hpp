// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/animation.hpp"
#include "roulade/report/content.hpp"
#include "roulade/report/pictures.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace roulade::plot {

/// The HTML of a report: one file that loads nothing.   pictures: as many as there are, by name.
/// files: names of the files beside the page, listed at its end.
std::string to_page(const ReportContent& content, const std::vector<Picture>& pictures, const Animation& animation,
                    const std::vector<std::string>& files);

/// The HTML around the cards of any page; a page that moves has the script.
std::string page_around(const std::string& title, const std::string& summary, const std::string& cards,
                        bool script = true);

/// Text as it stands, and facts as a list, as cards.   id: of the element, for links to it
std::string text_card(const std::string& id, const std::string& title, const std::string& text);
std::string facts_card(const std::vector<ReportFact>& facts);

/// Galleries as one card "Prompts"; shares that judges find right, a card for each set of texts. Empty without any.
std::string galleries_card(const std::vector<ReportGallery>& galleries);
std::string obedience_cards(const std::vector<ReportObedience>& obedience);

/// A gallery of several runs as a card: row k has the pictures of row k of each, with the run's name below. Runs
/// without it have an empty place.   names, galleries: of one length, null where a run has none.
std::string side_by_side_card(const std::vector<std::string>& names,
                              const std::vector<const ReportGallery*>& galleries);

/// A picture as a card, one that is there already, and the list of the files beside the page.
std::string figure_card(const Picture& picture);
std::string sheet_card(const ReportSheet& sheet);
std::string files_card(const std::vector<std::string>& files);

/// What to say of a figure beside its floor: "at the floor" within two standard errors of the difference, else "better
/// than the floor", or how far it is off: "1.4 × the floor", "0.022 below the floor". Empty when the floor or both
/// errors are unknown.
struct Verdict {
  std::string word;
  bool good = false;
};
Verdict verdict_of(const ReportFigure& figure);

/// The page's style sheet and the program that plays its animation.
std::string_view page_style();
std::string_view page_script();

}  // namespace roulade::plot
