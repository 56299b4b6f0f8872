// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/choices.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/file_tree.hpp"
#include "roulade/data/image_set.hpp"
#include "roulade/data/table_file.hpp"
#include "roulade/run/settings.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

namespace roulade {
namespace {

/// What the choices depend on.
struct Shape {
  int64_t rows = 0, width = 0, classes = 0;
};

void choose(ChosenRecipe& to, const std::string& key, const Value& value, const std::string& reason) {
  const size_t dot = key.find('.');
  to.recipe.tables[key.substr(0, dot)][key.substr(dot + 1)] = Given(value, "chosen");
  to.choices.push_back({key, to_text(value), reason});
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// The header of a CSV file is enough; NPY files have no names.
std::string find_label(const std::filesystem::path& table) {
  if (is_npy(table)) return "";
  constexpr std::array kNames = {"label", "class", "target", "species"};
  const CsvReader reader(table);
  for (const std::string& column : reader.columns())
    if (std::count(kNames.begin(), kNames.end(), lower(column)) > 0) return column;
  return "";
}

void choose_training(ChosenRecipe& to, const Shape& shape) {
  choose(to, "schedule.kind", "cosine", "serves data of deviation 1");
  choose(to, "schedule.steps", int64_t{1000}, "fine enough for every sampler");
  choose(to, "model.kind", "residual_mlp", "for points of any width");
  choose(to, "model.width",
         int64_t{shape.width > 32  ? 512
                 : shape.width > 8 ? 256
                                   : 128},
         fmt::format("the points have {} column{}", shape.width, shape.width == 1 ? "" : "s"));
  if (shape.classes > 0) choose(to, "objective.label_dropout", 0.1, "so that guidance can be used");
  choose(to, "train.steps", int64_t{5000}, "a few minutes at most");
  choose(to, "train.batch", std::clamp<int64_t>(shape.rows, 64, 1024), fmt::format("{} rows to learn", shape.rows));
  choose(to, "train.decay", "cosine", "the last steps settle");
  choose(to, "train.warmup", int64_t{100}, "no jump at the start");
  choose(to, "train.clip", 1.0, "no jump later");
  choose(to, "sample.sampler", "dpmpp_2m", "good samples in few steps");
  choose(to, "sample.grid", "log_snr", "steps where dpmpp_2m needs them");
  choose(to, "sample.steps", int64_t{25}, "more change little");
}

/// Everything but where the pictures are. More halvings for larger pictures: attention is dear on many pixels.
void choose_for_pictures(ChosenRecipe& to, int64_t size, bool classes) {
  using Words = std::vector<std::string>;
  choose(to, "data.scale", "pixels", "0 to 255 become -1 to 1");
  choose(to, "schedule.kind", "edm", "suits pictures of any kind");
  choose(to, "model.kind", "unet", "pictures");
  if (size > 40) {
    choose(to, "model.block_out_channels", std::vector<double>{64, 128, 128, 256}, "some millions of weights");
    choose(to, "model.down_block_types", Words{"DownBlock2D", "DownBlock2D", "AttnDownBlock2D", "DownBlock2D"},
           "attention at a quarter of the size");
    choose(to, "model.up_block_types", Words{"UpBlock2D", "AttnUpBlock2D", "UpBlock2D", "UpBlock2D"},
           "as on the way down");
  } else if (size > 16) {
    choose(to, "model.block_out_channels", std::vector<double>{64, 128, 128}, "some millions of weights");
    choose(to, "model.down_block_types", Words{"DownBlock2D", "AttnDownBlock2D", "DownBlock2D"},
           "attention at half the size");
    choose(to, "model.up_block_types", Words{"UpBlock2D", "AttnUpBlock2D", "UpBlock2D"}, "as on the way down");
  } else {
    choose(to, "model.block_out_channels", std::vector<double>{64, 128}, "some millions of weights");
    choose(to, "model.down_block_types", Words{"DownBlock2D", "AttnDownBlock2D"}, "attention at half the size");
    choose(to, "model.up_block_types", Words{"AttnUpBlock2D", "UpBlock2D"}, "as on the way down");
  }
  choose(to, "denoiser.prediction", "edm", "suits the schedule");
  choose(to, "objective.times", "log_normal", "suits the schedule");
  choose(to, "objective.weight", "edm", "suits the schedule");
  if (classes) choose(to, "objective.label_dropout", 0.1, "so that guidance can be used");
  choose(to, "train.steps", int64_t{20000}, "more is better");
  choose(to, "train.batch", int64_t{64}, "fits a small machine");
  choose(to, "train.lr", 2e-4, "usual for U-Nets");
  choose(to, "train.precision", "auto", "bfloat16 where a measurement at the start finds it faster");
  choose(to, "sample.sampler", "dpmpp_2m", "few network calls");
  choose(to, "sample.grid", "karras", "suits the schedule");
  choose(to, "sample.steps", int64_t{25}, "more change little");
  choose(to, "sample.count", int64_t{100}, "a sheet");
  choose(to, "sample.chunk", int64_t{25}, "pictures take memory");
}

/// The side that the network works at: what it can halve as often as choose_for_pictures asks.
int64_t working_size(int64_t side) {
  if (side >= 64) return 64;
  if (side > 40) return side / 8 * 8;
  return std::max<int64_t>(side / 4 * 4, 8);
}

ChosenRecipe choose_for_folder(const std::filesystem::path& folder) {
  const ImageGlance glance = glance_at_images(folder);
  ChosenRecipe out;
  choose(out, "data.kind", "images", "--data");
  choose(out, "data.path", std::filesystem::absolute(folder).lexically_normal().string(), "--data");
  const int64_t size = working_size(glance.side);
  choose(out, "data.size", size,
         glance.alike && size == glance.side ? "as the pictures have it"
         : size < glance.side ? fmt::format("the shortest side has {} pixels; 64 at most without asking", glance.side)
                              : fmt::format("the shortest side has {} pixels", glance.side));
  choose(out, "data.channels", glance.channels, glance.channels == 1 ? "the pictures are grey" : "colours");
  choose_for_pictures(out, size, glance.classes > 0);
  return out;
}

}  // namespace

ChosenRecipe choose_recipe(const std::filesystem::path& data) {
  std::error_code ignored;
  const std::string kind = lower(data.extension().string());
  if (std::filesystem::is_directory(data, ignored) || kind == ".zip" || kind == ".tar") return choose_for_folder(data);
  constexpr std::array kOthers = {".gif", ".bmp", ".toml", ".json", ".jsonl", ".npz", ".parquet", ".safetensors",
                                  ".pth", ".pt",  ".gz",   ".tgz",  ".xz",    ".7z",  ".rar"};
  if (is_picture_name(data.filename().string()) || std::find(kOthers.begin(), kOthers.end(), kind) != kOthers.end())
    fail(Code::usage, data.string(), "what to train on",
         "a folder of pictures, an archive of them (.zip, .tar), or a table (.csv, .npy)", kind);
  const std::string label = find_label(data);
  const TableContent content = read_table(data, {label, {}, {}});
  ChosenRecipe out;
  choose(out, "data.kind", "table", "--data");
  choose(out, "data.file", std::filesystem::absolute(data).lexically_normal().string(), "--data");
  if (!label.empty()) {
    const size_t classes = content.class_names.size();
    choose(out, "data.label", label, fmt::format("a column of this name; {} classes", classes));
  }
  choose(out, "data.scale", "column", "columns may have different units");
  choose_training(out, {content.points.rows, content.points.width, static_cast<int64_t>(content.class_names.size())});
  return out;
}

ChosenRecipe choose_recipe_for_kind(const std::string& kind) {
  data::registry().find(kind, "new");
  ChosenRecipe out;
  choose(out, "data.kind", kind, "asked for");
  if (kind == "picture") {
    choose(out, "data.file", "picture.png", "to be filled in");
    choose_training(out, {DataSettings().count, 2, 0});
    return out;
  }
  if (kind == "table") {
    choose(out, "data.file", "table.csv", "to be filled in");
    choose(out, "data.scale", "column", "columns may have different units");
    choose_training(out, {10000, 2, 0});
    return out;
  }
  if (kind == "images") {
    choose(out, "data.path", "pictures", "to be filled in");
    choose(out, "data.size", int64_t{32}, "a U-Net of three levels halves it twice");
    choose_for_pictures(out, 32, false);
    return out;
  }
  const auto source = data::registry().make(kind);
  choose_training(out, {DataSettings().count, static_cast<int64_t>(source->columns().size()), source->classes()});
  return out;
}

Recipe starting_recipe(const std::string& kind_or_name) {
  std::vector<std::string> known = data::registry().names();
  if (std::count(known.begin(), known.end(), kind_or_name) > 0) return choose_recipe_for_kind(kind_or_name).recipe;
  if (embedded_recipes().count(kind_or_name) > 0) return find_recipe(kind_or_name);
  for (const auto& [name, text] : embedded_recipes()) known.push_back(name);
  fail_unknown("new", "kind or recipe", kind_or_name, known);
}

}  // namespace roulade
