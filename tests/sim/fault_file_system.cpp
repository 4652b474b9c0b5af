#include "tests/sim/fault_file_system.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>

namespace rapport::sim {
namespace {

constexpr std::size_t kFilesMax = 4096;  // open at once

struct OpenFile {
  bool seen = false, writable = false, folder = false;
  FileNumber file = kFolder;
  std::string path;
};

struct Watched {
  std::string folder;
  Fault fault;
  std::size_t concerned = 0;
  bool met = false;
  std::mutex mutex;  // also around the call itself: the journal is in the order of the calls
  std::array<OpenFile, kFilesMax> open;
  std::map<std::string, FileNumber> entries;
  FileNumber next_file = 1;
  Journal journal;

  // Relative to the folder, if it is below it.
  std::optional<std::string> below(std::string_view path) const {
    if (!path.starts_with(folder)) return {};
    path.remove_prefix(folder.size());
    if (!path.empty() && path.front() != '/') return {};
    while (path.starts_with('/')) path.remove_prefix(1);
    while (path.ends_with('/')) path.remove_suffix(1);
    return std::string(path);
  }
  OpenFile* file(int number) {
    auto known = number >= 0 && static_cast<std::size_t>(number) < kFilesMax && open[static_cast<std::size_t>(number)].seen;
    return known ? &open[static_cast<std::size_t>(number)] : nullptr;
  }
  // Whether this call, one of those that the fault concerns, is to fail.
  bool fails(Fault::Kind kind) {
    if (fault.kind != kind) return false;
    auto n = concerned++;
    auto now = n == fault.at || (fault.persists && n > fault.at);
    met = met || now;
    return now;
  }
};

std::atomic<Watched*> watched{nullptr};

std::string path_of(int file) {
  std::array<char, 4096> path{};
  auto link = "/proc/self/fd/" + std::to_string(file);
  auto size = ::readlink(link.c_str(), path.data(), path.size());
  return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : std::string();
}
std::string path_at(int folder, const char* path) {
  return folder == AT_FDCWD || *path == '/' ? std::string(path) : path_of(folder) + '/' + path;
}

void load(Watched& disk, const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    auto path = entry.path().lexically_relative(folder).string();
    if (entry.is_directory()) {
      disk.entries[path] = kFolder;
      continue;
    }
    std::ifstream in(entry.path(), std::ios::binary);
    disk.journal.contents[disk.next_file] = {std::istreambuf_iterator<char>(in), {}};
    disk.entries[path] = disk.next_file++;
  }
  disk.journal.entries = disk.entries;
}

void move_entries(std::map<std::string, FileNumber>& entries, const std::string& from, const std::string& to) {
  auto number = entries.extract(from);
  if (number.empty()) return;
  entries[to] = number.mapped();
  if (number.mapped() != kFolder) return;
  for (auto it = entries.lower_bound(from + '/'); it != entries.end() && it->first.starts_with(from + '/');) {
    entries[to + it->first.substr(from.size())] = it->second;
    it = entries.erase(it);
  }
}

// --- the calls, made and written down; `disk.mutex` is held ---

long opened(Watched& disk, int folder, const char* path, int flags, mode_t mode) {
  auto name = disk.below(path_at(folder, path));
  auto writes = (flags & O_ACCMODE) != O_RDONLY;
  auto is_new = name && (flags & O_CREAT) && !disk.entries.contains(*name);
  if (is_new && disk.fails(Fault::Kind::kNoRoom)) {
    errno = ENOSPC;
    return -1;
  }
  auto number = ::syscall(SYS_openat, folder, path, flags, mode);
  if (number < 0 || static_cast<std::size_t>(number) >= kFilesMax) return number;
  auto& file = disk.open[static_cast<std::size_t>(number)];
  file = {};
  if (!name) return number;
  struct stat info {};
  auto is_folder = ::fstat(static_cast<int>(number), &info) == 0 && S_ISDIR(info.st_mode);
  if (is_new && !is_folder) {
    disk.entries[*name] = disk.next_file;
    disk.journal.calls.push_back({Call::Kind::kCreate, disk.next_file++, 0, {}, *name});
  }
  auto known = disk.entries.find(*name);
  file = {true, writes, is_folder, known == disk.entries.end() ? kFolder : known->second, *name};
  if ((flags & O_TRUNC) && writes && !is_new) disk.journal.calls.push_back({Call::Kind::kTruncate, file.file});
  return number;
}

long written(Watched& disk, OpenFile& file, int number, const void* bytes, std::size_t size, std::optional<off_t> offset) {
  struct stat info {};
  if (::fstat(number, &info) != 0) return -1;
  auto appends = (::fcntl(number, F_GETFL) & O_APPEND) != 0;
  auto at = offset ? *offset : appends ? info.st_size : ::lseek(number, 0, SEEK_CUR);
  auto grows = at + static_cast<off_t>(size) > info.st_size;
  auto no_room = grows && disk.fails(Fault::Kind::kNoRoom);
  if (no_room && size < 2) return errno = ENOSPC, -1;
  if (no_room) size /= 2;  // what still had room is written
  if (disk.fails(Fault::Kind::kWriteFails)) return errno = EIO, -1;
  auto done = offset ? ::syscall(SYS_pwrite64, number, bytes, size, *offset) : ::syscall(SYS_write, number, bytes, size);
  if (done > 0)
    disk.journal.calls.push_back({Call::Kind::kWrite, file.file, static_cast<std::uint64_t>(at),
                                  std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(done))});
  return done;
}

