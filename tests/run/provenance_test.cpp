// SPDX-License-Identifier: Apache-2.0
// The texts of a picture: ours, there and back, and the web UI's of it.
#include "roulade/run/provenance.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/image.hpp"
#include "roulade/run/replay.hpp"

#include <algorithm>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::json;

Provenance example() {
  Provenance made;
  made.run = "runs/a, \"b\": 猫";
  made.weights_sha256 = std::string(64, 'a');
  made.step = 4900;
  made.sample = {{"sampler", "dpmpp_2m"},
                 {"grid", "karras"},
                 {"steps", 20},
                 {"eta", 1.0},
                 {"most", std::numeric_limits<double>::infinity()},
                 {"label", "inform"},
                 {"rounded", true},
                 {"times", std::vector<double>{1, 0.5, -std::numeric_limits<double>::infinity()}},
                 {"words", std::vector<std::string>{"a", "inf"}}};
  made.guidance = {{"kind", "cfg"}, {"scale", 7.0}};
  made.run_seed = std::numeric_limits<uint64_t>::max();
  made.prompt = "a cat,\n\"sitting\"  ";
  made.negative_prompt = "狗";
  made.prompts = {"a cat,\n\"sitting\"  ", "狗"};
  made.seed = 3;
  made.to_seed = 9;
  made.count = 8;
  made.index = 5;
  made.class_name = "Ankle boot";
  made.width = 640;
  made.height = 512;
  made.threads = 2;
  made.exact = true;
  made.version = "1.2.3";
  made.build = "Release";
  made.instruction_set = "AVX2";
  made.processor = "a processor";
  return made;
}

TEST(Provenance, ComesBackFromItsText) {
  const Provenance made = example(), back = parse_provenance(to_json(made), "f");
  EXPECT_EQ(to_json(back), to_json(made));
  for (const auto& [key, given] : made.sample) EXPECT_EQ(back.sample.at(key).value, given.value) << key;
  EXPECT_EQ(back.prompt, made.prompt);
  EXPECT_EQ(back.prompts, made.prompts);
  EXPECT_EQ(back.run_seed, made.run_seed);
  EXPECT_EQ(back.to_seed, made.to_seed);
  EXPECT_EQ(back.index, made.index);
  EXPECT_FALSE(back.to_prompt);
  EXPECT_TRUE(changes(made, back).empty());
  Provenance sheet = made;
  sheet.index.reset();
  sheet.to_seed.reset();
  EXPECT_FALSE(parse_provenance(to_json(sheet), "f").index);
  sheet.to_prompt = "";  // a text as any other
  EXPECT_EQ(parse_provenance(to_json(sheet), "f").to_prompt, "");
  const std::vector<std::string> set = overrides_of(made);
  EXPECT_NE(std::find(set.begin(), set.end(), "sample.sampler=\"dpmpp_2m\""), set.end());
  EXPECT_NE(std::find(set.begin(), set.end(), "guidance.scale=7.0"), set.end());
}

TEST(Provenance, KeepsHowASheetShowsIt) {
  const auto format = [](const Provenance& made) { return to_json(made).substr(0, 12); };
  Provenance made = example();
  EXPECT_EQ(format(made), "{\"format\":1,");  // as earlier versions read it
  made.index.reset();
  made.shown = 7;
  made.across = 4;
  made.prompts_as_text = true;
  EXPECT_EQ(format(made), "{\"format\":3,");  // they would take it for a sheet of all
  const Provenance back = parse_provenance(to_json(made), "f");
  EXPECT_EQ(to_json(back), to_json(made));
  EXPECT_EQ(back.shown, 7);
  EXPECT_EQ(back.across, 4);
  EXPECT_TRUE(back.prompts_as_text);
  EXPECT_NE(to_text(infotext_of(made)).find(", Shown: 7, "), std::string::npos);

  Provenance maps = example();
  maps.index.reset();
  maps.attention = "cat";
  EXPECT_EQ(format(maps), "{\"format\":3,");
  EXPECT_EQ(parse_provenance(to_json(maps), "f").attention, "cat");
  EXPECT_NE(to_text(infotext_of(maps)).find(", Attention: cat, "), std::string::npos);

  const auto refused = [](Provenance wrong, const std::string& why) {
    try {
      parse_provenance(to_json(wrong), "f");
      ADD_FAILURE() << "taken: " << why;
    } catch (const Error& e) {
      EXPECT_EQ(e.what(), why);
    }
  };
  made.shown = 9;
  refused(made, "[f] shown: expected of a sheet, at most 8, got 9");
  made.shown = 3;
  made.index = 5;
  refused(made, "[f] shown: expected of a sheet, at most 8, got 3");
  maps.index = 5;
  EXPECT_EQ(parse_provenance(to_json(maps), "f").index, std::optional<int64_t>(5));
  maps.index.reset();
  maps.shown = 2;
  refused(maps, "[f] attention: expected of one picture or all, got 2");
  maps.shown = 0;
  maps.across = 1001;
  refused(maps, "[f] across: expected at most 1000, got 1001");
}

