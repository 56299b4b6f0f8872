// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/recipe.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/builtin.hpp"
#include "roulade/grid/grid.hpp"
#include "roulade/run/tables.hpp"
#include "roulade/run/training.hpp"
#include "roulade/run/trajectory.hpp"
#include "roulade/sampler/sampler.hpp"
#include "tests/io/scratch.hpp"

#include <set>

#include <gtest/gtest.h>

namespace roulade {
namespace {

std::string refusal(const std::string& text) {
  try {
    resolve(parse_recipe(text, "r.toml"));
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::usage);
    return e.what();
  }
  return "";
}

TEST(RecipeTest, TyposAreRefusedWithFileAndLine) {
  EXPECT_EQ(refusal("[train]\nsteps = 5\nbatsh = 3\n").substr(0, 62),
            "[r.toml:3 train] unknown key 'batsh': did you mean 'batch'? (k");
  EXPECT_EQ(refusal("[trian]\n").substr(0, 55), "[r.toml:1] unknown table 'trian': did you mean 'train'?");
  EXPECT_EQ(refusal("[model]\nkind = \"mpl\"\n").substr(0, 53),
            "[r.toml:2 model] unknown kind 'mpl': did you mean 'ml");
  EXPECT_EQ(refusal("[train]\nsteps = -5\n"), "[r.toml:2 train.steps] bad value: expected an integer >= 0, got -5");
  EXPECT_EQ(refusal("steps = 5\n"),
            "[r.toml:1] key 'steps' stands outside a table: expected a table such as [train] above it");
  EXPECT_EQ(refusal("[train]\n[train.more]\n").substr(0, 10), "[r.toml:2]");
  EXPECT_EQ(refusal("[train]\nsteps = \n").substr(0, 21), "[r.toml:2] not TOML (");
  EXPECT_EQ(refusal("[train]\nema = [1, \"a\"]\n").substr(0, 10), "[r.toml:2]");
  EXPECT_EQ(refusal("[train]\nema = 1979-05-27\n").substr(0, 10), "[r.toml:2]");
}

TEST(RecipeTest, ResolvedTextReadsBackTheSame) {
  const Recipe a = resolve(parse_recipe("[schedule]\nkind = \"linear\"\n[train]\nema = [0.9, 0.99]\nlr = 1e-3\n", "a"));
  const std::string text = to_toml(a);
  EXPECT_EQ(to_toml(resolve(parse_recipe(text, "b"))), text);
  EXPECT_TRUE(trajectory_differences(a, parse_recipe(text, "b")).empty());
  const std::string commented = to_commented_toml(a);
  EXPECT_EQ(to_toml(resolve(parse_recipe(commented, "c"))), text);
}

TEST(RecipeTest, SetOverridesAndRefuses) {
  Recipe r = parse_recipe("[train]\nsteps = 5\n", "r.toml");
  set_key(r, "train.steps=7");
  set_key(r, "model.kind=residual_mlp");  // a bare word is a text
  set_key(r, "train.ema=[0.5]");
  const Recipe resolved = resolve(r);
  EXPECT_EQ(std::get<int64_t>(resolved.tables.at("train").at("steps").value), 7);
  EXPECT_EQ(std::get<std::string>(resolved.tables.at("model").at("kind").value), "residual_mlp");
  for (const char* bad : {"train.steps", "steps=3", ".steps=3", "train.=3", "trian.steps=3"})
    EXPECT_THROW(set_key(r, bad), Error) << bad;
}

TEST(RecipeTest, NoteTablesArePassedOver) {
  EXPECT_NO_THROW(resolve(parse_recipe("[made]\nformat = 1\n[expected]\nsliced_wasserstein = 0.02\n", "r")));
}

TEST(RecipeTest, EveryEmbeddedRecipeResolves) {
  EXPECT_TRUE(embedded_recipes().count("swiss_roll_article"));
  for (const auto& [name, text] : embedded_recipes()) EXPECT_NO_THROW(resolve(parse_recipe(text, name))) << name;
  EXPECT_THROW(find_recipe("swiss_roll_artcle"), Error);
  EXPECT_THROW(find_recipe("no/such/file.toml"), Error);
}

std::string data_file(const Recipe& recipe) { return std::get<std::string>(recipe.tables.at("data").at("file").value); }

TEST(RecipeTest, FilesAreRelativeToTheRecipe) {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "deep");
  const auto read = [&](const std::string& file) {
    spill(scratch / "deep" / "r.toml", "[data]\nkind = \"table\"\nfile = \"" + file + "\"\n");
    return data_file(read_recipe(scratch / "deep" / "r.toml"));
  };
  EXPECT_EQ(read("t.csv"), (scratch / "deep" / "t.csv").string());
  EXPECT_EQ(read("../more/t.csv"), (scratch / "more" / "t.csv").string());
  EXPECT_EQ(read("/abs/t.csv"), "/abs/t.csv");
  EXPECT_EQ(read("builtin:data/snail.png"), "builtin:data/snail.png");
  EXPECT_EQ(read(""), "");
}

