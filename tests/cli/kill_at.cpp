// SPDX-License-Identifier: Apache-2.0
// Preloaded into the program (LD_PRELOAD): dies as by kill -9 at the KILL_AT-th call that puts something on the disk
// (write, fsync, rename, ... of files), so that every state a kill can leave is met. COUNT_TO names a file that gets
// the number of calls. With NO_EXCHANGE names cannot be exchanged, as on some file systems, and calls are counted from
// the first exchange that was asked for.
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace {

const bool g_exchanges = std::getenv("NO_EXCHANGE") == nullptr;
bool g_counts = g_exchanges;
long g_calls = 0;

void count() {
  static const char* at = std::getenv("KILL_AT");
  if (!g_counts) return;
  if (++g_calls == (at != nullptr ? std::atol(at) : -1)) raise(SIGKILL);
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

struct Report {
  ~Report() {
    const char* path = std::getenv("COUNT_TO");
    if (path == nullptr) return;
    if (std::FILE* file = std::fopen(path, "w")) {
      std::fprintf(file, "%ld\n", g_calls);
      std::fclose(file);
    }
  }
} g_report;

}  // namespace

extern "C" {
ssize_t write(int descriptor, const void* bytes, size_t size) {
  if (descriptor > 2) count();
  return next<ssize_t (*)(int, const void*, size_t)>("write")(descriptor, bytes, size);
}
int fsync(int descriptor) {
  count();
  return next<int (*)(int)>("fsync")(descriptor);
}
int rename(const char* from, const char* to) {
  count();
  return next<int (*)(const char*, const char*)>("rename")(from, to);
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  count();
  if (flags == RENAME_EXCHANGE && !g_exchanges) {
    g_counts = true;
    errno = EINVAL;
    return -1;
  }
  return next<int (*)(int, const char*, int, const char*, unsigned)>("renameat2")(from_folder, from, to_folder, to,
                                                                                  flags);
}
int symlink(const char* content, const char* path) {
  count();
  return next<int (*)(const char*, const char*)>("symlink")(content, path);
}
int unlink(const char* path) {
  count();
  return next<int (*)(const char*)>("unlink")(path);
}
int unlinkat(int folder, const char* path, int flags) {
  count();
  return next<int (*)(int, const char*, int)>("unlinkat")(folder, path, flags);
}
int mkdir(const char* path, mode_t mode) {
  count();
  return next<int (*)(const char*, mode_t)>("mkdir")(path, mode);
}
}
