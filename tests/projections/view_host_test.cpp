// A view beside its log: followed, asked, rebuilt, swapped, verified, and mended after damage and crashes.
#include "projections/view_host.h"

#include <gtest/gtest.h>

#include <fstream>

#include "projections/view_hosts.h"
#include "tests/projections/random_log.h"
#include "tests/projections/stores.h"

namespace rapport::projections {
namespace {

using namespace std::chrono_literals;
using test::RandomLog;
using Names = std::vector<std::string>;

struct Host : testing::Test {
  std::unique_ptr<ViewHost> open() { return ViewHost::open(view, log.store(), stores); }
  std::unique_ptr<ViewHost> caught_up() {
    auto host = open();
    auto done = host->catch_up();
    EXPECT_TRUE(done) << done.error().message;
    return host;
  }
  static std::vector<std::string> texts(const Result<Answer>& answer) {
    if (!answer) return {answer.error().reason};
    std::vector<std::string> out;
    for (auto& row : answer->lines.rows) {
      auto& line = out.emplace_back();
      for (auto& value : row) line += text_of(value) + "|";
    }
    return out;
  }
  // Flips a bit in the middle of every file of the view whose name ends so.
  void damage(const std::string& ending) {
    std::size_t damaged = 0;
    for (auto& entry : std::filesystem::directory_iterator(folder.path() + "/" + name)) {
      if (!entry.path().filename().string().ends_with(ending)) continue;
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      auto middle = static_cast<std::streamoff>(entry.file_size() / 2);
      file.seekg(middle);
      auto byte = static_cast<char>(file.get());
      file.seekp(middle);
      file.put(static_cast<char>(byte ^ 1));
      ++damaged;
    }
    EXPECT_GT(damaged, 0u);
  }

