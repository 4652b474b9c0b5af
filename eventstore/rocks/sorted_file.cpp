#include "eventstore/rocks/sorted_file.h"

#include <rocksdb/table.h>

#include "eventstore/rocks/backup_manifest.h"
#include "eventstore/rocks/files.h"
#include "eventstore/rocks/rocks_status.h"
#include "eventstore/rocks/silent_logger.h"

namespace rapport {
namespace {

constexpr std::size_t kReadaheadBytes = 2u << 20;

rocksdb::Options options() {
  rocksdb::Options options;
  options.compression = rocksdb::kLZ4Compression;
  options.info_log = std::make_shared<SilentLogger>();
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16u << 10;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

SortedFileWriter::SortedFileWriter(std::filesystem::path path)
    : path_(std::move(path)), writer_(std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(), options())) {}

SortedFileWriter::~SortedFileWriter() {
  writer_.reset();
  std::error_code ignored;
  if (!finished_) std::filesystem::remove(path_, ignored);
}

Result<std::unique_ptr<SortedFileWriter>> SortedFileWriter::create(const std::filesystem::path& path) {
  std::unique_ptr<SortedFileWriter> file(new SortedFileWriter(path));
  auto status = file->writer_->Open(path.string());
  if (!status.ok()) return at_backup(from_status(status, "cannot make " + path.string()));
  return file;
}

Result<void> SortedFileWriter::put(const rocksdb::Slice& key, const rocksdb::Slice& value) {
  auto status = writer_->Put(key, value);
  if (!status.ok()) return at_backup(from_status(status, "cannot write " + path_.string()));
  bytes_ += key.size() + value.size();
  return {};
}

Result<void> SortedFileWriter::finish() {
  auto status = writer_->Finish();
  if (!status.ok()) return at_backup(from_status(status, "cannot write " + path_.string()));
  finished_ = true;
  if (auto synced = sync_folder(path_.parent_path()); !synced) return at_backup(synced.error());
  return {};
}

Result<SortedFileReader> SortedFileReader::open(const std::filesystem::path& path) {
  SortedFileReader reader{std::make_unique<rocksdb::SstFileReader>(options()), nullptr};
  auto status = reader.file->Open(path.string());
  if (!status.ok()) return backup_damaged(path.string() + ": " + status.ToString());
  rocksdb::ReadOptions read;
  read.fill_cache = false;
  read.readahead_size = kReadaheadBytes;
  reader.entries.reset(reader.file->NewIterator(read));
  return reader;
}

Result<void> each_kept_entry(const std::filesystem::path& file, const std::function<bool(std::string_view, std::string_view)>& take) {
  auto reader = SortedFileReader::open(file);
  if (!reader) return reader.error();
  auto& entries = *reader->entries;
  for (entries.SeekToFirst(); entries.Valid(); entries.Next())
    if (!take(entries.key().ToStringView(), entries.value().ToStringView())) return {};
  if (!entries.status().ok()) return backup_damaged(file.string() + ": " + entries.status().ToString());
  return {};
}

}  // namespace rapport
