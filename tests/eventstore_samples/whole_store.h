// A data directory with its log and its keys, opened and closed as a program does.
#pragma once
#include <memory>

#include "eventstore/rocks/rocks_event_store.h"
#include "eventstore/rocks/rocks_subject_keys.h"
#include "tests/eventstore_samples/sample_events.h"
#include "tests/eventstore_samples/temporary_directory.h"

namespace rapport::test {

struct WholeStore {
  std::unique_ptr<StoreDirectory> directory;
  std::unique_ptr<RocksSubjectKeys> keys;
  std::unique_ptr<RocksEventStore> events;

  static Result<WholeStore> open(const std::filesystem::path& path, const Clock& clock, bool create = true,
                                 RocksStoreOptions options = {});
  // In the order that they need.
  void close();
};

// What a kill -9 would leave of an open store.
void copy_as_crashed(const std::filesystem::path& from, const std::filesystem::path& to);

// Thirty commands on ten streams, some with keys.
void fill(WholeStore& store);

}  // namespace rapport::test
