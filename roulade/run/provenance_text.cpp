// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/json.hpp"
#include "roulade/report/text.hpp"
#include "roulade/run/provenance.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/sampler/names.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace roulade {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kFormat = 3;  // 2: prompts_first; 3: shown, across, attention, prompts_as_text
constexpr int64_t kMostAcross = 1000;
constexpr size_t kHashDigits = 10;  // of the model's hash, as the web UI shortens it

// JSON has no infinity: TOML's words stand for it.
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Json json_of(double x) {
  if (std::isfinite(x)) return x;
  return to_text(Value(x));
}

Json json_of(const Value& value) {
  if (const auto* x = std::get_if<double>(&value)) return json_of(*x);
  if (const auto* list = std::get_if<std::vector<double>>(&value)) {
    Json out = Json::array();
    for (const double x : *list) out.push_back(json_of(x));
    return out;
  }
  return std::visit([](const auto& v) { return Json(v); }, value);
}

Json json_of(const Table& table) {
  Json out = Json::object();
  for (const auto& [key, given] : table) out[key] = json_of(given.value);
  return out;
}

Json json_of(const GivenStart& given) {
  Json out{{"file", given.file}, {"sha256", given.sha256}};
  if (!given.mask.empty()) {
    out["mask"] = given.mask;
    out["mask_sha256"] = given.mask_sha256;
  }
  out["completed"] = given.completed;
  if (given.completed) {
    out["walks"] = given.walks;
    out["jump"] = given.jump;
    return out;
  }
  if (given.strength) out["strength"] = *given.strength;
  out["inverted"] = given.inverted;
  out["repeats"] = given.repeats;
  return out;
}

/// Reads one member after another; all are asked for, none may be missing.
class Members {
 public:
  Members(nlohmann::json json, std::string where) : json_(std::move(json)), where_(std::move(where)) {
    if (!json_.is_object()) fail(Code::input, where_, "JSON", "an object", json_.type_name());
  }

  std::string text(const char* key) const {
    if (!at(key).is_string()) refuse(key, "a text");
    return at(key).get<std::string>();
  }
  bool flag(const char* key) const {
    if (!at(key).is_boolean()) refuse(key, "true or false");
    return at(key).get<bool>();
  }
  uint64_t seed(const char* key) const {
    if (!at(key).is_number_unsigned()) refuse(key, "a whole number from 0 on");
    return at(key).get<uint64_t>();
  }
  int64_t number(const char* key, int64_t least) const {
    const uint64_t out = seed(key);
    if (out > uint64_t{std::numeric_limits<int64_t>::max()} || static_cast<int64_t>(out) < least)
      refuse(key, fmt::format("a whole number from {} on", least));
    return static_cast<int64_t>(out);
  }
  bool has(const char* key) const { return json_.contains(key); }
  bool null(const char* key) const { return at(key).is_null(); }
  std::vector<std::string> texts(const char* key) const {
    if (!at(key).is_array()) refuse(key, "a list of texts");
    std::vector<std::string> out;
    for (const auto& one : at(key)) {
      if (!one.is_string()) refuse(key, "a list of texts");
      out.push_back(one.get<std::string>());
    }
    return out;
  }
  /// Empty text: none. Earlier versions named the files alone, as another text.
  std::optional<GivenStart> given(const char* key) const {
    GivenStart out;
    if (at(key).is_string()) {
      out.file = text(key);
      return out.file.empty() ? std::nullopt : std::optional(out);
    }
    if (!at(key).is_object()) refuse(key, "an object");
    const Members m(at(key), fmt::format("{} {}", where_, key));
    out.file = m.text("file");
    out.sha256 = m.text("sha256");
    if (m.has("mask")) {
      out.mask = m.text("mask");
      out.mask_sha256 = m.text("mask_sha256");
    }
    out.completed = m.flag("completed");
    if (out.completed) {
      out.walks = m.number("walks", 1);
      out.jump = m.number("jump", 1);
      return out;
    }
    if (m.has("strength")) {
      if (!m.at("strength").is_number()) m.refuse("strength", "a number");
      out.strength = m.at("strength").get<double>();
    }
    out.inverted = m.flag("inverted");
    out.repeats = m.number("repeats", 0);
    return out;
  }
  Table table(const char* key) const {
    if (!at(key).is_object()) refuse(key, "an object");
    Table out;
    for (const auto& [name, value] : at(key).items()) out[name] = Given(value_of(key, value), where_);
    return out;
  }