  test::Folder folder;
  RandomLog log{1};
  const ViewType& view = *find_view("pipeline");
  const std::string name = view.store_name();
  RocksRowStores stores{folder.path(), test::kSmallBudget};
};

TEST_F(Host, CatchesUpAndGoesOnWhereItWas) {
  log.grow(300);
  EXPECT_EQ(caught_up()->position(), Position{300});
  log.grow(100);
  EXPECT_EQ(open()->position(), Position{300});
  auto host = caught_up();
  EXPECT_EQ(host->position(), Position{400});
  EXPECT_TRUE(host->verify());
}
TEST_F(Host, ALongLogIsBuiltInBulkToTheSameDigests) {
  log.grow(25'000);
  auto bulk = caught_up()->digests();
  MemoryRowStores memory;
  auto small = ViewHost::open(view, log.store(), memory);
  auto folder_of = view.make_folder(**memory.open("v", view.declaration, StoreUse::kLive), {});
  auto store = memory.open("w", view.declaration, StoreUse::kLive);
  auto fold = view.make_folder(**store, {});
  auto events = log.store().read({});
  for (auto event = events->next(); *event; event = events->next()) ASSERT_TRUE(fold->fold(**event));
  ASSERT_TRUE(fold->commit());
  auto live = digests_of(**store);
  EXPECT_EQ(bulk->rows, live->rows);
  EXPECT_EQ(bulk->checkpoint, live->checkpoint);
  EXPECT_EQ(stores.names(), Names{name});
}
TEST_F(Host, FollowsTheLogByItself) {
  log.grow(10);
  auto host = caught_up();
  host->follow();
  log.grow(500);
  EXPECT_TRUE(host->wait_for({510}, 30s));
  EXPECT_FALSE(host->wait_for({511}, 1ms));
  EXPECT_TRUE(host->health());
}
TEST_F(Host, AnswersForNowAndAsKnownThen) {
  log.grow(200);
  auto before = texts(caught_up()->query("summary", {}));
  auto recorded = log.store().head().recorded_at;
  log.grow(400);
  auto host = caught_up();
  auto then = host->query("summary", {.known_at = {200}});
  EXPECT_EQ(texts(then), before);
  EXPECT_NE(texts(host->query("summary", {})), before);
  EXPECT_EQ(then->position, Position{200});
  EXPECT_EQ(then->reference, recorded);
  EXPECT_EQ(host->query("summary", {})->position, Position{600});
}
TEST_F(Host, AnswersAsOfAnInstantAlsoByWhatWasKnownThen) {
  log.grow(1'000);
  auto host = caught_up();
  auto t = (*log.store().read({.from = {500}})->next())->occurred_at;
  auto all = host->query("summary", {}, Timestamp{INT64_MAX});
  EXPECT_EQ(texts(all), texts(host->query("summary", {})));
  auto as_of = host->query("summary", {}, t);
  EXPECT_NE(texts(as_of), texts(all));
  EXPECT_EQ(as_of->reference, t);
  EXPECT_EQ(as_of->position, Position{1'000});
  auto known = host->query("summary", {.known_at = {600}}, t);
  EXPECT_EQ(known->position, Position{600});
  RandomLog cut(1);
  cut.grow(600);
  MemoryRowStores memory;
  EXPECT_EQ(texts(known), texts(ViewHost::open(view, cut.store(), memory)->query("summary", {}, t)));
  EXPECT_EQ(stores.names(), Names{name});
}
TEST_F(Host, PagesOfAnAsOfListingStayOfOneMoment) {
  log.grow(1'000);
  auto host = caught_up();
  Timestamp t{INT64_MAX};
  auto whole = texts(host->query("opportunities", {}, t));
  std::vector<std::string> paged;
  Query query{.limit = 7};
  for (;;) {
    auto page = host->query("opportunities", query, t);
    for (auto& line : texts(page)) paged.push_back(line);
    if (page->lines.next.empty()) break;
    query.cursor = page->lines.next;
    log.grow(10);
  }
  EXPECT_EQ(paged, whole);
}
TEST_F(Host, EveryPageOfAListingIsOfOnePosition) {
  log.grow(1'000);
  auto host = caught_up();
  auto t = (*log.store().read({.from = {500}})->next())->occurred_at;
  struct Asked {
    Position known_at;
    std::optional<Timestamp> as_of;
  };
  for (auto& asked : {Asked{kNow, {}}, Asked{{600}, {}}, Asked{kNow, t}, Asked{{600}, t}}) {
    Query query{.limit = 3, .known_at = asked.known_at};
    auto first = host->query("opportunities", query, asked.as_of);
    ASSERT_TRUE(first) << first.error().message;
    ASSERT_NE(first->lines.next, "");
    log.grow(50);
    ASSERT_TRUE(host->catch_up());
    query.cursor = first->lines.next;
    auto second = host->query("opportunities", query, asked.as_of);
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(second->position, first->position);
    EXPECT_EQ(second->reference, first->reference);
  }
}
TEST_F(Host, ACursorIsGoodForTheSameQuestionAlone) {
  log.grow(1'000);
  auto host = caught_up();
  Timestamp t{INT64_MAX};
  auto refused = [&](const Result<Answer>& answer) { return answer ? "answered" : answer.error().reason; };
  const Query asked{.arguments = {{"status", "open"}}, .limit = 3, .asked = "known at 7"};
  auto next = host->query("opportunities", asked, t)->lines.next;
  auto query = asked;
  query.cursor = next;
  EXPECT_EQ(refused(host->query("opportunities", query, t)), "answered");
  EXPECT_EQ(refused(host->query("opportunities", query)), "report.invalid_cursor");
  EXPECT_EQ(refused(host->query("opportunities", query, Timestamp{t.micros - 1})), "report.invalid_cursor");
  auto other = query;
  other.asked = "known at 8";
  EXPECT_EQ(refused(host->query("opportunities", other, t)), "report.invalid_cursor");
  other = query;
  other.arguments[0].value = "won";
  EXPECT_EQ(refused(host->query("opportunities", other, t)), "report.invalid_cursor");
  other = query;
  other.sort = "id";
  EXPECT_EQ(refused(host->query("opportunities", other, t)), "report.invalid_cursor");
  auto changed = view;
  changed.version = view.version + 1;
  auto newer = ViewHost::open(changed, log.store(), stores);
  ASSERT_TRUE(newer->catch_up());
  EXPECT_EQ(refused(newer->query("opportunities", query, t)), "report.invalid_cursor");
}
TEST_F(Host, UnknownReportsNameThoseThereAre) {
  auto answer = caught_up()->query("sumary", {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(answer.error().expected, "one of summary, opportunities, history, win-rate, waterfall, durations");
}
TEST_F(Host, ARebuildGivesTheSameDigestsAndGoesOnLive) {
  log.grow(2'000);
  auto host = caught_up();
  host->follow();
  std::jthread writer([&](std::stop_token stop) {
    while (!stop.stop_requested()) {
      log.grow(5);
      std::this_thread::sleep_for(2ms);
    }
  });
  for (int i = 0; i < 3; ++i) {
    auto rebuilt = host->rebuild();
    ASSERT_TRUE(rebuilt) << rebuilt.error().message;
    EXPECT_TRUE(rebuilt->same());
    EXPECT_TRUE(host->query("summary", {}));
  }
  writer.request_stop();
  writer.join();
  EXPECT_TRUE(host->wait_for(log.store().head().position, 30s));
  EXPECT_TRUE(host->verify());
  EXPECT_EQ(stores.names(), Names{name});
}
TEST_F(Host, VerifyFindsRowsThatTheLogDoesNotSay) {
  log.grow(300);
  caught_up();
  for (std::string family : {"row", "head", "past"}) {
    {
      auto store = stores.open(name, view.declaration, StoreUse::kLive);
      auto checkpoint = (*store)->checkpoint();
      std::string key, bytes, body;
      auto from = family == "past" ? RowSnapshot::Family::kHistory : RowSnapshot::Family::kRows;
      auto first = [&](std::string_view k, std::string_view stored) {
        key = k;
        bytes = stored;
        return false;
      };
      ASSERT_TRUE((*(*store)->snapshot())->scan_stored(from, first));
      bytes[family == "head" ? 0 : bytes.size() - 1] ^= 1;
      if (family == "past") (*store)->put_past(key.substr(0, key.size() - 8), {299}, bytes);
      else (*store)->put(key, bytes);
      ASSERT_TRUE((*store)->commit(checkpoint));
    }
    auto host = open();
    auto verified = host->verify();
    ASSERT_FALSE(verified) << family;
    EXPECT_EQ(verified.error().reason, "view.differs");
    EXPECT_EQ(verified.error().hint, "rapport rebuild pipeline");
    auto rebuilt = host->rebuild();
    ASSERT_TRUE(rebuilt);
    EXPECT_TRUE(host->verify());
  }
}
TEST_F(Host, DamagedFilesAreAnErrorWithAHintAndARebuildMendsThem) {
  for (std::string ending : {".sst", "CURRENT"}) {
    log.grow(2'000);
    auto before = texts(caught_up()->query("summary", {}));
    ASSERT_TRUE(open()->rebuild());  // settled: everything in table files
    damage(ending);
    auto host = open();
    auto answer = host->query("summary", {});
    auto verified = host->verify();
    ASSERT_FALSE(verified) << ending;
    EXPECT_EQ(verified.error().code, ErrorCode::kCorrupt) << verified.error().message;
    EXPECT_EQ(verified.error().hint, "rapport rebuild pipeline");
    if (!answer) { EXPECT_EQ(answer.error().hint, "rapport rebuild pipeline"); }
    auto rebuilt = host->rebuild();
    ASSERT_TRUE(rebuilt) << rebuilt.error().message;
    EXPECT_FALSE(rebuilt->same());
    EXPECT_EQ(texts(host->query("summary", {})), before);
    EXPECT_TRUE(host->verify());
  }
}
TEST_F(Host, ASwapThatACrashBrokeOffIsEndedAtOpen) {
  log.grow(500);
  auto digests = caught_up()->digests();
  auto whole = [&] {
    auto host = caught_up();
    EXPECT_EQ(host->digests()->rows, digests->rows);
    EXPECT_EQ(stores.names(), Names{name});
  };
  ASSERT_TRUE(stores.rename(name, name + ".old"));  // crashed between the two renames, rebuilt one whole
  {
    auto host = ViewHost::open(view, log.store(), stores);  // without a rebuilt one: the old one is taken back
    EXPECT_EQ(host->position(), Position{500});
  }
  whole();
  std::filesystem::copy(folder.path() + "/" + name, folder.path() + "/" + name + ".rebuild");
  ASSERT_TRUE(stores.rename(name, name + ".old"));
  whole();
  std::filesystem::copy(folder.path() + "/" + name, folder.path() + "/" + name + ".old");  // before the old one was dropped
  whole();
  ASSERT_TRUE(stores.open(name + ".rebuild", view.declaration, StoreUse::kRebuild));  // in the middle of a rebuild
  whole();
}
TEST_F(Host, AChangedVersionIsBuiltBesideAndNamesTheOneItReplacedForAsLongAsThatIsThere) {
  log.grow(500);
  auto first = caught_up();
  auto digests = first->digests();
  EXPECT_EQ(first->replaced_version(), std::nullopt);
  first.reset();
  auto changed = view;
  changed.version = view.version + 1;
  for (int opened = 0; opened < 2; ++opened) {
    auto host = ViewHost::open(changed, log.store(), stores);
    ASSERT_TRUE(host->catch_up());
    EXPECT_EQ(host->replaced_version(), view.version);
    EXPECT_EQ(host->digests()->rows, digests->rows);
    EXPECT_EQ(host->digests()->checkpoint, digests->checkpoint);
    EXPECT_EQ(stores.names(), (Names{name, changed.store_name()}));
  }
  ASSERT_TRUE(stores.drop(name));
  EXPECT_EQ(ViewHost::open(changed, log.store(), stores)->replaced_version(), std::nullopt);
}
TEST_F(Host, AChangedDeclarationWithoutANewVersionIsRefused) {
  log.grow(100);
  caught_up();
  auto changed = view;
  changed.declaration += "x";
  auto host = ViewHost::open(changed, log.store(), stores);
  auto done = host->catch_up();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, "view.other_declaration");
}
TEST_F(Host, StopsWhenAsked) {
  log.grow(40'000);
  std::stop_source stop;
  stop.request_stop();
  auto done = open()->catch_up({}, stop.get_token());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, "view.stopped");
  EXPECT_EQ(stores.names(), Names{});
}
TEST_F(Host, AllViewsGoTogether) {
  log.grow(30'000);
  ViewHosts hosts(log.store(), stores);
  std::atomic<std::uint64_t> calls = 0;
  auto done = hosts.catch_up([&](const Progress& at) { calls += at.from <= at.position && at.position <= at.target; });
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_GT(calls, 0u);
  hosts.follow();
  log.grow(100);
  EXPECT_TRUE(hosts.wait_for({30'100}, 30s));
  auto rebuilt = hosts.rebuild();
  ASSERT_TRUE(rebuilt);
  for (auto& one : *rebuilt) EXPECT_TRUE(one.same()) << one.view;
  EXPECT_EQ(rebuilt->size(), all_views().size());
  EXPECT_TRUE(hosts.verify());
  Names unknown{"pipelin"};
  EXPECT_EQ(hosts.rebuild(unknown).error().reason, "view.unknown");
}

}  // namespace
}  // namespace rapport::projections
