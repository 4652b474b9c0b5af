// A log that has room for what comes: it does not grow with each append, it ends where its records end, and what a power cut left
// behind a hole is not read.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "eventstore/rocks/filled_logs.h"
#include "tests/eventstore_samples/whole_store.h"

namespace rapport::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 32u << 10, kHeader = 7;
constexpr std::uint64_t kAppends = 200;

// A record that says that it has so many bytes.
std::string record(std::size_t bytes) {
  std::string text(kHeader + bytes, 'x');
  text[4] = static_cast<char>(bytes & 0xff);
  text[5] = static_cast<char>(bytes >> 8);
  text[6] = 1;
  return text;
}

class FilledLogsTest : public testing::Test {
 protected:
  fs::path only_log() const {
    std::set<fs::path> logs;
    for (const auto& entry : fs::directory_iterator(path_ / "log"))
      if (entry.path().extension() == ".log") logs.insert(entry.path());
    EXPECT_EQ(logs.size(), 1u);
    return *logs.rbegin();
  }
  // As RocksDB reads it.
  std::string read(const std::string& content) {
    auto path = (temporary_.path() / "000001.log").string();
    std::ofstream(path, std::ios::binary) << content;
    std::unique_ptr<rocksdb::FSSequentialFile> file;
    EXPECT_TRUE(files_.NewSequentialFile(path, {}, &file, nullptr).ok());
    std::string all, block(kBlock, '\0');
    for (rocksdb::Slice part;; all += part.ToString()) {
      EXPECT_TRUE(file->Read(kBlock, {}, &part, block.data(), nullptr).ok());
      if (part.empty()) return all;
    }
  }

  TemporaryDirectory temporary_;
  fs::path path_ = temporary_.path() / "store";
  ManualClock clock_{kNow};
  FilledLogs files_{rocksdb::FileSystem::Default()};
};

TEST_F(FilledLogsTest, SmallAppendsHardlyEverMakeItLonger) {
  auto store = *WholeStore::open(path_, clock_, true);
  std::set<std::uintmax_t> sizes;
  for (std::uint64_t n = 0; n < kAppends; ++n) {
    append_one(*store.events, Sample(n + 1).on("case-1", n, 1));
    sizes.insert(fs::file_size(only_log()));
  }
  EXPECT_LT(sizes.size(), 12u) << "of " << kAppends << " syncs";
}

TEST_F(FilledLogsTest, OneThatWasClosedEndsWithItsLastRecord) {
  auto name = (temporary_.path() / "000001.log").string();
  std::unique_ptr<rocksdb::FSWritableFile> file;
  ASSERT_TRUE(files_.NewWritableFile(name, {}, &file, nullptr).ok());
  ASSERT_TRUE(file->Append(record(100), {}, nullptr).ok());
  EXPECT_GT(fs::file_size(name), record(100).size());
  ASSERT_TRUE(file->Sync({}, nullptr).ok());
  ASSERT_TRUE(file->Close({}, nullptr).ok());
  EXPECT_EQ(fs::file_size(name), record(100).size());
}

TEST_F(FilledLogsTest, WhatIsSyncedInLargePartsIsNotWrittenTwice) {
  auto name = (temporary_.path() / "000001.log").string();
  std::unique_ptr<rocksdb::FSWritableFile> file;
  ASSERT_TRUE(files_.NewWritableFile(name, {}, &file, nullptr).ok());
  ASSERT_TRUE(file->Append(record(60'000), {}, nullptr).ok());
  EXPECT_EQ(fs::file_size(name), record(60'000).size());
}

TEST_F(FilledLogsTest, IsReadUpToTheZerosBehindItsRecords) {
  auto records = record(100) + record(2'000);
  EXPECT_EQ(read(records + std::string(5'000, '\0')), records);
  EXPECT_EQ(read(records), records);
  auto to_the_end = record(kBlock - kHeader - 3) + std::string(3, '\0') + record(10);  // three bytes have no room for a header
  EXPECT_EQ(read(to_the_end + std::string(kBlock, '\0')), to_the_end);
  EXPECT_EQ(read(std::string(3 * kBlock, '\0')), "");
}

TEST_F(FilledLogsTest, WhatLiesBehindAHoleIsNotRead) {
  auto first = record(100), hole = std::string(kBlock - first.size(), '\0');
  EXPECT_EQ(read(first + hole + record(50)), first);
  EXPECT_EQ(read(record(kBlock - kHeader) + std::string(kBlock, '\0') + record(50)), record(kBlock - kHeader));
}

}  // namespace
}  // namespace rapport::test
