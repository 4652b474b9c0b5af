#include "eventstore/rocks/key_swap.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
using namespace key_files;

bool there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Result<void> move(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return io_error(to, "cannot rename to");
  return sync_folder(to.parent_path());
}

Result<void> overwrite(const fs::path& path) {
  FileHandle file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.ok()) return errno == ENOENT ? Result<void>() : io_error(path, "cannot open");
  static constexpr std::array<char, 1 << 16> kZeros{};
  auto left = ::lseek(file.get(), 0, SEEK_END);
  for (off_t at = 0; left > 0;) {
    auto part = std::min<off_t>(left, kZeros.size());
    auto written = ::pwrite(file.get(), kZeros.data(), static_cast<std::size_t>(part), at);
    if (written <= 0) return io_error(path, "cannot overwrite");
    at += written;
    left -= written;
  }
  if (::fsync(file.get()) != 0) return io_error(path, "cannot sync");
  return {};
}

// db.next has taken db's place: what goes with it follows, and the old one goes.
Result<void> settle(const fs::path& keys) {
  if (there(keys / kNextWitness))
    if (auto moved = move(keys / kNextWitness, keys / kWitness); !moved) return moved;
  if (there(keys / kNextMaster)) {
    if (auto gone = overwrite(keys / kMaster); !gone) return gone;
    if (auto moved = move(keys / kNextMaster, keys / kMaster); !moved) return moved;
  }
  return wipe_folder(keys / kOldDatabase);
}

}  // namespace

Result<void> wipe_file(const fs::path& file) {
  if (auto gone = overwrite(file); !gone) return gone;
  return remove_durably(file);
}

Result<void> wipe_folder(const fs::path& folder) {
  if (!there(folder)) return {};
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (auto gone = overwrite(it->path()); !gone) return gone;
    if (::unlink(it->path().c_str()) != 0) return io_error(it->path(), "cannot remove");
  }
  if (!error) fs::remove(folder, error);
  if (error) {
    errno = error.value();
    return io_error(folder, "cannot remove");
  }
  return sync_folder(folder.parent_path());
}

Result<void> recover_key_swap(const fs::path& keys) {
  if (!there(keys / kDatabase) && there(keys / kOldDatabase) && there(keys / kNextDatabase))
    if (auto moved = move(keys / kNextDatabase, keys / kDatabase); !moved) return moved;
  if (there(keys / kOldDatabase)) return there(keys / kDatabase) ? settle(keys) : Result<void>();
  for (const auto* part : {kNextWitness, kNextMaster})
    for (const auto* ending : {"", ".new"})
      if (auto gone = wipe_file(keys / (std::string(part) + ending)); !gone) return gone;
  return wipe_folder(keys / kNextDatabase);
}

Result<void> swap_keys(const fs::path& keys) {
  if (auto moved = move(keys / kDatabase, keys / kOldDatabase); !moved) return moved;
  if (auto moved = move(keys / kNextDatabase, keys / kDatabase); !moved) return moved;
  return settle(keys);
}

}  // namespace rapport
