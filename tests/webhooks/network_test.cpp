// Which addresses are of the public internet, and signatures and waits as they must be.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>

#include "adapters/webhooks/network.h"
#include "adapters/webhooks/retry_rule.h"
#include "adapters/webhooks/signature.h"

namespace rapport::webhooks {
namespace {

bool reaches(const ReachableNetworks& networks, const char* text) {
  sockaddr_storage storage{};
  auto* of4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* of6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text, &of4->sin_addr) == 1) of4->sin_family = AF_INET;
  else if (inet_pton(AF_INET6, text, &of6->sin6_addr) == 1) of6->sin6_family = AF_INET6;
  else ADD_FAILURE() << text;
  return networks.reach(*reinterpret_cast<sockaddr*>(&storage));
}

TEST(ReachableNetworks, AreThePublicInternet) {
  ReachableNetworks networks;
  for (auto* address : {"93.184.216.34", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"})
    EXPECT_TRUE(reaches(networks, address)) << address;
}
TEST(ReachableNetworks, AreNothingThatOnlyTheServerReaches) {
  ReachableNetworks networks;
  for (auto* address :
       {"127.0.0.1", "127.255.255.255", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255",
        "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:0:1::1", "2001:db8::1", "2002:7f00:1::1"})
    EXPECT_FALSE(reaches(networks, address)) << address;
}
TEST(ReachableNetworks, AreWhatTheHouseAllowsBesides) {
  auto networks = *ReachableNetworks::parse({"10.1.0.0/16", "::1", "192.168.7.4/31"});
  for (auto* address : {"10.1.2.3", "::ffff:10.1.2.3", "::1", "192.168.7.4", "192.168.7.5", "8.8.8.8"}) EXPECT_TRUE(reaches(networks, address)) << address;
  for (auto* address : {"10.2.0.1", "127.0.0.1", "192.168.7.6", "::2"}) EXPECT_FALSE(reaches(networks, address)) << address;
}
TEST(ReachableNetworks, AreNotGuessedAt) {
  for (auto* text : {"", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "10.0.0.0/", "10.0.0.0/8x", "localhost", "10.0.0.0/-1"}) {
    auto parsed = ReachableNetworks::parse({text});
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().reason, "webhook.bad_network");
  }
}

// The example of the reference implementations.
TEST(Signature, IsThatOfTheStandard) {
  Hash secret{};
  std::string text = "this is a secret of 32 bytes, ok";
  std::memcpy(secret.data(), text.data(), secret.size());
  EXPECT_EQ(to_text(secret), "whsec_dGhpcyBpcyBhIHNlY3JldCBvZiAzMiBieXRlcywgb2s=");
  EXPECT_EQ(sign(secret, "msg_1", 1'614'265'330, "{\"test\": 2432232314}"), "v1,dbGZYrY1DIaBxzP6GWtq9f91vnruRVYNDNLVS8AfglY=");
}

TEST(RetryRule, GoesOnForThreeDays) {
  RetryRule rule;
  EXPECT_EQ(rule.delay(1, 0), std::chrono::seconds(5));
  EXPECT_EQ(rule.delay(2, 0), std::chrono::seconds(15));
  EXPECT_EQ(rule.delay(14, 0), std::chrono::hours(12));
  EXPECT_EQ(rule.delay(1'000, 1), std::chrono::minutes(12 * 60 * 6 / 5));
  EXPECT_EQ(rule.delay(1, -1), std::chrono::seconds(4));
  std::chrono::milliseconds all{0};
  for (std::uint32_t attempt = 1; attempt < rule.attempts_max; ++attempt) all += rule.delay(attempt, 0);
  EXPECT_GT(all, std::chrono::hours(72));
  EXPECT_LT(all, std::chrono::hours(96));
}

}  // namespace
}  // namespace rapport::webhooks