TEST(RecipeTest, FilesOfBuiltinRecipesAreBuiltIn) {
  int with_file = 0;
  for (const auto& [name, text] : embedded_recipes()) {
    const Recipe recipe = find_recipe(name);
    if (recipe.tables.at("data").count("file") == 0) continue;
    ++with_file;
    EXPECT_TRUE(is_builtin(data_file(recipe))) << name << ": " << data_file(recipe);
    EXPECT_FALSE(read_content(data_file(recipe)).empty());
  }
  EXPECT_GT(with_file, 0);
}

TEST(RecipeTest, OnlyKeysThatLeaveTheTrajectoryMayDiffer) {
  const Recipe base = parse_recipe("", "a");
  const auto differences = [&](const char* assignment) {
    Recipe changed = base;
    set_key(changed, assignment);
    return trajectory_differences(base, changed);
  };
  for (const char* free : {"train.keep=9", "train.keep_steps=[7]", "train.log_every=3", "train.checkpoint_every=2",
                           "sample.steps=3", "eval.pairs=2", "run.title=x"})
    EXPECT_TRUE(differences(free).empty()) << free;
  for (const char* bound : {"train.lr=0.5", "train.steps=9", "train.batch=3", "model.width=8", "data.noise=0.1",
                            "run.seed=1", "schedule.steps=7", "objective.loss=l1", "denoiser.prediction=v"})
    EXPECT_EQ(differences(bound).size(), 1u) << bound;
  EXPECT_GE(differences("schedule.kind=edm").size(), 2u);
}

// Keys of one table live together: no two entries that can be chosen at the same time may share one.
TEST(RecipeTest, EveryPairOfSamplerAndGridBinds) {
  for (const auto& sampler : sampler::registry().entries())
    for (const auto& grid : grid::registry().entries()) {
      Recipe recipe;
      recipe.tables["sample"] = {{"sampler", sampler.name}, {"grid", grid.name}};
      EXPECT_NO_THROW(resolve(recipe)) << sampler.name << " " << grid.name;
    }
}

/// The [sample] table of a recipe with these lines in it and these overrides, as "key=value" of some keys.
std::string sample_of(const std::string& lines, const std::vector<std::string>& set = {}) {
  Recipe recipe = parse_recipe("[sample]\n" + lines, "r.toml");
  for (const std::string& assignment : set) set_key(recipe, assignment);
  const Recipe resolved = resolve(recipe);
  std::string out;
  for (const auto& [key, given] : resolved.tables.at("sample"))
    if (std::set<std::string>{"count", "weights", "ema", "label", "chunk", "tile", "steps", "prompt", "negative",
                              "weighted"}
            .count(key) == 0)
      out += key + "=" + to_text(given.value) + " ";
  return out;
}

