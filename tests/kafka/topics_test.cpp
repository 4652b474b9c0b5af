#include "adapters/kafka/topics.h"

#include <gtest/gtest.h>

#include <map>

namespace rapport::kafka {
namespace {

TEST(Topics, AreOneAnAggregateAndOneForTheLog) {
  std::map<std::string, std::int32_t> plans;
  for (const auto& plan : planned_topics(6)) plans[plan.name] = plan.partitions;
  EXPECT_EQ(plans.size(), 9u);
  EXPECT_EQ(plans["crm.opportunity.events.v1"], 6);
  EXPECT_EQ(plans["crm.loyaltyMember.events.v1"], 6);
  EXPECT_EQ(plans["crm.log.v1"], 1);
}

TEST(Topics, KeepEveryEventForEver) {
  std::map<std::string, std::string> settings;
  for (const auto& [name, value] : topic_settings(1)) settings[name] = value;
  EXPECT_EQ(settings["cleanup.policy"], "delete");
  EXPECT_EQ(settings["retention.ms"], "-1");
  EXPECT_EQ(settings["retention.bytes"], "-1");
  EXPECT_EQ(settings["max.message.bytes"], "4194304");
  EXPECT_FALSE(settings.contains("min.insync.replicas"));
}

TEST(Topics, HaveAsManyCopiesAsBrokersUpToThree) {
  EXPECT_EQ(replication_factor(1), 1);
  EXPECT_EQ(replication_factor(2), 2);
  EXPECT_EQ(replication_factor(9), 3);
  std::map<std::string, std::string> settings;
  for (const auto& [name, value] : topic_settings(3)) settings[name] = value;
  EXPECT_EQ(settings["min.insync.replicas"], "2");
}

}  // namespace
}  // namespace rapport::kafka
