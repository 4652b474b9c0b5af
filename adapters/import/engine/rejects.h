// The rejects file: a CSV of the rows that were not imported, with the reason and their text. It is
// for the eyes of the person who imports alone (mode 0600): the texts hold what the source held.
#pragma once
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "adapters/import/engine/row.h"

namespace rapport::import {

// One thread.
class Rejects final {
 public:
  // Opens the file, so that nothing is imported whose rejects could not be written. What it held stays
  // until the first row. kInvalid "import.rejects_unwritable", "import.rejects_in_use": the path names
  // an input, or a file that is not the rejects of an import.
  static Result<std::unique_ptr<Rejects>> open(const std::string& path,
                                               const std::vector<std::string>& inputs);

  // kUnavailable "import.rejects_unwritable".
  Result<void> add(const std::string& file, std::uint64_t line, const RowFault& fault,
                   const std::string& raw);
  // Without a row there is no file: neither this run's nor the one of a run before.
  Result<void> close();
  bool any() const { return any_; }
  const std::string& path() const { return path_; }
  ~Rejects();

 private:
  explicit Rejects(std::string path) : path_(std::move(path)) {}
  Error unwritable(ErrorCode code) const;
  Result<void> check(const std::vector<std::string>& inputs) const;

  std::string path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, std::fclose};
  bool any_ = false, made_ = false;
};

}  // namespace rapport::import
