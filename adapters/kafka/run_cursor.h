// The cursor of a run that may have two passes over the log: each says how far its own topics are.
#pragma once
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "adapters/kafka/cursor.h"

namespace rapport::kafka {

enum class Pass : std::uint8_t {
  kLeading,  // takes new events
  kBehind,   // fills topics that are far behind, until it can be joined with the other
};

// Safe for concurrent use.
class RunCursor final {
 public:
  // `folder` as for write_cursor; empty: what is remembered lasts as long as the run.
  explicit RunCursor(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::optional<Cursor> remembered(const std::string& cluster) const;
  // Replaces what a pass said before. Of the pass that is behind `topics` and `position` count.
  Result<void> save(Pass pass, const Cursor& part);
  // The pass that is behind has ended or begins anew: its topics are nobody's until another save.
  void join();

 private:
  Cursor whole() const;

  const std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::optional<Cursor> leading_, behind_;  // guarded by mutex_
};

}  // namespace rapport::kafka
