#include "tests/sim/compactions.h"

#include <rocksdb/env.h>

#include <chrono>
#include <thread>

namespace rapport::sim {
namespace {

constexpr auto kPool = rocksdb::Env::Priority::LOW;

}  // namespace

// The pool's one thread is reserved as soon as it waits; what is scheduled then stays in the queue until its database closes.
NoCompactions::NoCompactions() {
  auto* env = rocksdb::Env::Default();
  env->SetBackgroundThreads(1, kPool);
  while (env->ReserveThreads(1, kPool) != 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}
NoCompactions::~NoCompactions() { rocksdb::Env::Default()->ReleaseThreads(1, kPool); }

}  // namespace rapport::sim
