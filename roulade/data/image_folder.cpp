// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/image_folder.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/image_text.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr uint64_t kMostListBytes = uint64_t{1} << 30;
constexpr uint64_t kMostCaptionBytes = uint64_t{1} << 20;
constexpr const char* kDatasetJson = "dataset.json";
constexpr int64_t kMostClasses = 10000;

/// Names of the files that matter.
struct Listing {
  std::vector<std::string> pictures;
  std::vector<std::string> metadata;  ///< metadata.jsonl and metadata.csv of any folder
  int64_t others = 0;
  std::string other;  ///< the first of them
};

/// What may stand beside a picture: a caption or a class.
bool is_beside_name(const std::string& name) {
  return name.ends_with(".txt") || name.ends_with(".caption") || name.ends_with(".cls") || name.ends_with(".json");
}

/// Whether there is a picture of this name but for what follows the last '.'.
bool has_picture(const FileTree& files, const std::string& name) {
  const std::string stem = name.substr(0, name.rfind('.') + 1);
  const std::vector<std::string>& names = files.names();
  for (auto at = std::lower_bound(names.begin(), names.end(), stem); at != names.end() && at->starts_with(stem); ++at)
    if (at->find('.', stem.size()) == std::string::npos && is_picture_name(*at)) return true;
  return false;
}

Listing list(const FileTree& files) {
  Listing out;
  for (const std::string& name : files.names()) {
    const std::string last = name.substr(name.rfind('/') + 1);
    if (is_picture_name(name))
      out.pictures.push_back(name);
    else if (last == "metadata.jsonl" || last == "metadata.csv")
      out.metadata.push_back(name);
    else if (name != kDatasetJson && !(is_beside_name(name) && has_picture(files, name)) && out.others++ == 0)
      out.other = name;
  }
  return out;
}

