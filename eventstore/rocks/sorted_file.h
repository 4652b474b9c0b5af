// A backup's files: entries in the order of their keys, in RocksDB's table format, each block with its checksum. Included under
// rocks/ only.
#pragma once
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/sst_file_writer.h>

#include <filesystem>
#include <memory>

#include "domain/result.h"

namespace rapport {

// One thread. Removed at the end unless it was finished.
class SortedFileWriter final {
 public:
  static Result<std::unique_ptr<SortedFileWriter>> create(const std::filesystem::path& path);
  ~SortedFileWriter();
  SortedFileWriter(const SortedFileWriter&) = delete;
  SortedFileWriter& operator=(const SortedFileWriter&) = delete;

  // Keys must grow.
  Result<void> put(const rocksdb::Slice& key, const rocksdb::Slice& value);
  std::uint64_t bytes() const { return bytes_; }  // of keys and values so far
  // Durable on return. There must be an entry.
  Result<void> finish();

 private:
  explicit SortedFileWriter(std::filesystem::path path);
  const std::filesystem::path path_;
  std::unique_ptr<rocksdb::SstFileWriter> writer_;
  std::uint64_t bytes_ = 0;
  bool finished_ = false;
};

// Every block's checksum is compared when it is read.
struct SortedFileReader {
  std::unique_ptr<rocksdb::SstFileReader> file;
  std::unique_ptr<rocksdb::Iterator> entries;  // of `file`; not at any entry yet
  // kCorrupt "backup.damaged".
  static Result<SortedFileReader> open(const std::filesystem::path& path);
};

}  // namespace rapport
