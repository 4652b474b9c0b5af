// The stores that the contract holds for. Each suite is typed over these.
#pragma once
#include <gtest/gtest.h>

#include <set>

#include "eventstore/memory/memory_event_store.h"
#include "eventstore/rocks/rocks_event_store.h"
#include "tests/eventstore_samples/sample_events.h"
#include "tests/eventstore_samples/temporary_directory.h"

namespace rapport::test {

class InMemory final {
 public:
  explicit InMemory(const Clock& clock) : store_(clock) {}
  EventStore& store() { return store_; }
  void accept_clock() { store_.accept_clock(); }

 private:
  MemoryEventStore store_;
};

class OnRocks {
 public:
  explicit OnRocks(const Clock& clock, RocksStoreOptions options = {}) {
    auto directory = StoreDirectory::open(temporary_.path(), true);
    RAPPORT_ASSERT(directory);
    directory_ = std::move(*directory);
    options.clock = &clock;
    auto store = RocksEventStore::open(*directory_, options);
    RAPPORT_ASSERT(store);
    store_ = std::move(*store);
  }
  EventStore& store() { return *store_; }
  void accept_clock() { store_->accept_clock(); }

 private:
  TemporaryDirectory temporary_;
  std::unique_ptr<StoreDirectory> directory_;
  std::unique_ptr<RocksEventStore> store_;
};

// Whose index entries are partly in index/, partly on their way there, partly in memory; and whose groups are written while the one
// before is synced.
class InSmallSteps final : public OnRocks {
 public:
  explicit InSmallSteps(const Clock& clock) : OnRocks(clock, {.unsettled_events = 4, .sync_apart_bytes = 1}) {}
};

template <class Kind>
class StoreTest : public testing::Test {
 protected:
  ManualClock clock_{kNow};
  Kind kind_{clock_};
  EventStore& store_ = kind_.store();

  AppendOutcome append(const Sample& sample) { return append_one(store_, sample); }
  StoredOutcome appended(const Sample& sample) {
    auto outcome = append(sample);
    if (auto* stored = std::get_if<Appended>(&outcome)) return std::move(stored->outcome);
    ADD_FAILURE() << "not appended: alternative " << outcome.index();
    return {};
  }
  // "position:stream@version" of everything that a query reads.
  std::vector<std::string> read(const ReadQuery& query) {
    auto reader = store_.read(query);
    return rest_of(*reader);
  }
  static std::vector<std::string> rest_of(EventReader& reader) {
    std::vector<std::string> texts;
    for (;;) {
      auto event = reader.next();
      if (!event) {
        ADD_FAILURE() << event.error().message;
        return texts;
      }
      if (!*event) return texts;
      texts.push_back(std::to_string((*event)->position.value) + ':' + std::string((*event)->stream_id) + '@' +
                      std::to_string((*event)->version.value));
    }
  }
};

using Stores = testing::Types<InMemory, OnRocks, InSmallSteps>;

}  // namespace rapport::test
