#include "adapters/kafka/topics.h"

#include <gtest/gtest.h>

#include <map>

namespace rapport::kafka {
namespace {

TEST(Topics, AreOneAnAggregateAndOneForTheLog) {
  std::map<std::string, std::int32_t> plans;
  for (const auto& plan : planned_topics(6)) plans[plan.name] = plan.partitions;
  EXPECT_EQ(plans.size(), 11u);
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
  EXPECT_EQ(settings["min.insync.replicas"], "1");
}

TEST(Topics, HaveAsManyCopiesAsBrokersUpToThree) {
  EXPECT_EQ(replication_factor(1), 1);
  EXPECT_EQ(replication_factor(2), 2);
  EXPECT_EQ(replication_factor(9), 3);
  std::map<std::string, std::string> settings;
  for (const auto& [name, value] : topic_settings(3)) settings[name] = value;
  EXPECT_EQ(settings["min.insync.replicas"], "2");
}

TEST(Topics, ThatLetEventsGoAreAConcern) {
  for (const auto& [name, value] : topic_settings(3)) EXPECT_EQ(setting_concern(name, value), "") << name;
  EXPECT_NE(setting_concern("cleanup.policy", "compact").find("compaction"), std::string::npos);
  EXPECT_NE(setting_concern("cleanup.policy", "compact,delete"), "");
  EXPECT_NE(setting_concern("retention.ms", "604800000").find("retention.ms=604800000"), std::string::npos);
  EXPECT_NE(setting_concern("retention.bytes", "1073741824"), "");
  EXPECT_NE(setting_concern("max.message.bytes", "1048588").find("4194304"), std::string::npos);
  EXPECT_EQ(setting_concern("segment.bytes", "1"), "");
}

}  // namespace
}  // namespace rapport::kafka
