// A file that is there whole or not at all.
#pragma once
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>

#include "domain/result.h"

namespace rapport {

// One thread.
class OutputFile final {
 public:
  // PATH.part; what a run that was broken off left there is written over. kUnavailable "export.unwritable".
  static Result<std::unique_ptr<OutputFile>> create(const std::filesystem::path& path);
  ~OutputFile();  // removes what was not finished
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  Result<void> write(std::string_view bytes);
  // Puts it in the place of what was at PATH.
  Result<void> finish();
  std::uint64_t bytes() const { return bytes_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit OutputFile(std::filesystem::path path);
  Error unwritable() const;

  const std::filesystem::path path_;
  std::filesystem::path part_;
  std::ofstream file_;
  std::uint64_t bytes_ = 0;
  bool finished_ = false;
};

}  // namespace rapport
