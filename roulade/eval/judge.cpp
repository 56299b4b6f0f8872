// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/judge.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/model/fill.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr auto kConfig = "config.json", kWeights = "judge.safetensors", kKind = "RouladePictureClassifier";
constexpr int64_t kMostOf = 1 << 16;  ///< of a side, of classes: a reader trusts no number

int64_t colours(const std::vector<int64_t>& shape) { return shape.at(0) < 3 ? 1 : 3; }

class Layer final : public Features {
 public:
  Layer(std::shared_ptr<const PictureClassifier> network, bool last)
      : network_(std::move(network)), last_(last), name_(last ? "judge_answers" : "judge") {}

  const std::string& name() const override { return name_; }
  int64_t width() const override { return last_ ? network_->shape().classes : network_->shape().hidden; }

  Tensor of(const Tensor& pictures) const override {
    const auto& shape = network_->shape().picture;
    if (pictures.scalar_type() != at::kByte || pictures.dim() != 4 ||
        pictures.sizes().slice(1) != at::IntArrayRef(shape))
      fail(Code::usage, "judge", "pictures", fmt::format("bytes of {}", fmt::join(shape, " x ")),
           fmt::format("{}", fmt::join(pictures.sizes(), " x ")));
    const at::NoGradGuard no_grad;
    const Tensor hidden = network_->hidden(pictures.to(at::kFloat) / 127.5 - 1);
    return last_ ? network_->answers(hidden) : hidden;
  }

 private:
  std::shared_ptr<const PictureClassifier> network_;
  bool last_;
  std::string name_;
};

}  // namespace

Judge::Judge(std::shared_ptr<const PictureClassifier> network, std::vector<std::string> class_names, double accuracy)
    : network_(std::move(network)), class_names_(std::move(class_names)), accuracy_(accuracy) {}

Judge Judge::read(const fs::path& folder) {
  if (!fs::exists(folder / kConfig))
    fail(Code::io, folder.string(), "no judge here (roulade judge RUN --out DIR trains one)", kConfig, "none");
  const std::string where = (folder / kConfig).string();
  PictureClassifierShape shape;
  std::vector<std::string> names;
  double accuracy = 0;
  int64_t format = 0;
  try {
    const nlohmann::json json = nlohmann::json::parse(read_file(folder / kConfig, 1 << 20));
    if (json.at("_class_name") != kKind) fail(Code::input, where, "_class_name", kKind, json.at("_class_name").dump());
    shape.picture = json.at("sample_shape").get<std::vector<int64_t>>();
    shape.classes = json.at("classes").get<int64_t>();
    shape.widths = json.at("widths").get<std::vector<int64_t>>();
    shape.hidden = json.at("hidden").get<int64_t>();
    names = json.at("class_names").get<std::vector<std::string>>();
    accuracy = json.at("test_accuracy").get<double>();
    format = json.at("format").get<int64_t>();
    if (format < 1 || format > kFormat)
      fail(Code::input, where, "format", fmt::format("1 to {}", kFormat), std::to_string(format));
  } catch (const nlohmann::json::exception& e) {
    fail(Code::input, where, fmt::format("damaged ({})", e.what()));
  }
  std::vector<int64_t> all = shape.picture;
  all.insert(all.end(), shape.widths.begin(), shape.widths.end());
  all.insert(all.end(), {shape.classes, shape.hidden});
  const auto [least, most] = std::minmax_element(all.begin(), all.end());
  if (*least < 1 || *most > kMostOf || (!names.empty() && static_cast<int64_t>(names.size()) != shape.classes))
    fail(Code::input, where, "shape of the network", fmt::format("numbers of 1 to {}, a name a class", kMostOf));
  const auto network = std::make_shared<PictureClassifier>(shape, 0);
  fill_network(network->parameters(), read_tensors(folder / kWeights).tensors, (folder / kWeights).string());
  Judge out{network, names, accuracy};
  out.format_ = format;
  return out;
}

void Judge::check_folder(const fs::path& folder) {
  if (folder.empty()) fail(Code::usage, "judge", "folder of the judge", "a name", "none");
  check_can_be_made(folder_to_replace(folder));
  std::error_code ignored;
  if (fs::exists(folder, ignored) && !fs::exists(folder / kConfig, ignored) && !fs::is_empty(folder, ignored))
    fail(Code::usage, folder.string(), "folder of the judge", "a new one, or one that holds a judge");
}

void Judge::write(const fs::path& given) const {
  check_folder(given);
  const fs::path folder = folder_to_replace(given);
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path());
  FolderReplacement replacement(folder);
  const PictureClassifierShape& shape = network_->shape();
  const nlohmann::ordered_json json = {{"_class_name", kKind},          {"format", format_},
                                       {"sample_shape", shape.picture}, {"classes", shape.classes},
                                       {"class_names", class_names_},   {"widths", shape.widths},
                                       {"hidden", shape.hidden},        {"test_accuracy", accuracy_}};
  write_file_atomically(replacement.folder() / kConfig, json.dump(2) + "\n");
  std::map<std::string, Tensor> weights;
  for (const auto& [name, weight] : network_->parameters()) weights[name] = weight.stored().detach();
  write_tensors(replacement.folder() / kWeights, weights, {{"format", "pt"}});
  replacement.commit();
}

void Judge::check(const std::vector<int64_t>& shape, int64_t classes, const std::vector<std::string>& names) const {
  const PictureClassifierShape& own = network_->shape();
  std::vector<int64_t> seen = shape;
  if (!seen.empty()) seen[0] = colours(shape);
  if (seen != own.picture)
    fail(Code::usage, "eval.judge", "pictures",
         fmt::format("{}, what it was trained on", fmt::join(own.picture, " x ")),
         fmt::format("{}", fmt::join(seen, " x ")));
  if (!shape.empty() && shape[0] != own.picture[0] && format_ < kFormat)
    fail(Code::usage, "eval.judge", "pictures with opacity", "a judge that has seen them on white: train it anew",
         "one of an earlier version, which left their opacity out");
  if (classes != own.classes)
    fail(Code::usage, "eval.judge", "classes", fmt::format("{}, what it was trained on", own.classes),
         fmt::format("{}", classes));
  if (!names.empty() && !class_names_.empty() && names != class_names_)
    fail(Code::usage, "eval.judge", "names of the classes", fmt::format("{}", fmt::join(class_names_, ", ")),
         fmt::format("{}", fmt::join(names, ", ")));
}

std::shared_ptr<const Features> Judge::features() const { return std::make_shared<const Layer>(network_, false); }
std::shared_ptr<const Features> Judge::answers() const { return std::make_shared<const Layer>(network_, true); }

}  // namespace roulade
