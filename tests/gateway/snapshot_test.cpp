// Long streams are folded from where they were folded to before, and only if the log says the same.
#include "eventstore/rocks/snapshot_files.h"

#include <fstream>

#include "tests/eventstore_samples/temporary_directory.h"
#include "tests/gateway/counting_store.h"
#include "tests/gateway/gateway_fixture.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
using loyalty_member::Earn;

struct SnapshotTest : RewardTest {
  static constexpr std::uint64_t kMovements = 1'200;

  // The member's stream, by the gateway that keeps nothing.
  void fill(std::string_view id = "m", std::uint64_t movements = kMovements) {
    ASSERT_TRUE(send("loyaltyMember", id, loyalty_member::Enrol{.program_id = "points"}));
    for (std::uint64_t i = 1; i <= movements; ++i) {
      auto txn = "t" + std::to_string(i);
      ASSERT_EQ(code_of(send("loyaltyMember", id, Earn{.txn_id = txn, .points = 1})), "accepted");
    }
  }
  // What a program that has just begun answers to one command on the stream, and how many of its events it read.
  std::string answer_anew(const auto& command, std::string_view id = "m", SubjectKeys* with = nullptr) {
    SnapshotFiles snapshots(folder, events_min);
    CountingStore counting(store);
    auto begun = CommandGateway::open(aggregates, counting, with ? *with : keys, clock, &snapshots);
    RAPPORT_ASSERT(begun.has_value());
    auto body = bytes(command);
    auto answer = code_of((*begun)->submit({.aggregate = "loyaltyMember", .id = id, .body = body, .command_id = CommandId::of(2, ++sent)}));
    read = counting.events_read;
    return answer;
  }
  // Asks what changes nothing.
  std::string ask_anew(std::string_view id = "m") { return answer_anew(Earn{.txn_id = "t1", .points = 1}, id); }
  fs::path only_file() {
    std::vector<fs::path> files;
    for (auto& entry : fs::directory_iterator(folder.path() / "snapshots")) files.push_back(entry.path());
    RAPPORT_ASSERT(files.size() == 1);
    return files.front();
  }
  static std::string content_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void put(const fs::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  }

  test::TemporaryDirectory folder;
  std::uint64_t events_min = SnapshotFiles::kEventsMin;
  std::uint64_t read = 0;
};

TEST_F(SnapshotTest, ALongStreamIsFoldedFromItsFirstEventOnce) {
  fill();
  EXPECT_EQ(ask_anew(), "unchanged");
  EXPECT_EQ(read, kMovements + 1);
  EXPECT_EQ(ask_anew(), "unchanged");
  EXPECT_EQ(read, 1u);  // the event that the snapshot must agree with
  EXPECT_EQ(answer_anew(Earn{.txn_id = "new", .points = 5}), "accepted");
  EXPECT_EQ(answer_anew(Earn{.txn_id = "new", .points = 5}), "unchanged");
  EXPECT_EQ(read, 2u);
  EXPECT_EQ(answer_anew(Earn{.txn_id = "new", .points = 6}), "loyalty_member.transaction_differs");
  EXPECT_EQ(answer_anew(loyalty_member::Redeem{.txn_id = "r", .points = std::int64_t{kMovements} + 6}), "loyalty_member.points_insufficient");
  EXPECT_EQ(answer_anew(loyalty_member::Redeem{.txn_id = "r", .points = std::int64_t{kMovements} + 5}), "accepted");
}

TEST_F(SnapshotTest, AShortStreamIsNotWorthOne) {
  fill("m", 10);
  EXPECT_EQ(ask_anew(), "unchanged");
  EXPECT_FALSE(fs::exists(folder.path() / "snapshots"));
}

TEST_F(SnapshotTest, NoByteOfItCanBeAnother) {
  events_min = 1;
  fill("m", 2);
  ASSERT_EQ(ask_anew(), "unchanged");
  ASSERT_EQ(ask_anew(), "unchanged");
  ASSERT_EQ(read, 1u);
  auto file = only_file();
  const auto good = content_of(file);
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    put(file, bad);
    ASSERT_EQ(ask_anew(), "unchanged");
    ASSERT_GE(read, 3u) << "byte " << at << " was believed";
    ASSERT_EQ(content_of(file), good) << "and what came in its place is the same again";
  }
  for (std::size_t size = 0; size < good.size(); size += 7) {
    put(file, good.substr(0, size));
    ASSERT_EQ(ask_anew(), "unchanged");
    ASSERT_GE(read, 3u) << "cut off at " << size;
  }
}

