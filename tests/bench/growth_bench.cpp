// What a long log costs: opening it after its writer was killed, looking things up in it, its bytes on the disk. A child writes and
// is killed with -9; the rest is measured on what it left.
//   growth [--events N[,N…]] [--dir DIR]
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include "eventstore/proof/merkle_proof.h"
#include "tests/eventstore_samples/whole_store.h"

namespace {

using namespace rapport;
using namespace rapport::test;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kPayloadBytes = 128, kCallEvents = 1'000;
constexpr std::uint64_t kStreams = 100'000, kLookups = 2'000;

double micros_since(SteadyClock::time_point before) { return std::chrono::duration<double, std::micro>(SteadyClock::now() - before).count(); }

std::uint64_t bytes_below(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

// Handed to the disk by this process so far.
std::uint64_t bytes_written() {
  std::ifstream io("/proc/self/io");
  std::string name;
  std::uint64_t value = 0;
  while (io >> name >> value)
    if (name == "write_bytes:") return value;
  return 0;
}

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  statm >> all >> resident;
  return static_cast<double>(resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))) / (1 << 20);
}

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "%s: %s\n", error.reason.c_str(), error.message.c_str());
  std::exit(1);
}

WholeStore open(const std::filesystem::path& dir) {
  static const SystemClock clock;
  auto store = WholeStore::open(dir, clock);
  if (!store) fail(store.error());
  return std::move(*store);
}

// One command an event, on streams in turn.
[[noreturn]] void write_and_die(const std::filesystem::path& dir, std::uint64_t events, int report) {
  auto store = open(dir);
  auto before = bytes_written();
  auto began = SteadyClock::now();
  for (std::uint64_t first = 0; first < events; first += kCallEvents) {
    std::vector<std::unique_ptr<Sample>> samples;
    std::vector<Append> appends;
    for (auto n = first; n < std::min<std::uint64_t>(first + kCallEvents, events); ++n) {
      samples.push_back(std::make_unique<Sample>(n + 1));
      samples.back()->on("opportunity-" + std::to_string(n % kStreams), n / kStreams, 1, "opened", kPayloadBytes);
      appends.push_back(samples.back()->append());
    }
    if (auto done = store.events->append(appends); !done) fail(done.error());
  }
  double figures[] = {static_cast<double>(events) / micros_since(began) * 1e6, static_cast<double>(bytes_written() - before)};
  [[maybe_unused]] auto written = ::write(report, figures, sizeof figures);
  ::kill(::getpid(), SIGKILL);
  std::abort();
}

template <class Once>
double median_micros(std::uint64_t events, Once&& once) {
  std::mt19937_64 random(7);
  std::vector<double> times;
  for (std::uint64_t i = 0; i < kLookups; ++i) {
    auto n = random() % events;
    auto before = SteadyClock::now();
    once(n);
    times.push_back(micros_since(before));
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

void measure(std::uint64_t events, const std::filesystem::path& dir) {
  int report[2];
  RAPPORT_ASSERT(::pipe(report) == 0);
  auto child = ::fork();
  if (child == 0) {  // a program of its own: RocksDB's threads do not come along with a fork
    ::execl("/proc/self/exe", "growth", "--write", dir.c_str(), std::to_string(events).c_str(), std::to_string(report[1]).c_str(), nullptr);
    std::abort();
  }
  ::close(report[1]);
  double figures[2] = {};
  RAPPORT_ASSERT(::read(report[0], figures, sizeof figures) == sizeof figures);
  ::close(report[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  RAPPORT_ASSERT(WIFSIGNALED(status));
  auto on_disk = static_cast<double>(bytes_below(dir));

  auto before = SteadyClock::now();
  auto store = open(dir);
  auto opened_ms = micros_since(before) / 1'000;
  auto resident = resident_mib();
  RAPPORT_ASSERT(store.events->head().position.value == events);
  auto root = store.events->head().root;
  auto found = median_micros(events, [&](std::uint64_t n) { RAPPORT_ASSERT(**store.events->find(event_id(command_id(n + 1), 0)) == Position{n + 1}); });
  auto version = median_micros(events, [&](std::uint64_t n) { RAPPORT_ASSERT(store.events->version_of("opportunity-" + std::to_string(n % kStreams))->value > 0); });
  auto read = median_micros(events, [&](std::uint64_t n) {
    RAPPORT_ASSERT((*store.events->read({.from = {n + 1}, .to = {n + 1}})->next())->position.value == n + 1);
  });
  auto settled = store.events->settle();  // a proof asks for whole tiles
  RAPPORT_ASSERT(settled);
  auto proof = median_micros(events, [&](std::uint64_t n) { RAPPORT_ASSERT(inclusion_proof(*store.events, n, events)->size() <= 64); });
  auto leaf = (*store.events->read({.from = {events / 2 + 1}})->next())->leaf;
  RAPPORT_ASSERT(includes(leaf, events / 2, events, root, *inclusion_proof(*store.events, events / 2, events)));
  auto count = static_cast<double>(events);
  std::printf("| %llu | %.0f | %.0f | %.0f | %.1f | %.0f | %.1f | %.1f | %.1f | %.1f |\n", static_cast<unsigned long long>(events), figures[0],
              opened_ms, on_disk / count, figures[1] / on_disk, resident, found, version, read, proof);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5 && !std::strcmp(argv[1], "--write")) write_and_die(argv[2], std::stoull(argv[3]), std::stoi(argv[4]));
  std::string list = "1000000";
  TemporaryDirectory temporary;
  std::filesystem::path dir = temporary.path();
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--events")) list = argv[i + 1];
    if (!std::strcmp(argv[i], "--dir")) dir = argv[i + 1];
  }
  std::printf("| events | written/s | opened after kill -9, ms | bytes on disk an event | written / on disk | MiB resident | find by command, µs | version, "
              "µs | read one, µs | inclusion proof, µs |\n|---|---|---|---|---|---|---|---|---|---|\n");
  std::istringstream counts(list);
  for (std::string count; std::getline(counts, count, ',');) measure(std::stoull(count), dir / ("growth-" + count));
}
