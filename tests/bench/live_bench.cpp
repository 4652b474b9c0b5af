// From an append to a live subscriber in the same process: four clients append an event each at its time, a subscription hands them
// over. An event's delay counts from when its append began. The floor, by turns: the same clients put as many bytes into
// RocksDB alone, synced, and wake a waiting thread.
//   live [--rate N] [--seconds N] [--rounds N]
#include <rocksdb/db.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>

#include "eventstore/byte_order.h"
#include "eventstore/subscription.h"
#include "tests/eventstore_samples/whole_store.h"

namespace {

using namespace rapport;
using namespace rapport::test;
using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t kClients = 4;
constexpr std::size_t kPayloadBytes = 128, kRawBytes = 500;
constexpr double kWantedMicros = 2'000;

struct Load {
  std::uint64_t rate = 5'000, seconds = 10;
  std::uint64_t events() const { return rate * seconds; }
};
using Times = std::vector<SteadyClock::time_point>;  // by position, from 0

// Each client calls `append` for every kClients-th event, at its time; it answers the event's position.
void pace(const Load& load, Times& begun, auto&& append) {
  const auto start = SteadyClock::now();
  std::vector<std::jthread> clients;
  for (std::uint64_t c = 0; c < kClients; ++c)
    clients.emplace_back([&, c] {
      for (auto n = c; n < load.events(); n += kClients) {
        std::this_thread::sleep_until(start + std::chrono::nanoseconds(n * 1'000'000'000 / load.rate));
        const auto began = SteadyClock::now();
        begun[append(n)] = began;
      }
    });
}

void print(const char* what, const Times& begun, const Times& came, bool judged) {
  std::vector<double> micros(begun.size());
  for (std::size_t i = 0; i < begun.size(); ++i) micros[i] = std::chrono::duration<double, std::micro>(came[i] - begun[i]).count();
  std::ranges::sort(micros);
  auto at = [&](double part) { return micros[static_cast<std::size_t>(part * static_cast<double>(micros.size() - 1))]; };
  std::printf("  %-24s p50 %6.0f us  p99 %6.0f us  p99.9 %6.0f us", what, at(0.5), at(0.99), at(0.999));
  if (judged) std::printf("  wanted p99 < %.0f: %s", kWantedMicros, at(0.99) < kWantedMicros ? "reached" : "NOT REACHED");
  std::printf("\n");
  std::fflush(stdout);
}

void run_floor(const Load& load, const std::filesystem::path& dir) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  RAPPORT_ASSERT(rocksdb::DB::Open(options, dir.string(), &opened).ok());
  std::unique_ptr<rocksdb::DB> db(opened);
  Times begun(load.events()), came(load.events());
  std::mutex mutex;
  std::condition_variable grown;
  std::vector<std::uint64_t> arrived;
  std::jthread subscriber([&] {
    for (std::uint64_t seen = 0; seen < load.events();) {
      std::unique_lock lock(mutex);
      grown.wait(lock, [&] { return arrived.size() > seen; });
      for (; seen < arrived.size(); ++seen) came[arrived[seen]] = SteadyClock::now();
    }
  });
  const std::string value(kRawBytes, 'v');
  pace(load, begun, [&](std::uint64_t n) {
    std::string key;
    append_be<8>(key, n);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    RAPPORT_ASSERT(db->Put(synced, key, value).ok());
    {
      std::lock_guard lock(mutex);
      arrived.push_back(n);
    }
    grown.notify_one();
    return n;
  });
  subscriber.join();
  print("floor: RocksDB alone", begun, came, false);
}

void run_store(const Load& load, const std::filesystem::path& dir) {
  const SystemClock clock;
  auto store = *WholeStore::open(dir, clock);
  Times begun(load.events()), came(load.events());
  std::jthread subscriber([&] {
    Subscription subscription(*store.events, {});
    for (std::uint64_t seen = 0; seen < load.events();) {
      auto item = subscription.next(std::chrono::seconds(10));
      RAPPORT_ASSERT(item);
      auto* event = std::get_if<const RecordedEvent*>(&*item);
      if (!event) continue;
      came[(*event)->position.value - 1] = SteadyClock::now();
      ++seen;
    }
  });
  pace(load, begun, [&](std::uint64_t n) {
    Sample sample(n + 1);
    sample.on("opportunity-" + std::to_string(n), 0, 1, "opened", kPayloadBytes);
    auto outcomes = store.events->append({&sample.append(), 1});
    RAPPORT_ASSERT(outcomes);
    return std::get<Appended>(outcomes->front()).outcome.events.front().position.value - 1;
  });
  subscriber.join();
  print("append to subscriber", begun, came, true);
  store.close();
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  int rounds = 3;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--rate") == 0) load.rate = std::stoull(argv[i + 1]);
    if (std::strcmp(argv[i], "--seconds") == 0) load.seconds = std::stoull(argv[i + 1]);
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::stoi(argv[i + 1]);
  }
  std::printf("%llu events/s\n", static_cast<unsigned long long>(load.rate));
  for (int round = 0; round < rounds; ++round) {
    TemporaryDirectory temporary;
    run_floor(load, temporary.path() / "floor");
    run_store(load, temporary.path() / "store");
  }
}
