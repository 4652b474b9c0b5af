// What an import remembers, and what happens when it is interrupted or the memory is gone.
#include <algorithm>
#include <filesystem>

#include "adapters/import/engine/import_memory.h"
#include "adapters/import/rocks/rocks_key_value.h"
#include "tests/import/import_fixture.h"

namespace rapport::import {
namespace {

using Lines = std::vector<std::string>;

std::string mapping(const std::string& extra = "", const std::string& type = "\"date\"") {
  return R"({"mapping": "orders", "tables": [{"table": "lines", "mode": "groups", "key": ["order"], "at": "{day}",
    "columns": {"order": {"required": true}, "day": {"datatype": )" +
         type +
         R"(, "required": true}, "customer": {}, "price": {"datatype": {"base": "price", "currency": "EUR"}})" +
         extra + R"(},
    "commands": [
      {"command": "account/create", "id": "{customer}", "once": true, "fields": {"kind": "customer"}},
      {"command": "order/place", "id": "{order}", "fields": {"kind": "sale", "accountId": "{customer}", "currency": "EUR",
        "lines": {"each": {"productId": "p", "qtyMilli": 1000, "unitPrice": "{price}"}}}}]},
   {"table": "notes", "mode": "history", "key": ["case"], "at": "{when}",
    "columns": {"case": {}, "when": {"datatype": "datetime"}, "state": {"map": {"new": "new", "open": "open", "closed": "closed"}}},
    "commands": [{"command": "case/open", "id": "{case}", "on": "first", "fields": {"type": "question"}},
      {"command": "case/start", "id": "{case}", "ifChanged": ["state"], "when": {"state": "open"}},
      {"command": "case/close", "id": "{case}", "ifChanged": ["state"], "when": {"state": "closed"}}]}]})";
}

std::string lines_csv(int orders) {
  std::string out = "order,day,customer,price\n";
  for (int i = 0; i < orders * 2; ++i)
    out +=
        std::to_string(i % orders) + ",2020-01-01,c" + std::to_string(i % orders % 10) + ",1.5\n";
  return out;
}
std::string notes_csv(int cases) {
  std::string out = "case,when,state\n";
  for (int state = 0; state < 3; ++state)
    for (int i = 0; i < cases; ++i)
      out += "k" + std::to_string(i) + ",2020-01-0" + std::to_string(state + 1) + "T10:00:00," +
             (state == 0   ? "new"
              : state == 1 ? "open"
                           : (i % 7 ? "closed" : "odd")) +
             "\n";
  return out;
}

// A memory whose writes stop being kept after some: what a crash between the log's write and the
// memory's leaves.
class Forgetful final : public KeyValue {
 public:
  Forgetful(KeyValue& to, int writes) : to_(to), writes_(writes) {}
  Result<std::optional<std::string>> get(std::string_view key) const override {
    return to_.get(key);
  }
  Result<void> write(const std::vector<Change>& changes, bool durable) override {
    if (writes_-- <= 0) return Error{ErrorCode::kUnavailable, "test.dead", "the process died"};
    return to_.write(changes, durable);
  }
  Result<void> each(
      std::string_view prefix,
      const std::function<bool(std::string_view, std::string_view)>& take) const override {
    return to_.each(prefix, take);
  }
  Result<void> verify() const override { return {}; }
  Result<void> settle() override { return {}; }

 private:
  KeyValue& to_;
  int writes_;
};

struct MemoryTest : ImportTest {};

