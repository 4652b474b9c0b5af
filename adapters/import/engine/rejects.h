// The rejects file: a CSV of the rows that were not imported, with the reason and their text. It is
// for the eyes of the person who imports alone (mode 0600): the texts hold what the source held.
#pragma once
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "adapters/import/engine/row.h"

namespace rapport::import {

// One thread. The file is made with the first row.
class Rejects final {
 public:
  explicit Rejects(std::string path) : path_(std::move(path)) {}

  // kUnavailable "import.rejects_unwritable".
  Result<void> add(const std::string& file, std::uint64_t line, const RowFault& fault,
                   const std::string& raw);
  Result<void> close();
  bool any() const { return file_ != nullptr; }
  const std::string& path() const { return path_; }

 private:
  Error unwritable() const;

  std::string path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, std::fclose};
};

}  // namespace rapport::import
