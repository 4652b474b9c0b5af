// States of streams between commands, least recently used first out.
#pragma once
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "domain/aggregates.h"
#include "eventstore/event.h"

namespace rapport {

// One stream's state after `version` events.
struct Working {
  const Aggregate* aggregate = nullptr;
  std::unique_ptr<Fold> fold;
  StreamVersion version;
  std::vector<std::pair<std::uint16_t, Timestamp>> latest = {};  // per kind of event, of those whose time is known

  void happened(std::uint16_t kind, Timestamp at);
  std::optional<Timestamp> latest_of(std::uint16_t kind) const;
};

// Safe for concurrent use. A state is taken out while somebody decides on it, so that nobody sees half an outcome.
class FoldCache final {
 public:
  explicit FoldCache(std::size_t entries_max) : entries_max_(entries_max) {}

  std::optional<Working> take(const std::string& stream);
  // Keeps the newer one if another state of the stream came in meanwhile. It may be older than one that was taken out
  // meanwhile: whoever takes a state compares its version with the log's.
  void put(const std::string& stream, Working working);

 private:
  struct Entry {
    std::string stream;
    Working working;
  };
  const std::size_t entries_max_;
  std::mutex mutex_;
  std::list<Entry> recent_;  // guarded by mutex_; the most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;  // guarded by mutex_; keys borrow from recent_
};

}  // namespace rapport
