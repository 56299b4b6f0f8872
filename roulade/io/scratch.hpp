// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace roulade {

/// Memory of a file in `folder` that has no name, so it goes with the process however that ends. The system writes it
/// out and reads it back as it sees fit: it may be larger than the machine's memory.
/// Throws Error(io) where the folder takes no file of this size.
void* allocate_scratch(const std::filesystem::path& folder, size_t bytes);
void free_scratch(void* memory, size_t bytes) noexcept;

/// For vectors of plain numbers: what takes more than `most` bytes lies in scratch memory, where a folder is named.
/// Elements that nobody gives a value have none.
template <class T>
class ScratchAllocator {
 public:
  using value_type = T;
  using propagate_on_container_copy_assignment = std::true_type;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;

  ScratchAllocator() = default;
  ScratchAllocator(const std::filesystem::path& folder, size_t most)
      : folder_(folder.empty() ? nullptr : std::make_shared<const std::filesystem::path>(folder)), most_(most) {}
  template <class U>
  ScratchAllocator(const ScratchAllocator<U>& other)  // NOLINT(google-explicit-constructor): as allocators must
      : folder_(other.folder_), most_(other.most_) {}

  T* allocate(size_t count) {
    if (on_disk(count)) return static_cast<T*>(allocate_scratch(*folder_, count * sizeof(T)));
    return std::allocator<T>().allocate(count);
  }
  void deallocate(T* memory, size_t count) noexcept {
    if (on_disk(count)) return free_scratch(memory, count * sizeof(T));
    std::allocator<T>().deallocate(memory, count);
  }
  template <class U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Values>
  void construct(U* at, Values&&... values) {
    ::new (static_cast<void*>(at)) U(std::forward<Values>(values)...);
  }

  /// Whether what one allocated may be freed by the other.
  friend bool operator==(const ScratchAllocator& a, const ScratchAllocator& b) {
    return !a.folder_ == !b.folder_ && (!a.folder_ || a.most_ == b.most_);
  }

 private:
  template <class U>
  friend class ScratchAllocator;
  bool on_disk(size_t count) const { return folder_ && count * sizeof(T) > most_; }

  std::shared_ptr<const std::filesystem::path> folder_;
  size_t most_ = 0;
};

}  // namespace roulade
