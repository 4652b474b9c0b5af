// Write-ahead logs that are filled with zeros ahead of what is written to them: a file that grows has its inode written by every
// sync, before the sync may end. As much again as there is, up to a limit, and only where little is synced at a time: there the inode
// is a good part of the work. What is read ends where the zeros begin: RocksDB would look for records behind them, and a power cut may
// leave a later one there without the one before it. Included under rocks/ only.
#pragma once
#include <rocksdb/file_system.h>

namespace rapport {

// Safe for concurrent use, as RocksDB asks of a file system.
class FilledLogs final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "rapport.filled_logs"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file, rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file, rocksdb::IODebugContext* debug) override;
};

}  // namespace rapport