long synced(Watched& disk, OpenFile& file, int number, long call) {
  auto fails = disk.fails(Fault::Kind::kSyncFails);
  if (file.folder) {
    if (!fails) disk.journal.calls.push_back({Call::Kind::kSyncFolder, kFolder, 0, {}, file.path});
  } else {
    disk.journal.calls.push_back({fails ? Call::Kind::kFailedSync : Call::Kind::kSync, file.file});
  }
  if (fails) return errno = EIO, -1;
  return ::syscall(call, number);
}

long removed(Watched& disk, int folder, const char* path, int flags) {
  auto done = ::syscall(SYS_unlinkat, folder, path, flags);
  auto name = done == 0 ? disk.below(path_at(folder, path)) : std::nullopt;
  if (name && disk.entries.erase(*name) > 0) disk.journal.calls.push_back({Call::Kind::kRemove, kFolder, 0, {}, *name});
  return done;
}

long renamed(Watched& disk, const char* from, const char* to) {
  auto done = ::syscall(SYS_rename, from, to);
  auto old_name = disk.below(from), new_name = disk.below(to);
  if (done != 0 || !old_name || !new_name) return done;
  move_entries(disk.entries, *old_name, *new_name);
  disk.journal.calls.push_back({Call::Kind::kRename, kFolder, 0, {}, *old_name, *new_name});
  return done;
}

long folder_made(Watched& disk, const char* path, mode_t mode) {
  auto name = disk.below(path);
  if (name && disk.fails(Fault::Kind::kNoRoom)) return errno = ENOSPC, -1;
  auto done = ::syscall(SYS_mkdir, path, mode);
  if (done != 0 || !name) return done;
  disk.entries[*name] = kFolder;
  disk.journal.calls.push_back({Call::Kind::kCreate, kFolder, 0, {}, *name});
  return done;
}

long truncated(Watched& disk, OpenFile& file, int number, off_t size) {
  auto done = ::syscall(SYS_ftruncate, number, size);
  if (done == 0) disk.journal.calls.push_back({Call::Kind::kTruncate, file.file, static_cast<std::uint64_t>(size)});
  return done;
}