 private:
  [[noreturn]] void refuse(const char* key, const std::string& expected) const {
    fail(Code::input, where_, key, expected, at(key).dump(-1, ' ', true, Json::error_handler_t::replace));
  }
  const nlohmann::json& at(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) fail(Code::input, where_, "members", std::string(key), "none of that name");
    return *found;
  }
  double real(const char* key, const nlohmann::json& x) const {
    if (x.is_number()) return x.get<double>();
    if (x == "inf") return kInfinity;
    if (x == "-inf") return -kInfinity;
    refuse(key, "numbers");
  }
  Value value_of(const char* key, const nlohmann::json& x) const {
    if (x.is_boolean()) return x.get<bool>();
    if (x.is_number_integer()) return x.get<int64_t>();
    if (x.is_number() || x == "inf" || x == "-inf") return real(key, x);
    if (x.is_string()) return x.get<std::string>();
    if (!x.is_array()) refuse(key, "flags, numbers, texts and lists");
    if (!x.empty() && x.front().is_string() && x.front() != "inf" && x.front() != "-inf") {
      std::vector<std::string> out;
      for (const auto& one : x) {
        if (!one.is_string()) refuse(key, "lists of one kind");
        out.push_back(one.get<std::string>());
      }
      return out;
    }
    std::vector<double> out;
    for (const auto& one : x) out.push_back(real(key, one));
    return out;
  }

  nlohmann::json json_;
  std::string where_;
};

std::string text_at(const Table& table, const std::string& key) {
  const auto found = table.find(key);
  if (found == table.end()) return "";
  const auto* text = std::get_if<std::string>(&found->second.value);
  return text ? *text : to_text(found->second.value);
}

/// 7 for 7.0, as the web UI writes it.
std::string short_text(const Value& value) {
  const auto* x = std::get_if<double>(&value);
  return x ? fmt::format("{}", *x) : to_text(value);
}

/// The shortest list that gives these in turn.
std::vector<std::string> in_turn(std::vector<std::string> texts) {
  const auto repeats = [&](size_t period) {
    for (size_t i = period; i < texts.size(); ++i)
      if (texts[i] != texts[i - period]) return false;
    return true;
  };
  size_t period = 1;
  while (period < texts.size() && !repeats(period)) ++period;
  texts.resize(std::min(period, texts.size()));
  return texts;
}

/// The prompts of a sheet, or of the one picture.
std::vector<std::string> prompts_of(const Provenance& made, std::vector<std::string> texts) {
  if (made.index || made.to_prompt) return {made.prompt};
  if (texts.empty()) {
    texts = made.prompts;
    texts.resize(std::min(texts.size(), static_cast<size_t>(made.count)));
  }
  if (texts.empty()) return {made.prompt};
  return in_turn(std::move(texts));
}

std::string or_own(const std::string& theirs, const std::string& own) { return theirs.empty() ? own : theirs; }

}  // namespace

