// The store against its floor: the same bytes put into RocksDB alone, synced, by as many threads, on the same disk, by turns.
//   store [--seconds N] [--rounds N] [--dir DIR] [--only TEXT]
// Or the store alone, as peers/run compares it with others (peers/load/load.go says what is printed, and when):
//   store --at DIR --clients N --events N --payload BYTES --streams N --seconds N --seed N
#include <fcntl.h>
#include <rocksdb/db.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <deque>
#include <latch>
#include <numeric>
#include <random>
#include <thread>

#include "eventstore/byte_order.h"
#include "eventstore/frame.h"
#include "tests/eventstore_samples/whole_store.h"

namespace {

using namespace rapport;
using namespace rapport::test;
using Seconds = std::chrono::duration<double>;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kPayloadBytes = 128;
constexpr std::uint64_t kStreams = 100'000;

// What is appended, and to which streams. The choice is squared, so that some are much busier than others;
// drawn as Zipf says, the n-th is met 1/n times as often as the first.
struct Content {
  std::size_t payload_bytes = kPayloadBytes;
  std::uint64_t streams = kStreams, seed = 1;
  bool zipf = false;  // and payloads of random letters, which no compression makes much smaller
};

kj::Array<capnp::word> random_payload(std::size_t bytes, std::mt19937_64& random) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text(bytes, ' ');
  for (auto& letter : text) letter = kLetters[random() % kLetters.size()];
  return sample_payload(text);
}

struct Workload {
  const char* name;
  std::uint64_t clients, events;
  double wanted;  // ratio to the floor
};
constexpr Workload kWorkloads[] = {
    {"1 client x 1 event", 1, 1, 0.93}, {"64 clients x 1 event", 64, 1, 2.2}, {"8 clients x 100 events", 8, 100, 1.4}};

struct Measured {
  double events_per_second = 0, cpu_micros_per_event = 0;
  std::vector<double> latencies_micros;  // sorted
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Each client calls `once(client, n)` again and again until the time is over.
template <class Once>
Measured run(const Workload& workload, Seconds time, Once&& once) {
  std::vector<std::vector<double>> latencies(workload.clients);
  std::latch start(static_cast<std::ptrdiff_t>(workload.clients) + 1);
  std::vector<std::jthread> clients;
  std::atomic<bool> over{false};
  for (std::uint64_t c = 0; c < workload.clients; ++c)
    clients.emplace_back([&, c] {
      start.arrive_and_wait();
      for (std::uint64_t n = 0; !over.load(std::memory_order_relaxed); ++n) {
        auto before = SteadyClock::now();
        once(c, n);
        latencies[c].push_back(Seconds(SteadyClock::now() - before).count() * 1e6);
      }
    });
  start.arrive_and_wait();
  auto began = SteadyClock::now();
  auto cpu = cpu_seconds();
  std::this_thread::sleep_for(time);
  over = true;
  clients.clear();
  auto elapsed = Seconds(SteadyClock::now() - began).count();
  Measured measured;
  for (const auto& of_client : latencies)
    measured.latencies_micros.insert(measured.latencies_micros.end(), of_client.begin(), of_client.end());
  std::sort(measured.latencies_micros.begin(), measured.latencies_micros.end());
  auto events = static_cast<double>(measured.latencies_micros.size() * workload.events);
  measured.events_per_second = events / elapsed;
  measured.cpu_micros_per_event = (cpu_seconds() - cpu) * 1e6 / events;
  return measured;
}

double percentile(const std::vector<double>& sorted, double p) {
  return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(p * static_cast<double>(sorted.size() - 1))];
}

// What one stored event comes to, head and salt included: the floor puts as many bytes under an ascending key.
std::string raw_value() {
  auto metadata = sample_metadata("opportunity-12345", "opened");
  auto payload = sample_payload(kPayloadBytes);
  std::string value(kHeadBytes + sizeof(Salt), 'h');
  for (Words part : {Words(metadata), Words(payload)}) value.append(part.asChars().begin(), part.asChars().size());
  return value;
}

Measured run_floor(const Workload& workload, Seconds time, const std::filesystem::path& dir) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::DB* opened = nullptr;
  RAPPORT_ASSERT(rocksdb::DB::Open(options, dir.string(), &opened).ok());
  std::unique_ptr<rocksdb::DB> db(opened);
  std::atomic<std::uint64_t> next{1};
  auto value = raw_value();
  return run(workload, time, [&](std::uint64_t, std::uint64_t) {
    rocksdb::WriteBatch batch;
    for (std::uint64_t i = 0; i < workload.events; ++i) {
      std::string key;
      append_be<8>(key, next++);
      batch.Put(key, value);
    }
    rocksdb::WriteOptions synced;
    synced.sync = true;
    RAPPORT_ASSERT(db->Write(synced, &batch).ok());
  });
}

