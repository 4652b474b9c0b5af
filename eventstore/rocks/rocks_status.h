// RocksDB's answers as ours.
#pragma once
#include <rocksdb/status.h>

#include <string_view>

#include "domain/result.h"

namespace rapport {

Error from_status(const rocksdb::Status& status, std::string_view doing);

}  // namespace rapport