// What was read, as it should have been, or not.
long read_done(Watched& disk, void* bytes, long size) {
  if (disk.fails(Fault::Kind::kReadFails)) return errno = EIO, -1;
  if (size <= 0 || !disk.fails(Fault::Kind::kReadFlips)) return size;
  auto at = disk.fault.at * 7919 % static_cast<std::size_t>(size);
  static_cast<char*>(bytes)[at] = static_cast<char>(static_cast<char*>(bytes)[at] ^ 1 << disk.fault.at % 8);
  return size;
}

// `change` with the lock if somebody watches, `plain` otherwise.
template <class Change, class Plain>
long through(Change&& change, Plain&& plain) {
  auto* disk = watched.load(std::memory_order_acquire);
  if (!disk) return plain();
  std::lock_guard lock(disk->mutex);
  return change(*disk);
}
template <class Change, class Plain>
long through(int number, bool writes, Change&& change, Plain&& plain) {
  return through(
      [&](Watched& disk) {
        auto* file = disk.file(number);
        return file && (file->writable || !writes) ? change(disk, *file) : plain();
      },
      plain);
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, int)) : mode_t{};
}

}  // namespace

FaultFileSystem::FaultFileSystem(std::filesystem::path folder, Fault fault) {
  auto disk = std::make_unique<Watched>();
  disk->folder = folder.string();
  disk->fault = fault;
  load(*disk, folder);
  watched.store(disk.release(), std::memory_order_release);
}
FaultFileSystem::~FaultFileSystem() { delete watched.exchange(nullptr); }

std::size_t FaultFileSystem::now() const {
  auto* disk = watched.load();
  std::lock_guard lock(disk->mutex);
  return disk->journal.calls.size();
}
bool FaultFileSystem::met() const {
  auto* disk = watched.load();
  std::lock_guard lock(disk->mutex);
  return disk->met;
}
void FaultFileSystem::mend() {
  auto* disk = watched.load();
  std::lock_guard lock(disk->mutex);
  disk->fault = {};
}
Journal FaultFileSystem::take() {
  auto* disk = watched.load();
  std::lock_guard lock(disk->mutex);
  return std::move(disk->journal);
}

std::string to_text(const Call& call) {
  static constexpr std::array<const char*, 8> kNames = {"create", "write", "truncate", "sync", "failed sync", "sync folder", "rename", "remove"};
  std::ostringstream out;
  out << kNames[static_cast<std::size_t>(call.kind)] << ' ' << call.path << (call.to.empty() ? "" : " to ") << call.to << " #" << call.file
      << " at " << call.offset << ", " << call.bytes.size() << " bytes";
  return out.str();
}

std::string to_text(const Fault& fault) {
  static constexpr std::array<const char*, 6> kNames = {"no fault", "a failing sync", "no room", "a failing write", "a failing read", "a flipped bit"};
  return std::string(kNames[static_cast<std::size_t>(fault.kind)]) + " at call " + std::to_string(fault.at) + (fault.persists ? " and after" : "");
}

}  // namespace rapport::sim

// --- libc's names. The program's definitions come before libc's for every library that is linked dynamically, RocksDB first. ---

// NOLINTBEGIN: names, parameters and exception specifications are libc's
using namespace rapport::sim;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  auto mode = mode_of(flags, arguments);
  va_end(arguments);
  return static_cast<int>(through([&](Watched& disk) { return opened(disk, AT_FDCWD, path, flags, mode); },
                                  [&] { return ::syscall(SYS_openat, AT_FDCWD, path, flags, mode); }));
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  auto mode = mode_of(flags, arguments);
  va_end(arguments);
  return open(path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  auto mode = mode_of(flags, arguments);
  va_end(arguments);
  return static_cast<int>(through([&](Watched& disk) { return opened(disk, folder, path, flags, mode); },
                                  [&] { return ::syscall(SYS_openat, folder, path, flags, mode); }));
}
int close(int number) {
  auto plain = [&] { return ::syscall(SYS_close, number); };
  return static_cast<int>(through(
      [&](Watched& disk) {
        if (auto* file = disk.file(number)) *file = {};
        return plain();
      },
      plain));
}

