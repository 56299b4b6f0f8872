// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace roulade {

/// Throws Error(io, "[path] cannot ACTION: the system's sentence for `error`").
[[noreturn]] void fail_system(const std::filesystem::path& path, std::string_view action, int error);

/// An open file of the system, closed with the object. Every failure is an Error(io) that names the path.
class File {
 public:
  enum class Open {
    read,    ///< existing file or folder
    create,  ///< new file; fails when the name exists
    append,  ///< new or existing file, written at its end
    write    ///< existing file or device, written from its beginning
  };
  File(std::filesystem::path path, Open how);
  File(File&& other) noexcept;
  File& operator=(File&&) = delete;
  ~File();

  void write(std::string_view bytes);  ///< all of them, or Error
  size_t read(std::span<char> to);     ///< bytes read; less than asked only at the end
  void truncate(uint64_t size);
  void sync();   ///< returns when the content is on the disk
  void close();  ///< reports what the destructor would swallow

  uint64_t size() const;
  bool regular() const;  ///< neither folder nor device nor pipe
  int descriptor() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// A whole file in memory pages: loaded when touched, writes stay private. The file must not shrink meanwhile; files
/// replaced by rename never do.
class Mapping {
 public:
  explicit Mapping(const std::filesystem::path& path);
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();
  std::span<std::byte> bytes() const { return {data_, size_}; }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// The content of a file or pipe of at most `limit` bytes. Throws Error(io) when it cannot be read, Error(input) when
/// it is larger.
std::string read_file(const std::filesystem::path& path, uint64_t limit = uint64_t{1} << 36);

/// Makes the names in a folder last through a power cut.
void sync_folder(const std::filesystem::path& folder);

}  // namespace roulade
