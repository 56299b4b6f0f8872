// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/file.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace roulade {

/// Puts a file in the place of `path`: after a return the new content is on the disk; after an Error or a power cut the
/// old one is intact. It is written as NAME.tmp-PID-N beside it, synced and renamed. A device or pipe is written as it
/// is. Throws Error(io) with the path and the system's sentence (disk full, permission, read-only file system, ...).
void write_file_atomically(const std::filesystem::path& path, const std::function<void(File&)>& fill);
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// Throws Error(io) where no file or folder of this name could be put in place, or no folder be made that it is to lie
/// in: told before hours of work, not after. What exists is not touched; a device or pipe is taken to be fine.
void check_can_be_made(const std::filesystem::path& path);

/// "runs/a" of "runs/a/", as a shell completes it, and of "runs/./a".
std::filesystem::path without_slash(const std::filesystem::path& folder);

/// A folder's name as FolderReplacement takes it: without_slash. Throws Error(usage) for the current
/// folder and one above it: whoever stands there would stand in what is removed.
std::filesystem::path folder_to_replace(const std::filesystem::path& given);

/// A folder written as NAME.tmp that takes the place of NAME in one step; without commit() it vanishes.
class FolderReplacement {
 public:
  /// Makes an empty NAME.tmp; an old one is removed, or where that cannot be yet (a file that is open on a network's
  /// disk) called NAME.tmp-PID-N. NAME.tmp-old returns to NAME when that is missing. The folder above must exist.
  /// Throws Error(io).
  explicit FolderReplacement(std::filesystem::path target);
  FolderReplacement(const FolderReplacement&) = delete;
  FolderReplacement& operator=(const FolderReplacement&) = delete;
  ~FolderReplacement();

  const std::filesystem::path& folder() const { return folder_; }  ///< where to write

  /// Syncs every file and folder in it, then renames; an older NAME is exchanged, and removed if that can be. Throws
  /// Error(io): NAME is then the older one or the new one, whole either way.
  void commit();

 private:
  std::filesystem::path target_, folder_;
  bool committed_ = false;
};

/// True for names that an interrupted write leaves behind (X.tmp, X.tmp-PID-N, X.tmp-old): readers pass them over.
bool is_leftover(const std::filesystem::path& path);

/// Puts a folder in order before its only writer goes on: X.tmp-old returns to X when X is missing, all other
/// left-overs are removed, as far as they can be. A missing folder is in order. Throws Error(io).
void recover_folder(const std::filesystem::path& folder);

/// Makes `path` name a neighbour ("latest" -> "step-00000100"): a symbolic link, or where the file system has none a
/// text file. Replaced in one step. Throws Error(io); Error(usage) when `name` is not a plain name.
void write_pointer(const std::filesystem::path& path, const std::string& name);

/// The name that write_pointer stored. Throws Error(io) when it is missing, Error(input) when it is not a plain name.
std::string read_pointer(const std::filesystem::path& path);

}  // namespace roulade
