#include "eventstore/rocks/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace rapport {

Error io_error(const std::filesystem::path& path, std::string_view what) {
  auto number = errno;
  auto message = std::string(what) + " " + path.string() + ": " + std::strerror(number);
  if (number == EACCES || number == EROFS || number == EPERM)
    return {ErrorCode::kUnavailable, "store.read_only", std::move(message), {}, {},
            "the store must be writable, also for reading: give this user write access"};
  if (number == ENOSPC || number == EDQUOT || number == EFBIG)
    return {ErrorCode::kUnavailable, "store.full", std::move(message), {}, {}, "make room on the disk and try again"};
  return {ErrorCode::kUnavailable, "store.io", std::move(message)};
}

FileHandle::~FileHandle() {
  if (file_ >= 0) ::close(file_);
}

Result<std::string> read_file(const std::filesystem::path& path) { return read_file_tail(path, SIZE_MAX); }

Result<std::string> read_file_tail(const std::filesystem::path& path, std::size_t bytes_max) {
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) {
    if (errno != ENOENT) return io_error(path, "cannot open");
    return Error{ErrorCode::kNotFound, "store.file_missing", "there is no " + path.string()};
  }
  auto size = ::lseek(file.get(), 0, SEEK_END);
  auto skip = size > 0 && static_cast<std::size_t>(size) > bytes_max ? size - static_cast<off_t>(bytes_max) : 0;
  if (::lseek(file.get(), skip, SEEK_SET) < 0) return io_error(path, "cannot read");
  std::string content;
  char part[1 << 16];
  for (;;) {
    auto got = ::read(file.get(), part, sizeof part);
    if (got < 0) return io_error(path, "cannot read");
    if (got == 0) return content;
    content.append(part, static_cast<std::size_t>(got));
  }
}

Result<void> write_file_durably(const std::filesystem::path& path, std::string_view content, unsigned mode) {
  auto temporary = path;
  temporary += ".new";
  {
    FileHandle file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!file.ok()) return io_error(temporary, "cannot make");
    for (auto rest = content; !rest.empty();) {
      auto written = ::write(file.get(), rest.data(), rest.size());
      if (written < 0) return io_error(temporary, "cannot write");
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) return io_error(temporary, "cannot sync");
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return io_error(path, "cannot rename to");
  return sync_folder(path.parent_path());
}

Result<void> remove_durably(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return io_error(path, "cannot remove");
  }
  return sync_folder(path.parent_path());
}

Result<void> sync_folder(const std::filesystem::path& path) {
  FileHandle folder(::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok() || ::fsync(folder.get()) != 0) return io_error(path, "cannot sync");
  return {};
}

}  // namespace rapport
