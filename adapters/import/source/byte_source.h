// A file's bytes as its text has them: plain or gunzipped, of several gzip members too.
#pragma once
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include "domain/result.h"
#include "eventstore/event.h"

namespace rapport::import {

// One thread.
class ByteSource final {
 public:
  // kNotFound "import.no_file" if it cannot be opened; kInvalid "import.not_a_file" if it is a
  // folder, a pipe or a device: an import reads its files twice.
  static Result<std::unique_ptr<ByteSource>> open(const std::string& path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // How many bytes were read into `to`; 0 at the end. kRejected "source.damaged" for a gzip file that
  // is broken, cut, or followed by something else.
  Result<std::size_t> read(std::span<char> to);
  // Of the file as it lies on the disk: for progress.
  std::uint64_t consumed_bytes() const;

 private:
  class Gunzip;
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  ByteSource(std::string path, File file);

  std::string path_;
  File file_;
  std::unique_ptr<Gunzip> gunzip_;  // null: plain
  std::uint64_t consumed_ = 0;
};

// What an import writes down of each of its files.
struct FileFacts {
  std::string path;
  std::string name;  // without its folders
  Hash sha256{};
  std::uint64_t bytes = 0;
};
// Reads the whole file once. Errors as ByteSource::open, kRejected "source.damaged".
Result<FileFacts> facts_of(const std::string& path);

}  // namespace rapport::import
