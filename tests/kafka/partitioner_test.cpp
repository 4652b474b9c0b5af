#include "adapters/kafka/partitioner.h"

#include <gtest/gtest.h>

namespace rapport::kafka {
namespace {

// The numbers of Kafka's own tests of its Java client, and one that was computed with it.
TEST(Partitioner, HashesAsTheJavaClients) {
  EXPECT_EQ(murmur2("kafka"), 0xd067cf64u);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("21")), -973932308);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("foobar")), -790332482);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("a-little-bit-long-string")), -985981536);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("a-little-bit-longer-string")), -1486304829);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8")),
            -58897971);
  EXPECT_EQ(static_cast<std::int32_t>(murmur2("abc")), 479470107);
}

TEST(Partitioner, TakesTheHashWithoutItsSignModuloThePartitions) {
  EXPECT_EQ(partition_of("kafka", 6), static_cast<std::int32_t>((0xd067cf64u & 0x7fffffffu) % 6));
  EXPECT_EQ(partition_of("kafka", 1), 0);
  for (int i = 0; i < 1'000; ++i) {
    auto partition = partition_of("opportunity-" + std::to_string(i), 7);
    EXPECT_GE(partition, 0);
    EXPECT_LT(partition, 7);
  }
}

TEST(Partitioner, HashesBytesAboveAsciiAsUnsigned) {
  EXPECT_NE(murmur2("客户"), murmur2("客戶"));
  EXPECT_EQ(partition_of("account-客户", 6), partition_of(std::string("account-客户"), 6));
}

}  // namespace
}  // namespace rapport::kafka