TEST(Provenance, KeepsWhatItWasMadeFrom) {
  Provenance made = example();
  EXPECT_FALSE(parse_provenance(to_json(made), "f").given);
  made.convolutions = {"direct 3 to 16, 8 x 8"};
  made.given = GivenStart{.file = "a, b/c.png", .strength = 0.25, .inverted = true, .repeats = 2, .sha256 = "12"};
  const Provenance noised = parse_provenance(to_json(made), "f");
  ASSERT_TRUE(noised.given);
  EXPECT_EQ(noised.given->file, made.given->file);
  EXPECT_EQ(noised.given->strength, std::optional(0.25));
  EXPECT_TRUE(noised.given->inverted);
  EXPECT_EQ(noised.given->repeats, 2);
  EXPECT_EQ(noised.convolutions, made.convolutions);
  EXPECT_EQ(to_json(noised), to_json(made));
  EXPECT_NE(to_text(infotext_of(made)).find(", Denoising strength: 0.25, "), std::string::npos);

  made.given = GivenStart{
      .file = "c.png", .mask = "m.png", .completed = true, .walks = 3, .jump = 2, .sha256 = "12", .mask_sha256 = "34"};
  const Provenance filled = parse_provenance(to_json(made), "f");
  ASSERT_TRUE(filled.given);
  EXPECT_EQ(filled.given->mask, "m.png");
  EXPECT_EQ(filled.given->walks, 3);
  EXPECT_EQ(filled.given->jump, 2);
  EXPECT_TRUE(changes(made, filled).empty());
  EXPECT_EQ(to_text(infotext_of(made)).find("Denoising"), std::string::npos);
  made.guidance = {{"kind", "autoguidance"}, {"scale", 2.0}, {"condition_scale", 1.5}};  // its scale is not CFG's
  EXPECT_NE(to_text(infotext_of(made)).find(", CFG scale: 1.5, Guidance: autoguidance 2, "), std::string::npos);
  made.guidance = {{"kind", "none"}};
  EXPECT_NE(to_text(infotext_of(made)).find(", CFG scale: 1, Seed"), std::string::npos);
  Provenance other = filled;
  other.given->sha256 = "56";
  other.given->mask_sha256 = "78";
  other.convolutions.clear();
  std::vector<std::string> names;
  for (const ProvenanceChange& one : changes(made, other)) names.push_back(one.what);
  EXPECT_EQ(names, (std::vector<std::string>{"given_file", "mask"}));

  // Earlier versions named the files alone: such a picture is not made again.
  const std::string json = to_json(example()), empty = "\"given\":\"\"";
  ASSERT_NE(json.find(empty), std::string::npos);
  std::string early = json;
  early.replace(early.find(empty), empty.size(), "\"given\":\"rows.csv\"");
  const Provenance before = parse_provenance(early, "f");
  ASSERT_TRUE(before.given);
  EXPECT_EQ(before.given->file, "rows.csv");
  try {
    ReplayRequest request;
    request.picture = "x.png";
    replay(before, request);
    ADD_FAILURE() << "made again without knowing how";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(),
                 "[x.png] what the samples began with: expected noise, or files and how far it went from them, got "
                 "rows.csv alone, by an earlier version");
  }
}

