// Every aggregate by its stream type. Names come from catalogue.capnp, behaviour from the deciders.
#pragma once
#include <capnp/schema.h>

#include <memory>
#include <string>
#include <vector>

#include "domain/fold.h"
#include "domain/schema/catalogue.values.h"

namespace rapport {

struct Aggregate {
  std::string name;             // "loyaltyMember", also the stream type
  capnp::StructSchema command;  // its Command union: members are the commands
  capnp::StructSchema event;    // its Event union
  std::unique_ptr<Fold> (*open)();  // an empty state
};

// All aggregates of the catalogue, in its order. Built once by whoever wires, then borrowed.
std::vector<Aggregate> all_aggregates();

// What all folds are, as 64 hex digits: a state that was saved under another one is of no use. It is the digest of the sources of this
// layer, so that nobody has to think of raising it; a change of no consequence costs a fold from the log.
std::string_view folds_version();

// Null if the catalogue has none of that name.
const Aggregate* find_aggregate(const std::vector<Aggregate>& aggregates, std::string_view name);

// Which member of its union an event is; 0 for damaged bytes.
std::uint16_t kind_of(const Aggregate& aggregate, Words event);

// The stored type of an event, "opportunity.won"; empty for one that only newer programs know, or damaged bytes.
std::string type_of(const Aggregate& aggregate, Words event);

}  // namespace rapport
