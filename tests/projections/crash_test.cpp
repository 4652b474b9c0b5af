// Killed with -9 in the middle of folding, a view comes back with what it had committed, equal to a fresh fold cut there.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "projections/view_host.h"
#include "tests/projections/random_log.h"
#include "tests/projections/stores.h"

namespace rapport::projections {
namespace {

constexpr std::size_t kEvents = 60'000;
constexpr const char* kFolderVariable = "RAPPORT_TEST_CRASH_FOLDER";
constexpr const char* kRebuildVariable = "RAPPORT_TEST_CRASH_REBUILD";

// Folds live in small batches, or rebuilds again and again, until killed.
void work(const std::string& folder, const EventStore& log, bool rebuild) {
  auto& view = *find_view("pipeline");
  RocksRowStores stores(folder, test::kSmallBudget);
  if (rebuild) {
    auto host = ViewHost::open(view, log, stores);
    if (!host->catch_up()) _exit(3);
    while (host->rebuild()) continue;
    _exit(4);
  }
  auto store = stores.open(view.store_name(), view.declaration, StoreUse::kLive);
  if (!store) _exit(3);
  auto fold = view.make_folder(**store, {.batch_events_max = 37});
  auto reader = log.read({.from = {fold->position().value + 1}});
  for (auto event = reader->next(); *event; event = reader->next())
    if (!fold->fold(**event)) _exit(4);
  _exit(0);
}
test::RandomLog& log_of_both() {
  static test::RandomLog log(9, 400);
  if (log.store().head().position == Position{}) log.grow(kEvents);
  return log;
}

// The process that is killed is this program again, so that it has threads of its own.
TEST(CrashWorker, FoldsUntilKilled) {
  auto* folder = std::getenv(kFolderVariable);
  if (!folder) GTEST_SKIP() << "is started by Killed";
  auto& log = log_of_both();
  std::ofstream(std::string(folder) + ".began") << "now";
  work(folder, log.store(), std::getenv(kRebuildVariable) != nullptr);
}
pid_t start_worker(const std::string& folder, bool rebuild) {
  auto child = fork();
  if (child) return child;
  setenv(kFolderVariable, folder.c_str(), 1);
  if (rebuild) setenv(kRebuildVariable, "1", 1);
  execl("/proc/self/exe", "worker", "--gtest_filter=CrashWorker.*", "--gtest_brief=1", static_cast<char*>(nullptr));
  _exit(5);
}

struct Killed : testing::TestWithParam<bool> {};

TEST_P(Killed, InTheMiddleAViewEqualsAFreshFoldOfItsLog) {
  auto& log = log_of_both();
  test::Folder folder;
  auto views = folder.path() + "/views", began = views + ".began";
  auto& view = *find_view("pipeline");
  std::size_t kills = 0;
  for (int round = 0; round < 6; ++round) {
    std::filesystem::remove(began);
    auto child = start_worker(views, GetParam());
    ASSERT_GT(child, 0);
    while (!std::filesystem::exists(began)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(GetParam() ? 250 + 90 * round : 40 + 25 * round));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    kills += WIFSIGNALED(status);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << WEXITSTATUS(status);

    RocksRowStores stores(views, test::kSmallBudget);
    auto host = ViewHost::open(view, log.store(), stores);
    auto kept = host->position();
    if (kept == Position{}) continue;
    auto verified = host->verify();
    ASSERT_TRUE(verified) << kept.value << " " << verified.error().message;
    EXPECT_EQ(stores.names(), std::vector<std::string>{find_view("pipeline")->store_name()});
  }
  EXPECT_GE(kills, 2u);
  RocksRowStores stores(views, test::kSmallBudget);
  auto host = ViewHost::open(view, log.store(), stores);
  ASSERT_TRUE(host->catch_up());
  EXPECT_EQ(host->position(), Position{kEvents});
  EXPECT_TRUE(host->verify());
}
INSTANTIATE_TEST_SUITE_P(, Killed, testing::Bool(), [](auto& of) { return of.param ? "Rebuilding" : "Folding"; });

}  // namespace
}  // namespace rapport::projections
