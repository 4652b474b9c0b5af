#include "eventstore/rocks/rocks_status.h"

#include <cerrno>
#include <cstring>

namespace rapport {

// RocksDB has a code for a full disk alone; of the others it keeps the system's words.
bool no_room(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return true;
  if (!status.IsIOError()) return false;
  auto text = status.ToString();
  return text.find(std::strerror(EDQUOT)) != text.npos || text.find(std::strerror(EFBIG)) != text.npos;
}

Error from_status(const rocksdb::Status& status, std::string_view doing) {
  auto message = std::string(doing) + ": " + status.ToString();
  if (no_room(status))
    return {ErrorCode::kUnavailable, "store.full", std::move(message), {}, {}, "make room on the disk and open the store again"};
  if (status.IsCorruption())
    return {ErrorCode::kCorrupt, "store.damaged", std::move(message), {}, {}, "run `rapport verify`, restore a backup"};
  // A file that RocksDB's manifest names is not there, or has another form.
  if (status.IsPathNotFound() || status.IsNotSupported() || status.IsInvalidArgument())
    return {ErrorCode::kCorrupt, "store.damaged", std::move(message), {}, {}, "restore a backup"};
  return {ErrorCode::kUnavailable, "store.io", std::move(message)};
}

Error index_error(const rocksdb::Status& status, std::string_view doing) {
  auto error = from_status(status, doing);
  if (error.code == ErrorCode::kCorrupt) error.hint = "remove the closed store's folder index/: it is made anew from the log";
  return error;
}

}  // namespace rapport
