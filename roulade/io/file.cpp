// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/file.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace roulade {
namespace {

int flags(File::Open how) {
  switch (how) {
    case File::Open::read:
      return O_RDONLY;
    case File::Open::create:
      return O_WRONLY | O_CREAT | O_EXCL;
    case File::Open::append:
      return O_RDWR | O_CREAT | O_APPEND;
    case File::Open::write:
      return O_WRONLY;
  }
  return O_RDONLY;
}

const char* action(File::Open how) {
  return how == File::Open::read ? "open" : how == File::Open::create ? "create" : "open for writing";
}

struct stat status(const File& file) {
  struct stat s {};
  if (::fstat(file.descriptor(), &s) != 0) fail_system(file.path(), "examine", errno);
  return s;
}

}  // namespace

void fail_system(const std::filesystem::path& path, std::string_view action, int error) {
  fail(Code::io, path.string(), fmt::format("cannot {}: {}", action, std::generic_category().message(error)));
}

File::File(std::filesystem::path path, Open how) : path_(std::move(path)) {
  do {
    descriptor_ = ::open(path_.c_str(), flags(how) | O_CLOEXEC, 0666);
  } while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) fail_system(path_, action(how), errno);
}

File::File(File&& other) noexcept : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void File::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_, bytes.data(), std::min<size_t>(bytes.size(), size_t{1} << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_system(path_, "write", errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

size_t File::read(std::span<char> to) {
  size_t done = 0;
  while (done < to.size()) {
    const ssize_t n = ::read(descriptor_, to.data() + done, std::min<size_t>(to.size() - done, size_t{1} << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_system(path_, "read", errno);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

void File::truncate(uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) fail_system(path_, "cut", errno);
}

void File::sync() {
  int result = 0;
  do {
    result = ::fsync(descriptor_);
  } while (result != 0 && errno == EINTR);
  // EINVAL, ENOTSUP: a device, or a file system whose folders cannot be synced; there is nothing more to do.
  if (result != 0 && errno != EINVAL && errno != ENOTSUP) fail_system(path_, "write to disk", errno);
}

void File::close() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (descriptor >= 0 && ::close(descriptor) != 0 && errno != EINTR) fail_system(path_, "close", errno);
}

uint64_t File::size() const { return static_cast<uint64_t>(status(*this).st_size); }

bool File::regular() const { return S_ISREG(status(*this).st_mode); }

Mapping::Mapping(const std::filesystem::path& path) {
  const File file(path, File::Open::read);
  if (!file.regular()) fail(Code::io, path.string(), "not a regular file");
  size_ = file.size();
  if (size_ == 0) return;  // the system maps no empty file
  void* at = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.descriptor(), 0);
  if (at == MAP_FAILED) fail_system(path, "map", errno);
  data_ = static_cast<std::byte*>(at);
}

Mapping::~Mapping() {
  if (data_) ::munmap(data_, size_);
}

std::string read_file(const std::filesystem::path& path, uint64_t limit) {
  File file(path, File::Open::read);
  // The size is a hint: pipes and files of the kernel have none, and a file may grow while it is read.
  const uint64_t hint = std::min(file.regular() ? file.size() : 0, limit);
  std::string content(hint + 1, '\0');
  size_t done = 0;
  while (true) {
    done += file.read(std::span(content).subspan(done));
    if (done > limit) fail(Code::input, path.string(), "file is too large", fmt::format("at most {} bytes", limit));
    if (done < content.size()) break;
    content.resize(2 * content.size());
  }
  content.resize(done);
  return content;
}

void sync_folder(const std::filesystem::path& folder) {
  File(folder.empty() ? std::filesystem::path(".") : folder, File::Open::read).sync();
}

}  // namespace roulade
