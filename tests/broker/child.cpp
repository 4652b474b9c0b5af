#include "tests/broker/child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "adapters/kafka/relay.h"
#include "adapters/kafka/worker.h"
#include "adapters/kafka/worker_group.h"
#include "domain/result.h"
#include "eventstore/rocks/rocks_event_store.h"
#include "projections/rocks/rocks_row_stores.h"
#include "projections/views.h"

namespace rapport::kafka {
namespace {

void say(std::uint64_t position) {
  std::printf("%llu\n", static_cast<unsigned long long>(position));
  std::fflush(stdout);
}

int ended(const auto& result) {
  if (!result)
    std::fprintf(stderr, "%s: %s\n", result.error().reason.c_str(), result.error().message.c_str());
  return result ? 0 : 1;
}

int relay(const std::filesystem::path& folder, const std::string& brokers) {
  auto directory = StoreDirectory::open(folder, false);
  if (!directory) return ended(directory);
  auto store = RocksEventStore::open(**directory);
  if (!store) return ended(store);
  Relay relay(**store, {.connection = {.brokers = brokers}, .state_folder = folder / "kafka"});
  return ended(relay.run(RelayUntil::kCaughtUp, [](const Published& published, Position) {
    say(published.position.value);
  }));
}

int worker(const std::string& folder, const std::string& brokers, const std::string& view) {
  projections::RocksRowStores stores(folder);
  Worker worker(*projections::find_view(view), stores,
                {.connection = {.brokers = brokers}, .batch_events_max = 1'000});
  return ended(worker.run(WorkerUntil::kCaughtUp,
                          [](Position position, std::uint64_t) { say(position.value); }));
}

int group(const std::string& folder, const std::string& brokers, const std::string& view) {
  WorkerGroup group(*projections::find_view(view),
                    [](const std::filesystem::path& rows) { return std::make_unique<projections::RocksRowStores>(rows.string()); },
                    {.connection = {.brokers = brokers}, .group = "test", .state = folder});
  return ended(group.run(WorkerUntil::kStopped, [](std::size_t, std::uint64_t events) { say(events); }));
}

}  // namespace

int run_child(const std::vector<std::string>& arguments) {
  say(0);
  if (arguments.size() == 3 && arguments[0] == "relay") return relay(arguments[1], arguments[2]);
  if (arguments.size() == 4 && arguments[0] == "worker")
    return worker(arguments[1], arguments[2], arguments[3]);
  if (arguments.size() == 4 && arguments[0] == "group")
    return group(arguments[1], arguments[2], arguments[3]);
  return 2;
}

Child::Child(const std::vector<std::string>& arguments) {
  int ends[2];
  RAPPORT_ASSERT(pipe2(ends, O_CLOEXEC) == 0);
  process_ = fork();
  RAPPORT_ASSERT(process_ >= 0);
  if (process_ == 0) {
    dup2(ends[1], STDOUT_FILENO);
    std::vector<char*> argv{const_cast<char*>("broker_test"), const_cast<char*>("child")};
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv("/proc/self/exe", argv.data());
    _exit(127);
  }
  close(ends[1]);
  output_ = ends[0];
}

Child::~Child() {
  if (process_ > 0) kill_after_start({});
  close(output_);
}

bool Child::kill_after_start(std::chrono::milliseconds delay) {
  char first;
  (void)!read(output_, &first, 1);
  std::this_thread::sleep_for(delay);
  ::kill(process_, SIGKILL);
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = 0;
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "the child failed by itself";
  return WIFSIGNALED(status);
}

}  // namespace rapport::kafka

// Replaces gtest's own: the program is its own child.
int main(int argc, char** argv) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("test"));
  if (argc > 1 && std::string(argv[1]) == "child")
    return rapport::kafka::run_child({argv + 2, argv + argc});
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
