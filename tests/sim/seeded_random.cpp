#include "tests/sim/seeded_random.h"

#include <sodium.h>

#include <mutex>
#include <random>

namespace rapport::sim {
namespace {

std::mutex mutex;
std::mt19937_64 generator;

const char* name() { return "seeded"; }
std::uint32_t one() {
  std::lock_guard lock(mutex);
  return static_cast<std::uint32_t>(generator());
}
void many(void* const bytes, const std::size_t size) {
  std::lock_guard lock(mutex);
  for (std::size_t i = 0; i < size; ++i) static_cast<unsigned char*>(bytes)[i] = static_cast<unsigned char>(generator());
}

randombytes_implementation source{name, one, nullptr, nullptr, many, nullptr};

}  // namespace

void seed_random_bytes(std::uint64_t seed) {
  randombytes_set_implementation(&source);
  std::lock_guard lock(mutex);
  generator.seed(seed);
}

}  // namespace rapport::sim
