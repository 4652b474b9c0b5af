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
  std::size_t bytes = 0;            // of it all, as measured last
  StreamVersion measured = {};      // when that was

  Working clone() const;
  void happened(std::uint16_t kind, Timestamp at);
  std::optional<Timestamp> latest_of(std::uint16_t kind) const;
  // Measures anew once the stream has grown by an eighth: a long state is not looked through for every command.
  void measure();
};

// Safe for concurrent use. A state is taken out while somebody decides on it, so that nobody sees half an outcome.
class FoldCache final {
 public:
  explicit FoldCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  std::optional<Working> take(const std::string& stream);
  // Keeps the newer one if another state of the stream came in meanwhile. It may be older than one that was taken out
  // meanwhile: whoever takes a state compares its version with the log's.
  void put(const std::string& stream, Working working);
  // What the states that are in it take, about.
  std::size_t bytes() const;

 private:
  struct Entry {
    std::string stream;
    Working working;
  };
  static std::size_t bytes_of(const Entry& entry);

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;    // guarded by mutex_
  std::list<Entry> recent_;  // guarded by mutex_; the most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;  // guarded by mutex_; keys borrow from recent_
};

}  // namespace rapport
