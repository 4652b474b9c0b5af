// Filters as people write them.
#include <gtest/gtest.h>

#include "eventstore/event_filter.h"

namespace rapport {
namespace {

using Texts = std::vector<std::string>;

TEST(FilterText, ReadsClausesOfTerms) {
  auto filter = parse_filter({"type=opportunity.won,tag=vip", "category=case"});
  ASSERT_TRUE(filter);
  ASSERT_EQ(filter->any_of.size(), 2u);
  EXPECT_EQ(filter->any_of[0], (Clause{Term::type("opportunity.won"), Term::tag("vip")}));
  EXPECT_EQ(filter->any_of[1], (Clause{Term::category("case")}));
  EXPECT_TRUE(parse_filter({})->takes_all());
}

TEST(FilterText, IsTheSameThereAndBack) {
  Texts texts{"tag=a%2Cb%25,type=case.opened", "correlation=0190b1c2-0000-7000-8000-000000000001",
              "cause=0190b1c2-0000-7000-8000-000000000001.3"};
  auto filter = parse_filter(texts);
  ASSERT_TRUE(filter) << filter.error().message;
  EXPECT_EQ(filter->any_of[0][0].value, "a,b%");
  EXPECT_EQ(to_text(*filter), texts);
}

TEST(FilterText, SaysWhatIsWrong) {
  for (auto* text : {"", "type", "type=", "colour=red", "=x", "type=a,,tag=b", "correlation=7", "cause=0190b1c2-0000-7000-8000-000000000001"}) {
    auto filter = parse_filter({text});
    ASSERT_FALSE(filter) << text;
    EXPECT_EQ(filter.error().reason, "filter.malformed");
    EXPECT_FALSE(filter.error().expected.empty());
  }
}

}  // namespace
}  // namespace rapport