/// The first part of a name, or "" for a picture that lies in the folder itself.
std::string top(const std::string& name) {
  const size_t slash = name.find('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}

/// The item of that name, or Error.
ImageItem& find_item(ImageFolder& out, const std::string& name, const std::string& where) {
  const auto at = std::lower_bound(out.items.begin(), out.items.end(), name,
                                   [](const ImageItem& item, const std::string& n) { return item.name < n; });
  if (at == out.items.end() || at->name != name)
    fail(Code::input, where, "picture", "one that lies in the folder", fmt::format("'{}'", name));
  return *at;
}

/// The class as a whole number from 0 to 9999, or -1.
int64_t class_number(const std::string& text) {
  int64_t n = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return error == std::errc() && end == text.data() + text.size() && n >= 0 && n < kMostClasses ? n : -1;
}

void name_by_number(ImageFolder& out) {
  int64_t last = -1;
  for (const ImageItem& item : out.items) last = std::max(last, item.label);
  for (int64_t k = 0; k <= last; ++k) out.class_names.push_back(std::to_string(k));
}

void check_classes(size_t count, const std::filesystem::path& root) {
  if (count > static_cast<size_t>(kMostClasses))
    fail(Code::input, root.string(), "classes", fmt::format("at most {}", kMostClasses), std::to_string(count));
}

void label_by_dataset_json(ImageFolder& out) {
  const std::string where = out.files->where(kDatasetJson);
  const auto labels = parse_dataset_json(out.files->read(kDatasetJson, kMostListBytes), where);
  if (labels.empty()) return;
  for (const auto& [name, label] : labels) find_item(out, name, where).label = label;
  for (const ImageItem& item : out.items)
    if (item.label < 0) fail(Code::input, where, fmt::format("no class for '{}'", item.name));
  name_by_number(out);
}

/// Captions of all metadata files; returns the labels that they name, by item.
std::map<std::string, std::string> apply_metadata(const Listing& listing, const std::string& label_key,
                                                  ImageFolder& out) {
  std::map<std::string, std::string> labels;
  std::set<std::string> described;
  for (const std::string& name : listing.metadata) {
    const std::string prefix = name.substr(0, name.rfind('/') + 1), where = out.files->where(name);
    const std::string content = out.files->read(name, kMostListBytes);
    const ImageTexts texts = name.ends_with(".csv") ? parse_metadata_csv(content, where, label_key)
                                                    : parse_metadata_jsonl(content, where, label_key);
    for (const auto& [file, text] : texts) {
      ImageItem& item = find_item(out, prefix + file, where);
      if (!described.insert(item.name).second)
        fail(Code::input, where, fmt::format("'{}' is described by another file, too", item.name));
      item.caption = text.caption.value_or("");
      item.wordings = text.wordings;
      if (text.label) labels[item.name] = *text.label;
    }
  }
  return labels;
}

void label_by_metadata(const std::map<std::string, std::string>& labels, ImageFolder& out) {
  const bool numbers =
      std::all_of(labels.begin(), labels.end(), [](const auto& entry) { return class_number(entry.second) >= 0; });
  std::map<std::string, int64_t> known;
  for (const auto& [name, label] : labels) known.emplace(label, 0);
  check_classes(known.size(), out.root);
  for (auto& [label, number] : known) {
    number = numbers ? class_number(label) : static_cast<int64_t>(out.class_names.size());
    if (!numbers) out.class_names.push_back(label);
  }
  for (ImageItem& item : out.items)
    if (const auto at = labels.find(item.name); at != labels.end()) item.label = known.at(at->second);
  if (numbers) name_by_number(out);
}

void label_by_folder(const std::set<std::string>& tops, ImageFolder& out) {
  check_classes(tops.size(), out.root);
  out.class_names.assign(tops.begin(), tops.end());
  for (ImageItem& item : out.items) item.label = std::distance(tops.begin(), tops.find(top(item.name)));
}

std::string stem(const ImageItem& item) { return item.name.substr(0, item.name.rfind('.')); }

void read_captions(ImageFolder& out) {
  for (ImageItem& item : out.items) {
    if (!item.caption.empty()) continue;
    for (const std::string extension : {".caption", ".txt", ".json"}) {
      const std::string name = stem(item) + extension;
      if (!out.files->has(name)) continue;
      const std::string content = out.files->read(name, kMostCaptionBytes), where = out.files->where(name);
      ImageText text;
      if (extension == ".json")
        text = parse_caption_json(content, where);
      else
        text.caption = parse_caption(content, where);
      item.caption = text.caption.value_or("");
      item.wordings = std::move(text.wordings);
      if (!item.caption.empty()) break;
    }
  }
}

/// The classes of WebDataset: a file with a whole number beside each picture.
std::map<std::string, std::string> read_classes(const ImageFolder& folder) {
  std::map<std::string, std::string> labels;
  for (const ImageItem& item : folder.items) {
    const std::string name = stem(item) + ".cls";
    if (!folder.files->has(name)) continue;
    const std::string where = folder.files->where(name);
    labels[item.name] = parse_caption(folder.files->read(name, kMostCaptionBytes), where);
    if (class_number(labels[item.name]) < 0)
      fail(Code::input, where, "class", fmt::format("a whole number from 0 to {}", kMostClasses - 1));
  }
  return labels;
}

void apply_repeats(ImageFolder& out) {
  for (ImageItem& item : out.items) {
    const std::string above = top(item.name);
    item.repeats = std::max<int64_t>(repeats_of(above), 1);
    if (item.caption.empty() && !above.empty()) item.caption = above.substr(above.find('_') + 1);
  }
}

}  // namespace

int64_t repeats_of(std::string_view folder_name) {
  int64_t n = 0;
  size_t digits = 0;
  for (; digits < folder_name.size() && digits < 5; ++digits) {
    const char c = folder_name[digits];
    if (c < '0' || c > '9') break;
    n = 10 * n + (c - '0');
  }
  const bool fits = digits >= 1 && digits <= 4 && folder_name[0] != '0' && digits + 1 < folder_name.size() &&
                    folder_name[digits] == '_';
  return fits ? n : 0;
}

ImageFolder scan_images(const std::filesystem::path& folder, const FolderOptions& options) {
  return scan_tree(folder, open_tree(folder), options);
}

ImageFolder scan_tree(const std::filesystem::path& root, std::shared_ptr<const FileTree> files,
                      const FolderOptions& options) {
  const Listing listing = list(*files);
  if (listing.pictures.empty()) fail(Code::input, root.string(), "no PNG, JPEG or WebP file in the folder or below it");
  ImageFolder out{root, files, {}, {}, listing.others, listing.other};
  std::set<std::string> tops;
  for (const std::string& name : listing.pictures) {
    tops.insert(top(name));
    out.items.push_back({name, -1, "", 1});
  }
  const bool flat = tops.erase("") > 0 || files->sharded();
  const bool repeated =
      options.repeats && !tops.empty() && std::all_of(tops.begin(), tops.end(), [](auto& t) { return repeats_of(t); });
  const bool named = !options.attribute.empty();
  std::map<std::string, std::string> labels = apply_metadata(listing, named ? options.attribute : "label", out);
  if (named && labels.empty())
    fail(Code::input, root.string(), fmt::format("no metadata file says '{}' of a picture", options.attribute));
  if (labels.empty()) labels = read_classes(out);
  if (files->has(kDatasetJson) && !named)
    label_by_dataset_json(out);
  else if (!labels.empty())
    label_by_metadata(labels, out);
  else if (options.classes && !repeated && !flat && listing.metadata.empty())
    label_by_folder(tops, out);
  read_captions(out);
  if (repeated) apply_repeats(out);
  return out;
}

}  // namespace roulade
