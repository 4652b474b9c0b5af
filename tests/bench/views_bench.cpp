// The views against their floor: rebuilt together from one log in memory, beside the same stored rows put into RocksDB alone;
// then a report of now beside the same report as known in the middle of the log, and as of an instant there.
//   views [--events N] [--live N]   so many streams of an aggregate are in flight at a time; N = events / 12: all, always
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>

#include "projections/view_hosts.h"
#include "tests/projections/random_log.h"
#include "tests/projections/stores.h"

namespace {

using namespace rapport;
using namespace rapport::projections;

double seconds_of(const std::function<void()>& work) {
  auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}
double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}
long peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

// Puts every stored row and past version of `from` into a store of its own, as a rebuild would, without any fold.
void copy_rows(const RowStore& from, RowStore& to) {
  auto snapshot = from.snapshot();
  std::size_t pending = 0;
  auto commit_sometimes = [&] {
    if (++pending % 32'768 == 0) RAPPORT_ASSERT(to.commit(from.checkpoint()).has_value());
    return true;
  };
  auto rows = (*snapshot)->scan_stored(RowSnapshot::Family::kRows, [&](std::string_view key, std::string_view stored) {
    to.put(key, stored);
    return commit_sometimes();
  });
  auto past = (*snapshot)->scan_stored(RowSnapshot::Family::kHistory, [&](std::string_view key, std::string_view stored) {
    to.put_past(key, {1}, stored);
    return commit_sometimes();
  });
  RAPPORT_ASSERT(rows.has_value() && past.has_value());
  RAPPORT_ASSERT(to.commit(from.checkpoint()).has_value());
  RAPPORT_ASSERT(to.settle().has_value());
}

void rebuild_together(const EventStore& log, RowStores& stores) {
  auto events = static_cast<double>(log.head().position.value);
  ViewHosts hosts(log, stores);
  auto cpu = cpu_seconds();
  auto took = seconds_of([&] { RAPPORT_ASSERT(hosts.catch_up().has_value()); });
  auto views = static_cast<double>(hosts.all().size());
  std::printf("rebuild of %zu views together  %9.0f events/s each, %9.0f folded/s, %.2f CPU us an event and view\n",
              hosts.all().size(), events / took, events * views / took, (cpu_seconds() - cpu) * 1e6 / events / views);
}

void beside_the_floor(const ViewType& view, const EventStore& log, RowStores& stores) {
  auto events = static_cast<double>(log.head().position.value);
  auto host = ViewHost::open(view, log, stores);
  Checkpoint checkpoint;
  auto took = seconds_of([&] { checkpoint = host->rebuild()->after.checkpoint; });
  host.reset();
  auto store = stores.open(view.store_name(), view.declaration, StoreUse::kLive);
  auto floor = stores.open("floor", view.declaration, StoreUse::kRebuild);
  auto put = seconds_of([&] { copy_rows(**store, **floor); });
  std::printf("%-12s alone %9.0f events/s (%.2f past versions an event); its rows put into RocksDB alone %9.0f/s, ratio %.2f\n",
              view.name.c_str(), events / took, static_cast<double>(checkpoint.past_versions) / events, events / put, put / took);
}

void ask(const ViewType& view, const char* report, const EventStore& log, RowStores& stores) {
  auto host = ViewHost::open(view, log, stores);
  Position middle{log.head().position.value / 2};
  auto best = [&](const Query& query, std::optional<Timestamp> as_of) {
    double least = 1e9;
    for (int i = 0; i < (as_of ? 1 : 5); ++i)
      least = std::min(least, seconds_of([&] { RAPPORT_ASSERT(host->query(report, query, as_of).has_value()); }));
    return least * 1e3;
  };
  auto now = best({}, {}), known = best({.known_at = middle}, {});
  auto as_of = best({}, *recorded_at(log, middle));
  std::printf("%s/%-8s now %7.1f ms, known at the middle %7.1f ms (x %.2f), as of then %7.1f ms\n", view.name.c_str(), report, now,
              known, known / now, as_of);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t events = 1'000'000, live = 2'000;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--events")) events = std::stoul(argv[i + 1]);
    if (!std::strcmp(argv[i], "--live")) live = std::stoul(argv[i + 1]);
  }
  rapport::test::RandomLog log(1, live, live * 12 < events ? 12 : 0);
  log.grow(events);
  std::printf("%zu events in memory, %ld MiB\n", events, peak_mib());
  rapport::test::Folder folder;
  {
    RocksRowStores stores(folder.path());
    rebuild_together(log.store(), stores);
    for (auto name : {"pipeline", "service"}) beside_the_floor(*find_view(name), log.store(), stores);
    ask(*find_view("pipeline"), "summary", log.store(), stores);
    ask(*find_view("service"), "summary", log.store(), stores);
  }
  std::printf("peak %ld MiB, the log in memory included\n", peak_mib());
}
