#include "eventstore/rocks/filled_logs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string_view>

namespace rapport {
namespace {

constexpr std::size_t kBlockBytes = 32u << 10;  // of a log
constexpr std::uint64_t kFillBytesMax = 256u << 10;
constexpr std::uint64_t kLittleBytes = 32u << 10;  // between two syncs
const std::array<char, kFillBytesMax> kZeros{};

class FilledLog final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FilledLog(std::unique_ptr<rocksdb::FSWritableFile>&& file, const std::string& name)
      : FSWritableFileOwnerWrapper(std::move(file)), file_(::open(name.c_str(), O_WRONLY | O_CLOEXEC)) {}
  ~FilledLog() override {
    if (file_ >= 0) ::close(file_);
  }

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    return fill_behind(data, FSWritableFileWrapper::Append(data, options, debug));
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, const rocksdb::DataVerificationInfo& info,
                           rocksdb::IODebugContext* debug) override {
    return fill_behind(data, FSWritableFileWrapper::Append(data, options, info, debug));
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    unsynced_ = 0;
    return FSWritableFileWrapper::Sync(options, debug);
  }
  // A log that was closed ends where it ends.
  rocksdb::IOStatus Close(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    if (filled_ > end_ && ::ftruncate(file_, static_cast<off_t>(end_)) != 0) return rocksdb::IOStatus::IOError("cannot cut the zeros behind a log");
    filled_ = end_;
    return FSWritableFileWrapper::Close(options, debug);
  }

 private:
  // Zeros are room and nothing else: where they cannot be written, the log grows as any file.
  rocksdb::IOStatus fill_behind(const rocksdb::Slice& data, rocksdb::IOStatus appended) {
    if (!appended.ok()) return appended;
    end_ += data.size();
    unsynced_ += data.size();
    if (end_ <= filled_ || unsynced_ > kLittleBytes || file_ < 0) return appended;
    auto zeros = std::min(end_, kFillBytesMax);
    auto written = ::pwrite(file_, kZeros.data(), zeros, static_cast<off_t>(end_));
    filled_ = end_ + static_cast<std::uint64_t>(std::max<ssize_t>(written, 0));
    return appended;
  }

  const int file_;
  std::uint64_t end_ = 0, filled_ = 0;
  std::atomic<std::uint64_t> unsynced_{0};  // set to nothing beside an append
};

// How much of a block is records: of a header (checksum 4, length 2 little-endian, kind 1) and its bytes. What has no room for a
// header behind them is zeros.
std::size_t bytes_of_records(std::string_view block) {
  constexpr std::size_t kHeader = 7;
  auto byte = [&](std::size_t at) { return std::size_t{static_cast<unsigned char>(block[at])}; };
  for (std::size_t at = 0; at + kHeader <= block.size(); at += kHeader + byte(at + 4) + (byte(at + 5) << 8))
    if (block.substr(at, kHeader).find_first_not_of('\0') == block.npos) return at;
  return block.size();
}

// A log as far as its records go.
class Records final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  using FSSequentialFileOwnerWrapper::FSSequentialFileOwnerWrapper;
  // RocksDB reads block after block.
  rocksdb::IOStatus Read(std::size_t size, const rocksdb::IOOptions& options, rocksdb::Slice* result, char* scratch,
                         rocksdb::IODebugContext* debug) override {
    *result = {};
    if (ended_) return rocksdb::IOStatus::OK();
    auto read = FSSequentialFileWrapper::Read(size, options, result, scratch, debug);
    if (!read.ok()) return read;
    auto bytes = result->ToStringView();
    for (std::size_t block = 0; block < bytes.size() && !ended_; block += kBlockBytes) {
      auto part = bytes.substr(block, kBlockBytes);
      auto records = bytes_of_records(part);
      ended_ = records < part.size();
      if (ended_) *result = {bytes.data(), block + records};
    }
    return read;
  }

 private:
  bool ended_ = false;
};

bool is_log(const std::string& name) { return name.ends_with(".log"); }

}  // namespace

rocksdb::IOStatus FilledLogs::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                              std::unique_ptr<rocksdb::FSWritableFile>* file, rocksdb::IODebugContext* debug) {
  auto made = FileSystemWrapper::NewWritableFile(name, options, file, debug);
  if (made.ok() && is_log(name)) *file = std::make_unique<FilledLog>(std::move(*file), name);
  return made;
}

rocksdb::IOStatus FilledLogs::NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                                std::unique_ptr<rocksdb::FSSequentialFile>* file, rocksdb::IODebugContext* debug) {
  auto opened = FileSystemWrapper::NewSequentialFile(name, options, file, debug);
  if (opened.ok() && is_log(name)) *file = std::make_unique<Records>(std::move(*file));
  return opened;
}

}  // namespace rapport
