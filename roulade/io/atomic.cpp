// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/atomic.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace roulade {
namespace {

constexpr const char* kNew = ".tmp";      // a folder being written, or the one that it replaced, until that is gone
constexpr const char* kOld = ".tmp-old";  // the folder that it replaces, for the moment between two renames

/// Removes a temporary file unless it was renamed away.
struct Temporary {
  fs::path path;
  ~Temporary() {
    std::error_code ignored;  // a temporary that cannot be removed must not hide the first fault
    if (!path.empty()) fs::remove(path, ignored);
  }
};

void put_in_place(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail_system(to, "put in place", errno);
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> out;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) out.push_back(*it);
  if (error) fail_system(folder, "list", error.value());
  std::sort(out.begin(), out.end());
  return out;
}

void sync_tree(const fs::path& folder) {
  for (const fs::path& path : entries(folder)) {
    std::error_code ignored;
    const fs::file_status status = fs::symlink_status(path, ignored);
    if (fs::is_directory(status)) sync_tree(path);
    if (fs::is_regular_file(status)) File(path, File::Open::read).sync();
  }
  sync_folder(folder);
}

/// Swaps two names in one step; false where the file system cannot.
bool exchange(const fs::path& a, const fs::path& b) {
  if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return true;
  if (errno == EINVAL || errno == ENOSYS || errno == ENOTSUP) return false;
  fail_system(b, "put in place", errno);
}

fs::path with_suffix(const fs::path& path, const char* suffix) { return path.string() + suffix; }

/// Whether the name exists, as a link too. What cannot be examined counts as missing: the next step on it says why.
bool present(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

/// A name beside the path that nothing has: a killed process of this number may have left some.
fs::path temporary_name(const fs::path& path) {
  static std::atomic<uint64_t> counter{0};
  fs::path name;
  do {
    name = path.string() + fmt::format(".tmp-{}-{}", ::getpid(), counter++);
  } while (present(name));
  return name;
}

/// Removes what lies there, or where that cannot be yet (a file that is open on a network's disk) gives it a name that
/// recover_folder() knows.
void make_way(const fs::path& path, const fs::path& target) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error && ::rename(path.c_str(), temporary_name(target).c_str()) != 0) fail_system(path, "remove", error.value());
}

bool is_device(const fs::path& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

bool plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= 255 &&
         std::none_of(name.begin(), name.end(),
                      [](char c) { return c == '/' || std::iscntrl(static_cast<unsigned char>(c)); });
}

}  // namespace

void check_can_be_made(const fs::path& path) {
  if (is_device(path)) return;
  std::error_code ignored;
  const fs::path whole = fs::absolute(path.has_filename() ? path : path.parent_path(), ignored);
  fs::path folder = whole.parent_path();
  size_t longest = 0;  // name of a folder that is to be made
  for (; !present(folder) && folder.has_relative_path(); folder = folder.parent_path())
    longest = std::max(longest, folder.filename().string().size());
  if (!fs::is_directory(folder, ignored)) fail(Code::io, path.string(), folder.string() + " is no folder");
  if (const long most = ::pathconf(folder.c_str(), _PC_NAME_MAX); most > 0 && longest > static_cast<size_t>(most))
    fail_system(path, "create", ENAMETOOLONG);
  const fs::path probe = temporary_name(folder / whole.filename());  // as long a name as is written to
  const int file = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) fail_system(path, "create", errno);
  ::close(file);
  ::unlink(probe.c_str());
}

void write_file_atomically(const fs::path& path, const std::function<void(File&)>& fill) {
  if (is_device(path)) {
    File device(path, File::Open::write);  // renaming over /dev/null would destroy it
    fill(device);
    device.close();
    return;
  }
  const fs::path name = temporary_name(path);
  File file(name, File::Open::create);
  Temporary temporary{name};
  fill(file);
  file.sync();
  file.close();
  put_in_place(name, path);
  temporary.path.clear();
  sync_folder(path.parent_path());
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  write_file_atomically(path, [content](File& file) { file.write(content); });
}

