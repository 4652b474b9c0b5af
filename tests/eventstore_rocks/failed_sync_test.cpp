// A disk that fails at a write or a sync: the store stops, says so, and after the next open holds what it acknowledged.
#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include "eventstore/rocks/verify_store.h"
#include "tests/eventstore_samples/whole_store.h"

namespace rapport::test {
namespace {

// Files that fail on command; what was written before a failed sync may be on the disk or not, as with the real thing.
class FailingFiles final : public rocksdb::FileSystemWrapper {
 public:
  FailingFiles() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FailingFiles"; }

  struct Faults {
    std::optional<rocksdb::IOStatus> sync, append;
  };
  Faults faults;  // of write-ahead logs; changed while nobody writes

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file, rocksdb::IODebugContext* context) override {
    auto made = target()->NewWritableFile(name, options, file, context);
    if (made.ok() && name.ends_with(".log")) *file = std::make_unique<File>(std::move(*file), faults);
    return made;
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSWritableFile>&& file, const Faults& faults)
        : FSWritableFileOwnerWrapper(std::move(file)), faults_(faults) {}
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      return faults_.append ? *faults_.append : FSWritableFileWrapper::Append(data, options, context);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, const rocksdb::DataVerificationInfo& info,
                             rocksdb::IODebugContext* context) override {
      return faults_.append ? *faults_.append : FSWritableFileWrapper::Append(data, options, info, context);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      return faults_.sync ? *faults_.sync : FSWritableFileWrapper::Sync(options, context);
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      return faults_.sync ? *faults_.sync : FSWritableFileWrapper::Fsync(options, context);
    }

   private:
    const Faults& faults_;
  };
};

class FailedSync : public testing::Test {
 protected:
  WholeStore open() {
    auto store = WholeStore::open(path_, clock_, true, {.env = env_.get()});
    if (store) return std::move(*store);
    ADD_FAILURE() << store.error().reason << ": " << store.error().message;
    std::abort();
  }
  static std::string outcome(WholeStore& store, const Sample& sample) {
    auto done = store.events->append({&sample.append(), 1});
    if (!done) return done.error().reason;
    if (std::holds_alternative<Appended>(done->front())) return "appended";
    return std::holds_alternative<AlreadyAppended>(done->front()) ? "already" : "refused";
  }
  // One event, then the fault during another, then none: what the store says, and what it has after it was opened again.
  void expect_stop(FailingFiles::Faults faults, const std::string& reason) {
    Sample first(1), second(2), third(3);
    first.on("opportunity-A", 0);
    second.on("opportunity-B", 0);
    third.on("opportunity-C", 0);
    {
      auto store = open();
      ASSERT_EQ(outcome(store, first), "appended");
      auto head = store.events->head();
      files_->faults = std::move(faults);
      EXPECT_EQ(outcome(store, second), reason);
      files_->faults = {};
      EXPECT_EQ(outcome(store, third), "store.stopped") << "a sync that failed is never tried again";
      EXPECT_EQ(store.events->head().position, head.position) << "nobody sees what is not durable";
      EXPECT_EQ(store.events->head().root, head.root);
    }
    auto store = open();
    EXPECT_EQ(outcome(store, first), "already");
    auto again = outcome(store, second);  // nobody was told whether it is there
    EXPECT_TRUE(again == "appended" || again == "already") << again;
    EXPECT_EQ(outcome(store, third), "appended");
    EXPECT_EQ(store.events->head().position.value, 3u);
    auto verified = verify_store(*store.events, *store.keys);
    ASSERT_TRUE(verified);
    EXPECT_TRUE(verified->ok) << verified->what;
  }

  TemporaryDirectory temporary_;
  std::filesystem::path path_ = temporary_.path() / "store";
  ManualClock clock_{kNow};
  std::shared_ptr<FailingFiles> files_ = std::make_shared<FailingFiles>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
};

TEST_F(FailedSync, StopsTheStore) { expect_stop({.sync = rocksdb::IOStatus::IOError("injected"), .append = {}}, "store.io"); }
TEST_F(FailedSync, ForWantOfRoomStopsTheStore) { expect_stop({.sync = rocksdb::IOStatus::NoSpace("injected"), .append = {}}, "store.full"); }
TEST_F(FailedSync, IsNoWorseThanAFailedWrite) { expect_stop({.sync = {}, .append = rocksdb::IOStatus::NoSpace("injected")}, "store.full"); }

}  // namespace
}  // namespace rapport::test
