// Which partition a key's records go to, as the Java clients choose it, so that any producer and
// stream processor agrees.
#pragma once
#include <cstdint>
#include <string_view>

namespace rapport::kafka {

// Kafka's MurmurHash2, 32 bits: "kafka" is 0xd067cf64.
std::uint32_t murmur2(std::string_view bytes);

// 0 to partitions - 1; partitions > 0. The same for the same key as long as the number of
// partitions is the same.
std::int32_t partition_of(std::string_view key, std::int32_t partitions);

}  // namespace rapport::kafka
