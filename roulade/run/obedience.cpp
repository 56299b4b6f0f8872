// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/obedience.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/reading.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/data/attributes.hpp"
#include "roulade/data/image_set.hpp"
#include "roulade/data/image_words.hpp"
#include "roulade/eval/picture_format.hpp"
#include "roulade/eval/protocol.hpp"
#include "roulade/eval/ridge.hpp"
#include "roulade/eval/text_vectors.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/run/chunks.hpp"
#include "roulade/run/page_words.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/trajectory.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWhere = "obedience";
constexpr int64_t kShown = 32;      // samples that come back
constexpr int64_t kAtOnce = 64;     // pictures that the features' network reads together
constexpr int64_t kTop = 10;        // ranks that count as found
constexpr int64_t kFitGrounds = 3;  // pictures of each emoji whose mean features the map is fitted on
constexpr uint64_t kRole = 8003;

/// A part of a folder of pictures, as the run's data have them.
struct Part {
  fs::path folder;
  ImageSet set;

  std::vector<std::string> attribute(const std::string& key) const { return read_attribute(folder, set.names, key); }
};

Part open_part(const TrainedRun& run, const std::string& name, const Cancel& cancel) {
  const Table& data = run.recipe.tables.at("data");
  if (text_of(run.recipe, "data", "kind") != "images")
    fail(Code::usage, kWhere, "data of the run", "a folder of pictures with texts",
         text_of(run.recipe, "data", "kind"));
  const fs::path root = text_of(run.recipe, "data", "path");
  std::error_code ignored;
  Part out{root / name, {}};
  if (!fs::exists(out.folder, ignored))
    fail(Code::io, out.folder.string(), "no such folder: the data need one of each, train and test");
  const std::string& fit = text_of(run.recipe, "data", "fit");
  ImageOptions options;
  options.size = std::get<int64_t>(data.at("size").value);
  options.channels = run.facts.shape[0];
  options.fit = fit == "stretch" ? Fit::stretch : fit == "exact" ? Fit::exact : Fit::crop;
  options.crop_margin = std::get<int64_t>(data.at("crop_margin").value);
  options.keep_larger = false;
  options.filter = filter_of(text_of(run.recipe, "data", "filter"));
  options.background = background_of(text_of(run.recipe, "data", "background"));
  options.on_damaged = text_of(run.recipe, "data", "on_damaged") == "skip" ? OnDamaged::skip : OnDamaged::fail;
  if (const WatchedReading* watched = WatchedReading::current()) options.progress = watched->progress();
  options.cancel = cancel;
  out.set = open_images(out.folder, options).train;
  if (out.set.captions.empty() && !cancel.requested())
    fail(Code::input, out.folder.string(), "the pictures have no texts");
  return out;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> out;
  for (const ImageItem& item : scan_images(folder).items) out.push_back(item.name);
  return out;
}

/// uint8 [rows, colours, H, W]: a kept opacity on white, as PictureFormat::bytes gives samples.
Tensor pictures_of(const ImageSet& set, const std::vector<int64_t>& rows) {
  Tensor out = at::empty({static_cast<int64_t>(rows.size()), set.channels, set.height, set.width}, at::kByte);
  uint8_t* to = out.mutable_data_ptr<uint8_t>();
  for (const int64_t row : rows) {
    const auto from = set.values.begin() + row * set.picture_size();
    to = std::copy(from, from + set.picture_size(), to);
  }
  return on_white(out);
}

Tensor features_of(const Features& features, const Tensor& pictures, const ProgressFn& progress, const Cancel& cancel) {
  const at::NoGradGuard no_grad;
  const int64_t count = pictures.size(0);
  const Pace pace("features", count);
  std::vector<Tensor> parts;
  for (int64_t first = 0; first < count; first += kAtOnce) {
    const int64_t n = std::min(kAtOnce, count - first);
    parts.push_back(cancel.requested() ? at::zeros({n, features.width()}) : features.of(pictures.narrow(0, first, n)));
    if (progress) progress(pace.at(first + n));
  }
  return at::cat(parts);
}

/// Which rows of the pictures that train a request means.
std::vector<bool> asked_rows(const TrainedRun& run, const ImageSet& set, ObedienceRequest::Part part) {
  if (part == ObedienceRequest::Part::test) return std::vector<bool>(static_cast<size_t>(set.count), true);
  const Table& data = run.recipe.tables.at("data");
  const auto split_seed = static_cast<uint64_t>(std::get<int64_t>(data.at("split_seed").value));
  const int64_t held = validation_count(set.count, std::get<double>(data.at("validation").value));
  const bool validation = part == ObedienceRequest::Part::validation;
  if (validation && held == 0)
    fail(Code::usage, kWhere, "pictures for validation (data.validation)", "one at least", "none");
  std::vector<bool> out(static_cast<size_t>(set.count), !validation);
  const std::vector<int64_t> order = validation_first(set.count, split_seed);
  for (int64_t i = 0; i < held; ++i) out[static_cast<size_t>(order[static_cast<size_t>(i)])] = validation;
  return out;
}

