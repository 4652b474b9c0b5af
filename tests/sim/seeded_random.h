// All random bytes of the program (salts, keys, nonces, ids) from a seed: libsodium lets its source be exchanged.
#pragma once
#include <cstdint>

namespace rapport::sim {

// From now on, in this process. Not to be called while others draw.
void seed_random_bytes(std::uint64_t seed);

}  // namespace rapport::sim
