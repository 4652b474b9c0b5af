// Whether somebody else changed what an import is about to change: the same facet of the aggregate,
// or the same field of a patch.
#pragma once
#include <map>
#include <set>
#include <string>

#include "adapters/import/mapping/plan.h"
#include "domain/event_buffer.h"
#include "eventstore/event_store.h"

namespace rapport::import {

// What an event changes: its facet ("status"), or for an event with a patch the facet with each
// field ("details.name").
std::set<std::string> changed_by(const AggregatePlan& aggregate, Words event);

// Of a stream's events after a position: by facet, whether the last change was `mapping`'s own.
Result<std::map<std::string, bool>> changes_since(const EventStore& store,
                                                  const AggregatePlan& aggregate,
                                                  const std::string& stream, std::uint64_t position,
                                                  const std::string& mapping);

}  // namespace rapport::import