TEST(Provenance, IsAnInfotextForOthers) {
  EXPECT_EQ(
      to_text(infotext_of(example())),
      "a cat,\n\"sitting\"  \nNegative prompt: 狗\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, "
      "Seed: 3, Size: 640x512, Model hash: aaaaaaaaaa, Model: \"a, \\\"b\\\": 猫\", Batch size: 8, Batch pos: 5, "
      "Class: Ankle boot, Version: roulade 1.2.3");
  Provenance way = example();
  way.to_prompt = "a dog, \"asleep\"";
  way.count = 9;
  way.index = 2;
  EXPECT_NE(to_text(infotext_of(way)).find(", To prompt: \"a dog, \\\"asleep\\\"\", Share: 0.25, Version: "),
            std::string::npos)
      << to_text(infotext_of(way));
  const std::vector<PngText> texts = png_texts(example());
  const std::string png = with_png_texts(to_png({1, 1, 1, {0}}), texts);
  EXPECT_EQ(parse_png_texts(png, "f"), texts);
}

// As a grid of the web UI: the first one's prompt, here with the others behind it.
TEST(Provenance, SheetsSayAllTheirPrompts) {
  const std::vector<std::string> prompts{"a cat,\n\"sitting\"", "",           "red, \"cross\": \\ 1",
                                         "\"a dog\"",           "two\nlines", "Negative prompt: 猫"};
  Provenance sheet = example();
  sheet.index.reset();
  sheet.prompt.clear();
  sheet.prompts = prompts;
  const auto said = [](const Provenance& made, const std::vector<std::string>& texts = {}) {
    const std::vector<PngText> both = png_texts(made, texts);
    EXPECT_EQ(both.back().text, to_json(made));
    return parse_infotext(both.front().text);
  };
  const Infotext got = said(sheet);
  EXPECT_EQ(got.prompt, prompts[0]);
  EXPECT_EQ(got.negative_prompt, sheet.negative_prompt);
  EXPECT_EQ(got.find("Prompt 2"), nullptr);
  for (size_t i = 2; i < prompts.size(); ++i) {
    const std::string* other = got.find("Prompt " + std::to_string(i + 1));
    ASSERT_NE(other, nullptr) << i;
    EXPECT_EQ(*other, prompts[i]);
  }
  EXPECT_EQ(got.parameters.back().second, "roulade 1.2.3");

  const auto others = [&](const Provenance& made, const std::vector<std::string>& texts = {}) {
    std::string out;
    const Infotext all = said(made, texts);
    for (const auto& [name, value] : all.parameters)
      if (name.starts_with("Prompt ")) out += name.substr(7) + value;
    return all.prompt + out;
  };
  // Pictures' own texts, as those of the data; what comes again in turn is said once.
  EXPECT_EQ(others(sheet, {"a", "b", "a", "b", "a"}), "a2b");
  EXPECT_EQ(others(sheet, {"a", "a", "b", "a"}), "a2a3b");
  EXPECT_EQ(others(sheet, {"a", "a", "a"}), "a");
  EXPECT_EQ(others(sheet, {"", "b"}), "2b");
  sheet.prompts = {"a", "b", "c"};
  sheet.count = 2;  // the third has no picture
  EXPECT_EQ(others(sheet), "a2b");
  sheet.prompts.clear();
  sheet.prompt = "of all";
  EXPECT_EQ(others(sheet), "of all");
  sheet.prompts = {"of all"};
  sheet.to_prompt = "z";
  EXPECT_EQ(others(sheet, {"of all", "of all"}), "of all");
}

