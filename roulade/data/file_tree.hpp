// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace roulade {

/// The files below a folder, or within archives, which are not unpacked. May be used by several threads at once.
class FileTree {
 public:
  virtual ~FileTree() = default;
  const std::vector<std::string>& names() const { return names_; }  ///< bytewise in order, '/' between their parts
  bool has(const std::string& name) const;
  /// The content of a file of at most `limit` bytes. Throws Error(usage) when there is no such name, Error(io) when it
  /// cannot be read, Error(input) when it is larger, or damaged in its archive.
  virtual std::string read(const std::string& name, uint64_t limit) const = 0;
  virtual std::string where(const std::string& name) const = 0;  ///< the place for messages
  bool sharded() const { return sharded_; }  ///< the first part of each name is that of an archive (WebDataset)

 protected:
  std::vector<std::string> names_;
  bool sharded_ = false;
};

/// Opens a folder, a zip or tar archive (a folder that all of its files lie in is left out of the names, unless that is
/// a number and '_', which may mean something), or a folder with .tar or .zip archives and no picture beside them: all
/// of their files, each archive as a folder. Names that begin with '.' and "__MACOSX" are passed over; links are
/// followed, a folder is entered once.
/// Throws Error(io) when something cannot be read; Error(input) for a damaged archive, or folders more than 64 deep.
std::shared_ptr<const FileTree> open_tree(const std::filesystem::path& path);

/// The files of a folder of these, named from there.
std::shared_ptr<const FileTree> subtree(std::shared_ptr<const FileTree> files, const std::string& folder);

/// True when open_tree passes over a file or folder of this name.
bool is_hidden_name(const std::string& name);

/// True when a file's name is that of a picture: .png, .jpg, .jpeg, .jpe, .jfif, .webp in any case.
bool is_picture_name(const std::string& name);

}  // namespace roulade
