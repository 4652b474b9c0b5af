// Files whose syncs wait at a gate, where they may be made to fail. Of write-ahead logs alone.
#pragma once
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <condition_variable>
#include <mutex>

namespace rapport::test {

// Safe for concurrent use.
class GatedFiles final : public rocksdb::FileSystemWrapper {
 public:
  GatedFiles() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "GatedFiles"; }
  void open_gate(bool open) {
    std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }
  // On return it has passed.
  void let_one_pass() {
    std::unique_lock lock(mutex_);
    ++passes_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return passes_ == 0; });
  }
  void fail_syncs() {
    std::lock_guard lock(mutex_);
    fails_ = true;
  }
  // A disk without delay: nothing is synced, so it is for what is not about crashes.
  void skip_syncs() {
    std::lock_guard lock(mutex_);
    skips_ = true;
  }
  void wait_for_somebody() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0; });
  }
  // Whether somebody waits at the gate and something was written since.
  bool written_meanwhile() {
    std::lock_guard lock(mutex_);
    return waiting_ > 0 && written_meanwhile_;
  }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file, rocksdb::IODebugContext* context) override {
    auto made = target()->NewWritableFile(name, options, file, context);
    if (made.ok() && name.ends_with(".log")) *file = std::make_unique<File>(std::move(*file), *this);
    return made;
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSWritableFile>&& file, GatedFiles& files) : FSWritableFileOwnerWrapper(std::move(file)), files_(files) {}
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      files_.note_write();
      return FSWritableFileWrapper::Append(data, options, context);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, const rocksdb::DataVerificationInfo& info,
                             rocksdb::IODebugContext* context) override {
      files_.note_write();
      return FSWritableFileWrapper::Append(data, options, info, context);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      if (files_.skips()) return rocksdb::IOStatus::OK();
      if (files_.pass()) return FSWritableFileWrapper::Sync(options, context);
      return rocksdb::IOStatus::IOError("injected");
    }

   private:
    GatedFiles& files_;
  };
  void note_write() {
    std::lock_guard lock(mutex_);
    if (waiting_ > 0) written_meanwhile_ = true;
  }
  bool skips() {
    std::lock_guard lock(mutex_);
    return skips_;
  }
  bool pass() {
    std::unique_lock lock(mutex_);
    if (waiting_++ == 0) written_meanwhile_ = false;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_ || passes_ > 0; });
    if (passes_ > 0) --passes_;
    --waiting_;
    changed_.notify_all();
    return !fails_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true, fails_ = false, skips_ = false, written_meanwhile_ = false;
  int waiting_ = 0, passes_ = 0;
};

}  // namespace rapport::test
