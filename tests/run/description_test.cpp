// SPDX-License-Identifier: Apache-2.0
// What list, inspect, new and data tell and write.
#include "roulade/io/csv.hpp"
#include "roulade/io/npy.hpp"
#include "roulade/io/safetensors.hpp"
#include "roulade/run/choices.hpp"
#include "roulade/run/inspection.hpp"
#include "roulade/run/listing.hpp"
#include "roulade/run/run_place.hpp"
#include "roulade/run/sample_files.hpp"
#include "tests/io/scratch.hpp"

#include <array>
#include <set>
#include <span>

#include <gtest/gtest.h>

namespace roulade {
namespace {

const Cell& fact(const Description& description, const std::string& name) {
  for (const Fact& f : description.facts)
    if (f.name == name) return f.value;
  throw std::runtime_error("no fact " + name);
}

TEST(Listing, KindsAreTheKeysThatChoose) {
  const Recipe resolved = resolve({});
  std::set<std::string> words;
  for (const ListedKind& kind : listed_kinds()) {
    EXPECT_FALSE(kind.entries.empty()) << kind.name;
    EXPECT_TRUE(words.insert(kind.name).second) << kind.name;
    for (const std::string& word : kind.also) {
      EXPECT_TRUE(words.insert(word).second) << word;
      EXPECT_EQ(find_kind(word).name, kind.name);
    }
    for (const ListedEntry& entry : kind.entries) {
      EXPECT_FALSE(entry.summary.empty()) << kind.name << " " << entry.name;
      EXPECT_EQ(entry.facts.size(), kind.fact_names.size()) << entry.name;
    }
    if (kind.key.empty()) continue;
    const size_t dot = kind.key.find('.');
    EXPECT_EQ(resolved.tables.at(kind.key.substr(0, dot)).count(kind.key.substr(dot + 1)), 1U) << kind.key;
  }
  expect_error(Code::usage, {"[list] unknown kind 'shedules': did you mean 'schedules'?"},
               [] { find_kind("shedules"); });
}

TEST(Choices, TableWithClasses) {
  const Scratch scratch;
  spill(scratch / "t.csv", "a,b,Species\n1,2,x\n3,4,y\n5,6,x\n");
  const ChosenRecipe chosen = choose_recipe(scratch / "t.csv");
  const Recipe resolved = resolve(chosen.recipe);
  EXPECT_EQ(std::get<std::string>(resolved.tables.at("data").at("label").value), "Species");
  EXPECT_EQ(std::get<int64_t>(resolved.tables.at("train").at("batch").value), 64);
  EXPECT_GT(std::get<double>(resolved.tables.at("objective").at("label_dropout").value), 0);
  size_t keys = 0;
  for (const auto& [name, table] : chosen.recipe.tables) keys += table.size();
  EXPECT_EQ(chosen.choices.size(), keys) << "every key chosen is told";
}

TEST(Choices, TableWithoutClassesAndWide) {
  const Scratch scratch;
  std::vector<double> values(40 * 50, 1.5);
  write_npy(scratch / "t.npy", {50, 40}, std::span<const double>(values));
  const Recipe resolved = resolve(choose_recipe(scratch / "t.npy").recipe);
  EXPECT_EQ(std::get<double>(resolved.tables.at("objective").at("label_dropout").value), 0);
  EXPECT_EQ(std::get<int64_t>(resolved.tables.at("model").at("width").value), 512);
}

TEST(Choices, EveryKindAndRecipeStarts) {
  for (const char* list : {"data", "recipes"})
    for (const ListedEntry& entry : find_kind(list).entries) {
      const Recipe recipe = starting_recipe(entry.name);
      const Recipe read = parse_recipe(to_commented_toml(recipe), "new");
      EXPECT_EQ(to_toml(resolve(read)), to_toml(resolve(recipe))) << entry.name;
    }
  expect_error(Code::usage, {"[new] unknown kind or recipe 'mons': did you mean 'moons'?"},
               [] { starting_recipe("mons"); });
}

TEST(RunPlace, NumbersWhatStands) {
  const Scratch scratch;
  const auto wanted = scratch / "runs";
  expect_error(Code::io, {"no such run folder"}, [&] { newest_run(wanted); });
  EXPECT_EQ(fresh_run(wanted), wanted);
  std::filesystem::create_directory(wanted);
  EXPECT_EQ(newest_run(wanted), wanted);
  EXPECT_EQ(fresh_run(wanted), scratch / "runs-2");
  std::filesystem::create_directory(scratch / "runs-2");
  EXPECT_EQ(newest_run(wanted), scratch / "runs-2");
  EXPECT_EQ(fresh_run(wanted), scratch / "runs-3");
}

TEST(SampleFiles, CsvReadsBackWithItsClasses) {
  const Scratch scratch;
  const Points points{3, 2, {1, 2, 3, 4, 0.1, 1e-300}, {1, 0, -1}};
  write_points(scratch / "deep/er/p.csv", points, {{"x", "y, z"}, "kind", {"rose", "daisy"}});
  EXPECT_EQ(slurp(scratch / "deep/er/p.csv"), "x,\"y, z\",kind\n1,2,daisy\n3,4,rose\n0.1,1e-300,\n");
  write_points(scratch / "p.npy", points, {{"x", "y"}, "kind", {}});
  const NpyArray back = read_npy(scratch / "p.npy");
  EXPECT_EQ(back.values, points.values);
  EXPECT_EQ(back.shape, (std::vector<int64_t>{3, 2}));
  expect_error(Code::usage, {"expected .csv or .npy, got .txt"}, [&] { write_points(scratch / "p.txt", points, {}); });
}

TEST(SampleFiles, DataDependOnTheSeedAlone) {
  const Scratch scratch;
  Recipe recipe;
  set_key(recipe, "data.kind=gaussian_mixture");
  const Points a = write_data(scratch / "a.csv", recipe, 3, 20);
  write_data(scratch / "b.csv", recipe, 3, 20);
  EXPECT_EQ(slurp(scratch / "a.csv"), slurp(scratch / "b.csv"));
  EXPECT_EQ(a.rows, 20);
  const CsvTable read = read_csv(scratch / "a.csv");
  EXPECT_EQ(read.columns.back(), "label");
  EXPECT_EQ(read.rows, 20);
}

TEST(Inspection, Csv) {
  const Scratch scratch;
  spill(scratch / "t.csv", "a,word,b\n1,x,10\n3,y,10\n");
  const Description d = inspect(scratch / "t.csv");
  EXPECT_EQ(std::get<int64_t>(fact(d, "rows")), 2);
  const auto& row = d.sheets.at(0).rows.at(0);
  EXPECT_EQ(std::get<std::string>(row.at(0)), "a");
  EXPECT_EQ(std::get<double>(row.at(1)), 1);
  EXPECT_EQ(std::get<double>(row.at(2)), 2);
  EXPECT_EQ(std::get<double>(row.at(3)), 1);  // population deviation of {1, 3}
  EXPECT_EQ(std::get<double>(row.at(4)), 3);
  EXPECT_EQ(d.sheets.at(0).rows.size(), 2U) << "the column of words is left out";
}

TEST(Inspection, Safetensors) {
  const Scratch scratch;
  const std::array<float, 6> values = {0, 1, 2, 3, 4, 5};
  write_safetensors(scratch / "w.safetensors",
                    {{"layer.weight", DType::F32, {2, 3}, std::as_bytes(std::span<const float>(values))}},
                    {{"format", "pt"}});
  const Description d = inspect(scratch / "w.safetensors");
  EXPECT_EQ(std::get<int64_t>(fact(d, "numbers")), 6);
  EXPECT_EQ(std::get<std::string>(fact(d, "metadata_format")), "pt");
  EXPECT_EQ(std::get<std::vector<int64_t>>(d.sheets.at(0).rows.at(0).at(2)), (std::vector<int64_t>{2, 3}));
  std::filesystem::resize_file(scratch / "w.safetensors", std::filesystem::file_size(scratch / "w.safetensors") - 1);
  expect_error(Code::input, {"w.safetensors"}, [&] { inspect(scratch / "w.safetensors"); });
}

TEST(Inspection, UnknownThings) {
  const Scratch scratch;
  spill(scratch / "t.xyz", "text");
  expect_error(Code::input, {"kind of file", "got .xyz"}, [&] { inspect(scratch / "t.xyz"); });
  expect_error(Code::input, {"folder: expected a run"}, [&] { inspect(scratch.folder()); });
  expect_error(Code::io, {"no such file"}, [&] { inspect(scratch / "nothing"); });
}

}  // namespace
}  // namespace roulade
