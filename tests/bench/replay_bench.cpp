// Reading a log from its first event, as rebuilds, workers and verification do: how fast by how much of each event is looked at. The
// floor is RocksDB alone, going through the same bytes against its checksums. The log is a demo enterprise's; it is read once
// before, so that the disk is out of it.
//   replay [--customers N] [--rounds N]
#include <rocksdb/db.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>

#include "domain/schema/opportunity.values.h"
#include "domain/schema/order.values.h"
#include "eventstore/proof/merkle_tree.h"
#include "eventstore/rocks/frame_cursor.h"
#include "eventstore/rocks/verify_store.h"
#include "projections/view.h"
#include "tests/bench/child.h"
#include "tests/eventstore_samples/whole_store.h"

namespace {

using namespace rapport;
using namespace rapport::test;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void walk_rocksdb(const std::filesystem::path& log) {
  std::vector<std::string> names;
  RAPPORT_ASSERT(rocksdb::DB::ListColumnFamilies({}, log.string(), &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  RAPPORT_ASSERT(rocksdb::DB::OpenForReadOnly({}, log.string(), families, &handles, &opened).ok());
  std::unique_ptr<rocksdb::DB> db(opened);
  std::size_t bytes = 0;
  for (auto* family : handles) {
    if (family->GetName() == "log") {
      std::unique_ptr<rocksdb::Iterator> it(db->NewIterator({}, family));
      for (it->SeekToFirst(); it->Valid(); it->Next()) bytes += it->value().size();
      RAPPORT_ASSERT(it->status().ok());
    }
    RAPPORT_ASSERT(db->DestroyColumnFamilyHandle(family).ok());
  }
  RAPPORT_ASSERT(bytes > 0);
}

void walk_frames(const std::filesystem::path& path, Position end) {
  auto database = LogDatabase::open(path, {.read_only = true, .cache_bytes = 8u << 20});
  RAPPORT_ASSERT(database);
  FrameCursor cursor(**database, FrameCursor::Use::kScan);
  for (Position at{1}; at <= end;) {
    auto frame = cursor.frame(at);
    RAPPORT_ASSERT(frame);
    at = {(*frame)->last().value + 1};
  }
}

void each_event(const EventStore& store, auto&& look) {
  auto reader = store.read({});
  std::uint64_t events = 0;
  for (const auto* event = *reader->next(); event; event = *reader->next(), ++events) look(*event);
  RAPPORT_ASSERT(events == store.head().position.value);
}

// What was won and what was delivered, by currency: the smallest fold that reads typed events.
void fold_typed(const EventStore& store) {
  using Deals = projections::Takes<opportunity::Event, opportunity::Opened, opportunity::AmountChanged, opportunity::Won, opportunity::Lost>;
  using Orders = projections::Takes<order::Event, order::Fulfilled, order::Returned>;
  std::map<std::uint32_t, std::int64_t> won, delivered;
  std::uint64_t deals = 0;
  each_event(store, [&](const RecordedEvent& event) {
    if (event.stream_type == "opportunity")
      projections::read_event(event, Deals{}, [&]<class E>(const E& value) {
        ++deals;
        if constexpr (std::same_as<E, opportunity::Won>) won[value.amount.currency.packed()] += value.amount.amount_minor;
      });
    else if (event.stream_type == "order")
      projections::read_event(event, Orders{}, [&]<class E>(const E& value) {
        if constexpr (std::same_as<E, order::Fulfilled>) delivered[value.amount.currency.packed()] += value.amount.amount_minor;
        else delivered[value.refund.currency.packed()] -= value.refund.amount_minor;
      });
  });
  RAPPORT_ASSERT(deals > 0 && !won.empty() && !delivered.empty());
}

void recompute(const EventStore& store) {
  MerkleTree tree;
  each_event(store, [&](const RecordedEvent& event) {
    RAPPORT_ASSERT(digest_holds(event));
    tree.add(event.leaf);
  });
  RAPPORT_ASSERT(tree.root() == store.head().root);
}

// What an event's digest, leaf and node come to: SHA-256 alone over as many bytes, in memory.
void hash_as_much(std::uint64_t events, std::size_t bytes_an_event) {
  const std::string stored(bytes_an_event, 's'), head(kHeadBytes, 'h'), nodes(2 * sizeof(Hash), 'n');
  std::uint8_t all = 0;
  for (std::uint64_t n = 0; n < events; ++n)
    for (const auto* text : {&stored, &head, &nodes}) all |= sha256({bytes_of(*text)})[0];
  RAPPORT_ASSERT(all != 0);
}

void compare(const std::string& customers, int rounds) {
  TemporaryDirectory temporary;
  const auto path = temporary.path() / "store";
  bench::run({RAPPORT_PROGRAM, "demo", "--data", path.string(), "--customers", customers, "--years", "1", "--quiet"});
  const SystemClock clock;
  auto store = *WholeStore::open(path, clock, false);
  const auto head = store.events->head().position;
  auto measure = [&](const char* what, double wanted, const std::function<void()>& work) {
    work();
    std::vector<double> seconds;
    for (int round = 0; round < rounds; ++round) {
      auto began = std::chrono::steady_clock::now();
      work();
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    }
    auto rate = static_cast<double>(head.value) / median(seconds);
    std::printf("%-44s %10.0f events/s", what, rate);
    if (wanted > 0) std::printf("  wanted %.0f: %s", wanted, rate >= wanted ? "reached" : "NOT REACHED");
    std::printf("\n");
    std::fflush(stdout);
  };
  std::uint64_t bytes = 0;
  each_event(*store.events, [&](const RecordedEvent& event) { bytes += event.salt.size() + event.metadata_bytes.asBytes().size() + event.payload.asBytes().size(); });
  const auto bytes_an_event = static_cast<std::size_t>(bytes / head.value);
  std::printf("%llu events of %zu bytes\n", static_cast<unsigned long long>(head.value), bytes_an_event);
  measure("decoded, with leaves", 0, [&] { each_event(*store.events, [](const RecordedEvent&) {}); });
  measure("a typed fold", 1'500'000, [&] { fold_typed(*store.events); });
  measure("floor of hashing: SHA-256 alone", 0, [&] { hash_as_much(head.value, bytes_an_event); });
  measure("every hash recomputed, and the root", 2'500'000, [&] { recompute(*store.events); });
  measure("rapport verify: and the index compared", 0, [&] { RAPPORT_ASSERT(verify_store(*store.events, *store.keys)->ok); });
  store.close();
  measure("floor: RocksDB alone, its checksums", 0, [&] { walk_rocksdb(path / "log"); });
  measure("frames, checksummed", 5'000'000, [&] { walk_frames(path, head); });
}

}  // namespace

int main(int argc, char** argv) {
  std::string customers = "20000";  // some thirty events each
  int rounds = 3;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--customers") == 0) customers = argv[i + 1];
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::stoi(argv[i + 1]);
  }
  compare(customers, rounds);
}
