// States of streams between commands, least recently used first out.
#pragma once
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "domain/aggregates.h"
#include "eventstore/event.h"

namespace rapport {

// One stream's state after `version` events.
struct Working {
  const Aggregate* aggregate = nullptr;
  std::unique_ptr<Fold> fold;
  StreamVersion version;
};

// Safe for concurrent use. A state is taken out while somebody decides on it, so that nobody sees half an outcome.
class FoldCache final {
 public:
  explicit FoldCache(std::size_t entries_max) : entries_max_(entries_max) {}

  std::optional<Working> take(const std::string& stream);
  // Keeps the newer one if another state of the stream came in meanwhile.
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
