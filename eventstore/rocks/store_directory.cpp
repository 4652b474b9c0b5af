#include "eventstore/rocks/store_directory.h"

#include <sodium.h>
#include <unistd.h>

#include <charconv>

#include "eventstore/clock.h"
#include "eventstore/event.h"
#include "eventstore/rocks/closing_record.h"
#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
constexpr unsigned kFormat = 1;
constexpr std::size_t kUuidChars = 36;

fs::path config_path(const fs::path& dir) { return dir / "rapport.json"; }

std::string random_uuid() {
  CommandId id;
  randombytes_buf(id.bytes.data(), id.bytes.size());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x40);  // version 4
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return to_text(id);
}

std::string config_text(const std::string& store, std::int64_t created_at_micros) {
  auto text = "{\"format\":" + std::to_string(kFormat) + ",\"store\":\"" + store + "\",\"origin\":\"rapport/" + store +
              "\",\"createdAtMicros\":" + std::to_string(created_at_micros);
  return text + ",\"checksum\":\"" + to_hex(sha256({bytes_of(text)})) + "\"}\n";
}

// The number that follows `name`; nothing if there is none.
std::optional<std::int64_t> number_after(std::string_view text, std::string_view name) {
  auto at = text.find(name);
  if (at == text.npos) return {};
  std::int64_t number = 0;
  auto begin = text.data() + at + name.size();
  if (std::from_chars(begin, text.data() + text.size(), number).ec != std::errc()) return {};
  return number;
}

Error damaged_config(const fs::path& dir) {
  return {ErrorCode::kCorrupt, "store.config_damaged", config_path(dir).string() + " is damaged", {}, {}, "restore a backup"};
}

// The store's id. The text must be, byte for byte, what its own values give: so no byte of it can change unseen.
Result<std::string> read_config(const fs::path& dir) {
  auto text = read_file(config_path(dir));
  if (!text) return text.error();
  auto format = number_after(*text, "{\"format\":");
  if (format && *format > kFormat)
    return Error{ErrorCode::kCorrupt, "store.newer_format",
                 dir.string() + " has format " + std::to_string(*format) + "; this program knows up to " + std::to_string(kFormat),
                 {}, {}, "use a newer version of rapport"};
  constexpr std::string_view kStore = ",\"store\":\"";
  auto at = text->find(kStore);
  auto created = number_after(*text, ",\"createdAtMicros\":");
  if (!format || !created || at == text->npos || text->size() < at + kStore.size() + kUuidChars) return damaged_config(dir);
  auto store = text->substr(at + kStore.size(), kUuidChars);
  if (*text != config_text(store, *created)) return damaged_config(dir);
  return store;
}

enum class Found : std::uint8_t { kNothing, kStore, kForeign };

Found look(const fs::path& dir) {
  std::error_code error;
  if (fs::exists(config_path(dir), error)) return Found::kStore;
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
    auto text = config_text(random_uuid(), SystemClock().now().micros);
    if (auto written = write_file_durably(config_path(path), text); !written) return written.error();
    directory->created_ = true;
  }
  auto store = read_config(path);
  if (!store) return store.error();
  directory->store_id_ = std::move(*store);
  auto closing = check_closing_record(path);
  if (!closing) return closing.error();
  directory->index_whole_ = closing->index_whole;
  directory->read_only_ = to_read && closing->there && closing->index_whole;
  if (!directory->read_only_)
    if (auto consumed = consume_closing_record(path); !consumed) return consumed.error();
  directory->open_parts_ = 0;
  return directory;
}

StoreDirectory::~StoreDirectory() {
  // Without a record the next open checks less, which is right after a close that failed.
  if (open_parts_ == 0 && !read_only_) static_cast<void>(write_closing_record(path_).has_value());
}

}  // namespace rapport
