#include "adapters/application/command_ids.h"

#include <random>

namespace rapport {

CommandId new_command_id(Timestamp now) {
  thread_local std::random_device random;  // the operating system's generator
  auto bits = [] { return std::uint64_t{random()} << 32 | random(); };
  auto millis = static_cast<std::uint64_t>(now.micros / 1'000);
  constexpr std::uint64_t kVersion7 = 0x7000, kVariant = 1ull << 63;
  auto high = millis << 16 | kVersion7 | (bits() & 0xfff);
  auto low = kVariant | (bits() & ~(3ull << 62));
  return CommandId::of(high, low);
}

}  // namespace rapport
