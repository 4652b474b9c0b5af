// Small files of a store, read and written whole, with the errors that a person can act on.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "domain/result.h"

namespace rapport {

// After a failed system call, from errno: "store.read_only", "store.full", "store.io".
Error io_error(const std::filesystem::path& path, std::string_view what);

// kNotFound "store.file_missing" if there is none.
Result<std::string> read_file(const std::filesystem::path& path);
// Its last bytes, or all if it has fewer.
Result<std::string> read_file_tail(const std::filesystem::path& path, std::size_t bytes_max);
// Whole or not at all, also across a power cut: temporary name, sync, rename, sync of the folder.
Result<void> write_file_durably(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);
Result<void> remove_durably(const std::filesystem::path& path);
Result<void> sync_folder(const std::filesystem::path& path);

// Closes a file descriptor at the end of a scope.
class FileHandle final {
 public:
  explicit FileHandle(int file) : file_(file) {}
  ~FileHandle();
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  int get() const { return file_; }
  bool ok() const { return file_ >= 0; }

 private:
  const int file_;
};

}  // namespace rapport
