// Preloaded into the program: kills it with -9 right before its Nth change to a file below a keys/ folder, N from KILL_AT. With
// KILL_COUNT the number of changes goes to that file at the end.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>

namespace {

std::atomic<long> changes{0};

void count() {
  static const char* at = getenv("KILL_AT");
  auto now = ++changes;
  if (at != nullptr && now == atol(at)) kill(getpid(), SIGKILL);
}

bool is_keys(const char* path) { return path != nullptr && strstr(path, "/keys/") != nullptr; }
bool is_keys(int file) {
  char name[64], path[4096];
  snprintf(name, sizeof name, "/proc/self/fd/%d", file);
  auto length = readlink(name, path, sizeof path - 1);
  if (length <= 0) return false;
  path[length] = '\0';
  // A folder that is synced ends without a slash.
  auto* folder = strstr(path, "/keys");
  return folder != nullptr && (folder[5] == '/' || folder[5] == '\0');
}

template <class F>
F* next(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

struct AtEnd {
  ~AtEnd() {
    const char* path = getenv("KILL_COUNT");
    if (path == nullptr) return;
    if (auto* file = fopen(path, "w")) {
      fprintf(file, "%ld", changes.load());
      fclose(file);
    }
  }
} at_end;

}  // namespace

extern "C" {

int rename(const char* from, const char* to) noexcept {
  if (is_keys(from) || is_keys(to)) count();
  return next<int(const char*, const char*)>("rename")(from, to);
}
int unlink(const char* path) noexcept {
  if (is_keys(path)) count();
  return next<int(const char*)>("unlink")(path);
}
int ftruncate(int file, off_t size) noexcept {
  if (is_keys(file)) count();
  return next<int(int, off_t)>("ftruncate")(file, size);
}
int fsync(int file) {
  if (is_keys(file)) count();
  return next<int(int)>("fsync")(file);
}
int fdatasync(int file) {
  if (is_keys(file)) count();
  return next<int(int)>("fdatasync")(file);
}
ssize_t write(int file, const void* bytes, size_t size) {
  if (is_keys(file)) count();
  return next<ssize_t(int, const void*, size_t)>("write")(file, bytes, size);
}
ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  if (is_keys(file)) count();
  return next<ssize_t(int, const void*, size_t, off_t)>("pwrite")(file, bytes, size, at);
}
ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t at) {
  if (is_keys(file)) count();
  return next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64")(file, bytes, size, at);
}

}  // extern "C"