bool mirrors(const TrainedRun& run) { return std::get<bool>(run.recipe.tables.at("data").at("flip").value); }

/// Throws Error(input) of check_same_data where others of them train than did.
Tensor pictures_trained_on(const TrainedRun& run, const Part& train) {
  const std::vector<bool> trains = asked_rows(run, train.set, ObedienceRequest::Part::train);
  std::vector<int64_t> rows;
  DataFacts now = run.facts;
  now.training_rows = 0;
  now.rows_code = names_code(train.set, train.set.count);
  for (int64_t row = 0; row < train.set.count; ++row)
    if (trains[static_cast<size_t>(row)]) {
      rows.push_back(row);
      const int64_t times = train.set.repeats.empty() ? 1 : train.set.repeats[static_cast<size_t>(row)];
      now.training_rows += mirrors(run) ? 2 * times : times;
    }
  check_same_data(run.facts, now, place_of_data(run.recipe));
  return pictures_of(train.set, rows);
}

/// The rows of a part whose value under a key is one of some, in an order by the seed, `most` at most.
std::vector<int64_t> chosen_rows(const ImageSet& set, uint64_t seed, int64_t most,
                                 const std::function<bool(int64_t)>& wanted) {
  std::vector<int64_t> out;
  for (const int64_t row : permutation({derive_seed(seed, kRole), Stream::evaluate, 0}, set.count))
    if (wanted(row) && (most == 0 || std::ssize(out) < most)) out.push_back(row);
  return out;
}

template <class T>
std::vector<T> at_rows(const std::vector<T>& all, const std::vector<int64_t>& rows) {
  std::vector<T> out;
  for (const int64_t row : rows) out.push_back(all[static_cast<size_t>(row)]);
  return out;
}

template <class T>
std::vector<T> repeated(const std::vector<T>& all, int64_t times) {
  std::vector<T> out;
  for (int64_t k = 0; k < times; ++k) out.insert(out.end(), all.begin(), all.end());
  return out;
}

/// What judges pictures, whoever made them.   rows: of the part, a text each, in order; times: how often they come.
using JudgePictures = std::function<std::vector<ObedienceFigure>(const Tensor& pictures, int64_t times)>;

JudgePictures attribute_judge(const TrainedRun& run, const Part& part, const std::vector<int64_t>& rows,
                              const fs::path& folder) {
  struct One {
    std::string name;
    std::shared_ptr<const Judge> judge;
    std::vector<std::string> wanted;
  };
  std::vector<One> all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.is_directory() && !is_leftover(entry.path()))
      all.push_back({entry.path().filename().string(), nullptr, {}});
  if (all.empty()) fail(Code::io, folder.string(), "no judges", "a folder for each attribute, by its name");
  std::sort(all.begin(), all.end(), [](const One& a, const One& b) { return a.name < b.name; });
  for (One& one : all) {
    one.judge = std::make_shared<const Judge>(Judge::read(folder / one.name));
    one.judge->check(run.facts.shape, std::ssize(one.judge->class_names()), {});
    one.wanted = at_rows(part.attribute(one.name), rows);
  }
  return [all](const Tensor& pictures, int64_t times) {
    std::vector<AskedAttribute> asked;
    for (const One& one : all) asked.push_back({one.name, one.judge.get(), repeated(one.wanted, times)});
    return judge_attributes(pictures, asked);
  };
}

/// The map from features to vectors of names, on the mean features of each emoji of the training part.
RidgeMap fit_names(const Part& train, const std::vector<std::string>& names, const Features& features,
                   const Tensor& vectors, const std::map<std::string, int64_t>& numbers, const ObedienceRequest& r) {
  std::map<std::string, std::vector<int64_t>> rows_of;
  for (const int64_t row : chosen_rows(train.set, 0, 0, [](int64_t) { return true; })) {
    std::vector<int64_t>& of = rows_of[names[static_cast<size_t>(row)]];
    if (std::ssize(of) < kFitGrounds) of.push_back(row);
  }
  std::vector<int64_t> rows, text_rows;
  for (const auto& [name, of] : rows_of) {
    rows.insert(rows.end(), of.begin(), of.end());
    text_rows.push_back(numbers.at(name));
  }
  const Tensor all = features_of(features, pictures_of(train.set, rows), r.progress, r.cancel);
  std::vector<Tensor> means;
  int64_t first = 0;
  for (const auto& [name, of] : rows_of) {
    means.push_back(all.narrow(0, first, std::ssize(of)).mean(0, true));
    first += std::ssize(of);
  }
  return fit_ridge(at::cat(means), at::index_select(vectors, 0, at::tensor(text_rows, at::kLong)));
}

