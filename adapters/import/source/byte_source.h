// A file's bytes as its text has them: plain or gunzipped, of several gzip members too.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "domain/result.h"
#include "eventstore/event.h"

namespace rapport::import {

// One thread.
class ByteSource final {
 public:
  // kNotFound "import.no_file" if it cannot be opened.
  static Result<std::unique_ptr<ByteSource>> open(const std::string& path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // How many bytes were read into `to`; 0 at the end. kInvalid "source.damaged" for a broken or cut
  // gzip file.
  Result<std::size_t> read(std::span<char> to);
  // Of the file as it lies on the disk: for progress.
  std::uint64_t consumed_bytes() const;

 private:
  ByteSource(std::string path, void* file) : path_(std::move(path)), file_(file) {}
  std::string path_;
  void* file_;  // gzFile
};

// What an import writes down of each of its files.
struct FileFacts {
  std::string path;
  std::string name;  // without its folders
  Hash sha256{};
  std::uint64_t bytes = 0;
};
// Reads the whole file once. kNotFound "import.no_file", kInvalid "source.damaged".
Result<FileFacts> facts_of(const std::string& path);

}  // namespace rapport::import
