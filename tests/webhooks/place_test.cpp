// Where a webhook is in a log that ends earlier than it once did.
#include "adapters/webhooks/place.h"

#include <gtest/gtest.h>

namespace rapport::webhooks {
namespace {

TEST(Place, IsTakenBackToTheLogsEnd) {
  Place place{.created = {10}, .resumed = {30}, .lanes = {{.from = {11}, .read_to = {40}, .unsettled = {{{20}}, {{35}}}},
                                                          {.from = {1}, .to = {38}, .read_to = {5}}}};
  auto unchanged = place;
  EXPECT_FALSE(take_back(unchanged, {40}));
  EXPECT_EQ(take_back(place, {25}), Position{40}) << "the last that it knew of";
  EXPECT_EQ(place.lanes[0].read_to, Position{25});
  ASSERT_EQ(place.lanes[0].unsettled.size(), 1u);
  EXPECT_EQ(place.lanes[0].unsettled[0].position, Position{20});
  EXPECT_EQ(place.lanes[1].to, Position{25}) << "of a replay";
  EXPECT_EQ(place.lanes[1].read_to, Position{5});
  EXPECT_EQ(place.resumed, Position{25});
}

TEST(Place, ThatBeginsLaterWaitsForWhereItBegins) {
  Place place{.created = {10}, .resumed = {}, .lanes = {{.from = {50}, .read_to = {49}}}};
  EXPECT_FALSE(take_back(place, {40}));
  EXPECT_EQ(place.lanes[0].read_to, Position{49});
  place.lanes[0].read_to = {60};
  EXPECT_EQ(take_back(place, {40}), Position{60});
  EXPECT_EQ(place.lanes[0].read_to, Position{49});
}

TEST(Place, OfAWebhookThatIsGoneWithTheEndSaysSo) {
  Place place{.created = {10}, .resumed = {}, .lanes = {{.from = {11}, .read_to = {10}}}};
  EXPECT_EQ(take_back(place, {9}), Position{10});
}

}  // namespace
}  // namespace rapport::webhooks
