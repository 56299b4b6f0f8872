// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/report_prompts.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/sha256.hpp"
#include "roulade/model/conv_choices.hpp"
#include "roulade/model/pooled_text.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/picture_files.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/weak.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <sstream>

#include <ATen/ops/full.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr size_t kCaptioned = 24;  // samples of the first gallery
constexpr size_t kAsked = 4;       // prompts of the others
constexpr uint64_t kSeeds = 3;
constexpr size_t kGuided = 2;  // prompts shown by their guidance scale
constexpr std::array kScales = {1.0, 2.0, 4.0};
constexpr size_t kWords = 5;         // of the prompt whose attention is shown
constexpr size_t kLeastLetters = 3;  // of such a word: "a" and "of" tell little

bool reads_texts(const TrainedRun& run) { return run.texts && run.denoiser && run.facts.pictures(); }

bool knows_no_text(const TrainedRun& run) {
  return settings_of<ObjectiveSettings>(run.recipe, "objective").label_dropout > 0;
}

/// Samples, and how they were made: each picture says so, as those of `roulade sample` do.
struct Drawn {
  PointSamples samples;
  Provenance made;
};

CaptionedPicture captioned(const TrainedRun& run, const PointSamples& samples, Provenance made, int64_t row,
                           std::string caption) {
  made.index = row;
  return {picture_file(run, samples, made), run.facts.shape[2], std::move(caption)};
}

/// base: of the run's weights, and of the network that guides them.
Drawn draw(const TrainedRun& run, const Provenance& base, const std::vector<std::string>& prompts, uint64_t seed,
           const Cancel& cancel, const std::string& attention = {}) {
  SampleRequest request;
  request.count = std::ssize(prompts);
  request.seed = seed;
  request.prompts = prompts;
  request.captions = true;
  request.attention = attention;
  request.cancel = cancel;
  Drawn out{sample_points(run, request), base};
  out.made.guidance = run.recipe.tables.at("guidance");
  out.made = from_here(std::move(out.made));
  out.made.convolutions = to_lines(convolution_choices());  // other guidance may have met other sizes
  out.made.seed = seed;
  out.made.count = request.count;
  out.made.prompts = prompts;
  out.made.prompts_as_text = settings_of<SampleSettings>(run.recipe, "sample").weighted;
  return out;
}

/// Samples that are there already, each text once.
ReportGallery captions_gallery(const TrainedRun& run, const PointSamples& samples, const Provenance& made) {
  const Points& points = samples.points;
  const bool own = settings_of<SampleSettings>(run.recipe, "sample").prompt == "data";
  ReportGallery out{"captions",
                    own ? "Samples of the data's captions" : "Samples",
                    own ? "Captions of the training pictures; the pictures are the network's." : "",
                    {{}}};
  std::set<std::string> seen;
  std::vector<CaptionedPicture>& pictures = out.rows.front().pictures;
  for (int64_t i = 0; i < std::ssize(points.texts) && pictures.size() < kCaptioned; ++i) {
    const std::string text = run.texts->text(points.texts[static_cast<size_t>(i)]);
    if (!seen.insert(text).second && (own || pictures.size() >= kAsked)) continue;
    pictures.push_back(captioned(run, samples, made, i, text));
  }
  return out;
}

/// The run with another guidance scale; where it has no guidance, classifier-free.
TrainedRun with_scale(const TrainedRun& run, double scale) {
  TrainedRun out = run;
  Table& guidance = out.recipe.tables.at("guidance");
  if (text_of(run.recipe, "guidance", "kind") == "none") guidance = {{"kind", Given("cfg")}};
  guidance["scale"] = scale;
  out.recipe = resolve(out.recipe);
  out.denoiser = make_run_denoiser(out.recipe, run.network, run.schedule, run.facts, run.texts, run.folder);
  out.weak_files = weak_weight_files(out.recipe, out.folder);
  return out;
}

ReportGallery guidance_gallery(const TrainedRun& run, const Provenance& base, const PromptChoice& choice,
                               const Cancel& cancel) {
  ReportGallery out{"guidance", "By guidance scale", "The same noise; 1 is no guidance.", {}};
  const Table& guidance = run.recipe.tables.at("guidance");
  if (const auto weight = guidance.find("condition_scale");
      weight != guidance.end() && std::get<double>(weight->second.value) > 1)
    out.note = fmt::format("The same noise; the weight of the condition stays {}, also at scale 1.",
                           std::get<double>(weight->second.value));
  const std::vector<std::string> prompts(
      choice.prompts.begin(), choice.prompts.begin() + std::min<std::ptrdiff_t>(kGuided, std::ssize(choice.prompts)));
  for (const std::string& prompt : prompts) out.rows.push_back({prompt, {}});
  for (const double scale : kScales) {
    const TrainedRun scaled = with_scale(run, scale);
    Provenance guided = base;  // at scale 1 no weak network guides
    guided.weak_sha256 = scaled.weak_files.empty() ? "" : sha256_of(scaled.weak_files);
    const Drawn drawn = draw(scaled, guided, prompts, choice.seeds.front(), cancel);
    for (size_t k = 0; k < prompts.size(); ++k)
      out.rows[k].pictures.push_back(
          captioned(run, drawn.samples, drawn.made, static_cast<int64_t>(k), fmt::format("scale {}", scale)));
  }
  return out;
}

