// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/image_parts.hpp"

#include "roulade/io/file.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTrain = "train";

/// What a folder or archive holds itself, without what is hidden, in bytewise order.
struct Top {
  std::vector<std::string> folders, files;
};

Top top_of(const fs::path& folder) {
  Top out;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (is_hidden_name(name)) continue;
    std::error_code ignored;
    (at->is_directory(ignored) ? out.folders : out.files).push_back(name);
  }
  if (error) fail_system(folder, "list", error.value());
  for (std::vector<std::string>* of : {&out.folders, &out.files}) std::sort(of->begin(), of->end());
  return out;
}

Top top_of(const FileTree& files) {
  Top out;
  for (const std::string& name : files.names()) {
    const size_t slash = name.find('/');
    std::vector<std::string>& to = slash == std::string::npos ? out.files : out.folders;
    const std::string first = name.substr(0, slash);
    if (to.empty() || to.back() != first) to.push_back(first);
  }
  return out;
}

/// The folder with the pictures to test, if this is a set of two such parts.
std::optional<std::string> test_folder(const Top& top) {
  const auto has = [&](const char* name) {
    return std::find(top.folders.begin(), top.folders.end(), name) != top.folders.end();
  };
  if (has(kTrain) && std::none_of(top.files.begin(), top.files.end(), is_picture_name))
    for (const char* name : {"test", "val", "valid", "validation"})
      if (has(name)) return name;
  return std::nullopt;
}

/// Numbers the classes of both folders by all their names.
void unite_classes(ImageFolder& a, ImageFolder& b) {
  if (a.class_names == b.class_names) return;
  std::set<std::string> names(a.class_names.begin(), a.class_names.end());
  names.insert(b.class_names.begin(), b.class_names.end());
  for (ImageFolder* f : {&a, &b}) {
    for (ImageItem& item : f->items)
      if (item.label >= 0)
        item.label = std::distance(names.begin(), names.find(f->class_names[static_cast<size_t>(item.label)]));
    f->class_names.assign(names.begin(), names.end());
  }
}

/// Says what lies beside the two parts, and so is in neither.
void remark_unused(const Top& top, const std::string& test, std::vector<std::string>& remarks) {
  constexpr size_t kNamed = 5;
  std::vector<std::string> unused;
  for (const std::string& folder : top.folders)
    if (folder != kTrain && folder != test) unused.push_back(folder + '/');
  unused.insert(unused.end(), top.files.begin(), top.files.end());
  if (unused.empty()) return;
  const size_t count = unused.size(), named = std::min(count, kNamed);
  unused.resize(named);
  remarks.push_back(fmt::format("passed over beside {}/ and {}/: {}{}", kTrain, test, fmt::join(unused, ", "),
                                count > named ? fmt::format(" and {} more", count - named) : ""));
}

void remark_others(const ImageFolder& folder, std::vector<std::string>& remarks) {
  if (folder.others == 0) return;
  const std::string where = folder.files->where(folder.other);
  remarks.push_back(folder.others == 1
                        ? fmt::format("passed over: a file that is no picture and describes none, {}", where)
                        : fmt::format("passed over: {} files that are no pictures and describe none, such as {}",
                                      folder.others, where));
}

}  // namespace

ImageParts find_parts(const fs::path& path, const FolderOptions& options) {
  std::error_code ignored;
  const bool archive = fs::is_regular_file(path, ignored);
  const std::shared_ptr<const FileTree> files = archive ? open_tree(path) : nullptr;
  const Top top = archive ? top_of(*files) : top_of(path);
  ImageParts out;
  if (const std::optional<std::string> test = test_folder(top)) {
    const auto part = [&](const std::string& name) {
      return archive ? scan_tree(path / name, subtree(files, name), options) : scan_images(path / name, options);
    };
    out.train = part(kTrain);
    out.test = part(*test);
    unite_classes(out.train, *out.test);
    remark_unused(top, *test, out.remarks);
  } else {
    out.train = archive ? scan_tree(path, files, options) : scan_images(path, options);
  }
  remark_others(out.train, out.remarks);
  if (out.test) remark_others(*out.test, out.remarks);
  return out;
}

}  // namespace roulade