fs::path without_slash(const fs::path& folder) {
  const fs::path plain = folder.lexically_normal();
  return plain.has_filename() ? plain : plain.parent_path();
}

fs::path folder_to_replace(const fs::path& given) {
  const fs::path out = without_slash(given);
  std::error_code none;
  const fs::path way = fs::current_path(none).lexically_relative(fs::weakly_canonical(fs::absolute(out, none), none));
  if (out.empty() || (!way.empty() && *way.begin() != ".."))
    fail(Code::usage, given.string(), "folder to write", "one in the current folder, or elsewhere",
         "this one itself, or one above it");
  return out;
}

FolderReplacement::FolderReplacement(fs::path target)
    : target_(std::move(target)), folder_(with_suffix(target_, kNew)) {
  // What a kill between two renames put aside stands again before anything else has its place.
  if (const fs::path old = with_suffix(target_, kOld); !present(target_) && present(old)) put_in_place(old, target_);
  make_way(folder_, target_);
  std::error_code error;
  fs::create_directory(folder_, error);
  if (error) fail_system(folder_, "create", error.value());
}

FolderReplacement::~FolderReplacement() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(folder_, ignored);
}

void FolderReplacement::commit() {
  sync_tree(folder_);
  const bool replaces = present(target_);
  if (!replaces) {
    put_in_place(folder_, target_);
  } else if (!exchange(folder_, target_)) {
    // Two steps; recover_folder() undoes the first when the second never came.
    const fs::path old = with_suffix(target_, kOld);
    make_way(old, target_);
    put_in_place(target_, old);
    if (::rename(folder_.c_str(), target_.c_str()) != 0) {
      const int error = errno;
      put_in_place(old, target_);
      fail_system(target_, "put in place", error);
    }
  }
  committed_ = true;
  sync_folder(target_.parent_path());
  if (!replaces) return;
  // The new one is whole: an older one that cannot be removed yet (a file that is open on a network's disk) is left to
  // recover_folder().
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
  fs::remove_all(with_suffix(target_, kOld), ignored);
}

bool is_leftover(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.ends_with(kNew) || name.ends_with(kOld)) return true;
  const size_t at = name.rfind(".tmp-");
  return at != std::string::npos && at + 5 < name.size() &&
         name.find_first_not_of("0123456789-", at + 5) == std::string::npos;
}

void recover_folder(const fs::path& folder) {
  if (!present(folder)) return;
  for (const fs::path& path : entries(folder)) {
    if (!is_leftover(path)) continue;
    const fs::path original = fs::path(path).replace_extension();
    if (path.extension() == kOld && !present(original)) {
      put_in_place(path, original);
    } else {
      std::error_code ignored;  // what cannot be removed yet is left to the next call
      fs::remove_all(path, ignored);
    }
  }
  sync_folder(folder);
}

void write_pointer(const fs::path& path, const std::string& name) {
  if (!plain_name(name)) fail(Code::usage, path.string(), "target of a pointer", "a plain name", "'" + name + "'");
  const fs::path link = temporary_name(path);
  if (::symlink(name.c_str(), link.c_str()) != 0) {
    if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS) fail_system(path, "create a link", errno);
    write_file_atomically(path, name + "\n");
    return;
  }
  Temporary temporary{link};
  put_in_place(link, path);
  temporary.path.clear();
  sync_folder(path.parent_path());
}

std::string read_pointer(const fs::path& path) {
  std::string name;
  std::error_code error;
  if (fs::is_symlink(path, error)) {
    name = fs::read_symlink(path, error).string();
    if (error) fail_system(path, "read", error.value());
  } else {
    name = read_file(path, 4096);
    while (!name.empty() && (name.back() == '\n' || name.back() == '\r')) name.pop_back();
  }
  if (!plain_name(name)) fail(Code::input, path.string(), "content", "the name of a neighbour", "'" + name + "'");
  return name;
}

}  // namespace roulade
