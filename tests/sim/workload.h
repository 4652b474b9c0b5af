// What is done to a store while its calls are written down.
#pragma once
#include "eventstore/clock.h"
#include "tests/sim/fault_file_system.h"
#include "tests/sim/history.h"

namespace rapport::sim {

struct Recorded {
  Journal journal;
  History history;
};

// One thread, and what it does next chosen by the seed: appends of one and of many events, several in one call, repetitions, keys,
// settling, closing and opening again. With `threads_too` the store's own thread settles on the way and `crowd` may be called: then the
// order of the calls is the machine's.
class Workload final {
 public:
  Workload(std::filesystem::path store, std::uint64_t seed, bool threads_too, const FaultFileSystem& files, History& history)
      : path_(std::move(store)), threads_too_(threads_too), random_(seed), files_(files), history_(history) {}
  // Empty, or what failed: the first error of the store.
  std::string run(std::size_t steps);
  // As `run`, on a store that is open, from this many threads at once, each with streams of its own.
  std::string crowd(std::size_t threads, std::size_t appends);
  void close() { store_.close(); }
  test::WholeStore& store() { return store_; }
  std::string open();

 private:
  std::string step();
  std::string append_some();
  std::string append_one(std::uint64_t command, const std::string& stream, std::size_t events, std::size_t bytes);
  std::string make_key();
  std::size_t below(std::size_t bound) { return random_() % bound; }

  const std::filesystem::path path_;
  const bool threads_too_;
  std::mt19937_64 random_;
  const FaultFileSystem& files_;
  History& history_;
  ManualClock clock_{test::kNow};
  test::WholeStore store_;
  std::uint64_t commands_ = 0, keys_ = 0;
};

}  // namespace rapport::sim
