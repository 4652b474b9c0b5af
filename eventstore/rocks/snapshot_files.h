// Snapshots in files, one a stream: FORMAT.md, "snapshots/".
#pragma once
#include <filesystem>
#include <mutex>
#include <set>

#include "eventstore/snapshots.h"

namespace rapport {

// Safe for concurrent use. One object a folder.
class SnapshotFiles final : public Snapshots {
 public:
  // Folding so many events takes about a millisecond, as long as it takes to keep what comes out.
  static constexpr std::uint64_t kEventsMin = 1'000;

  explicit SnapshotFiles(const std::filesystem::path& store, std::uint64_t events_min = kEventsMin);
  std::optional<std::string> find(std::string_view stream) const override;
  void keep(std::string_view stream, std::string_view bytes) override;
  std::uint64_t events_min() const override { return events_min_; }

 private:
  const std::filesystem::path folder_;
  const std::uint64_t events_min_;
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> names_;  // guarded by mutex_; of the files that are there: most streams have none
};

}  // namespace rapport