TEST_F(MemoryTest, AnImportThatDiedAnywhereEndsWithTheSameLog) {
  // Several flushes. The process dies at each of the memory's writes in turn, which
  // is after the log's.
  Lines files{write("lines.csv", lines_csv(4'500)), write("notes.csv", notes_csv(1'000))};
  auto path = write("mapping.json", mapping());
  auto whole = import(path, files);
  ASSERT_TRUE(whole.has_value()) << told(whole);
  auto wanted = target.whole_events();
  int deaths = 0;
  for (int writes = 0;; ++writes) {
    ImportStore broken;
    Forgetful dying(broken.memory, writes);
    auto died = run_import({.mapping = path,
                            .files = files,
                            .dry_run = false,
                            .rejects = {},
                            .rejects_folder = (folder / "rejects").string(),
                            .time_zone = {}},
                           {.gateway = *broken.gateway,
                            .store = broken.store,
                            .keys = broken.keys,
                            .memory = dying,
                            .make_scratch = [] { return open_scratch("/tmp"); }});
    if (died.has_value()) break;
    EXPECT_EQ(died.error().reason, "test.dead");
    ++deaths;
    broken.restart();
    auto again = import_into(broken, path, files);
    ASSERT_TRUE(again.has_value()) << told(again);
    auto got = broken.whole_events();
    ASSERT_EQ(got.size(), wanted.size()) << "dead after " << writes;
    for (std::size_t i = 0; i < wanted.size(); ++i)
      ASSERT_EQ(got[i], wanted[i]) << "dead after " << writes;
  }
  EXPECT_GE(deaths, 4);
}
TEST_F(MemoryTest, WithoutItsMemoryOnlyTheEarlierFilesMayComeAndTheyAddNothing) {
  auto path = write("mapping.json", mapping());
  auto first = write("1.csv", "case,when,state\nk,2020-01-01T10:00:00,new\n"),
       second = write("2.csv", "case,when,state\nk,2020-01-02T10:00:00,open\n"),
       third = write("3.csv", "case,when,state\nk,2020-01-03T10:00:00,closed\n");
  ASSERT_TRUE(import(path, {first}).has_value());
  ASSERT_TRUE(import(path, {second}).has_value());
  auto before = target.whole_events();
  target.memory = OverlayKeyValue();
  EXPECT_TRUE(told(import(path, {third})).starts_with("import.memory_lost"));
  EXPECT_TRUE(told(import(path, {second})).starts_with("import.memory_lost"));  // the oldest first
  EXPECT_EQ(told(import(path, {first})), "1/0/0/1 +0");
  EXPECT_TRUE(told(import(path, {third})).starts_with("import.memory_lost"));
  EXPECT_EQ(told(import(path, {second})), "1/0/0/1 +0");
  EXPECT_EQ(target.whole_events(), before);
  EXPECT_EQ(told(import(path, {third})), "1/1/0/0 +3");
}
TEST_F(MemoryTest, AShapeDoesNotChangeUnderOneName) {
  auto file = write("1.csv", lines_csv(3));
  ASSERT_TRUE(import(mapping(), {file}).has_value());
  EXPECT_TRUE(told(import(mapping(R"(, "more": {"titles": ["price"]})"), {file}))
                  .starts_with("import.shape_changed"));
  EXPECT_TRUE(
      told(import(mapping("", "\"datetime\""), {file})).starts_with("import.shape_changed"));
  EXPECT_TRUE(
      told(import(mapping(R"(, "derived": {"value": "{order}"})"), {file})).starts_with("6/0/0/6"));
}
TEST_F(MemoryTest, ItIsCheckedForDamage) {
  auto path = (folder / "imports").string();
  {
    auto store = open_memory(path, true);
    ASSERT_TRUE(store.has_value());
    ImportMemory memory(**store, target.keys, "m");
    ASSERT_TRUE(
        memory
            .save({.id = "i", .number = 1, .completed = true, .reverted = false}, {{"t", "shape"}})
            .has_value());
    memory.open_table("t");
    Snapshot snapshot;
    snapshot.texts = {std::string(4'000, 'x'), std::nullopt};
    for (std::uint8_t i = 0; i < 200; ++i) {
      memory.put_snapshot({i}, snapshot);
      memory.put_record({i}, {});
    }
    ASSERT_TRUE(memory.commit().has_value());
    ASSERT_TRUE(memory.settle().has_value());
    EXPECT_TRUE(verify_memory(**store, target.store).has_value());
  }
  std::filesystem::path table;
  for (const auto& file : std::filesystem::directory_iterator(path))
    if (file.path().extension() == ".sst") table = file.path();
  ASSERT_FALSE(table.empty());
  auto bytes = read(table.string());
  bytes[bytes.size() / 3] = static_cast<char>(bytes[bytes.size() / 3] ^ 4);
  write("imports/" + table.filename().string(), bytes);
  auto damaged = open_memory(path, false);
  auto verified = damaged ? verify_memory(**damaged, target.store) : Result<void>(damaged.error());
  ASSERT_FALSE(verified.has_value());
  EXPECT_EQ(verified.error().reason, "import.memory_lost");
}
TEST_F(MemoryTest, APolicyOfTheSameIdAndAnotherBodyStopsTheImport) {
  auto with = [](const char* bp) {
    return std::string(
               R"({"mapping": "m", "policies": [{"kind": "pipeline", "id": "p", "effectiveFrom": "2020-01-01", "body": {"stages": [{"id": "a", "label": "A", "probabilityBp": )") +
           bp +
           R"(, "forecastCategory": "pipeline"}]}}], "tables": [{"table": "t", "mode": "rows", "unmatched": "accept", "columns": {"id": {}}}]})";
  };
  auto file = write("1.csv", "id\n1\n");
  EXPECT_EQ(told(import(with("1000"), {file})), "1/1/0/0 +3");
  auto before = target.position();
  EXPECT_TRUE(told(import(with("2000"), {file})).starts_with("import.policy_differs"));
  EXPECT_EQ(target.position(), before);
}

}  // namespace
}  // namespace rapport::import
