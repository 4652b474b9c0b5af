#include "eventstore/rocks/store_directory.h"

#include <sodium.h>
#include <unistd.h>

#include "eventstore/clock.h"
#include "eventstore/event.h"
#include "eventstore/rocks/closing_record.h"
#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
std::string random_uuid() {
  CommandId id;
  randombytes_buf(id.bytes.data(), id.bytes.size());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x40);  // version 4
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return to_text(id);
}

enum class Found : std::uint8_t { kNothing, kStore, kForeign };

Found look(const fs::path& dir) {
  std::error_code error;
  if (fs::exists(identity_path(dir), error)) return Found::kStore;
  if (!fs::is_directory(dir, error)) return fs::exists(dir, error) ? Found::kForeign : Found::kNothing;
  for (const auto& entry : fs::directory_iterator(dir, error)) {
    auto name = entry.path().filename().string();
    // What a first open leaves behind that was cut off.
    if (name != "LOCK" && name != "rapport.json.new") return Found::kForeign;
  }
  return Found::kNothing;
}

// With the names of new folders synced: a store that a power cut takes back with its folder's name would be lost as a whole.
Result<void> make_durably(const fs::path& dir) {
  std::error_code error;
  if (dir.empty() || fs::exists(dir, error)) return {};
  if (auto made = make_durably(dir.parent_path()); !made) return made;
  fs::create_directory(dir, error);
  if (error) {
    errno = error.value();
    return io_error(dir, "cannot make");
  }
  return sync_folder(dir.parent_path());
}

Result<void> prepare_directory(const fs::path& dir, bool create) {
  auto found = look(dir);
  if (found == Found::kForeign)
    return Error{ErrorCode::kCorrupt, "store.not_ours", dir.string() + " is no store of Rapport and not empty", {}, {},
                 "name an empty or a new directory"};
  if (found == Found::kNothing && !create)
    return Error{ErrorCode::kNotFound, "store.missing", "there is no store in " + dir.string(), {}, {},
                 "check --data; `rapport import` makes a new store"};
  if (auto made = make_durably(dir); !made) return made;
  if (::access(dir.c_str(), W_OK | X_OK) != 0) return io_error(dir, "cannot write to");
  return {};
}

}  // namespace

Result<std::unique_ptr<StoreDirectory>> StoreDirectory::open(const fs::path& path, bool create) {
  return open(path, create, false);
}

Result<std::unique_ptr<StoreDirectory>> StoreDirectory::open_to_read(const fs::path& path) { return open(path, false, true); }

Result<std::unique_ptr<StoreDirectory>> StoreDirectory::open(const fs::path& path, bool create, bool to_read) {
  if (auto prepared = prepare_directory(path, create); !prepared) return prepared.error();
  auto lock = StoreLock::take(path);
  if (!lock) return lock.error();
  std::unique_ptr<StoreDirectory> directory(new StoreDirectory(path, std::move(*lock)));
  directory->open_parts_ = 1;  // nothing is recorded unless this open succeeds
  if (look(path) == Found::kNothing) {
    if (auto written = write_identity(path, {random_uuid(), SystemClock().now().micros}); !written) return written.error();
    directory->created_ = true;
  }
  auto identity = read_identity(path);
  if (!identity) return identity.error();
  directory->identity_ = std::move(*identity);
  auto closing = check_closing_record(path);
  if (!closing) return closing.error();
  directory->index_whole_ = closing->index_whole;
  directory->read_only_ = to_read && closing->there && closing->index_whole;
  if (!directory->read_only_)
    if (auto consumed = consume_closing_record(path); !consumed) return consumed.error();
  directory->open_parts_ = 0;
  return directory;
}

Result<void> StoreDirectory::begin_epoch(const Epoch& epoch) {
  RAPPORT_ASSERT(epoch.number >= identity_.next_epoch());
  auto raised = identity_;
  raised.epochs.push_back(epoch);
  if (auto written = write_identity(path_, raised); !written) return written;
  identity_ = std::move(raised);
  return {};
}

StoreDirectory::~StoreDirectory() {
  // Without a record the next open checks less, which is right after a close that failed.
  if (open_parts_ == 0 && !read_only_) static_cast<void>(write_closing_record(path_).has_value());
}

}  // namespace rapport
