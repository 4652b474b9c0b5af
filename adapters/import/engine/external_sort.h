// Sorts more records than memory holds: sorted runs in unnamed temporary files, merged at the end.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "domain/result.h"

namespace rapport::import {

// One thread. Records with equal keys come out in the order in which they were added.
class ExternalSort final {
 public:
  explicit ExternalSort(std::size_t memory_bytes_max = 48u << 20);
  ~ExternalSort();
  ExternalSort(const ExternalSort&) = delete;
  ExternalSort& operator=(const ExternalSort&) = delete;

  // kUnavailable "import.no_space" if a temporary file cannot be written.
  Result<void> add(std::string_view key, std::string_view payload);
  // Calls `take` in the order of the keys until it answers an error, which is the answer. Once.
  Result<void> each(
      const std::function<Result<void>(std::string_view key, std::string_view payload)>& take);

 private:
  struct Entry {
    std::size_t at;
    std::uint32_t key_bytes, payload_bytes;
    std::uint64_t prefix;  // the key's first eight bytes: most comparisons end here
  };
  class Run;
  void sort();
  std::string_view key(const Entry& e) const {
    return std::string_view(bytes_).substr(e.at, e.key_bytes);
  }
  std::string_view payload(const Entry& e) const {
    return std::string_view(bytes_).substr(e.at + e.key_bytes, e.payload_bytes);
  }
  Result<void> spill();

  std::size_t memory_bytes_max_;
  std::string bytes_;
  std::vector<Entry> entries_;
  std::vector<std::unique_ptr<Run>> runs_;
};

}  // namespace rapport::import
