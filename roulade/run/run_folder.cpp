// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/run_folder.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/json_table.hpp"
#include "roulade/core/process.hpp"
#include "roulade/core/version.hpp"
#include "roulade/data/image_set.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/file.hpp"

#include <algorithm>
#include <charconv>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <toml++/toml.h>

namespace roulade {
namespace {

constexpr int64_t kFormat = 1;
constexpr const char* kPrefix = "step-";
constexpr const char* kTensors = ".safetensors";
constexpr uint64_t kMostFacts = uint64_t{1} << 30;  // bytes of data.json; earlier versions named every pixel
constexpr size_t kMostColumns = 1 << 14;            // names that are written though a picture's shape says them
constexpr int64_t kMostNumbers = 1 << 26;           // of a picture whose columns are not written: 4096 x 4096 x 4

std::string to_toml(const Maker& maker) {
  std::string out =
      fmt::format("version = {}\nbuild = {}\ninstruction_set = {}\nthreads = {}\n{}", to_text(maker.version),
                  to_text(maker.build), to_text(maker.instruction_set), maker.threads,
                  maker.processes == 1 ? "" : fmt::format("processes = {}\n", maker.processes));
  const PrecisionChoice& choice = maker.precision;
  if (!choice.precision.empty())
    out += fmt::format("precision = {}\nprecision_seconds = {}\n", to_text(choice.precision), to_text(choice.seconds));
  if (maker.exact) out += "exact = true\n";
  if (!maker.convolutions.empty()) out += fmt::format("convolutions = {}\n", to_text(maker.convolutions));
  return out;
}

Maker to_maker(const toml::table& from) {
  const auto text = [&](const char* key) { return from[key].value_or(std::string()); };
  Maker out{from["step"].value_or(int64_t{0}),
            text("version"),
            text("build"),
            text("instruction_set"),
            from["threads"].value_or(int64_t{0}),
            from["processes"].value_or(int64_t{1}),
            {},
            from["exact"].value_or(false),
            {}};
  out.precision.precision = text("precision");
  if (const toml::array* seconds = from["precision_seconds"].as_array())
    for (const toml::node& node : *seconds) out.precision.seconds.push_back(node.value_or(0.0));
  if (const toml::array* lines = from["convolutions"].as_array())
    for (const toml::node& node : *lines) out.convolutions.push_back(node.value_or(std::string()));
  return out;
}

/// The steps of a folder's entries step-00000100ENDING, ascending.
std::vector<int64_t> steps_in(const std::filesystem::path& folder, const std::string& ending) {
  std::vector<int64_t> out;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(kPrefix, 0) != 0 || is_leftover(entry.path())) continue;
    int64_t step = 0;
    const char* first = name.data() + std::string(kPrefix).size();
    const auto [end, error] = std::from_chars(first, name.data() + name.size(), step);
    if (error == std::errc() && ending == end) out.push_back(step);
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// Whether a file need not name the columns: they are many, and no others than the shape says.
bool follow_from_shape(const DataFacts& facts) {
  return facts.pictures() && facts.columns.size() > kMostColumns && facts.columns == picture_columns(facts.shape);
}

/// The columns that a file does not name.
std::vector<std::string> columns_of(const std::vector<int64_t>& shape, const std::string& where) {
  int64_t numbers = 1;
  for (const int64_t axis : shape) {
    if (axis < 1 || axis > kMostNumbers / numbers)
      fail(Code::input, where, "damaged: shape", fmt::format("1 to {} numbers in all", kMostNumbers));
    numbers *= axis;
  }
  return picture_columns(shape);
}

/// One number where all are equal.
std::vector<double> one_for_all(const std::vector<double>& values) {
  const bool equal = std::all_of(values.begin(), values.end(), [&](double v) { return v == values.front(); });
  return equal && !values.empty() ? std::vector<double>{values.front()} : values;
}

}  // namespace

std::filesystem::path RunFolder::preview(int64_t step) const {
  return previews() / fmt::format("{}{:08}.png", kPrefix, step);
}

std::filesystem::path RunFolder::snapshot(int64_t step) const {
  return averages() / fmt::format("{}{:08}{}", kPrefix, step, kTensors);
}

std::filesystem::path RunFolder::checkpoint(int64_t step) const {
  return checkpoints() / fmt::format("{}{:08}", kPrefix, step);
}

std::string RunFolder::name() const { return without_slash(std::filesystem::absolute(root)).filename().string(); }

std::vector<int64_t> RunFolder::steps() const { return steps_in(checkpoints(), ""); }

std::vector<int64_t> RunFolder::snapshots() const { return steps_in(averages(), kTensors); }

std::optional<int64_t> RunFolder::latest() const {
  const std::vector<int64_t> all = steps();
  return all.empty() ? std::nullopt : std::optional(all.back());
}

void RunFolder::check() const {
  if (!std::filesystem::exists(root)) fail(Code::io, root.string(), "no such run folder");
  if (!std::filesystem::exists(recipe())) fail(Code::io, root.string(), "not a run folder: it has no recipe.toml");
}

bool Maker::same(const Maker& other) const {
  return version == other.version && build == other.build && instruction_set == other.instruction_set &&
         threads == other.threads && processes == other.processes && exact == other.exact &&
         convolutions == other.convolutions;
}

Maker maker_from(int64_t step, int64_t processes) {
  return {step, version(), build(), instruction_set(), threads(), processes, {}, exact(), {}};
}

void write_run_recipe(const RunFolder& folder, const Recipe& resolved, const std::vector<Maker>& makers) {
  std::string text = to_toml(resolved);
  for (size_t i = 0; i < makers.size(); ++i) {
    text += i == 0 ? fmt::format("\n[made]\nformat = {}\n", kFormat)
                   : fmt::format("\n[[made.resumed]]\nstep = {}\n", makers[i].from_step);
    text += to_toml(makers[i]);
  }
  write_file_atomically(folder.recipe(), text);
}

Recipe read_run_recipe(const RunFolder& folder) {
  folder.check();
  const std::string text = read_file(folder.recipe(), 1 << 20);
  const Recipe recipe = parse_recipe(text, folder.recipe().string());
  const int64_t format = toml::parse(text)["made"]["format"].value_or(int64_t{0});
  if (format != kFormat)
    fail(Code::input, folder.recipe().string(), "format of the run folder", fmt::format("{}", kFormat),
         fmt::format("{}", format));
  return recipe;
}

std::vector<Maker> read_makers(const RunFolder& folder) {
  const std::string text = read_file(folder.recipe(), 1 << 20);
  parse_recipe(text, folder.recipe().string());  // told where it is no TOML
  const toml::table all = toml::parse(text);
  const toml::table* made = all["made"].as_table();
  if (made == nullptr) return {};
  std::vector<Maker> out{to_maker(*made)};
  if (const toml::array* resumed = (*made)["resumed"].as_array())
    for (const toml::node& node : *resumed)
      if (const toml::table* table = node.as_table()) out.push_back(to_maker(*table));
  return out;
}

void write_facts(const RunFolder& folder, const DataFacts& facts) {
  const Scaling& scaling = facts.scaling;
  nlohmann::ordered_json json;
  if (!follow_from_shape(facts)) json["columns"] = facts.columns;
  json["class_names"] = facts.class_names;
  json["class_shares"] = facts.class_shares;
  if (facts.training_rows > 0) json["training_rows"] = facts.training_rows;
  if (facts.rows_code > 0) json["rows_code"] = facts.rows_code;
  json["mean"] = facts.pictures() ? one_for_all(scaling.mean) : scaling.mean;
  json["deviation"] = facts.pictures() ? one_for_all(scaling.deviation) : scaling.deviation;
  if (facts.pictures()) {
    json["shape"] = facts.shape;
    json["range"] = {facts.low, facts.high};
  }
  for (const BucketFacts& b : facts.buckets)
    json["buckets"].push_back({{"height", b.height}, {"width", b.width}, {"pictures", b.pictures}});
  if (!facts.latent.shape.empty())
    json["latent"] = {{"shape", facts.latent.shape}, {"autoencoder", facts.latent.autoencoder}};
  if (!facts.perceptual_sha256.empty()) json["perceptual_sha256"] = facts.perceptual_sha256;
  if (facts.text.tokens > 0)
    json["text"] = {{"tokens", facts.text.tokens},
                    {"pooled", facts.text.pooled},
                    {"encoder_sha256", facts.text.encoder_sha256},
                    {"vocabulary", facts.text.vocabulary},
                    {"captions", facts.text.captions}};
  for (const auto& [key, given] : facts.text.reading)
    std::visit([&json, &name = key](const auto& value) { json["text"]["reading"][name] = value; }, given.value);
  write_file_atomically(folder.facts(), json.dump(2) + "\n");
}

DataFacts read_facts(const RunFolder& folder) {
  const std::string where = folder.facts().string();
  DataFacts facts;
  try {
    const nlohmann::json json = nlohmann::json::parse(read_file(folder.facts(), kMostFacts));
    if (json.contains("shape")) {  // of pictures
      json.at("shape").get_to(facts.shape);
      json.at("range").at(0).get_to(facts.low);
      json.at("range").at(1).get_to(facts.high);
    }
    if (facts.pictures() && !json.contains("columns"))
      facts.columns = columns_of(facts.shape, where);
    else
      json.at("columns").get_to(facts.columns);
    if (json.contains("buckets"))
      for (const nlohmann::json& b : json.at("buckets"))
        facts.buckets.push_back(
            {b.at("height").get<int64_t>(), b.at("width").get<int64_t>(), b.at("pictures").get<int64_t>()});
    if (json.contains("latent")) {
      json.at("latent").at("shape").get_to(facts.latent.shape);
      json.at("latent").at("autoencoder").get_to(facts.latent.autoencoder);
      if (facts.latent.shape.size() != 3 || !facts.pictures())
        fail(Code::input, where, "damaged: latent", "of pictures, and three axes");
    }
    facts.perceptual_sha256 = json.value("perceptual_sha256", "");
    facts.training_rows = json.value("training_rows", int64_t{0});
    facts.rows_code = json.value("rows_code", uint32_t{0});
    if (json.contains("text")) {
      const nlohmann::json& text = json.at("text");
      text.at("tokens").get_to(facts.text.tokens);
      text.at("pooled").get_to(facts.text.pooled);
      text.at("vocabulary").get_to(facts.text.vocabulary);
      text.at("captions").get_to(facts.text.captions);
      facts.text.encoder_sha256 = text.value("encoder_sha256", "");
      if (text.contains("reading"))
        facts.text.reading = parse_json_table(text.at("reading").dump(), where + ": text.reading").values;
      if (facts.text.tokens < 1 || facts.text.pooled < 0)
        fail(Code::input, where, "damaged: text", "widths of token states and pooled vector");
    }
    json.at("class_names").get_to(facts.class_names);
    json.at("class_shares").get_to(facts.class_shares);
    json.at("mean").get_to(facts.scaling.mean);
    json.at("deviation").get_to(facts.scaling.deviation);
  } catch (const nlohmann::json::exception& e) {
    fail(Code::input, where, fmt::format("damaged ({})", e.what()));
  }
  const size_t width = facts.columns.size();
  int64_t product = 1;
  for (const int64_t axis : facts.shape)
    product = product > 0 && axis > 0 && axis <= facts.width() / product ? product * axis : 0;
  if (!facts.shape.empty() && (product != facts.width() || !facts.pictures()))
    fail(Code::input, where, "damaged: shape", "three axes whose product is the number of columns");
  for (std::vector<double>* of : {&facts.scaling.mean, &facts.scaling.deviation})
    if (facts.pictures() && of->size() == 1) *of = std::vector<double>(width, of->front());
  if (width == 0 || facts.scaling.mean.size() != width || facts.scaling.deviation.size() != width)
    fail(Code::input, where, "damaged: columns, mean and deviation differ in length");
  if (facts.pictures() && !(facts.low < facts.high))
    fail(Code::input, where, "damaged: range", "black below white", fmt::format("{}, {}", facts.low, facts.high));
  if (!facts.class_names.empty() && facts.class_names.size() != facts.class_shares.size())
    fail(Code::input, where, "damaged: class_names and class_shares differ in length");
  for (const double deviation : facts.scaling.deviation)
    if (!(deviation > 0)) fail(Code::input, where, "damaged: deviation", "above 0", fmt::format("{}", deviation));
  return facts;
}

}  // namespace roulade