// One client's endless supply of appends, each on one of its streams; ids are random, as from clients everywhere.
class Client final {
 public:
  Client(std::uint64_t number, const Workload& workload, const Content& content)
      : random_(number + content.seed),
        streams_(std::max<std::uint64_t>(1, content.streams / workload.clients)),
        events_(workload.events) {
    versions_.resize(streams_, 0);
    for (std::uint64_t s = 0; s < streams_; ++s) {
      names_.push_back("opportunity-" + std::to_string(number) + "." + std::to_string(s));
      metadata_.push_back(sample_metadata(names_.back(), "opened"));
    }
    if (content.zipf) {
      draw_zipf();
      for (std::size_t p = 0; p < kPayloads; ++p)
        payloads_.push_back(random_payload(content.payload_bytes, random_));
    } else {
      payloads_.push_back(sample_payload(content.payload_bytes));
    }
  }
  void append_once(EventStore& store) {
    auto s = next_stream();
    Append append;
    append.command = CommandId::of(random_(), random_());
    append.conditions = {{names_[s], {versions_[s]}}};
    append.events.reserve(events_);
    for (std::uint64_t e = 0; e < events_; ++e)
      append.events.push_back({names_[s], metadata_[s], payloads_[next_payload_++ % payloads_.size()]});
    auto outcomes = store.append({&append, 1});
    RAPPORT_ASSERT(outcomes);
    RAPPORT_ASSERT(std::holds_alternative<Appended>((*outcomes)[0]));
    versions_[s] += events_;
  }

 private:
  std::size_t next_stream() {
    if (!drawn_.empty()) return drawn_[appended_++ % drawn_.size()];
    auto r = std::uniform_real_distribution<double>()(random_);
    return static_cast<std::size_t>(r * r * static_cast<double>(streams_));
  }
  // Before the clock runs.
  void draw_zipf() {
    std::vector<double> weights(streams_);
    for (std::size_t s = 0; s < streams_; ++s) weights[s] = 1 / static_cast<double>(s + 1);
    std::discrete_distribution<std::uint32_t> zipf(weights.begin(), weights.end());
    drawn_.resize(kDraws);
    for (auto& stream : drawn_) stream = zipf(random_);
  }

  static constexpr std::size_t kDraws = 1 << 16, kPayloads = 1 << 10;
  std::mt19937_64 random_;
  std::uint64_t streams_, events_, appended_ = 0, next_payload_ = 0;
  std::vector<std::uint32_t> drawn_;
  std::vector<std::uint64_t> versions_;
  std::vector<std::string> names_;
  std::vector<kj::Array<capnp::word>> metadata_;  // of each stream, built before the clock runs: the floor's bytes are too
  std::vector<kj::Array<capnp::word>> payloads_;
};

Measured run_store(const Workload& workload, Seconds time, const std::filesystem::path& dir) {
  SystemClock clock;
  auto store = *WholeStore::open(dir, clock);
  std::deque<Client> clients;
  for (std::uint64_t c = 0; c < workload.clients; ++c) clients.emplace_back(c, workload, Content{});
  auto measured = run(workload, time, [&](std::uint64_t c, std::uint64_t) { clients[c].append_once(*store.events); });
  store.close();
  return measured;
}

void print(const char* what, const Measured& m) {
  std::printf("  %-8s %9.0f events/s  %6.1f us CPU/event  call p50 %7.0f us  p99 %7.0f us\n", what, m.events_per_second,
              m.cpu_micros_per_event, percentile(m.latencies_micros, 0.5), percentile(m.latencies_micros, 0.99));
}

// What the disk takes for one sync of a growing file.
void print_sync_latency(const std::filesystem::path& dir) {
  auto file = ::open((dir / "sync").c_str(), O_CREAT | O_WRONLY, 0600);
  std::vector<double> micros;
  char bytes[1024] = {1};
  for (int i = 0; i < 500; ++i) {
    RAPPORT_ASSERT(::write(file, bytes, sizeof bytes) == sizeof bytes);
    auto before = SteadyClock::now();
    RAPPORT_ASSERT(::fdatasync(file) == 0);
    micros.push_back(Seconds(SteadyClock::now() - before).count() * 1e6);
  }
  ::close(file);
  std::sort(micros.begin(), micros.end());
  std::printf("fdatasync after 1 KiB: p50 %.0f us, p99 %.0f us\n", percentile(micros, 0.5), percentile(micros, 0.99));
}

void compare(const Workload& workload, Seconds time, int rounds, const std::filesystem::path& dir) {
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    auto floor_dir = dir / "floor", store_dir = dir / "store";
    std::printf("%s\n", workload.name);
    auto floor = run_floor(workload, time, floor_dir);
    print("floor", floor);
    auto store = run_store(workload, time, store_dir);
    print("store", store);
    ratios.push_back(store.events_per_second / floor.events_per_second);
    std::filesystem::remove_all(floor_dir);
    std::filesystem::remove_all(store_dir);
  }
  std::sort(ratios.begin(), ratios.end());
  auto ratio = percentile(ratios, 0.5);
  std::printf("  ratio %.2f (median of %d), wanted %.2f: %s\n", ratio, rounds, workload.wanted,
              ratio >= workload.wanted ? "reached" : "NOT REACHED");
}

