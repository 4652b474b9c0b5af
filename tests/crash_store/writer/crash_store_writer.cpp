// Appends to a store from several threads until it is killed, and writes down, synced, what was acknowledged.
//   crash_store_writer STORE RECEIPTS ROUND
#include <fcntl.h>
#include <unistd.h>

#include <thread>

#include "eventstore/event.h"
#include "tests/eventstore_samples/whole_store.h"

namespace {

using namespace rapport;
using namespace rapport::test;
constexpr std::uint64_t kThreads = 4;

// One line a command: its number and its last event's position and leaf. An intent first, so that the reader knows what is in
// doubt.
void write_line(int file, const std::string& line, bool sync) {
  RAPPORT_ASSERT(::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  if (sync) RAPPORT_ASSERT(::fdatasync(file) == 0);
}

void append_for_ever(EventStore& store, int receipts, std::uint64_t round, std::uint64_t thread) {
  for (std::uint64_t i = 0;; ++i) {
    auto number = round * 10'000'000 + thread * 1'000'000 + i;
    auto stream = "case-" + std::to_string(thread) + "-" + std::to_string(i % 5);
    write_line(receipts, "try " + std::to_string(number) + " " + stream + "\n", false);
    Sample sample(number);
    // Now and then an append of several frames, so that a kill falls into the middle of a large write too.
    sample.on(stream, store.version_of(stream)->value, i % 50 == 7 ? 600 : 1 + i % 3);
    auto outcomes = store.append({&sample.append(), 1});
    RAPPORT_ASSERT(outcomes);
    auto* appended = std::get_if<Appended>(&(*outcomes)[0]);
    RAPPORT_ASSERT(appended);
    const auto& last = appended->outcome.events.back();
    write_line(receipts, "done " + std::to_string(number) + " " + std::to_string(last.position.value) + " " + to_hex(last.leaf) + "\n", true);
  }
}

}  // namespace

int main(int argc, char** argv) {
  RAPPORT_ASSERT(argc == 4);
  SystemClock clock;
  auto store = WholeStore::open(argv[1], clock);
  if (!store) {
    std::fprintf(stderr, "%s: %s\n", store.error().reason.c_str(), store.error().message.c_str());
    return 1;
  }
  auto receipts = ::open(argv[2], O_WRONLY | O_CREAT | O_APPEND, 0644);
  RAPPORT_ASSERT(receipts >= 0);
  std::vector<std::jthread> threads;
  for (std::uint64_t t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] { append_for_ever(*store->events, receipts, std::stoul(argv[3]), t); });
}
