#include "tests/broker/producers.h"

#include <dlfcn.h>
#include <librdkafka/rdkafka.h>

#include <mutex>
#include <set>

namespace {

std::mutex mutex;
std::set<rd_kafka_t*> producers;  // guarded by mutex

template <class Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

void forget(rd_kafka_t* client) {
  std::lock_guard lock(mutex);
  producers.erase(client);
}

}  // namespace

// What a program defines itself is found before the library's own.
extern "C" rd_kafka_t* rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t* conf, char* why, std::size_t why_size) {
  auto* made = original<decltype(rd_kafka_new)>("rd_kafka_new")(type, conf, why, why_size);
  if (made && type == RD_KAFKA_PRODUCER) {
    std::lock_guard lock(mutex);
    producers.insert(made);
  }
  return made;
}

extern "C" void rd_kafka_destroy_flags(rd_kafka_t* client, int flags) {
  forget(client);
  original<decltype(rd_kafka_destroy_flags)>("rd_kafka_destroy_flags")(client, flags);
}

// The library does not ask outside for the other one.
extern "C" void rd_kafka_destroy(rd_kafka_t* client) {
  forget(client);
  original<decltype(rd_kafka_destroy)>("rd_kafka_destroy")(client);
}

namespace rapport::kafka {

std::size_t fail_producers() {
  std::lock_guard lock(mutex);
  for (auto* producer : producers)
    rd_kafka_test_fatal_error(producer, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "of this test");
  return producers.size();
}

}  // namespace rapport::kafka