// One turn of peers/run.
void run_alone(const Workload& workload, const Content& content, Seconds time, const std::filesystem::path& dir) {
  auto say_and_wait = [](const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
    while (std::getchar() != '\n' && !std::feof(stdin)) {
    }
  };
  SystemClock clock;
  auto store = *WholeStore::open(dir, clock);
  std::deque<Client> clients;
  for (std::uint64_t c = 0; c < workload.clients; ++c) clients.emplace_back(c, workload, content);
  say_and_wait("ready");
  auto m = run(workload, time, [&](std::uint64_t c, std::uint64_t) { clients[c].append_once(*store.events); });
  char line[200];
  std::snprintf(line, sizeof line,
                R"({"events":%zu,"events_per_second":%.1f,"cpu_us_per_event":%.3f,"p50_us":%.1f,"p99_us":%.1f})",
                m.latencies_micros.size() * workload.events, m.events_per_second, m.cpu_micros_per_event,
                percentile(m.latencies_micros, 0.5), percentile(m.latencies_micros, 0.99));
  say_and_wait(line);
  store.close();
}

// As an import appends: a thousand commands a call, on new and old streams. Then everything is read again.
void bulk_and_replay(const std::filesystem::path& dir, std::uint64_t commands) {
  constexpr std::uint64_t kCall = 1000;
  SystemClock clock;
  auto store = *WholeStore::open(dir / "replay", clock);
  Measured bulk, walk;
  for (std::uint64_t c = 0; c < commands; c += kCall) {
    std::deque<Sample> samples;
    std::vector<Append> appends;
    for (std::uint64_t i = c; i < c + kCall; ++i) {
      auto stream = "opportunity-" + std::to_string(i / 2);
      appends.push_back(samples.emplace_back(i + 1).on(stream, i % 2, 1, "opened", kPayloadBytes).append());
    }
    auto cpu = cpu_seconds();
    auto before = SteadyClock::now();
    RAPPORT_ASSERT(store.events->append(appends));
    bulk.latencies_micros.push_back(Seconds(SteadyClock::now() - before).count() * 1e6);
    bulk.cpu_micros_per_event += (cpu_seconds() - cpu) * 1e6 / static_cast<double>(commands);
  }
  auto total = std::accumulate(bulk.latencies_micros.begin(), bulk.latencies_micros.end(), 0.0);
  bulk.events_per_second = static_cast<double>(commands) * 1e6 / total;
  std::sort(bulk.latencies_micros.begin(), bulk.latencies_micros.end());
  std::printf("1 client x 1000 commands of 1 event\n");
  print("store", bulk);
  auto before = SteadyClock::now();
  auto cpu = cpu_seconds();
  auto reader = store.events->read({});
  std::uint64_t events = 0;
  while (const auto* event = *reader->next()) events += event->payload.size() > 0;
  walk.events_per_second = static_cast<double>(events) / Seconds(SteadyClock::now() - before).count();
  walk.cpu_micros_per_event = (cpu_seconds() - cpu) * 1e6 / static_cast<double>(events);
  std::printf("replay, decoded with leaves\n");
  print("store", walk);
  store.close();
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 5;
  int rounds = 3;
  std::filesystem::path dir;
  std::string only;  // part of a workload's name
  std::filesystem::path at;
  Workload alone{"alone", 1, 1, 0};
  Content content{.zipf = true};  // of that run; the comparison with the floor has its own
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--seconds") == 0) seconds = std::stod(argv[i + 1]);
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::stoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--dir") == 0) dir = argv[i + 1];
    if (std::strcmp(argv[i], "--only") == 0) only = argv[i + 1];
    if (std::strcmp(argv[i], "--at") == 0) at = argv[i + 1];
    if (std::strcmp(argv[i], "--clients") == 0) alone.clients = std::stoull(argv[i + 1]);
    if (std::strcmp(argv[i], "--events") == 0) alone.events = std::stoull(argv[i + 1]);
    if (std::strcmp(argv[i], "--payload") == 0) content.payload_bytes = std::stoull(argv[i + 1]);
    if (std::strcmp(argv[i], "--streams") == 0) content.streams = std::stoull(argv[i + 1]);
    if (std::strcmp(argv[i], "--seed") == 0) content.seed = std::stoull(argv[i + 1]);
  }
  if (!at.empty()) {
    run_alone(alone, content, Seconds(seconds), at);
    return 0;
  }
  TemporaryDirectory temporary;
  if (dir.empty()) dir = temporary.path();
  std::filesystem::create_directories(dir);
  print_sync_latency(dir);
  auto wanted = [&](std::string_view name) { return name.find(only) != name.npos; };
  for (const auto& workload : kWorkloads)
    if (wanted(workload.name)) compare(workload, Seconds(seconds), rounds, dir);
  if (wanted("bulk")) bulk_and_replay(dir, seconds < 0.3 ? 5'000 : 300'000);
}