// By whoever has the store's secret; another has not.
TEST_F(SnapshotTest, OneOfAnotherStoreOrStreamIsNotBelieved) {
  events_min = 1;
  fill("m", 3);
  ASSERT_EQ(ask_anew(), "unchanged");
  auto of_m = content_of(only_file());
  auto m = only_file();
  MemorySubjectKeys others("another secret");
  EXPECT_EQ(answer_anew(Earn{.txn_id = "t1", .points = 1}, "m", &others), "unchanged");
  EXPECT_EQ(read, 4u);
  fs::remove(m);
  fill("n", 1);
  ASSERT_EQ(ask_anew("n"), "unchanged");
  put(only_file(), of_m);
  EXPECT_EQ(answer_anew(Earn{.txn_id = "t3", .points = 1}, "n"), "accepted") << "n has no t3, m has";
}

// A log that lost its end, or was restored to an earlier position, and went on otherwise.
TEST_F(SnapshotTest, OneOfAnotherHistoryIsNotBelieved) {
  events_min = 1;
  fill("m", 3);
  ASSERT_EQ(ask_anew(), "unchanged");
  MemoryEventStore other(clock);
  auto otherwise = CommandGateway::open(aggregates, other, keys, clock);
  ASSERT_TRUE(otherwise);
  auto submit = [&](CommandGateway& to, const auto& command, std::string_view aggregate = "loyaltyMember", std::string_view id = "m") {
    auto body = bytes(command);
    return code_of(to.submit({.aggregate = aggregate, .id = id, .body = body, .command_id = CommandId::of(9, ++sent)}));
  };
  ASSERT_EQ(submit(**otherwise, points_program(), "policySet", "points"), "accepted");
  ASSERT_EQ(submit(**otherwise, loyalty_member::Enrol{.program_id = "points"}), "accepted");
  for (auto points : {10, 20, 30}) {
    auto txn = "u" + std::to_string(points);
    ASSERT_EQ(submit(**otherwise, Earn{.txn_id = txn, .points = points}), "accepted");
  }
  SnapshotFiles snapshots(folder, events_min);
  auto begun = CommandGateway::open(aggregates, other, keys, clock, &snapshots);
  ASSERT_TRUE(begun);
  EXPECT_EQ(submit(**begun, loyalty_member::Redeem{.txn_id = "r", .points = 60}), "accepted") << "the other history has three points";
}

// A fold that has changed may have other states, in the same bytes too: they are made anew.
TEST_F(SnapshotTest, OneOfOtherFoldsIsNotBelieved) {
  events_min = 1;
  fill("m", 3);
  ASSERT_EQ(ask_anew(), "unchanged");
  auto file = only_file();
  auto earlier = content_of(file);
  auto at = earlier.find(folds_version());
  ASSERT_NE(at, std::string::npos);
  earlier[at] = earlier[at] == '0' ? '1' : '0';
  auto content = earlier.substr(0, earlier.size() - sizeof(Hash));
  auto seal = keys.keyed_digest("snapshot", std::string("loyaltyMember-m") + '\0' + content);
  put(file, content + std::string(text_of(seal)));
  EXPECT_EQ(ask_anew(), "unchanged");
  EXPECT_EQ(read, 4u);
}

// Nothing can be kept where a file is in the folder's place; commands are decided all the same.
TEST_F(SnapshotTest, WithoutAPlaceForThemTheLogIsFolded) {
  events_min = 1;
  fill("m", 3);
  put(folder.path() / "snapshots", "a file");
  EXPECT_EQ(ask_anew(), "unchanged");
  EXPECT_EQ(ask_anew(), "unchanged");
  EXPECT_EQ(read, 4u);
}

}  // namespace
}  // namespace rapport
