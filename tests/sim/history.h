// The small model that a store is held against: what was asked of it, what it acknowledged, and when, by the clock of calls. From
// that follows what must be in it after a cut, what may be, and what must not.
#pragma once
#include <map>
#include <mutex>
#include <random>
#include <string>

#include "tests/eventstore_samples/whole_store.h"
#include "tests/sim/fault_file_system.h"

namespace rapport::sim {

using Instant = std::size_t;  // of the clock of calls
inline constexpr Instant kNever = ~Instant{0};

// Safe for concurrent use, as a store is.
class History final {
 public:
  History() = default;
  History(const History& other) : requests_(other.requests_), keys_(other.keys_) {}

  void tried(std::uint64_t command, const std::string& stream, std::size_t events, Instant at);
  void acknowledged(std::uint64_t command, const StoredOutcome& outcome, Instant at);
  void key_acknowledged(const SubjectKeys::NamedKey& key, Instant at);
  // As a client knows it who saw the cut: what was asked later was not, what was not acknowledged yet is in doubt.
  History cut(Instant at) const;
  // Whether an event that was read is one that was asked for and, where that was acknowledged, as it was acknowledged.
  bool acknowledged_as(const RecordedEvent& event) const;

  // Compares everything that the store says with everything that is known. Empty, or the first thing that is wrong.
  std::string check(const test::WholeStore& store) const;
  // Asks again what is in doubt: each exists once afterwards. Something new, too, and a new key. `files`, if they are
  // watched, tell the time.
  std::string go_on(test::WholeStore& store, std::uint64_t fresh_command, const FaultFileSystem* files);

 private:
  struct Request {
    std::string stream;
    std::size_t events = 0;
    Instant tried = 0, acknowledged = kNever;
    StoredOutcome outcome;
  };
  struct Key {
    SubjectKeys::NamedKey key;
    Instant acknowledged = 0;
  };
  struct Found;
  std::string read_log(const EventStore& store, Found& found) const;
  std::string check_requests(const EventStore& store, const Found& found) const;

  mutable std::mutex mutex_;
  std::map<CommandId, Request> requests_;
  std::vector<Key> keys_;
};

// Opens the store, compares, goes on, and, `twice`, opens and compares it once more. What is wrong, if anything is.
std::string look(const std::filesystem::path& store, History& known, std::uint64_t fresh_command, bool twice, const FaultFileSystem* files);

// Positions that a read gives; nothing if it fails.
std::optional<std::vector<Position>> positions_of(const EventStore& store, const ReadQuery& query);

}  // namespace rapport::sim
