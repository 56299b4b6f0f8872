// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/file_tree.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/archive.hpp"
#include "roulade/io/file.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <initializer_list>
#include <set>
#include <system_error>
#include <utility>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLevels = 64;

bool ends_so(const std::string& name, std::initializer_list<const char*> extensions) {
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::any_of(extensions.begin(), extensions.end(), [&](const char* e) { return lower.ends_with(e); });
}

class FolderTree final : public FileTree {
 public:
  explicit FolderTree(const fs::path& root) : root_(root) {
    enter(root, "", 0);
    std::sort(names_.begin(), names_.end());
  }
  std::string read(const std::string& name, uint64_t limit) const override { return read_file(root_ / name, limit); }
  std::string where(const std::string& name) const override { return (root_ / name).string(); }

 private:
  /// `prefix`: the folder's name below the root, with a '/' at its end.
  void enter(const fs::path& folder, const std::string& prefix, int level) {
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    if (error) fail_system(folder, "open", error.value());
    if (level > kMostLevels) fail(Code::input, folder.string(), "levels of folders", std::to_string(kMostLevels));
    if (!entered_.insert(real.string()).second) return;  // a link that leads back
    std::vector<std::string> names;
    fs::directory_iterator at(folder, error);
    for (; !error && at != fs::directory_iterator(); at.increment(error))
      names.push_back(at->path().filename().string());
    if (error) fail_system(folder, "list", error.value());
    std::sort(names.begin(), names.end());  // which of two links to one folder is entered must not be chance
    for (const std::string& name : names) {
      if (is_hidden_name(name)) continue;
      const fs::file_status status = fs::status(folder / name, error);
      if (fs::is_directory(status))
        enter(folder / name, prefix + name + '/', level + 1);
      else if (fs::is_regular_file(status))
        names_.push_back(prefix + name);
    }
  }

  fs::path root_;
  std::set<std::string> entered_;
};

/// The folder that all names begin with, and its '/'; or "".
std::string common_folder(const std::vector<std::string>& names) {
  const size_t slash = names.empty() ? std::string::npos : names[0].find('/');
  if (slash == std::string::npos) return "";
  const std::string folder = names[0].substr(0, slash + 1);
  const size_t digits = folder.find_first_not_of("0123456789");
  if (digits > 0 && folder[digits] == '_') return "";
  const bool common = std::all_of(names.begin(), names.end(), [&](auto& name) { return name.starts_with(folder); });
  return common ? folder : "";
}

class ArchiveTree final : public FileTree {
 public:
  explicit ArchiveTree(const fs::path& path) : archive_(path) {
    std::vector<size_t> shown;
    for (size_t i = 0; i < archive_.entries().size(); ++i) {
      bool hidden = false;
      for (const fs::path& part : fs::path(archive_.entries()[i].name))
        hidden = hidden || is_hidden_name(part.string());
      if (hidden) continue;
      names_.push_back(archive_.entries()[i].name);
      places_.push_back(i);
    }
    const size_t folder = common_folder(names_).size();  // to take it away changes no order
    for (std::string& name : names_) name.erase(0, folder);
  }
  std::string read(const std::string& name, uint64_t limit) const override { return archive_.read(place(name), limit); }
  std::string where(const std::string& name) const override { return archive_.where(place(name)); }

 private:
  size_t place(const std::string& name) const {
    const auto at = std::lower_bound(names_.begin(), names_.end(), name);
    if (at == names_.end() || *at != name) fail(Code::usage, name, "no such file in the archive");
    return places_[static_cast<size_t>(at - names_.begin())];
  }

  Archive archive_;
  std::vector<size_t> places_;  ///< [names] their entries
};

/// Archives of one set, each a folder.
class ShardTree final : public FileTree {
 public:
  ShardTree(const fs::path& root, const std::vector<std::string>& archives) {
    sharded_ = true;
    for (const std::string& name : archives) {
      shards_.push_back({name + '/', std::make_unique<const ArchiveTree>(root / name)});
      for (const std::string& file : shards_.back().tree->names()) names_.push_back(name + '/' + file);
    }
    std::sort(names_.begin(), names_.end());
  }
  std::string read(const std::string& name, uint64_t limit) const override {
    const Shard& s = shard(name);
    return s.tree->read(name.substr(s.prefix.size()), limit);
  }
  std::string where(const std::string& name) const override {
    const Shard& s = shard(name);
    return s.tree->where(name.substr(s.prefix.size()));
  }

 private:
  struct Shard {
    std::string prefix;
    std::unique_ptr<const ArchiveTree> tree;
  };
  const Shard& shard(const std::string& name) const {
    for (const Shard& s : shards_)
      if (name.starts_with(s.prefix)) return s;
    fail(Code::usage, name, "no such file in the archives");
  }
  std::vector<Shard> shards_;
};

class Subtree final : public FileTree {
 public:
  Subtree(std::shared_ptr<const FileTree> all, const std::string& folder)
      : all_(std::move(all)), prefix_(folder + '/') {
    for (const std::string& name : all_->names())  // to take the folder away changes no order
      if (name.starts_with(prefix_)) names_.push_back(name.substr(prefix_.size()));
  }
  std::string read(const std::string& name, uint64_t limit) const override { return all_->read(prefix_ + name, limit); }
  std::string where(const std::string& name) const override { return all_->where(prefix_ + name); }

 private:
  std::shared_ptr<const FileTree> all_;
  std::string prefix_;
};

}  // namespace

bool FileTree::has(const std::string& name) const { return std::binary_search(names_.begin(), names_.end(), name); }

bool is_hidden_name(const std::string& name) { return name.starts_with('.') || name == "__MACOSX"; }

bool is_picture_name(const std::string& name) {
  return ends_so(name, {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp"});
}

std::shared_ptr<const FileTree> open_tree(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) fail_system(path, "open", error ? error.value() : ENOENT);
  if (!fs::is_directory(status)) return std::make_shared<const ArchiveTree>(path);
  auto folder = std::make_shared<const FolderTree>(path);
  std::vector<std::string> archives;
  for (const std::string& name : folder->names()) {
    if (is_picture_name(name)) return folder;
    if (ends_so(name, {".tar", ".zip"})) archives.push_back(name);
  }
  if (archives.empty()) return folder;
  return std::make_shared<const ShardTree>(path, archives);
}

std::shared_ptr<const FileTree> subtree(std::shared_ptr<const FileTree> files, const std::string& folder) {
  return std::make_shared<const Subtree>(std::move(files), folder);
}

}  // namespace roulade