std::string to_json(const Provenance& made) {
  Json out;
  // Earlier versions read what needs nothing of later ones.
  const bool viewed = made.shown > 0 || made.across > 0 || !made.attention.empty() || made.prompts_as_text;
  out["format"] = viewed ? kFormat : made.prompts_first > 0 ? 2 : 1;
  out["run"] = made.run;
  out["weights_sha256"] = made.weights_sha256;
  if (!made.weak_sha256.empty()) out["weak_sha256"] = made.weak_sha256;
  if (!made.encoder_sha256.empty()) out["encoder_sha256"] = made.encoder_sha256;
  if (!made.formulation.empty()) out["formulation"] = made.formulation;
  out["step"] = made.step;
  out["sample"] = json_of(made.sample);
  out["guidance"] = json_of(made.guidance);
  out["run_seed"] = made.run_seed;
  out["prompt"] = made.prompt;
  out["negative_prompt"] = made.negative_prompt;
  out["prompts"] = made.prompts;
  if (made.prompts_first > 0) out["prompts_first"] = made.prompts_first;
  if (made.to_prompt) out["to_prompt"] = *made.to_prompt;
  out["seed"] = made.seed;
  out["to_seed"] = made.to_seed ? Json(*made.to_seed) : Json();
  out["count"] = made.count;
  out["index"] = made.index ? Json(*made.index) : Json();
  out["captions"] = made.captions;
  if (made.shown > 0) out["shown"] = made.shown;
  if (made.across > 0) out["across"] = made.across;
  if (!made.attention.empty()) out["attention"] = made.attention;
  if (made.prompts_as_text) out["prompts_as_text"] = true;
  out["given"] = made.given ? json_of(*made.given) : Json("");
  out["class_name"] = made.class_name;
  out["width"] = made.width;
  out["height"] = made.height;
  out["threads"] = made.threads;
  out["exact"] = made.exact;
  if (!made.convolutions.empty()) out["convolutions"] = made.convolutions;
  out["version"] = made.version;
  out["build"] = made.build;
  out["instruction_set"] = made.instruction_set;
  out["processor"] = made.processor;
  out["trained_precision"] = made.trained_precision;
  // Paths may hold bytes that are no UTF-8.
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Provenance parse_provenance(const std::string& json, const std::string& where) {
  const Members m(parse_json(json, where), where);
  if (const int64_t format = m.number("format", 1); format > kFormat)
    fail(Code::input, where, "format", fmt::format("at most {}", kFormat),
         fmt::format("{}, of a later version", format));
  Provenance out;
  out.run = m.text("run");
  out.weights_sha256 = m.text("weights_sha256");
  if (m.has("weak_sha256")) out.weak_sha256 = m.text("weak_sha256");
  if (m.has("encoder_sha256")) out.encoder_sha256 = m.text("encoder_sha256");
  if (m.has("formulation")) out.formulation = m.text("formulation");
  out.step = m.number("step", 0);
  out.sample = m.table("sample");
  out.guidance = m.table("guidance");
  out.run_seed = m.seed("run_seed");
  out.prompt = m.text("prompt");
  out.negative_prompt = m.text("negative_prompt");
  out.prompts = m.texts("prompts");
  if (m.has("to_prompt")) out.to_prompt = m.text("to_prompt");
  out.seed = m.seed("seed");
  if (!m.null("to_seed")) out.to_seed = m.seed("to_seed");
  out.count = m.number("count", 1);
  if (!m.null("index")) out.index = m.number("index", 0);
  if (out.index && *out.index >= out.count)
    fail(Code::input, where, "index", fmt::format("0 to {}", out.count - 1), std::to_string(*out.index));
  if (m.has("prompts_first")) out.prompts_first = m.number("prompts_first", 0);
  if (out.prompts_first > 0) {
    const int64_t kept = std::ssize(out.prompts), at = out.index.value_or(-1) - out.prompts_first;
    if (out.prompts_first > out.count || kept > out.count - out.prompts_first || at < 0 || at >= kept)
      fail(Code::input, where, "prompts_first", "prompts of some pictures, this one's among them",
           std::to_string(out.prompts_first));
  }
  out.captions = m.flag("captions");
  if (m.has("shown")) out.shown = m.number("shown", 1);
  if (out.shown > out.count || (out.shown > 0 && out.index))
    fail(Code::input, where, "shown", fmt::format("of a sheet, at most {}", out.count), std::to_string(out.shown));
  if (m.has("across")) out.across = m.number("across", 1);
  if (out.across > kMostAcross)
    fail(Code::input, where, "across", fmt::format("at most {}", kMostAcross), std::to_string(out.across));
  if (m.has("attention")) out.attention = m.text("attention");
  if (!out.attention.empty() && out.shown > 0)
    fail(Code::input, where, "attention", "of one picture or all", std::to_string(out.shown));
  if (m.has("prompts_as_text")) out.prompts_as_text = m.flag("prompts_as_text");
  out.given = m.given("given");
  out.class_name = m.text("class_name");
  out.width = m.number("width", 1);
  out.height = m.number("height", 1);
  out.threads = m.number("threads", 1);
  out.exact = m.flag("exact");
  if (m.has("convolutions")) out.convolutions = m.texts("convolutions");
  out.version = m.text("version");
  out.build = m.text("build");
  out.instruction_set = m.text("instruction_set");
  out.processor = m.text("processor");
  out.trained_precision = m.text("trained_precision");
  return out;
}

namespace {

/// "CFG scale" is classifier-free guidance's, in autoguidance the condition's; others' scales have names of their own.
void add_guidance(Infotext& out, const Table& guidance) {
  const std::string kind = text_at(guidance, "kind");
  const auto value = [&](const char* key) {
    const auto found = guidance.find(key);
    return found == guidance.end() ? std::string("1") : short_text(found->second.value);
  };
  const bool cfg = kind == "cfg" || !guidance.contains("scale");
  out.add("CFG scale", cfg ? value("scale") : value("condition_scale"));
  if (!cfg) out.add("Guidance", fmt::format("{} {}", kind, value("scale")));
}

}  // namespace

Infotext infotext_of(const Provenance& made, const std::vector<std::string>& texts) {
  const std::vector<std::string> prompts = prompts_of(made, texts);
  Infotext out{prompts.front(), made.negative_prompt, {}};
  const std::string sampler = text_at(made.sample, "sampler"), grid = text_at(made.sample, "grid");
  out.add("Steps", text_at(made.sample, "steps"));
  out.add("Sampler", or_own(a1111_sampler(sampler, made.sample), sampler));
  out.add("Schedule type", or_own(a1111_schedule(grid, made.sample), grid));
  add_guidance(out, made.guidance);
  out.add("Seed", std::to_string(made.seed));
  out.add("Size", fmt::format("{}x{}", made.width, made.height));
  out.add("Model hash", made.weights_sha256.substr(0, kHashDigits));
  out.add("Model", RunFolder{made.run}.name());
  if (made.count > 1) {
    out.add("Batch size", std::to_string(made.count));
    if (made.index) out.add("Batch pos", std::to_string(*made.index));
  }
  out.add("Class", made.class_name);
  if (made.given && !made.given->completed && made.given->strength)
    out.add("Denoising strength", fmt::format("{}", *made.given->strength));
  if (made.to_prompt) {
    out.add("To prompt", *made.to_prompt);
    if (made.index) out.add("Share", fmt::format("{:.4g}", way_share(*made.index, made.count)));
  }
  out.add("Attention", made.attention);
  if (made.shown > 0) out.add("Shown", std::to_string(made.shown));
  for (size_t i = 1; i < prompts.size(); ++i) out.add(fmt::format("Prompt {}", i + 1), prompts[i]);
  out.add("Version", "roulade " + made.version);
  return out;
}

std::vector<PngText> png_texts(const Provenance& made, const std::vector<std::string>& texts) {
  return {{kInfotextKeyword, plot::clean(to_text(infotext_of(made, texts)))}, {kProvenanceKeyword, to_json(made)}};
}

}  // namespace roulade
