#include "eventstore/rocks/store_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

constexpr int kLooksMax = 50;
constexpr std::chrono::milliseconds kBetweenLooks{2};

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
  // First written, then cut: whoever looks meanwhile finds a process id.
  if (::pwrite(file, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()) ||
      ::ftruncate(file, static_cast<off_t>(text.size())) != 0)
    return io_error(path, "cannot write");
  return {};
}

bool alive(const std::string& pid) {
  auto number = std::atoi(pid.c_str());
  return number > 0 && (::kill(number, 0) == 0 || errno != ESRCH);
}

}  // namespace

Result<std::unique_ptr<StoreLock>> StoreLock::take(const std::filesystem::path& dir) {
  auto path = lock_path(dir);
  auto file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return io_error(path, "cannot open");
  auto give_up = [file](Error error) {
    ::close(file);
    return error;
  };
  auto wanted = whole_file();
  for (int look = 0; ::fcntl(file, F_OFD_SETLK, &wanted) != 0; ++look) {
    if (errno != EAGAIN && errno != EACCES) return give_up(io_error(path, "cannot lock"));
    auto holder = store_holder(dir);
    // For a moment after it took the lock the text is nobody's, or that of one who was killed.
    if (!alive(holder.pid) && look < kLooksMax) {
      std::this_thread::sleep_for(kBetweenLooks);
      continue;
    }
    auto where = holder.address.empty() ? "" : ", serving " + holder.address;
    return give_up({ErrorCode::kUnavailable, "store.locked",
                    (holder.pid.empty() ? "another process" : "process " + holder.pid) + " holds the store " + dir.string() + where, {}, {},
                    "wait until it ends or stop it"});
  }
  std::unique_ptr<StoreLock> lock(new StoreLock(file));
  if (auto written = write_holder(file, path, {}); !written) return written.error();
  return lock;
}

// The text goes with the lock, so that nobody takes it for the next holder's.
StoreLock::~StoreLock() {
  static_cast<void>(::ftruncate(file_, 0) == 0);
  ::close(file_);
}

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
