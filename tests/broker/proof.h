// What must hold of the topics and of a worker's rows, whatever was killed on the way.
#pragma once
#include <string>

#include "adapters/kafka/worker.h"
#include "eventstore/event_store.h"

namespace rapport::kafka {

// Every event of the log is exactly one record of its aggregate's topic, in order, with its headers
// and value, and every event is in exactly one frame of crm.log.v1, in order.
void expect_published_once(const EventStore& store, const std::string& brokers);
// As above for a subscriber who drops what has a sequence at or below the last one of its partition. How many he drops.
std::size_t expect_published_with_doubles(const EventStore& store, const std::string& brokers);

// The digest of the view folded from the log itself.
Hash local_digest(const EventStore& store, std::string_view view);

}  // namespace rapport::kafka
