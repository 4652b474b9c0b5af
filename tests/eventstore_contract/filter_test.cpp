// Reading what is asked for: terms, all of them, any of them, both ways, while more is appended.
#include <algorithm>

#include "tests/eventstore_contract/stores.h"

namespace rapport::test {

template <class Kind>
class FilterContract : public StoreTest<Kind> {
 protected:
  using Texts = std::vector<std::string>;
  void fill() {
    this->appended(Sample(1).with({.tags = {"vip", "north"}}).on("opportunity-A", 0));                                     // 1
    this->appended(Sample(2).with({.correlation = 1, .cause = event_id(command_id(1), 0)}).on("order-A", 0, 2));           // 2 3
    this->appended(Sample(3).with({.tags = {"north"}, .subject_key = 9}).on("case-A", 0));                                 // 4
    this->appended(Sample(4).with({.correlation = 1, .cause = event_id(command_id(2), 1)}).on("loyaltyMember-A", 0));      // 5
    this->appended(Sample(5).with({.tags = {"vip"}, .subject_key = 9}).on("opportunity-A", 1, 1, "won").on("case-A", 1));  // 6 7
  }
  Texts both_ways(EventFilter filter) {
    auto forward = this->read({.filter = filter});
    auto backward = this->read({.direction = Direction::kBackward, .filter = filter});
    std::ranges::reverse(backward);
    EXPECT_EQ(forward, backward);
    return forward;
  }
};
TYPED_TEST_SUITE(FilterContract, Stores);
using Texts = std::vector<std::string>;

TYPED_TEST(FilterContract, FindsEventsByEachTerm) {
  this->fill();
  EXPECT_EQ(this->both_ways(Term::tag("vip")), (Texts{"1:A@1", "6:A@2", "7:A@2"}));
  EXPECT_EQ(this->both_ways(Term::tag("north")), (Texts{"1:A@1", "4:A@1"}));
  EXPECT_EQ(this->both_ways(Term::tag("nort")), Texts{});
  EXPECT_EQ(this->both_ways(Term::correlation(command_id(1))), (Texts{"1:A@1", "2:A@1", "3:A@2", "5:A@1"}));
  EXPECT_EQ(this->both_ways(Term::correlation(command_id(3))), (Texts{"4:A@1"}));
  EXPECT_EQ(this->both_ways(Term::caused_by(event_id(command_id(1), 0))), (Texts{"2:A@1", "3:A@2"}));
  EXPECT_EQ(this->both_ways(Term::caused_by(event_id(command_id(2), 1))), (Texts{"5:A@1"}));
  EXPECT_EQ(this->both_ways(Term::sealed_by(9)), (Texts{"4:A@1", "6:A@2", "7:A@2"}));
}

TYPED_TEST(FilterContract, TakesAnyOfSeveralClausesOnce) {
  this->fill();
  EventFilter filter{Clause{Term::tag("vip"), Term::category("opportunity")}};
  filter.any_of.push_back({Term::type("case.opened")});
  filter.any_of.push_back({Term::tag("north")});
  EXPECT_EQ(this->both_ways(filter), (Texts{"1:A@1", "4:A@1", "6:A@2", "7:A@2"}));
  filter.any_of.push_back({});
  EXPECT_EQ(this->both_ways(filter).size(), 7u);
}

TYPED_TEST(FilterContract, IsReadInPages) {
  this->fill();
  EventFilter filter{Term::category("opportunity")};
  filter.any_of.push_back({Term::tag("vip")});
  Texts paged;
  for (Position from{1};;) {
    auto reader = this->store_.read({.from = from, .filter = filter});
    auto event = *reader->next();
    if (!event) break;
    paged.push_back(std::to_string(event->position.value));
    from = {event->position.value + 1};
  }
  EXPECT_EQ(paged, (Texts{"1", "6", "7"}));
  EXPECT_EQ(this->read({.direction = Direction::kBackward, .from = {6}, .filter = filter}), (Texts{"6:A@2", "1:A@1"}));
  EXPECT_EQ(this->read({.from = {2}, .to = {6}, .filter = filter}), (Texts{"6:A@2"}));
  EXPECT_EQ(this->read({.from = {4}, .filter = Term::correlation(command_id(1))}), (Texts{"5:A@1"}));
}

TYPED_TEST(FilterContract, NarrowsAStream) {
  this->fill();
  EXPECT_EQ(this->read({.stream = "case-A", .filter = Term::tag("vip")}), (Texts{"7:A@2"}));
}

TYPED_TEST(FilterContract, GoesOnWhenMoreIsCommitted) {
  auto reader = this->store_.read({.filter = Term::tag("vip")});
  EXPECT_EQ(this->rest_of(*reader), Texts{});
  this->fill();
  EXPECT_EQ(this->rest_of(*reader), (Texts{"1:A@1", "6:A@2", "7:A@2"}));
  this->appended(Sample(9).with({.tags = {"vip"}}).on("case-B", 0));
  EXPECT_EQ(this->rest_of(*reader), (Texts{"8:B@1"}));
}

// Any query is answered as by looking at every event.
TYPED_TEST(FilterContract, AnswersWhatLookingAtEveryEventWould) {
  for (std::uint64_t c = 1; c <= 60; ++c) {
    Facts facts{.tags = {}, .correlation = c % 3 ? c % 7 + 1 : 0, .cause = {}, .subject_key = c % 4};
    if (c % 2) facts.tags.push_back("t" + std::to_string(c % 5));
    if (c % 5) facts.cause = event_id(command_id(c % 6 + 1), 0);
    this->appended(Sample(c).with(facts).on((c % 2 ? "case-" : "order-") + std::to_string(c), 0, 1 + c % 2, c % 3 ? "opened" : "closed"));
  }
  std::vector<Term> terms{Term::tag("t1"), Term::tag("t3"), Term::correlation(command_id(2)), Term::caused_by(event_id(command_id(3), 0)),
                          Term::sealed_by(2), Term::type("case.opened"), Term::category("order")};
  for (std::size_t mask = 1; mask < 3 * 81; ++mask) {
    EventFilter filter;
    auto digits = mask;
    for (int i = 0; i < 2; ++i) {
      auto& clause = filter.any_of.emplace_back();
      for (int j = 0; j < 2; ++j, digits /= 3) clause.push_back(terms[(digits % 3 + static_cast<std::size_t>(2 * i + j) * 2) % terms.size()]);
    }
    Texts scanned;
    auto all = this->store_.read({});
    while (const auto* event = *all->next())
      if (filter.takes(*event))
        scanned.push_back(std::to_string(event->position.value) + ':' + std::string(event->stream_id) + '@' + std::to_string(event->version.value));
    ASSERT_EQ(this->both_ways(filter), scanned) << mask;
  }
}

}  // namespace rapport::test
