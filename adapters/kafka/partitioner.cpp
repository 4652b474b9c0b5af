#include "adapters/kafka/partitioner.h"

#include <cstring>

#include "domain/result.h"

namespace rapport::kafka {

std::uint32_t murmur2(std::string_view bytes) {
  constexpr std::uint32_t kMultiplier = 0x5bd1e995;
  constexpr std::uint32_t kSeed = 0x9747b28c;
  auto hash = kSeed ^ static_cast<std::uint32_t>(bytes.size());
  for (; bytes.size() >= 4; bytes.remove_prefix(4)) {
    std::uint32_t
        block;  // little-endian, as in Java's implementation; so are the machines that we build for
    std::memcpy(&block, bytes.data(), 4);
    block *= kMultiplier;
    block ^= block >> 24;
    hash = hash * kMultiplier ^ block * kMultiplier;
  }
  if (!bytes.empty()) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      hash ^= static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  return hash ^ hash >> 15;
}

std::int32_t partition_of(std::string_view key, std::int32_t partitions) {
  RAPPORT_ASSERT(partitions > 0);
  return static_cast<std::int32_t>(murmur2(key) & 0x7fffffffu) % partitions;
}

}  // namespace rapport::kafka
