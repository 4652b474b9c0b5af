// The file system under a test. Every call of this process that changes files below one folder is seen, RocksDB's, ours and the
// standard library's alike, on one clock of calls: libc's functions themselves are taken over (fault_file_system.cpp), so the
// program needs no seam. What was called is kept as a journal, of which Disk makes what a power cut may leave; a call may be made
// to fail.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace rapport::sim {

using FileNumber = std::uint32_t;
inline constexpr FileNumber kFolder = 0;  // an entry that is a folder

// One change of files, as the kernel would see it.
struct Call {
  enum class Kind : std::uint8_t { kCreate, kWrite, kTruncate, kSync, kFailedSync, kSyncFolder, kRename, kRemove };
  Kind kind;
  FileNumber file = kFolder;
  std::uint64_t offset = 0;  // kTruncate: the new size
  std::string bytes = {};
  std::string path = {}, to = {};  // relative to the folder; "" = the folder itself
};
std::string to_text(const Call& call);

struct Journal {
  // At the beginning, all of it durable.
  std::map<std::string, FileNumber> entries;
  std::map<FileNumber, std::string> contents;
  std::vector<Call> calls;
};

struct Fault {
  enum class Kind : std::uint8_t { kNone, kSyncFails, kNoRoom, kWriteFails, kReadFails, kReadFlips };
  Kind kind = Kind::kNone;
  std::size_t at = 0;     // which of the calls that it concerns, from 0
  bool persists = false;  // and all after it
};
std::string to_text(const Fault& fault);

// While it lives, calls below `folder` are seen. One at a time in a process; may be read from any thread.
class FaultFileSystem final {
 public:
  explicit FaultFileSystem(std::filesystem::path folder, Fault fault = {});
  ~FaultFileSystem();
  FaultFileSystem(const FaultFileSystem&) = delete;
  FaultFileSystem& operator=(const FaultFileSystem&) = delete;

  // The clock: calls in the journal so far.
  std::size_t now() const;
  // Whether the fault was met, and an end to it.
  bool met() const;
  void mend();
  Journal take();
};

}  // namespace rapport::sim
