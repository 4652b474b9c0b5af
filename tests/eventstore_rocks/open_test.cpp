// Which directories open, which are refused and how that is said; what survives a close; the lock.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "eventstore/rocks/files.h"
#include "eventstore/rocks/verify_store.h"
#include "tests/eventstore_samples/whole_store.h"

namespace rapport::test {
namespace {

namespace fs = std::filesystem;

class OpenTest : public testing::Test {
 protected:
  WholeStore open(bool create = true, RocksStoreOptions options = {}) {
    auto store = WholeStore::open(path_, clock_, create, options);
    if (store) return std::move(*store);
    ADD_FAILURE() << store.error().reason << ": " << store.error().message;
    std::abort();
  }
  std::string refusal(bool create = true) {
    auto store = WholeStore::open(path_, clock_, create);
    return store ? "opened" : store.error().reason;
  }
  std::string content(const fs::path& file) { return *read_file(path_ / file); }
  void overwrite(const fs::path& file, const std::string& text) { std::ofstream(path_ / file, std::ios::binary) << text; }

  TemporaryDirectory temporary_;
  fs::path path_ = temporary_.path() / "store";
  ManualClock clock_{kNow};
};

TEST_F(OpenTest, KeepsEverythingOverAClose) {
  Head head;
  std::string origin;
  {
    auto store = open();
    EXPECT_TRUE(store.directory->created());
    fill(store);
    head = store.events->head();
    origin = store.directory->origin();
  }
  auto store = open(false);
  EXPECT_FALSE(store.directory->created());
  EXPECT_EQ(store.directory->origin(), origin);
  EXPECT_EQ(store.events->head().position, head.position);
  EXPECT_EQ(store.events->head().root, head.root);
  EXPECT_EQ(store.events->head().recorded_at, head.recorded_at);
  EXPECT_EQ(store.events->facts().streams, 10u);
  EXPECT_EQ(store.events->version_of("opportunity-3")->value, 6u);
  auto again = append_one(*store.events, Sample(3).on("opportunity-3", 0, 2).check("case-3", 0));
  EXPECT_TRUE(std::holds_alternative<AlreadyAppended>(again));
  auto next = append_one(*store.events, Sample(99).on("opportunity-3", 6));
  ASSERT_TRUE(std::holds_alternative<Appended>(next));
  EXPECT_EQ(std::get<Appended>(next).outcome.events[0].position.value, head.position.value + 1);
}

TEST_F(OpenTest, FindsTheTreeAgainWithoutReplayingAll) {
  Hash root;
  {
    auto store = open();
    for (std::uint64_t c = 1; c <= 9; ++c)
      append_one(*store.events, Sample(c).on("opportunity-" + std::to_string(c), 0, 317, "opened", 8));
    root = store.events->head().root;
  }
  auto store = open();
  EXPECT_EQ(store.events->head().root, root);
  auto verified = verify_store(*store.events, *store.keys);
  ASSERT_TRUE(verified && verified->ok) << verified->what;
  EXPECT_EQ(verified->events, 9 * 317u);
}

TEST_F(OpenTest, MakesAStoreOnlyWhenAsked) {
  EXPECT_EQ(refusal(false), "store.missing");
  EXPECT_FALSE(fs::exists(path_));
  fs::create_directory(path_);
  EXPECT_EQ(refusal(false), "store.missing");
  open();
  EXPECT_EQ(refusal(false), "opened");
}

TEST_F(OpenTest, LeavesForeignDirectoriesAlone) {
  fs::create_directory(path_);
  overwrite("holiday.jpg", "not ours");
  EXPECT_EQ(refusal(), "store.not_ours");
  EXPECT_FALSE(fs::exists(path_ / "LOCK"));
  path_ = path_ / "holiday.jpg";
  EXPECT_EQ(refusal(), "store.not_ours");
}

TEST_F(OpenTest, RefusesANewerFormat) {
  open();
  auto text = content("rapport.json");
  text.replace(text.find(":1,"), 3, ":2,");
  overwrite("rapport.json", text);
  EXPECT_EQ(refusal(), "store.newer_format");
}

TEST_F(OpenTest, RefusesALogOfAnotherStore) {
  {
    auto store = open();
    fill(store);
  }
  auto theirs = temporary_.path() / "theirs";
  std::swap(path_, theirs);
  {
    auto store = open();
    fill(store);
  }
  std::swap(path_, theirs);
  fs::remove(path_ / "closed");
  fs::remove_all(path_ / "log");
  fs::rename(theirs / "log", path_ / "log");
  EXPECT_EQ(refusal(), "store.tail_lost");
  fs::remove(path_ / "witness");
  fs::rename(theirs / "witness", path_ / "witness");
  EXPECT_EQ(refusal(), "store.damaged");
}

TEST_F(OpenTest, NoticesALostTail) {
  {
    auto store = open();
    fill(store);
  }
  fs::copy(path_, temporary_.path() / "older", fs::copy_options::recursive);
  {
    auto store = open();
    append_one(*store.events, Sample(99).on("opportunity-X", 0));
  }
  fs::remove(path_ / "closed");
  fs::remove_all(path_ / "log");
  fs::copy(temporary_.path() / "older" / "log", path_ / "log", fs::copy_options::recursive);
  EXPECT_EQ(refusal(), "store.tail_lost");
  {
    RocksStoreOptions accept;
    accept.accept_lost_tail = true;
    auto store = open(false, accept);
    EXPECT_EQ(store.events->head().position.value, 60u);
  }
  EXPECT_EQ(refusal(), "opened");
}

TEST_F(OpenTest, RemembersThatALossWasAccepted) {
  {
    auto store = open();
    fill(store);
  }
  fs::remove(path_ / "closed");
  fs::remove(path_ / "witness");
  EXPECT_EQ(refusal(), "store.witness_damaged");
  Head head;
  {
    auto store = open(false, {.accept_lost_tail = true});
    head = store.events->head();
  }
  EXPECT_EQ(head.position.value, 60u);
  auto accepted = content("accepted");
  EXPECT_TRUE(accepted.starts_with("lost-tail " + std::to_string(kNow.micros) + " 60 " + to_hex(head.root) + " 0 ")) << accepted;
  open(false, {.accept_lost_tail = true});
  EXPECT_EQ(content("accepted"), accepted) << "nothing was lost this time";
  accepted[12] = static_cast<char>(accepted[12] ^ 1);
  overwrite("accepted", accepted);
  EXPECT_EQ(refusal(), "store.damaged");
}

TEST_F(OpenTest, GoesOnFromALogAheadOfTheClockOnceThatIsAccepted) {
  const Timestamp ahead{kNow.micros + 10LL * 365 * 24 * 3600 * kMicrosPerSecond};
  {
    auto store = open();
    append_one(*store.events, Sample(1).on("opportunity-A", 0).loaded(ahead, {}));
  }
  auto second = [&](WholeStore& store, std::uint64_t n) {
    Sample sample(n);
    sample.on("opportunity-A", n - 1);
    auto done = store.events->append({&sample.append(), 1});
    return done ? "appended" : done.error().reason;
  };
  {
    auto store = open();
    EXPECT_EQ(second(store, 2), "store.clock_suspect");
  }
  {
    auto store = open(false, {.accept_clock = true});
    EXPECT_EQ(second(store, 2), "appended");
  }
  auto accepted = content("accepted");
  EXPECT_TRUE(accepted.starts_with("clock " + std::to_string(kNow.micros) + " " + std::to_string(ahead.micros) + " ")) << accepted;
  auto store = open();
  EXPECT_EQ(second(store, 3), "appended") << "it stays accepted";
  EXPECT_EQ(store.events->head().recorded_at.micros, ahead.micros + 2);
}

TEST_F(OpenTest, NoticesAWriteAheadLogThatWasCutOrAltered) {
  auto crashed = temporary_.path() / "crashed";
  {
    auto store = open();
    fill(store);
    copy_as_crashed(path_, crashed);  // everything is in the write-ahead log
  }
  copy_as_crashed(crashed, path_);
  fs::path wal;
  for (const auto& entry : fs::directory_iterator(path_ / "log"))
    if (entry.path().extension() == ".log") wal = fs::path("log") / entry.path().filename();
  auto filled = content(wal);
  auto whole = filled.substr(0, filled.find_last_not_of('\0') + 1);  // behind it there is only room
  EXPECT_LT(whole.size(), filled.size());
  for (auto cut : {std::size_t{1}, whole.size() / 2, whole.size() - 10}) {
    copy_as_crashed(crashed, path_);
    overwrite(wal, whole.substr(0, whole.size() - cut));
    EXPECT_EQ(refusal(), "store.tail_lost") << cut;
    auto zeroed = filled;
    std::fill(zeroed.begin() + static_cast<std::ptrdiff_t>(whole.size() - cut), zeroed.end(), '\0');
    copy_as_crashed(crashed, path_);
    overwrite(wal, zeroed);
    EXPECT_EQ(refusal(), "store.tail_lost") << cut;
    auto altered = whole;
    altered[altered.size() - cut] = static_cast<char>(altered[altered.size() - cut] ^ 1);
    copy_as_crashed(crashed, path_);
    overwrite(wal, altered);
    EXPECT_EQ(refusal(), "store.tail_lost") << cut;
  }
}

TEST_F(OpenTest, NeedsItsWitnessAndItsKeys) {
  {
    auto store = open();
    fill(store);
  }
  fs::rename(path_ / "witness", path_ / "w");
  EXPECT_EQ(refusal(), "store.witness_damaged");
  fs::rename(path_ / "w", path_ / "witness");
  fs::remove(path_ / "closed");
  fs::rename(path_ / "keys", temporary_.path() / "keys");
  EXPECT_EQ(refusal(), "keys.missing");
}

TEST_F(OpenTest, NamesWhoHoldsTheLock) {
  open();
  int ready[2], done[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(done), 0);
  auto child = fork();
  if (child == 0) {
    auto lock = *StoreLock::take(path_);  // no more: RocksDB's threads do not live in a forked child
    RAPPORT_ASSERT(lock->announce("http://127.0.0.1:8080"));
    char byte = 1;
    RAPPORT_ASSERT(write(ready[1], &byte, 1) == 1);
    RAPPORT_ASSERT(read(done[0], &byte, 1) == 1);
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  auto refused = WholeStore::open(path_, clock_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "store.locked");
  EXPECT_NE(refused.error().message.find("process " + std::to_string(child) + " "), std::string::npos) << refused.error().message;
  EXPECT_EQ(store_holder(path_).pid, std::to_string(child));
  EXPECT_EQ(store_holder(path_).address, "http://127.0.0.1:8080");
  ASSERT_EQ(write(done[1], &byte, 1), 1);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(store_holder(path_).pid, "");
  EXPECT_EQ(refusal(), "opened");
}

TEST_F(OpenTest, GivesTheLockOrNamesItsHolderWhoeverComesAndGoes) {
  fs::create_directory(path_);
  std::jthread holder([&](std::stop_token stop) {
    while (!stop.stop_requested()) static_cast<void>(StoreLock::take(path_).has_value());
  });
  auto name = "process " + std::to_string(getpid()) + " holds";
  for (int i = 0; i < 500; ++i) {
    auto lock = StoreLock::take(path_);
    if (!lock) { EXPECT_NE(lock.error().message.find(name), std::string::npos) << lock.error().message; }
  }
}

TEST_F(OpenTest, RefusesASecondOpenInTheSameProcess) {
  auto store = open();
  EXPECT_EQ(refusal(), "store.locked");
}

TEST_F(OpenTest, SaysWhenTheDirectoryCannotBeWritten) {
  if (geteuid() == 0) path_ = "/proc/rapport-store";  // the mode of a directory does not stop root
  else fs::permissions(temporary_.path(), fs::perms::owner_read | fs::perms::owner_exec);
  auto store = WholeStore::open(path_, clock_);
  fs::permissions(temporary_.path(), fs::perms::owner_all);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kUnavailable);
}

TEST_F(OpenTest, KeepsKeysForItsOwnerOnly) {
  open();
  auto mode = [&](const char* file) { return fs::status(path_ / file).permissions(); };
  EXPECT_EQ(mode("keys"), fs::perms::owner_all);
  EXPECT_EQ(mode("keys/master.key"), fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace
}  // namespace rapport::test