/// As the command line takes them: what judges, and what of the sampling is not the run's own.
std::string options_of(const ObedienceRequest& r, const TrainedRun& run) {
  std::string out = r.by.judges.empty()
                        ? fmt::format("--features {} --encoder {}", shell_word(path_from_here(r.by.features)),
                                      shell_word(path_from_here(r.by.encoder)))
                        : fmt::format("--judges {}", shell_word(path_from_here(r.by.judges)));
  if (r.part == ObedienceRequest::Part::train) out += " --seen";
  if (r.part == ObedienceRequest::Part::validation) out += " --validation";
  if (r.texts > 0) out += fmt::format(" --texts {}", r.texts);
  if (r.each > 1) out += fmt::format(" --each {}", r.each);
  if (r.seed != run.seed) out += fmt::format(" --seed {}", r.seed);
  if (const std::string sums = sums_option(); !sums.empty()) out += " " + sums;
  const RunFolder folder{run.folder};
  std::error_code none;
  if (!fs::exists(folder.recipe(), none)) return out;  // of a folder that diffusers saved
  if (folder.latest() != run.step) out += fmt::format(" --checkpoint {}", run.step);
  const Recipe own = resolve(read_run_recipe(folder));
  for (const char* table : {"sample", "guidance"})
    for (const auto& [key, given] : run.recipe.tables.at(table)) {
      const Table& there = own.tables.at(table);
      const auto found = there.find(key);
      if (key != "count" && (found == there.end() || found->second.value != given.value))
        out += " --set " + shell_word(fmt::format("{}.{}={}", table, key, toml_from_here(to_text(given.value))));
    }
  return out;
}

}  // namespace

void ObedienceJudges::check() const {
  const bool emoji = !features.empty() || !encoder.empty();
  if (emoji == !judges.empty() || features.empty() != encoder.empty())
    fail(Code::usage, kWhere, "who judges",
         "a folder of judges, or for emoji features' weights and the folder of a text encoder");
}