ssize_t write(int number, const void* bytes, size_t size) {
  return through(number, true, [&](Watched& disk, OpenFile& file) { return written(disk, file, number, bytes, size, {}); },
                 [&] { return ::syscall(SYS_write, number, bytes, size); });
}
ssize_t pwrite(int number, const void* bytes, size_t size, off_t offset) {
  return through(number, true, [&](Watched& disk, OpenFile& file) { return written(disk, file, number, bytes, size, offset); },
                 [&] { return ::syscall(SYS_pwrite64, number, bytes, size, offset); });
}
ssize_t read(int number, void* bytes, size_t size) {
  auto plain = [&] { return ::syscall(SYS_read, number, bytes, size); };
  return through(number, false, [&](Watched& disk, OpenFile&) { return read_done(disk, bytes, plain()); }, plain);
}
ssize_t pread(int number, void* bytes, size_t size, off_t offset) {
  auto plain = [&] { return ::syscall(SYS_pread64, number, bytes, size, offset); };
  return through(number, false, [&](Watched& disk, OpenFile&) { return read_done(disk, bytes, plain()); }, plain);
}
// What RocksDB reads its logs and manifests with.
size_t fread_unlocked(void* bytes, size_t size, size_t count, FILE* stream) {
  static auto* plain = reinterpret_cast<decltype(&fread_unlocked)>(::dlsym(RTLD_NEXT, "fread_unlocked"));
  auto got = plain(bytes, size, count, stream);
  auto read = through(fileno_unlocked(stream), false,
                      [&](Watched& disk, OpenFile&) { return read_done(disk, bytes, static_cast<long>(got * size)); },
                      [&] { return static_cast<long>(got * size); });
  return read < 0 ? 0 : static_cast<size_t>(read) / size;
}

int fsync(int number) {
  return static_cast<int>(through(number, false, [&](Watched& disk, OpenFile& file) { return synced(disk, file, number, SYS_fsync); },
                                  [&] { return ::syscall(SYS_fsync, number); }));
}
int fdatasync(int number) {
  return static_cast<int>(through(number, false, [&](Watched& disk, OpenFile& file) { return synced(disk, file, number, SYS_fdatasync); },
                                  [&] { return ::syscall(SYS_fdatasync, number); }));
}
int ftruncate(int number, off_t size) noexcept {
  return static_cast<int>(through(number, true, [&](Watched& disk, OpenFile& file) { return truncated(disk, file, number, size); },
                                  [&] { return ::syscall(SYS_ftruncate, number, size); }));
}

// RocksDB asks for room ahead: in a file system in memory that alone would be half the time of a run.
int fallocate(int number, int mode, off_t offset, off_t size) {
  if ((mode & FALLOC_FL_KEEP_SIZE) != 0) return 0;
  return static_cast<int>(::syscall(SYS_fallocate, number, mode, offset, size));
}

// RocksDB sleeps for a second after an open that failed, before it tells.
int usleep(useconds_t) { return 0; }

int rename(const char* from, const char* to) noexcept {
  return static_cast<int>(through([&](Watched& disk) { return renamed(disk, from, to); }, [&] { return ::syscall(SYS_rename, from, to); }));
}
int unlinkat(int folder, const char* path, int flags) noexcept {
  return static_cast<int>(through([&](Watched& disk) { return removed(disk, folder, path, flags); },
                                  [&] { return ::syscall(SYS_unlinkat, folder, path, flags); }));
}
int unlink(const char* path) noexcept { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char* path) noexcept { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char* path) noexcept {
  auto done = unlink(path);
  return done != 0 && errno == EISDIR ? rmdir(path) : done;
}
int mkdir(const char* path, mode_t mode) noexcept {
  return static_cast<int>(through([&](Watched& disk) { return folder_made(disk, path, mode); }, [&] { return ::syscall(SYS_mkdir, path, mode); }));
}

}  // extern "C"
// NOLINTEND