TEST(Provenance, AnotherTextIsRefused) {
  const auto refused = [](const std::string& text, const std::string& part) {
    try {
      parse_provenance(text, "f");
      ADD_FAILURE() << text;
    } catch (const Error& e) {
      EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(Code::input));
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  refused("{", "[f] not JSON");
  refused("[]", "[f] JSON: expected an object, got array");
  refused("{}", "[f] members: expected format, got none of that name");
  const Json whole = Json::parse(to_json(example()));
  for (const auto& [key, value] : whole.items()) {
    Json less = whole;
    less.erase(key);
    refused(less.dump(), "expected " + key + ", got none");
    Json other = whole;
    other[key] = Json::array({Json::array()});
    refused(other.dump(), key + ": expected ");
  }
  const auto with = [&](const char* key, const Json& value) {
    Json other = whole;
    other[key] = value;
    return other.dump();
  };
  refused(with("format", 4), "format: expected at most 3, got 4, of a later version");
  // Prompts of some pictures alone: this one's must be among them.
  refused(with("prompts_first", 1), "prompts_first");
  refused(with("prompts_first", INT64_MAX - 1), "prompts_first");
  refused(with("index", 8), "index: expected 0 to 7, got 8");
  refused(with("count", 0), "count: expected a whole number from 1 on, got 0");
  refused(with("seed", -1), "seed: expected a whole number from 0 on, got -1");
  refused(with("threads", 1.5), "threads: expected a whole number from 0 on, got 1.5");
}

TEST(Provenance, SaysWhatChanged) {
  Provenance now = example();
  now.threads = 4;
  now.weights_sha256 = "b";
  const std::vector<ProvenanceChange> found = changes(example(), now);
  ASSERT_EQ(found.size(), size_t{2});
  EXPECT_EQ(found[0].what, "weights");
  EXPECT_EQ(found[1].then, "2");
  EXPECT_EQ(found[1].now, "4");
}

// Of a picture from before it was noted, nothing is said.
TEST(Provenance, NotesTheTextEncoderWhereThereIsOne) {
  Provenance made = example();
  EXPECT_EQ(to_json(made).find("encoder"), std::string::npos);
  Provenance now = made;
  now.encoder_sha256 = "abc";
  EXPECT_TRUE(changes(made, now).empty());
  made.encoder_sha256 = "def";
  EXPECT_EQ(parse_provenance(to_json(made), "f").encoder_sha256, "def");
  ASSERT_EQ(changes(made, now).size(), size_t{1});
  EXPECT_EQ(changes(made, now).front().what, "text_encoder");
  EXPECT_EQ(changes(made, now).front().then, "def");
}

// Schedule and prediction lie beside a diffusers folder's weights, in a file that the weights' hash does not cover.
TEST(Provenance, NotesWhatTheNetworksNumbersMean) {
  Recipe recipe;
  recipe.tables["denoiser"] = {{"prediction", "v"}};
  recipe.tables["schedule"] = {{"kind", "cosine"}, {"steps", 40}};
  Provenance made = example(), now = made;
  const auto cosine = schedule::registry().make("cosine", {{"steps", 40}});
  now.formulation = formulation_of(recipe, *cosine);
  EXPECT_EQ(now.formulation, "schedule.kind = \"cosine\", schedule.steps = 40, denoiser.prediction = \"v\"");
  EXPECT_TRUE(changes(made, now).empty());  // a picture from before it was noted
  recipe.tables["schedule"]["steps"] = 50;
  made.formulation = formulation_of(recipe, *cosine);
  EXPECT_EQ(parse_provenance(to_json(made), "f").formulation, made.formulation);
  ASSERT_EQ(changes(made, now).size(), size_t{1});
  EXPECT_EQ(changes(made, now).front().what, "formulation");
  // Betas out of a file, wherever it lies, are known by what they make.
  const auto by_betas = [&](const std::string& file, double last) {
    recipe.tables["schedule"] = {{"kind", "table"}, {"file", file}, {"betas", std::vector<double>()}};
    return formulation_of(recipe, *schedule::registry().make("table", {{"betas", std::vector<double>{0.1, last}}}));
  };
  EXPECT_EQ(by_betas("a.csv", 0.2), by_betas("b.csv", 0.2));
  EXPECT_NE(by_betas("a.csv", 0.2), by_betas("a.csv", 0.3));
  EXPECT_NE(by_betas("a.csv", 0.2).find("denoiser.prediction = \"v\", sha256 = "), std::string::npos);
}

TEST(Provenance, NotesTheWeakNetworkWhereThereIsOne) {
  Provenance made = example();
  EXPECT_EQ(to_json(made).find("weak_sha256"), std::string::npos);
  Provenance now = made;
  now.weak_sha256 = "abc";
  EXPECT_TRUE(changes(made, now).empty());  // a picture from before it was noted
  made.weak_sha256 = "def";
  EXPECT_EQ(parse_provenance(to_json(made), "f").weak_sha256, "def");
  ASSERT_EQ(changes(made, now).size(), size_t{1});
  EXPECT_EQ(changes(made, now).front().what, "weak_network");
}

}  // namespace
}  // namespace roulade