/// The words of a prompt without what stands around them, each once.
std::vector<std::string> words_of(const std::string& prompt) {
  constexpr const char* kAround = ".,;:!?()[]{}\"'";
  std::vector<std::string> out;
  std::istringstream in(prompt);
  for (std::string word; in >> word && out.size() < kWords;) {
    const size_t from = word.find_first_not_of(kAround), to = word.find_last_not_of(kAround);
    if (from == std::string::npos) continue;
    word = word.substr(from, to - from + 1);
    if (word.size() >= kLeastLetters && std::find(out.begin(), out.end(), word) == out.end()) out.push_back(word);
  }
  return out;
}

/// A word may be cut off by the limit, or be other tokens within the text.
bool has_word(const TextTable& texts, const std::string& word, int64_t text) {
  try {
    texts.tokens_of(word, at::full({1}, text, at::kLong));
    return true;
  } catch (const Error& e) {
    if (e.code() != Code::usage) throw;
    return false;
  }
}

ReportGallery attention_gallery(const TrainedRun& run, const Provenance& base, const PromptChoice& choice,
                                const Cancel& cancel) {
  const std::string& prompt = choice.prompts.front();
  ReportGallery out{"attention",
                    "Where each word is read",
                    "Red: the share of attention that places give a word, from the least to the most, mean over "
                    "cross-attentions, heads and steps.",
                    {{prompt, {}}}};
  std::vector<CaptionedPicture>& pictures = out.rows.front().pictures;
  const int64_t text = run.texts->add({prompt}).front();
  for (const std::string& word : words_of(prompt)) {
    if (!has_word(*run.texts, word, text)) continue;
    Drawn drawn = draw(run, base, {prompt}, choice.seeds.front(), cancel, word);
    if (pictures.empty()) pictures.push_back(captioned(run, drawn.samples, drawn.made, 0, "the picture"));
    drawn.made.attention = word;
    pictures.push_back(captioned(run, drawn.samples, drawn.made, 0, word));
  }
  return out;
}

ReportGallery seeds_gallery_of(const TrainedRun& run, const Provenance& base, const PromptChoice& choice,
                               const Cancel& cancel) {
  const auto none = std::count(choice.prompts.begin(), choice.prompts.end(), "");
  ReportGallery out{
      "seeds",
      "The same prompts under several seeds",
      fmt::format("As `roulade sample RUN --prompts FILE -n {} --seed S` draws them, a prompt in each line "
                  "of FILE.",
                  choice.prompts.size() - static_cast<size_t>(none)),
      {}};
  for (const std::string& prompt : choice.prompts) out.rows.push_back({prompt, {}});
  for (const uint64_t seed : choice.seeds) {
    const Drawn drawn = draw(run, base, choice.prompts, seed, cancel);
    for (size_t k = 0; k < choice.prompts.size(); ++k)
      out.rows[k].pictures.push_back(
          captioned(run, drawn.samples, drawn.made, static_cast<int64_t>(k), fmt::format("seed {}", seed)));
  }
  return out;
}

}  // namespace

PromptChoice prompt_choice(const TrainedRun& run) {
  PromptChoice out;
  std::set<std::string> seen;
  for (const std::string& caption : run.facts.text.captions)
    if (out.prompts.size() < kAsked && seen.insert(caption).second) out.prompts.push_back(caption);
  if (knows_no_text(run) && seen.insert("").second) out.prompts.emplace_back();
  for (uint64_t k = 0; k < kSeeds; ++k) out.seeds.push_back(run.seed + k);
  return out;
}

ReportGallery seeds_gallery(const TrainedRun& run, const PromptChoice& choice, const Cancel& cancel) {
  if (!reads_texts(run))
    fail(Code::usage, "report", "prompts", "a run whose network reads texts and makes pictures", run.folder.string());
  return seeds_gallery_of(run, from_here(provenance_of(run, run.folder.string())), choice, cancel);
}

void add_prompt_galleries(ReportContent& content, const TrainedRun& run, const PointSamples& made,
                          const Cancel& cancel) {
  if (!reads_texts(run)) return;
  const Provenance base = from_here(provenance_of(run, run.folder.string()));
  Provenance shown = base;
  shown.seed = run.seed;
  shown.count = made.points.rows;
  content.galleries.push_back(captions_gallery(run, made, shown));
  const PromptChoice choice = prompt_choice(run);
  if (choice.prompts.empty() || cancel.requested()) return;
  content.galleries.push_back(seeds_gallery_of(run, base, choice, cancel));
  if (choice.prompts.front().empty() || cancel.requested()) return;
  const std::string& guidance = text_of(run.recipe, "guidance", "kind");
  if (knows_no_text(run) && run.network && guidance != "cfg_pp")  // whose scale ends at 1
    content.galleries.push_back(guidance_gallery(run, base, choice, cancel));
  const Table& model = run.recipe.tables.at("model");
  const auto told = model.find("condition");
  if (told == model.end() || cancel.requested()) return;
  if (!TextWay{.way = std::get<std::string>(told->second.value)}.cross()) return;
  ReportGallery attention = attention_gallery(run, base, choice, cancel);
  if (attention.rows.front().pictures.size() > 1) content.galleries.push_back(std::move(attention));
}

}  // namespace roulade
