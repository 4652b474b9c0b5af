#include "eventstore/rocks/store_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

std::filesystem::path lock_path(const std::filesystem::path& dir) { return dir / "LOCK"; }

// A lock of the open file, not of the process (which would lose it when any of its files on LOCK is closed), and one that can
// be looked at without being taken.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

StoreHolder parse_holder(const std::string& text) {
  auto line_end = text.find('\n');
  if (line_end == text.npos) return {text, {}};
  auto address = text.substr(line_end + 1);
  return {text.substr(0, line_end), address.substr(0, address.find('\n'))};
}

Result<void> write_holder(int file, const std::filesystem::path& path, const std::string& address) {
  auto text = std::to_string(::getpid()) + "\n" + address + (address.empty() ? "" : "\n");
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return io_error(path, "cannot write");
  return {};
}

}  // namespace

Result<std::unique_ptr<StoreLock>> StoreLock::take(const std::filesystem::path& dir) {
  auto path = lock_path(dir);
  auto file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return io_error(path, "cannot open");
  std::unique_ptr<StoreLock> lock(new StoreLock(file));
  auto wanted = whole_file();
  if (::fcntl(file, F_OFD_SETLK, &wanted) != 0) {
    if (errno != EAGAIN && errno != EACCES) return io_error(path, "cannot lock");
    auto holder = store_holder(dir);
    auto where = holder.address.empty() ? "" : ", serving " + holder.address;
    return Error{ErrorCode::kUnavailable, "store.locked",
                 "process " + holder.pid + " holds the store " + dir.string() + where, {}, {},
                 "wait until it ends or stop it"};
  }
  if (auto written = write_holder(file, path, {}); !written) return written.error();
  return lock;
}

// The text stays: without the lock it means nothing.
StoreLock::~StoreLock() { ::close(file_); }

Result<void> StoreLock::announce(const std::string& address) { return write_holder(file_, "LOCK", address); }

StoreHolder store_holder(const std::filesystem::path& dir) {
  auto path = lock_path(dir);
  FileHandle file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.ok()) return {};
  auto wanted = whole_file();
  if (::fcntl(file.get(), F_OFD_GETLK, &wanted) != 0 || wanted.l_type == F_UNLCK) return {};
  auto text = read_file(path);
  return text ? parse_holder(*text) : StoreHolder{};
}

}  // namespace rapport
