// Keeps RocksDB from writing its LOG: opening a database to read it is to change no file. Included under rocks/ only.
#pragma once
#include <rocksdb/env.h>

namespace rapport {

class SilentLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace rapport
