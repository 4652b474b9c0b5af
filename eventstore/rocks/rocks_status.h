// RocksDB's answers as ours.
#pragma once
#include <rocksdb/status.h>

#include <string_view>

#include "domain/result.h"

namespace rapport {

// Whether the disk, a quota or the limit on a file's size left no room.
bool no_room(const rocksdb::Status& status);
Error from_status(const rocksdb::Status& status, std::string_view doing);
// The same for index/, with the way out where it is damaged.
Error index_error(const rocksdb::Status& status, std::string_view doing);

}  // namespace rapport