TEST(RecipeTest, NamesOfOtherProgramsBecomeOurs) {
  const std::string karras =
      "grid=\"karras\" lower_order_final=true rho=7.0 sampler=\"dpmpp_2m\" sigma_max=0.0 sigma_min=0.0 ";
  EXPECT_EQ(sample_of("sampler = \"DPM++ 2M Karras\"\n"), karras);
  EXPECT_EQ(sample_of("", {"sample.sampler=DPM++ 2M Karras"}), karras);
  EXPECT_EQ(sample_of("sampler = \"DPMSolverMultistepScheduler\"\n"),
            "grid=\"sgm_uniform\" lower_order_final=true rounded=true sampler=\"dpmpp_2m\" ");
  EXPECT_EQ(sample_of("sampler = \"Euler\"\ngrid = \"SGM Uniform\"\n"),
            "grid=\"sgm_uniform\" rounded=false sampler=\"euler\" ");
  EXPECT_EQ(sample_of("sampler = \"sample_euler\"\n"), "grid=\"uniform\" rounded=true sampler=\"euler\" ");
  EXPECT_EQ(sample_of("grid = \"ddim_uniform\"\n"),
            "grid=\"leading\" left_out=0 sampler=\"ddpm\" steps_offset=1 variance=\"posterior\" ");
}

TEST(RecipeTest, WhatARecipeSaysBesideAnotherProgramsNameIsKept) {
  EXPECT_EQ(sample_of("sampler = \"DPM++ 2M Karras\"\nrho = 5\nlower_order_final = false\n"),
            "grid=\"karras\" lower_order_final=false rho=5.0 sampler=\"dpmpp_2m\" sigma_max=0.0 sigma_min=0.0 ");
  EXPECT_EQ(sample_of("sampler = \"DPM++ 2M Karras\"\ngrid = \"log_snr\"\n"),
            "grid=\"log_snr\" lower_order_final=true sampler=\"dpmpp_2m\" ");
  EXPECT_EQ(sample_of("sampler = \"DPM++ 2M Karras\"\n", {"sample.grid=log_snr"}),
            "grid=\"log_snr\" lower_order_final=true sampler=\"dpmpp_2m\" ");
  // an override brings its own grid, and the options of the one before mean nothing then
  EXPECT_EQ(sample_of("grid = \"karras\"\nrho = 5\nsigma_min = 0.1\n", {"sample.sampler=Euler SGM Uniform"}),
            "grid=\"sgm_uniform\" rounded=false sampler=\"euler\" ");
  EXPECT_EQ(sample_of("grid = \"log_snr\"\n", {"sample.sampler=Euler Karras", "sample.rho=5"}),
            "grid=\"karras\" rho=5.0 sampler=\"euler\" sigma_max=0.0 sigma_min=0.0 ");
}

TEST(RecipeTest, NamesThatNobodyKnowsAreRefusedWithTheNearest) {
  EXPECT_EQ(refusal("[sample]\nsampler = \"DPM++ 2M Karas\"\n").substr(0, 85),
            "[r.toml:2 sample] unknown sampler 'DPM++ 2M Karas': did you mean 'DPM++ 2M Karras'? (");
  EXPECT_EQ(refusal("[sample]\nsampler = \"DDIMSchedular\"\n").substr(0, 81),
            "[r.toml:2 sample] unknown sampler 'DDIMSchedular': did you mean 'DDIMScheduler'? ");
  EXPECT_EQ(refusal("[sample]\nsampler = \"ddmi\"\n").substr(0, 63),
            "[r.toml:2 sample] unknown sampler 'ddmi': did you mean 'ddim'? ");
  EXPECT_EQ(refusal("[sample]\ngrid = \"Karas\"\n").substr(0, 63),
            "[r.toml:2 sample] unknown grid 'Karas': did you mean 'Karras'? ");
  EXPECT_EQ(refusal("[sample]\nsampler = 3\n").substr(0, 27), "[r.toml:2 sample.sampler] b");
}

TEST(RecipeTest, EveryKeyHasHelp) {
  std::set<std::string> tables;
  for (const RecipeKey& key : all_keys()) {
    EXPECT_FALSE(key.info.help.empty()) << key.table << "." << key.info.key;
    tables.insert(key.table);
  }
  EXPECT_EQ(tables.size(), recipe_tables().size());
}

}  // namespace
}  // namespace roulade
