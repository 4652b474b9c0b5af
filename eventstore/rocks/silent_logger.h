// Keeps RocksDB from writing its LOG: its logger aborts the process when the disk is full, and opening a database to read it
// is to change no file. What RocksDB fails at it answers too, and we say that. Included under rocks/ folders only.
#pragma once
#include <rocksdb/env.h>

namespace rapport {

class SilentLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace rapport
