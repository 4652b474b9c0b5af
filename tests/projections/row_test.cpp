// Rows as bytes: they come back, their keys sort as their values, and damaged ones are told apart from rows.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "projections/table.h"

namespace rapport::projections {
namespace {

enum class Colour : std::uint8_t { kNone, kRed, kBlue };
struct Thing {
  std::string id;
  std::int32_t number = 0;
  std::string text;
  Sealed sealed;
  Colour colour = Colour::kNone;
  bool yes = false;
  std::optional<Money> amount;
  Date date{0};
  std::optional<Timestamp> at;
  std::vector<std::int64_t> many;
  Wide sum = 0;

  static constexpr char kTable = 't';
  using Key = Fields<&Thing::id, &Thing::number>;
  using Value = Fields<&Thing::text, &Thing::sealed, &Thing::colour, &Thing::yes, &Thing::amount, &Thing::date, &Thing::at,
                       &Thing::many, &Thing::sum>;
};

Thing any_thing() {
  auto text = [] { return *rc::gen::container<std::string>(rc::gen::inRange<char>(0, 4)); };
  Thing t{.id = text(), .number = *rc::gen::arbitrary<std::int32_t>(), .text = text(), .sealed = {text()}, .amount = {}, .at = {}, .many = {}};
  t.colour = *rc::gen::element(Colour::kRed, Colour::kBlue);
  t.yes = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) t.amount = Money{*rc::gen::arbitrary<std::int64_t>(), "EUR"};
  t.date = {*rc::gen::arbitrary<std::int32_t>()};
  if (*rc::gen::arbitrary<bool>()) t.at = Timestamp{*rc::gen::arbitrary<std::int64_t>()};
  t.sum = Wide(*rc::gen::arbitrary<std::int64_t>()) * *rc::gen::arbitrary<std::int64_t>();
  t.many = *rc::gen::arbitrary<std::vector<std::int64_t>>();
  return t;
}
std::string body_of(const Thing& t) {
  std::string out;
  write(t, out);
  return out;
}

RC_GTEST_PROP(Row, ComesBackFromItsBytes, ()) {
  auto t = any_thing();
  Thing back{};
  RC_ASSERT(read(key_of(t), body_of(t), back));
  RC_ASSERT(key_of(back) == key_of(t));
  RC_ASSERT(body_of(back) == body_of(t));
  RC_ASSERT(back.id == t.id && back.number == t.number && back.text == t.text && back.amount == t.amount && back.many == t.many && back.sum == t.sum);
}
RC_GTEST_PROP(Row, KeysSortAsTheirValues, ()) {
  auto a = any_thing(), b = any_thing();
  RC_ASSERT((key_of(a) < key_of(b)) == (std::tie(a.id, a.number) < std::tie(b.id, b.number)));
  if (a.id != b.id) RC_ASSERT(!key_of(a).starts_with(key_prefix<Thing>(b.id)));
}
RC_GTEST_PROP(Row, CutOrProlongedBytesAreNoRow, ()) {
  auto t = any_thing();
  auto body = body_of(t);
  Thing back{};
  auto cut = *rc::gen::inRange<std::size_t>(0, body.size());
  RC_ASSERT(!read(key_of(t), body.substr(0, cut), back));
  RC_ASSERT(!read(key_of(t), body + "x", back));
  RC_ASSERT(!read(key_of(t).substr(0, 1), body, back));
}
RC_GTEST_PROP(Row, AnyBytesAreReadWithoutHarm, ()) {
  auto key = "t" + *rc::gen::arbitrary<std::string>(), body = *rc::gen::arbitrary<std::string>();
  Thing back{};
  if (read(key, body, back)) RC_ASSERT(back.many.size() <= body.size());
}
TEST(Row, DeclarationNamesFieldsAndTypes) {
  EXPECT_EQ(declaration<Thing>(),
            "t\nid text\nnumber i32\n--\ntext text\nsealed sealed\ncolour enum\nyes bool\namount money?\ndate date\nat timestamp?\n"
            "many i64[]\nsum i128\n");
}
TEST(Row, ADamagedRowStopsTheFoldWithAnError) {
  struct OneDamagedRow : RowStore {
    Checkpoint checkpoint() const override { return {.position = {1}}; }
    Result<void> load(std::string_view, std::string& stored) override {
      stored.clear();
      StoredRow::put_head(stored, {1}, {1});
      stored += "torn";
      return {};
    }
    void put(std::string_view, std::string_view) override {}
    void put_past(std::string_view, Position, std::string_view) override {}
    void put_source(std::string_view) override {}
    std::string source() const override { return {}; }
    Result<void> commit(const Checkpoint&) override {
      committed = true;
      return {};
    }
    void discard() override {}
    Result<std::unique_ptr<RowSnapshot>> snapshot() const override { return damaged_row("t"); }
    bool committed = false;
  } store;
  Batch batch(store);
  Table<Thing> things(batch);
  things.edit(std::string("a"), 1).text = "b";
  things.write_back();
  auto done = batch.commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(done.error().reason, "view.damaged");
  EXPECT_FALSE(store.committed);
}

}  // namespace
}  // namespace rapport::projections