Obedience judge_run_obedience(const TrainedRun& run, const ObedienceRequest& r) {
  const auto start = std::chrono::steady_clock::now();
  if (!run.texts || !run.facts.pictures())
    fail(Code::usage, kWhere, "the run", "one whose network reads texts and makes pictures", run.folder.string());
  r.by.check();
  const bool emoji = !r.by.features.empty();
  Obedience out;
  out.seed = r.seed;
  out.each = r.each;
  out.options = options_of(r, run);
  const bool test_part = r.part == ObedienceRequest::Part::test;
  out.split = test_part ? "test" : r.part == ObedienceRequest::Part::train ? "train" : "validation";
  const Part part = open_part(run, test_part ? "test" : "train", r.cancel);
  std::optional<Part> other;
  if (test_part && !r.cancel.requested()) other = open_part(run, "train", r.cancel);
  out.finished = !r.cancel.requested();
  if (!out.finished) return out;
  const Part& train = other ? *other : part;
  // By data.flip mirror images were trained on, too; a picture's own is not what lies beside it.
  const Tensor plain = pictures_trained_on(run, train);
  const KnownPictures trained(mirrors(run) ? at::cat({plain, plain.flip({3})}) : plain);
  const std::vector<bool> asked_for = asked_rows(run, part.set, r.part);
  const auto is_asked = [&](int64_t row) { return bool(asked_for[static_cast<size_t>(row)]); };
  std::vector<int64_t> rows;
  JudgePictures judge;
  if (!emoji) {
    rows = chosen_rows(part.set, r.seed, r.texts, is_asked);
    judge = attribute_judge(run, part, rows, r.by.judges);
  } else {
    // Candidates: the names of the test part, or as many of the other one.
    const std::vector<std::string> names = part.attribute("name"), grounds = part.attribute("ground");
    const std::vector<std::string> train_names = !test_part ? names : train.attribute("name");
    const fs::path test = fs::path(text_of(run.recipe, "data", "path")) / "test";
    const std::vector<std::string> test_names = !test_part ? read_attribute(test, names_in(test), "name") : names;
    const size_t candidates = std::set<std::string>(test_names.begin(), test_names.end()).size();
    std::vector<std::string> texts;
    std::map<std::string, int64_t> numbers;  // of names among the candidates, then of all others
    for (const int64_t row : chosen_rows(part.set, r.seed, 0, is_asked))
      if (const std::string& name = names[static_cast<size_t>(row)];
          texts.size() < candidates && numbers.emplace(name, std::ssize(texts)).second)
        texts.push_back(name);
    for (const std::string& name : train_names)
      if (numbers.emplace(name, std::ssize(texts)).second) texts.push_back(name);
    const Table file{{"features", Given("lite0")}, {"features_file", Given(r.by.features.string())}};
    const std::shared_ptr<const Features> features = Protocol::from_table(file).make_features();
    const Tensor vectors = text_vectors(*open_tokenizer(tokenizer_folder(r.by.encoder)),
                                        *open_text_encoder(r.by.encoder), texts, r.progress, r.cancel);
    const auto map = std::make_shared<const RidgeMap>(fit_names(train, train_names, *features, vectors, numbers, r));
    const Tensor own = vectors.narrow(0, 0, static_cast<int64_t>(candidates)) - map->text_mean;
    rows = chosen_rows(part.set, r.seed, r.texts, [&](int64_t row) {
      return is_asked(row) && numbers.at(names[static_cast<size_t>(row)]) < static_cast<int64_t>(candidates);
    });
    std::vector<AskedEmoji> asked;
    for (const int64_t row : rows)
      asked.push_back({numbers.at(names[static_cast<size_t>(row)]), grounds[static_cast<size_t>(row)]});
    const int64_t of_data = std::ssize(std::set<std::string>(grounds.begin(), grounds.end()));
    judge = [=](const Tensor& pictures, int64_t times) {
      // Without what all names have in common, which is most of their length.
      const Tensor mapped = map->apply(features_of(*features, pictures, r.progress, r.cancel)) - map->text_mean;
      return judge_emoji(pictures, mapped, own, repeated(asked, times), GroundJudge(), kTop, of_data);
    };
  }
  SampleRequest request;
  request.prompts = at_rows(part.set.captions, rows);
  request.captions = true;
  request.count = std::ssize(rows) * r.each;
  request.seed = r.seed;
  request.progress = r.progress;
  request.cancel = r.cancel;
  PointSamples made = sample_points(run, request);
  out.finished = !r.cancel.requested();
  out.texts = std::ssize(rows);
  if (!out.finished) return out;
  const PictureFormat format{run.facts.shape, run.facts.low, run.facts.high, run.facts.scaling};
  const PointSet scaled = to_set(run.facts.scaling.apply(made.points));
  const Tensor drawn = format.bytes(scaled.view()), real = pictures_of(part.set, rows);
  out.samples = judge(drawn, r.each);
  out.real = judge(real, 1);
  out.near_samples = trained.from(drawn);
  const bool among = r.part == ObedienceRequest::Part::train;
  out.near_real = among ? KnownPictures(plain).from(real, true) : trained.from(real);
  out.finished = !r.cancel.requested();
  const int64_t shown = std::min(kShown, request.count),
                chunk = settings_of<SampleSettings>(run.recipe, "sample").chunk;
  const auto [last, together] = chunk_of(request.count, chunk, shown - 1);
  out.drawn_prompts.assign(request.prompts.begin(),
                           request.prompts.begin() + std::min(last + together, std::ssize(rows)));
  out.prompts.assign(request.prompts.begin(), request.prompts.begin() + std::min(shown, std::ssize(rows)));
  out.shown = {part_of(made.points, 0, shown), made.calls, made.seconds, {}, {}};
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

std::string to_json(const TrainedRun& run, const Obedience& o) {
  nlohmann::ordered_json json = {{"format", 1},
                                 {"step", run.step},
                                 {"split", o.split},
                                 {"texts", o.texts},
                                 {"each", o.each},
                                 {"seed", o.seed},
                                 {"options", o.options},
                                 {"seconds", o.seconds},
                                 {"sample", nlohmann::ordered_json::object()},
                                 {"guidance", nlohmann::ordered_json::object()},
                                 {"figures", nlohmann::ordered_json::array()}};
  for (const char* table : {"sample", "guidance"})
    for (const auto& [key, given] : run.recipe.tables.at(table)) json[table][key] = to_text(given.value);
  for (size_t i = 0; i < o.samples.size(); ++i)
    json["figures"].push_back({{"figure", o.samples[i].name},
                               {"samples", o.samples[i].value},
                               {"samples_error", o.samples[i].error},
                               {"real", o.real[i].value},
                               {"real_error", o.real[i].error},
                               {"chance", o.samples[i].chance},
                               {"pictures", o.samples[i].count}});
  json["nearest_training"] = {{"samples", o.near_samples.mean},
                              {"samples_error", o.near_samples.error},
                              {"real", o.near_real.mean},
                              {"real_error", o.near_real.error}};
  json["prompts"] = o.prompts;
  return json.dump(2) + "\n";
}

}  // namespace roulade
